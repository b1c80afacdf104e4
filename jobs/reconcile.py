"""Reconcile: ask the tools that can be asked for answers whose webhook never came.

What is found is stored as a delivery like any other and read by the same steps; an answer that the
webhook brought already changes nothing.
"""

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from feedback.configure import configured
from feedback.providers import PROVIDERS
from feedback.shapes import Provider, Unreadable
from jobs.clock import utc_now
from jobs.noted import Noted, noted
from jobs.surveytools import NotYet, SurveyTool
from jobs.wiring import House
from store import hooks
from store.models import Connection, Hook, Run

log = structlog.get_logger()

_OVERLAP = timedelta(minutes=30)  # answers that the tool shows late
_FIRST_LOOK = timedelta(days=30)
_AT_ONCE = 200  # deliveries of one transaction


def reconcile(house: House, connection: Connection, run: Run) -> None:
    """Ask every source of the connection that can be asked; one that fails stops no other."""
    with noted(house, run) as doing:
        with house.sessions() as session:
            chosen = session.scalars(
                select(Hook)
                .where(Hook.connection_id == connection.id, Hook.state == "working")
                .order_by(Hook.id)
            ).all()
        for hook in chosen:
            problem = _ask(house, hook, doing)
            with house.sessions.begin() as session:
                stored = session.get_one(Hook, hook.id)
                stored.problem = problem
                if problem is None:
                    stored.reconciled_at = utc_now()
                else:
                    doing.counts["failed"] = doing.counts.get("failed", 0) + 1


def _ask(house: House, hook: Hook, doing: Noted) -> str | None:
    """Store what one source's tool has and we may lack; returns what went wrong."""
    try:
        provider = configured(PROVIDERS[hook.provider], hook.settings)
        surveys = hook.settings.get("reconcile", [])
        if provider.api is None or not provider.api.listing:
            return hook.problem
        if provider.api.cursor:
            surveys = [""]
        secrets = hooks.HookSecrets.opened(house.vault, hook.secrets)
        if not surveys or not secrets.api:
            return hook.problem
        with SurveyTool(provider, hook.settings, secrets.api) as tool:
            for survey in surveys:
                _ask_survey(house, hook, provider, tool, survey, doing)
    except (NotYet, Unreadable) as error:
        return str(error)
    return None


def _ask_survey(
    house: House, hook: Hook, provider: Provider, tool: SurveyTool, survey: str, doing: Noted
) -> None:
    cursor = (hook.cursor or {}).get(survey)
    since = utc_now() - _FIRST_LOOK
    if cursor and not (provider.api and provider.api.cursor):
        since = datetime.fromisoformat(cursor).astimezone(UTC) - _OVERLAP
    batch: list[Any] = []
    last = cursor
    for item, last in tool.items(survey, since, cursor or ""):
        batch.append(item)
        if len(batch) >= _AT_ONCE:
            _store(house, hook, survey, batch, last, doing)
            batch = []
    _store(house, hook, survey, batch, last, doing)


def _store(
    house: House, hook: Hook, survey: str, items: list[Any], cursor: str | None, doing: Noted
) -> None:
    """Keep a batch and how far it reaches, in one transaction."""
    now = utc_now()
    with house.sessions.begin() as session:
        stored = session.get_one(Hook, hook.id)
        for item in items:
            if _keep(session, house, stored, item, now):
                doing.counts["found"] = doing.counts.get("found", 0) + 1
        if cursor is not None:
            stored.cursor = {**(stored.cursor or {}), survey: cursor}
        if items:
            hooks.ask_to_read(session, hook.connection_id, now=now)
    doing.progress(f"source {hook.name}", doing.counts.get("found", 0))


def _keep(session: Session, house: House, hook: Hook, item: Any, now: datetime) -> bool:
    body = json.dumps(item, sort_keys=True).encode()
    live = hooks.Live(
        *(hook.id, hook.connection_id, hook.provider, hook.settings, hook.secrets, hook.state)
    )
    content = {
        "headers": json.dumps({"content-type": "application/json"}),
        "body": base64.b64encode(body).decode(),
    }
    key = f"pull:{hashlib.sha256(body).hexdigest()}"
    sealed = house.vault.seal(content)
    return hooks.keep_event(session, live, key, sealed, len(body), "asked for", now=now)
