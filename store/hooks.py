"""Sources of survey answers and what they delivered: raw events, sealed, each kept once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, literal, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from store.models import Connection, Hook, RawEvent, Run
from store.secrets import Vault

_REFUSED_A_MINUTE = 60  # of one source are noted; a flood must not fill the database


@dataclass(frozen=True)
class SigningSecret:
    """A secret that proves deliveries; `until` is the end of a rotation's overlap."""

    id: str
    text: str
    until: datetime | None = None


@dataclass(frozen=True)
class HookSecrets:
    """What a source keeps sealed.

    link_key  signs the account into survey links
    api       credentials of the tool's own API: token, or client_id and client_secret
    """

    signing: tuple[SigningSecret, ...] = ()
    link_key: str = ""
    api: Mapping[str, str] = field(default_factory=dict)

    def sealed(self, vault: Vault) -> bytes:
        """Encrypted, for the row."""
        signing = [
            {"id": one.id, "text": one.text, "until": one.until and one.until.isoformat()}
            for one in self.signing
        ]
        plain = {"signing": json.dumps(signing), "link_key": self.link_key}
        return vault.seal({**plain, "api": json.dumps(dict(self.api))})

    @classmethod
    def opened(cls, vault: Vault, sealed: bytes) -> "HookSecrets":
        """What `sealed` kept. Raises SecretsUnreadable."""
        plain = vault.open(sealed)
        signing = tuple(
            SigningSecret(
                one["id"], one["text"], one["until"] and datetime.fromisoformat(one["until"])
            )
            for one in json.loads(plain["signing"])
        )
        return cls(signing, plain["link_key"], json.loads(plain["api"]))

    def rotated(self, text: str, now: datetime, overlap: timedelta) -> "HookSecrets":
        """With a new secret first; those in use end after `overlap`, those over are gone."""
        alive = [one for one in self.signing if one.until is None or one.until > now]
        old = tuple(
            SigningSecret(one.id, one.text, min(one.until or now + overlap, now + overlap))
            for one in alive
        )
        numbers = [int(one.id.removeprefix("k")) for one in self.signing]
        new = SigningSecret(f"k{max(numbers, default=0) + 1}", text)
        return HookSecrets((new, *old), self.link_key, self.api)


@dataclass(frozen=True)
class Live:
    """What the intake reads of a source for every delivery."""

    id: int
    connection_id: int
    provider: str
    settings: dict[str, Any]
    secrets: bytes
    state: str


def token_hash(token: str) -> str:
    """What is stored of the last part of a source's URL."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


_LIVE = select(
    *(Hook.id, Hook.connection_id, Hook.provider, Hook.settings, Hook.secrets, Hook.state)
).where(Hook.token_hash == bindparam("hash"))


def live_hook(session: Session, token: str) -> Live | None:
    """The source whose URL ends with `token`."""
    found = session.connection().execute(_LIVE, {"hash": token_hash(token)}).first()
    return None if found is None else Live(*found)


def keep_event(
    session: Session,
    hook: Live,
    event_key: str,
    content: bytes,
    size: int,
    verdict: str,
    *,
    now: datetime,
) -> bool:
    """Store a delivery that waits to be read; False when its key is stored already."""
    row = {
        "connection_id": hook.connection_id,
        "hook_id": hook.id,
        "received_at": now,
        "event_key": event_key,
        "content": content,
        "size": size,
        "verdict": verdict,
        "state": "waiting",
    }
    statement = _keeping(session.get_bind().dialect.name)
    return bool(session.connection().execute(statement, row).rowcount)


@cache
def _keeping(dialect: str) -> Any:
    """The statement that stores a delivery unless its key is there; built once."""
    statement: Any = (sqlite if dialect == "sqlite" else postgresql).insert(RawEvent.__table__)
    return statement.on_conflict_do_nothing(index_elements=["hook_id", "event_key"])


def keep_refused(session: Session, hook: Live, size: int, reason: str, *, now: datetime) -> None:
    """Note a delivery that was not proved, without its body; no more than a few a minute."""
    recent = (
        select(func.count())
        .select_from(RawEvent)
        .where(RawEvent.hook_id == hook.id, RawEvent.received_at > now - timedelta(minutes=1))
        .where(RawEvent.state == "refused")
        .scalar_subquery()
    )
    table = RawEvent.__table__
    row: dict[str, Any] = {
        "connection_id": hook.connection_id,
        "hook_id": hook.id,
        "received_at": now,
        "content": b"",
        "size": size,
        "verdict": reason[:40],
        "state": "refused",
        "tries": 0,
        "response_ids": [],
    }
    values = [literal(value, table.c[name].type) for name, value in row.items()]
    chosen = select(*values).where(recent < _REFUSED_A_MINUTE)
    session.execute(insert(table).from_select(list(row), chosen))  # type: ignore[arg-type]


def ask_to_read(session: Session, connection_id: int, *, now: datetime) -> None:
    """Ask for a run that reads what waits, unless one is asked for already; one statement."""
    session.flush()
    session.connection().execute(_asking(), {"connection": connection_id, "now": now})


@cache
def _asking() -> Any:
    table = Run.__table__
    waiting = select(Run.id).where(
        Run.connection_id == bindparam("connection"),
        Run.started_at.is_(None),
        Run.kind == "answers",
        Run.state == "requested",
    )
    row: dict[str, Any] = {
        "connection_id": bindparam("connection", type_=table.c.connection_id.type),
        "kind": literal("answers"),
        "trigger": literal("delivery"),
        "state": literal("requested"),
        "requested_at": bindparam("now", type_=table.c.requested_at.type),
    }
    chosen = select(*row.values()).where(~waiting.exists())
    return insert(table).from_select(list(row), chosen)  # type: ignore[arg-type]


def add_hook(
    session: Session,
    connection_id: int,
    *,
    name: str,
    provider: str,
    token: str,
    secrets: bytes,
    settings: Mapping[str, Any],
    by: str,
    now: datetime,
) -> Hook:
    """A new source."""
    hook = Hook(
        connection_id=connection_id,
        name=name,
        provider=provider,
        token_hash=token_hash(token),
        secrets=secrets,
        settings=dict(settings),
        created_by=by,
        created_at=now,
    )
    session.add(hook)
    session.flush()
    return hook


def all_hooks(session: Session, connection_id: int | None = None) -> list[tuple[Hook, str]]:
    """Every source, or those of one connection, with the connection's name."""
    query = select(Hook, Connection.name).join(Connection, Connection.id == Hook.connection_id)
    if connection_id is not None:
        query = query.where(Hook.connection_id == connection_id)
    return [
        (hook, name) for hook, name in session.execute(query.order_by(Connection.name, Hook.name))
    ]


