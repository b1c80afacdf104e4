"""The inbox: what unhappy customers wait for, most urgent first, and the page of one loop."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from insights.loops import loop_metrics
from insights.workdays import calendar_of, local_day, working_day
from store import inbox, loop_moves
from store.account_pages import current_assessment, find_account
from store.connections import all_connections
from store.loop_moves import NotPossible
from store.loops import history_frame
from store.models import Connection, CrmUser, Loop
from store.runs import request_run
from web import access, wiring
from web.access import needs
from web.figures import Figures
from web.pager import Pager, chosen_connection

bp = Blueprint("inbox", __name__)

STATES = {
    "open": "open",
    "in_progress": "in progress",
    "waiting": "waiting",
    "snoozed": "snoozed",
    "done": "solved or confirmed",
    "withdrawn": "cause gone",
}
_YEAR = timedelta(days=365)
_LONGEST = 2000  # characters of a note


@bp.get("/inbox")
@needs("viewer")
def show() -> str:
    with wiring().sessions() as session:
        connections = all_connections(session)
        connection = chosen_connection(connections)
        if connection is None:
            return render_template("inbox.html", connections=[], connection=None)
        me = loop_moves.colleague(session, connection.id, access.actor())
        chosen = _filters(connection, me)
        pager = Pager.of_request(inbox.count_loops(session, connection.id, chosen))
        history = history_frame(session, connection.id, now=access.now())
        return render_template(
            "inbox.html",
            connections=connections,
            connection=connection,
            me=me,
            chosen=chosen,
            states=STATES,
            pager=pager,
            today=chosen.today,
            rows=inbox.list_loops(
                session, connection.id, chosen, offset=pager.offset, limit=pager.size
            ),
            metrics=loop_metrics(history, now=access.now()),
            reasons=inbox.churn_reasons(session, connection.id, chosen.today - _YEAR),
        )


@bp.get("/inbox/<connection>/<key>")
@needs("viewer")
def one(connection: str, key: str) -> str:
    """`connection` is its name, or its number as the links on CRM tasks have it."""
    with wiring().sessions() as session:
        return _page(session, *_find(session, connection, key))


@bp.post("/inbox/<connection>/<key>/<action>")
@needs("analyst")
def act(connection: str, key: str, action: str) -> Any:
    """One move of a person; the page it was chosen on must still be true."""
    if action not in ACTIONS:
        abort(404)
    with wiring().sessions() as session:
        where, row = _find(session, connection, key)
        loop = row.loop
        last = inbox.loop_history(session, loop.id)[-1].id
        if request.form.get("seen") != str(last):
            return _page(session, where, row, problem=_OTHERWISE), _refused(409)
        try:
            ACTIONS[action](session, loop)
        except NotPossible as refused:
            session.rollback()
            return _page(session, *_find(session, connection, key), problem=str(refused)), 422
        loop_moves.touch(session, loop, access.now())
        access.audit(session, f"loop.{action}", where.id, subject=loop.key)
        request_run(session, where.id, "loops", "page", now=access.now(), by=access.actor())
        session.commit()
        flash(f"Done: {_SAID[action]}. The task in the CRM follows with the next run.")
        return redirect(url_for("inbox.one", connection=where.name, key=key), 303)


_OTHERWISE = (
    "Somebody changed this loop since you opened it. Nothing of yours was saved; below is how it "
    "stands now. Choose again."
)


def _refused(status: int) -> int:
    """htmx shows what comes with 422."""
    return 422 if request.headers.get("HX-Request") else status


def _filters(connection: Connection, me: CrmUser | None) -> inbox.Filters:
    given = request.args
    mine = given.get("whose") == "mine"
    return inbox.Filters(
        today=local_day(access.now(), connection.time_zone),
        owner_id=(me.user_id if me else "nobody") if mine else "",
        state=given.get("state", "open"),
        level=given.get("level", ""),
        overdue=given.get("overdue") == "1",
        unsent=given.get("unsent") == "1",
    )


def _find(session: Session, connection: str, key: str) -> tuple[Connection, inbox.InboxRow]:
    known = all_connections(session)
    by_name = next((one for one in known if one.name == connection), None)
    by_number = next((one for one in known if str(one.id) == connection), None)
    where = by_name or by_number or abort(404, "There is no connection of this name.")
    row = inbox.find_loop(session, where.id, key)
    if row is None:
        abort(404, "There is no such loop. The inbox lists those that exist.")
    return where, row


def _page(
    session: Session, connection: Connection, row: inbox.InboxRow, problem: str | None = None
) -> str:
    loop = row.loop
    assessed = current_assessment(session, connection.id, loop.account_id)
    history = inbox.loop_history(session, loop.id)
    return render_template(
        "loop.html",
        connection=connection,
        row=row,
        matter=loop,
        problem=problem,
        account=find_account(session, connection.id, loop.account_id),
        figures=Figures(assessed[0].result if assessed else {}),
        history=history,
        seen=history[-1].id,
        tasks=inbox.loop_tasks(session, loop.id),
        colleagues=inbox.active_colleagues(session, connection.id),
        impact=loop_moves.impact(session, loop),
        states=STATES,
        today=local_day(access.now(), connection.time_zone),
    )


def _given(name: str) -> str:
    return request.form.get(name, "").strip()[:_LONGEST]


def _who() -> tuple[str, Any]:
    return access.actor(), access.now()


def _snooze(session: Session, loop: Loop) -> None:
    try:
        until = date.fromisoformat(_given("until"))
    except ValueError:
        raise NotPossible("Give the day as year-month-day, such as 2026-12-01.") from None
    loop_moves.snooze(session, loop, until, *_who())


def _reopen(session: Session, loop: Loop) -> None:
    loops = wiring().settings.loops
    account = find_account(session, loop.connection_id, loop.account_id)
    off = calendar_of(loops.holidays, account.country if account else None)
    days: int = getattr(loops.due_working_days, loop.kind)
    owner = session.get(CrmUser, {"connection_id": loop.connection_id, "user_id": loop.owner_id})
    zone = owner.time_zone if owner else None
    due = working_day(local_day(access.now(), zone), days, off)
    loop_moves.reopen(session, loop, *_who(), due, _given("note") or None)


ACTIONS: dict[str, Callable[[Session, Loop], None]] = {
    "take": lambda session, loop: loop_moves.take(session, loop, *_who()),
    "wait": lambda session, loop: loop_moves.wait(session, loop, *_who(), _given("note") or None),
    "solve": lambda session, loop: loop_moves.finish(
        session, loop, "solved", *_who(), _given("note") or None
    ),
    "confirm": lambda session, loop: loop_moves.finish(
        session, loop, "confirmed", *_who(), _given("note") or None
    ),
    "snooze": _snooze,
    "escalate": lambda session, loop: loop_moves.escalate(
        session, loop, _given("level"), _given("question"), *_who()
    ),
    "answer": lambda session, loop: loop_moves.answer(session, loop, _given("answer"), *_who()),
    "reopen": _reopen,
    "assign": lambda session, loop: loop_moves.assign(session, loop, _given("owner"), *_who()),
    "churn": lambda session, loop: loop_moves.note_churn(session, loop, _given("reason"), *_who()),
    "note": lambda session, loop: loop_moves.comment(session, loop, _given("note"), *_who()),
}
_SAID = {
    "take": "you work on it",
    "wait": "it waits for somebody else",
    "solve": "it is solved",
    "confirm": "the customer confirmed it",
    "snooze": "it sleeps until that day",
    "escalate": "the level above is asked",
    "answer": "the answer is noted",
    "reopen": "it is open again",
    "assign": "it has a new owner",
    "churn": "the reason is noted",
    "note": "the note is kept",
}
