"""One account, everything that is known of it on one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, abort, render_template
from sqlalchemy.orm import Session

from store import account_pages
from store.connections import all_connections
from store.inbox import Filters, list_loops
from store.model_drafts import published_since
from store.models import Account, Case, Connection, Contact, Opportunity, Response
from web import wiring, words
from web.bands import model_edges
from web.figures import Figures, as_number, gap_in_words, loss_is_assumed
from web.lineage import components, explained, records
from web.written import field_states

bp = Blueprint("account", __name__)

HISTORY = timedelta(days=365)
STALE = timedelta(days=3)


@bp.get("/accounts/<connection>/<account_id>")
def show(connection: str, account_id: str) -> str:
    """`connection` is its name, or its number as the links on CRM records have it."""
    with wiring().sessions() as session:
        found = _connection(session, connection)
        account = account_pages.find_account(session, found.id, account_id)
        if account is None:
            abort(404, "There is no account of this id in the connection. It may not be read yet.")
        return render_template("account.html", **_everything(session, found, account))


def _connection(session: Session, name: str) -> Connection:
    known = all_connections(session)
    by_name = next((one for one in known if one.name == name), None)
    by_number = next((one for one in known if str(one.id) == name), None)
    return by_name or by_number or abort(404, "There is no connection of this name.")


def _everything(session: Session, connection: Connection, account: Account) -> dict[str, Any]:
    where = (session, connection.id, account.account_id)
    current = account_pages.current_assessment(*where)
    assessment, confirmed_at = current or (None, None)
    figures = Figures(assessment.result if assessment else {})
    explanation = Figures(explained(session, assessment) if assessment else {})
    parent, children = account_pages.account_family(session, account)
    alerts = account_pages.account_alerts(*where)
    tasks = account_pages.alert_tasks(session, [alert.id for alert in alerts])
    names = account_pages.contact_names(*where)
    contacts = account_pages.account_records(
        session, Contact, connection.id, account.account_id, Contact.name
    )
    responses = account_pages.account_records(
        session, Response, connection.id, account.account_id, Response.answered_at.desc()
    )
    now = datetime.now(UTC)
    owners = account_pages.user_names(session, connection.id, [account.owner_id or ""])
    return {
        "connection": connection,
        "account": account,
        "owner": owners.get(account.owner_id or "", account.owner_id),
        "parent": parent,
        "children": children,
        "survivor": _survivor(session, account),
        "assessment": assessment,
        "as_of": confirmed_at,
        "is_stale": confirmed_at is not None and now - confirmed_at > STALE,
        "figures": figures,
        "currency": connection.currency,
        "loss_is_assumed": loss_is_assumed(figures),
        "risks": explanation.part("revenue_at_risk").items("reasons"),
        "caps": explanation.part("health").items("caps"),
        "behind": partial(records, connection=connection),
        "gaps": gap_in_words(figures, words.LEVELS),
        "parts_of_score": components(figures, explanation, connection),
        "explanation": explanation,
        "levels": levels(figures),
        "alerts": [AlertLine(alert, tasks.get(alert.id)) for alert in alerts],
        "loop_rows": list_loops(
            session, connection.id, Filters(now.date(), account_id=account.account_id)
        ),
        "today": now.date(),
        "contacts": contacts,
        "answers_by": _last_answers(responses),
        "responses": responses,
        "names": names,
        "opportunities": account_pages.account_records(
            session,
            Opportunity,
            connection.id,
            account.account_id,
            Opportunity.is_closed,
            Opportunity.close_date.desc(),
        ),
        "cases": account_pages.account_records(
            session,
            Case,
            connection.id,
            account.account_id,
            Case.closed_at.is_not(None),
            Case.opened_at.desc(),
        ),
        "fields": field_states(
            account,
            account_pages.written_fields(*where),
            account_pages.unsettled_updates(*where),
            account_pages.record_refusals(*where),
        ),
        "history": account_pages.score_history(*where, since=now - HISTORY),
        "edges": model_edges(session, assessment.model_hash if assessment else None),
        "models": published_since(session, connection.id, now - HISTORY),
    }


def _survivor(session: Session, account: Account) -> Account | None:
    if account.merged_into is None:
        return None
    return account_pages.find_account(session, account.connection_id, account.merged_into)


@dataclass(frozen=True)
class AlertLine:
    """An alert beside the CRM task that mirrors it."""

    alert: Any
    task: Any


def levels(figures: Figures) -> list[tuple[str, dict[str, float | None]]]:
    """Required, known, engaged and respondents of each level."""
    columns = ("required", "known", "engaged", "respondents")
    tables = {name: figures.part(f"{name}_by_level") for name in columns}
    return [
        (level, {name: tables[name].number(level) for name in columns}) for level in words.LEVELS
    ]


def _last_answers(responses: Sequence[Response]) -> dict[str, Response]:
    """The newest answer of each contact."""
    newest: dict[str, Response] = {}
    for response in responses:
        if response.contact_id is not None and as_number(response.score) is not None:
            newest.setdefault(response.contact_id, response)
    return newest
