"""Loops: opened by answers, ended when their cause is gone, watched by the clock.

All of it happens inside compute's transaction, so a crash leaves all or nothing of it.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import pandas as pd
from sqlalchemy.orm import Session

from insights.frames import Frames, complete
from insights.loops import COMPLAINTS, causes
from insights.model import Model
from insights.sentiment import scale
from insights.workdays import calendar_of, local_day, working_day
from jobs.owners import Owners
from settings import Settings
from store import loops as stored
from store.models import Loop


@dataclass(frozen=True)
class Keeping:
    """Looking after the loops of one connection, at one instant.

    zone  time zone of colleagues whose own is not known
    """

    session: Session
    connection_id: int
    settings: Settings
    zone: str | None
    now: datetime
    run_id: int | None

    def owners(self, account_ids: Sequence[str]) -> Owners:
        """Who looks after these accounts."""
        fallback = self.settings.loops.fallback_owner
        return Owners(self.session, self.connection_id, account_ids, fallback)

    def due(self, kind: str, owner_id: str | None, country: str | None, owners: Owners) -> date:
        """When a loop that begins now is due: working days of its owner's calendar."""
        off = calendar_of(self.settings.loops.holidays, country)
        days: int = getattr(self.settings.loops.due_working_days, kind)
        return working_day(self.today(owner_id, owners), days, off)

    def today(self, owner_id: str | None, owners: Owners) -> date:
        """The calendar day where the owner is."""
        return local_day(self.now, owners.zone(owner_id) or self.zone)

    def due_again(self, loop: Loop, owners: Owners) -> date:
        """When a loop that begins anew is due."""
        account = owners.accounts.get(loop.account_id)
        country = account.country if account else None
        return self.due(loop.kind, loop.owner_id, country, owners)


def loop_key(kind: str, response_id: str) -> str:
    """The stable key of what one answer asks for."""
    return f"{kind}:{hashlib.sha256(response_id.encode()).hexdigest()[:24]}"


def with_loops(keeping: Keeping, frames: Frames, model: Model) -> Frames:
    """Bring the loops of these accounts up to their answers; returns the frames with them.

    Without any survey there are no loops to tell of: what they would say stays unknown.
    """
    frames = complete(frames)
    if frames.responses is None:
        return frames
    _follow(keeping, frames, causes(frames, model, as_of=keeping.now))
    found = stored.loops_frame(keeping.session, keeping.connection_id, COMPLAINTS)
    return complete(replace(frames, loops=found))


def _follow(keeping: Keeping, frames: Frames, found: pd.DataFrame) -> None:
    ids = frames.accounts["account_id"].tolist()
    known = stored.loops_about(keeping.session, keeping.connection_id, ids, [])
    standing = _standing(found, keeping.settings.loops.kinds, known)
    elsewhere = [key for key in standing if key not in known]  # attached to another account before
    known |= stored.loops_about(keeping.session, keeping.connection_id, [], elsewhere)
    owners = keeping.owners(sorted({cause["account_id"] for cause in standing.values()}))
    for key, cause in standing.items():
        loop = known.get(key)
        if loop is not None:
            _refresh(keeping, loop, cause, owners)
        elif cause["recent"] and cause["kind"] in keeping.settings.loops.kinds:
            _open(keeping, key, cause, owners)
    mine = set(ids)
    for key, loop in known.items():
        if key not in standing and loop.account_id in mine and stored.is_open(loop):
            withdraw(keeping, loop, _why_gone(frames, found, loop))


def _standing(
    found: pd.DataFrame, kinds: Sequence[str], known: Mapping[str, Loop]
) -> dict[str, dict[str, Any]]:
    """Causes that can open a loop or belong to a known one, by the loop's key."""
    opens = found["recent"].astype(bool) & found["kind"].isin(kinds)
    chosen = found[opens | found["response_id"].isin([loop.response_id for loop in known.values()])]
    plain = chosen.astype(object).where(chosen.notna(), None)
    return {
        loop_key(row["kind"], row["response_id"]): {str(name): row[name] for name in row}
        for row in plain.to_dict("records")
    }


