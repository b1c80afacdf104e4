"""Erasure: forget what survey tools told of one person, in every connection."""

from functools import partial

from jobs.clock import utc_now
from jobs.deliveries import body_text
from jobs.wiring import House
from store.audit import add_audit
from store.connections import all_connections
from store.erasure import Erased, erase_person
from store.runs import request_run


def forget_person(house: House, email: str, *, by: str) -> Erased:
    """Forget, and ask for the accounts' fields to be brought up to date.

    The audit log keeps how much was forgotten, not whose.
    """
    total = Erased(0, 0, 0, ())
    now = utc_now()
    with house.sessions.begin() as session:
        for connection in all_connections(session):
            done = erase_person(
                session, connection.id, email, partial(body_text, house.vault), now=now
            )
            if done.accounts:
                request_run(session, connection.id, "deliver", "command", now=now)
            total = Erased(
                total.responses + done.responses,
                total.deliveries + done.deliveries,
                total.invitations + done.invitations,
                total.accounts + done.accounts,
            )
        details = {"answers": total.responses, "deliveries": total.deliveries}
        add_audit(session, at=now, actor=by, action="person.erase", details=details)
    return total
