"""One process at a time works on a connection, under a lock that a dead owner loses."""

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import uuid4

from sqlalchemy.exc import OperationalError

from jobs.clock import utc_now
from jobs.wiring import House
from store.locks import drop_lock, lock_holder, take_lock
from store.models import Connection, Lock


class Busy(Exception):
    """Another process works on this connection."""


@contextmanager
def alone(
    house: House,
    connection: Connection,
    *,
    what: str = "sync",
    expires: timedelta | None = None,
) -> Iterator[Callable[[], None]]:
    """Hold the connection's lock; yields a function that renews it, or raises Busy when it is lost.

    what     the work that is done by one at a time; work of another name goes on beside it
    expires  after which a dead owner's lock is free; by default what the settings say
    It is renewed beside the work too, which may compute, or wait for the CRM, for long.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    name = f"{what}:{connection.id}"
    expires = expires or timedelta(seconds=house.settings.sync.lock_expires_seconds)

    def renew() -> None:
        with house.sessions() as session:
            if not take_lock(session, name, owner, now=utc_now(), expires_after=expires):
                raise Busy(_busy(connection.name, lock_holder(session, name)))

    def keep() -> None:
        while not ended.wait(expires.total_seconds() / 3):
            with suppress(Busy, OperationalError):  # the work itself meets what lasts
                renew()

    renew()
    ended = threading.Event()
    keeper = threading.Thread(target=keep, name=name, daemon=True)
    keeper.start()
    try:
        yield renew
    finally:
        ended.set()
        keeper.join()
        with house.sessions() as session:
            drop_lock(session, name, owner)


def _busy(connection: str, held: Lock | None) -> str:
    """What a person can do while another process works on the connection."""
    if held is None:
        return f"{connection} was synchronised by another process until just now: start again"
    process = held.owner.rpartition(":")[0] or held.owner
    return (
        f"{connection} is being synchronised by another process ({process}): wait for it to end. "
        f"If it was killed, its lock expires at {held.expires_at:%H:%M:%S} UTC: start again then, "
        "and the run goes on from what it stored"
    )