def _open(keeping: Keeping, key: str, cause: Mapping[str, Any], owners: Owners) -> None:
    owner = owners.of(cause["account_id"])
    account = owners.accounts.get(cause["account_id"])
    loop = Loop(
        connection_id=keeping.connection_id,
        key=key,
        kind=cause["kind"],
        account_id=cause["account_id"],
        contact_id=cause["contact_id"],
        response_id=cause["response_id"],
        state="open",
        priority=cause["priority"],
        severity=cause["severity"],
        influence=cause["influence"],
        owner_id=owner,
        rule_owner_id=owner,
        due_on=keeping.due(cause["kind"], owner, account.country if account else None, owners),
        opened_at=keeping.now,
        level="account",
        highest_level="account",
        reopened=0,
    )
    keeping.session.add(loop)
    keeping.session.flush()
    stored.note_event(
        keeping.session,
        loop,
        "opened",
        stored.BAROMETER,
        now=keeping.now,
        after="open",
        note=f"{cause['kind']} {cause['score']:g}",
    )


def _refresh(keeping: Keeping, loop: Loop, cause: Mapping[str, Any], owners: Owners) -> None:
    """Priority follows the account's value and the person's level; a cause that is back reopens."""
    loop.account_id, loop.contact_id = cause["account_id"], cause["contact_id"]
    loop.priority, loop.severity = cause["priority"], cause["severity"]
    loop.influence = cause["influence"]
    if loop.state == stored.WITHDRAWN:
        loop.due_on = keeping.due_again(loop, owners)
        stored.move(
            keeping.session,
            loop,
            "open",
            "reopened",
            stored.BAROMETER,
            now=keeping.now,
            note="the answer stands again",
        )


def withdraw(keeping: Keeping, loop: Loop, why: str) -> None:
    """The loop's cause is gone: nobody has to do anything any more."""
    loop.level = "account"
    stored.move(
        keeping.session,
        loop,
        stored.WITHDRAWN,
        "withdrawn",
        stored.BAROMETER,
        now=keeping.now,
        note=why,
    )


def withdraw_gone(keeping: Keeping, account_ids: Sequence[str]) -> None:
    """Accounts that are deleted: so are their loops."""
    known = stored.loops_about(keeping.session, keeping.connection_id, account_ids, [])
    for loop in known.values():
        if stored.is_open(loop):
            withdraw(keeping, loop, "the account was deleted in the CRM")


def _why_gone(frames: Frames, found: pd.DataFrame, loop: Loop) -> str:
    answers = frames.responses
    assert answers is not None
    same = answers[answers["response_id"] == loop.response_id]
    if same.empty:
        return "the answer was withdrawn, or belongs to another account"
    score = float(same["score"].iloc[0])
    low, high = scale(same)
    satisfied = loop.kind in ("csat", "ces") and 2 * score >= low[0] + high[0]
    if satisfied or (found["response_id"] == loop.response_id).any():
        return f"the answer was corrected to {score:g}"
    return "this person has answered again since"


def keep_time(keeping: Keeping) -> None:
    """Wake what was snoozed until today, note what is overdue, follow the accounts' owners."""
    loops = stored.working_list(keeping.session, keeping.connection_id)
    owners = keeping.owners([loop.account_id for loop in loops])
    for loop in loops:
        _follow_owner(keeping, loop, owners)
        today = keeping.today(loop.owner_id, owners)
        if loop.snoozed_until is not None and loop.snoozed_until <= today:
            loop.snoozed_until = None
            _note(keeping, loop, "woken")
        late = loop.due_on < today and loop.snoozed_until is None
        if late and loop.overdue_at is None:
            loop.overdue_at = keeping.now
            manager = owners.manager(loop.owner_id)
            told = f"{owners.name(manager)} is told" if manager else "no manager is known to tell"
            _note(keeping, loop, "overdue", note=told)
        elif not late:
            loop.overdue_at = None


def _follow_owner(keeping: Keeping, loop: Loop, owners: Owners) -> None:
    """Open loops move with the account's owner; whom a person chose stays until then."""
    owner = owners.of(loop.account_id)
    if owner == loop.rule_owner_id:
        return
    before, loop.rule_owner_id, loop.owner_id = loop.owner_id, owner, owner
    if before != owner:
        _note(
            keeping,
            loop,
            "assigned",
            before=owners.name(before)[:80],
            after=owners.name(owner)[:80],
            note="the account's owner changed",
        )


def _note(keeping: Keeping, loop: Loop, action: str, **more: Any) -> None:
    stored.note_event(keeping.session, loop, action, stored.BAROMETER, now=keeping.now, **more)