def find_hook(session: Session, connection_id: int, name: str) -> Hook | None:
    """The source called `name`."""
    return session.scalar(
        select(Hook).where(Hook.connection_id == connection_id, Hook.name == name)
    )


def waiting_events(
    session: Session, connection_id: int, *, after: int, limit: int, now: datetime
) -> list[RawEvent]:
    """Deliveries to read now, the oldest first; those tried before wait for their time."""
    return list(
        session.scalars(
            select(RawEvent)
            .where(RawEvent.connection_id == connection_id, *_due(now), RawEvent.id > after)
            .order_by(RawEvent.id)
            .limit(limit)
        )
    )


def connections_waiting(session: Session, *, now: datetime) -> list[int]:
    """Connections with deliveries to read now."""
    return list(session.scalars(select(RawEvent.connection_id).where(*_due(now)).distinct()))


def _due(now: datetime) -> tuple[Any, ...]:
    due = RawEvent.next_try_at.is_(None) | (RawEvent.next_try_at <= now)
    return RawEvent.state == "waiting", due


def replay(session: Session, event_ids: Sequence[int], *, now: datetime) -> list[int]:
    """Read these deliveries anew; returns the connections they are of."""
    chosen = list(
        session.scalars(
            select(RawEvent).where(RawEvent.id.in_(event_ids), RawEvent.state != "refused")
        )
    )
    for event in chosen:
        if event.size and event.content:
            event.state, event.tries, event.next_try_at = "waiting", 0, None
            event.problem, event.settled_at = None, None
    session.flush()
    connections = sorted({event.connection_id for event in chosen})
    for connection_id in connections:
        ask_to_read(session, connection_id, now=now)
    return connections


def purge_bodies(session: Session, *, before: datetime) -> int:
    """Forget the content of settled deliveries received before, and the refused ones whole.

    Keys stay, so that a delivery that comes again is still known.
    """
    gone = session.execute(
        update(RawEvent)
        .where(
            RawEvent.received_at < before,
            RawEvent.state.in_(("done", "ignored", "dead")),
            func.length(RawEvent.content) > 0,
        )
        .values(content=b"")
    )
    session.execute(
        delete(RawEvent).where(RawEvent.received_at < before, RawEvent.state == "refused")
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _chosen(hook_id: int | None, state: str) -> Select[Any]:
    query = select(RawEvent)
    if hook_id is not None:
        query = query.where(RawEvent.hook_id == hook_id)
    return query.where(RawEvent.state == state) if state else query


def list_events(
    session: Session,
    *,
    hook_id: int | None = None,
    state: str = "",
    offset: int = 0,
    limit: int = 20,
) -> list[RawEvent]:
    """Deliveries, the newest first; of one source or in one state when given."""
    query = _chosen(hook_id, state).order_by(RawEvent.id.desc()).offset(offset).limit(limit)
    return list(session.scalars(query))


def count_events(session: Session, *, hook_id: int | None = None, state: str = "") -> int:
    """How many `list_events` has for these."""
    chosen = _chosen(hook_id, state).with_only_columns(func.count())
    return session.scalar(chosen) or 0


def counts_by_hook(session: Session) -> dict[int, dict[str, Any]]:
    """By source: deliveries in each state, and when the last one came."""
    query = select(RawEvent.hook_id, RawEvent.state, func.count(), func.max(RawEvent.received_at))
    counts: dict[int, dict[str, Any]] = {}
    for hook_id, state, count, last in session.execute(
        query.group_by(RawEvent.hook_id, RawEvent.state)
    ):
        of_hook = counts.setdefault(hook_id, {"last": None})
        of_hook[state] = count
        if state != "refused" and (of_hook["last"] is None or last > of_hook["last"]):
            of_hook["last"] = last
    return counts
