"""Webhooks for admins: sources, their secrets and mappings, what they delivered, dead letters."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from feedback.providers import PROVIDERS
from feedback.shapes import Unreadable
from store import hooks
from store.connections import all_connections, find_connection
from store.models import Connection, Hook, RawEvent
from web import access, sources, wiring
from web.access import needs
from web.pager import Pager
from web.tried import payload_of, tried_on

bp = Blueprint("webhooks", __name__, url_prefix="/webhooks")

STATES = {
    "waiting": "waiting",
    "done": "done",
    "ignored": "nothing in it",
    "refused": "refused",
    "dead": "dead letter",
}
_TRIED = 5  # deliveries that a mapping is tried on


@bp.get("")
@needs("admin")
def show() -> str:
    """Every source."""
    return _page()


@bp.post("")
@needs("admin")
def add() -> Any:
    """A new source; its address and secret are on the page that answers, and never again."""
    form, now = request.form, access.now()
    try:
        with wiring().sessions.begin() as session:
            connection = find_connection(session, form.get("connection", ""))
            if connection is None:
                raise Unreadable("choose the connection whose customers are asked")
            provider = form.get("provider", "")
            shown = sources.new_source(
                session,
                wiring().vault,
                connection.id,
                provider,
                name=form.get("name", "").strip() or provider,
                settings=_settings(form),
                secret=form.get("secret", "").strip() or None,
                api=_api(form),
                base_url=wiring().settings.web.url,
                by=access.actor(),
                now=now,
            )
            access.audit(session, "hook.add", connection.id, shown.hook.name, provider=provider)
    except Unreadable as error:
        return _page(problem=str(error)), 422
    return _one(shown.hook.id, shown=shown)


@bp.get("/<int(max=2147483647):hook_id>")
@needs("admin")
def one(hook_id: int) -> str:
    """One source, with its last deliveries."""
    return _one(hook_id)


@bp.post("/<int(max=2147483647):hook_id>/rotate")
@needs("admin")
def rotate(hook_id: int) -> Any:
    """A new secret beside the present one."""
    days = request.form.get("overlap_days", type=float)
    if days is None or not 0 <= days <= 90:
        return _one(hook_id, problem="the overlap is 0 to 90 days"), 422
    try:
        with wiring().sessions.begin() as session:
            hook = _found(session, hook_id)
            shown = sources.rotated(
                wiring().vault,
                hook,
                secret=request.form.get("secret", "").strip() or None,
                overlap_days=days,
                now=access.now(),
            )
            access.audit(session, "hook.rotate", hook.connection_id, hook.name, overlap_days=days)
    except Unreadable as error:
        return _one(hook_id, problem=str(error)), 422
    if shown.secret is None:
        flash("The new secret is kept; the former one ends after the overlap.")
    return _one(hook_id, shown=shown)


@bp.post("/<int(max=2147483647):hook_id>/state")
@needs("admin")
def state(hook_id: int) -> Any:
    """Pause, or go on."""
    wanted = "paused" if request.form.get("state") == "paused" else "working"
    with wiring().sessions.begin() as session:
        hook = _found(session, hook_id)
        hook.state = wanted
        action = "hook.pause" if wanted == "paused" else "hook.resume"
        access.audit(session, action, hook.connection_id, hook.name)
    flash(f"The source is {wanted}.")
    return redirect(url_for("webhooks.one", hook_id=hook_id), code=303)


@bp.post("/<int(max=2147483647):hook_id>/api")
@needs("admin")
def api(hook_id: int) -> Any:
    """Another credential for the tool's own API."""
    with wiring().sessions.begin() as session:
        hook = _found(session, hook_id)
        sources.set_api(wiring().vault, hook, _api(request.form))
        hook.problem = None
        access.audit(session, "hook.credential", hook.connection_id, hook.name)
    flash("The API credential is kept.")
    return redirect(url_for("webhooks.one", hook_id=hook_id), code=303)


@bp.post("/<int(max=2147483647):hook_id>/try")
@needs("admin")
def try_mapping(hook_id: int) -> str:
    """What a mapping would make of the last deliveries; nothing is kept."""
    problem, tries = "", []
    with wiring().sessions() as session:
        hook = _found(session, hook_id)
        try:
            provider = sources.checked(hook.provider, _text(request.form))
            events = hooks.list_events(session, hook_id=hook_id, limit=4 * _TRIED)
            kept = [event for event in events if event.content][:_TRIED]
            tries = [tried_on(wiring().vault, provider, event) for event in kept]
        except Unreadable as error:
            problem = str(error)
    return render_template("webhook_tried.html", problem=problem, tries=tries)


@bp.post("/<int(max=2147483647):hook_id>/mapping")
@needs("admin")
def mapping(hook_id: int) -> Any:
    """Keep another mapping."""
    try:
        settings = _text(request.form)
        with wiring().sessions.begin() as session:
            hook = _found(session, hook_id)
            sources.checked(hook.provider, settings)
            before, hook.settings = hook.settings, settings
            access.audit(
                session,
                "hook.mapping",
                hook.connection_id,
                hook.name,
                before=before,
                after=settings,
            )
    except Unreadable as error:
        return _one(hook_id, problem=str(error), text=request.form.get("mapping", "")), 422
    flash("The mapping is kept. Deliveries that were read before can be replayed.")
    return redirect(url_for("webhooks.one", hook_id=hook_id), code=303)


@bp.post("/<int(max=2147483647):hook_id>/replay")
@needs("admin")
def replay(hook_id: int) -> Any:
    """Read one delivery, or all dead letters of the source, anew."""
    with wiring().sessions.begin() as session:
        hook = _found(session, hook_id)
        event_id = request.form.get("event", type=int)
        if event_id is None:
            dead = hooks.list_events(session, hook_id=hook_id, state="dead", limit=1000)
            ids = [event.id for event in dead]
        else:
            ids = [_event(session, hook_id, event_id).id]
        hooks.replay(session, ids, now=access.now())
        access.audit(session, "hook.replay", hook.connection_id, hook.name, deliveries=len(ids))
    flash("The deliveries wait to be read again.")
    return redirect(url_for("webhooks.one", hook_id=hook_id), code=303)


@bp.post("/<int(max=2147483647):hook_id>/dismiss")
@needs("admin")
def dismiss(hook_id: int) -> Any:
    """A dead letter that nobody can mend, such as an answer without a score."""
    with wiring().sessions.begin() as session:
        hook = _found(session, hook_id)
        event = _event(session, hook_id, request.form.get("event", type=int) or 0)
        if event.state == "dead":
            event.state = "ignored"
            access.audit(session, "hook.dismiss", hook.connection_id, hook.name, event=event.id)
    return redirect(url_for("webhooks.one", hook_id=hook_id), code=303)


@bp.get("/<int(max=2147483647):hook_id>/events/<int(max=2147483647):event_id>")
@needs("admin")
def event(hook_id: int, event_id: int) -> str:
    """One delivery, its e-mail addresses masked."""
    with wiring().sessions() as session:
        return render_template(
            "webhook_event.html",
            hook=_found(session, hook_id),
            event=(found := _event(session, hook_id, event_id)),
            states=STATES,
            payload=sources.masked(payload_of(wiring().vault, found)),
        )


def _page(problem: str = "") -> str:
    with wiring().sessions() as session:
        return render_template(
            "webhooks.html",
            rows=hooks.all_hooks(session),
            counts=hooks.counts_by_hook(session),
            connections=all_connections(session),
            providers=PROVIDERS,
            given=request.form,
            problem=problem,
        )


def _one(
    hook_id: int, *, problem: str = "", text: str = "", shown: sources.Shown | None = None
) -> str:
    chosen = request.args.get("state", "")
    if chosen and chosen not in STATES:
        abort(400, f"state is one of {', '.join(STATES)}.")
    with wiring().sessions() as session:
        hook = _found(session, hook_id)
        pager = Pager.of_request(hooks.count_events(session, hook_id=hook_id, state=chosen))
        kept = hooks.HookSecrets.opened(wiring().vault, hook.secrets)
        return render_template(
            "webhook.html",
            hook=hook,
            provider=PROVIDERS[hook.provider],
            connection=session.get_one(Connection, hook.connection_id),
            secrets=[(one.id, one.until) for one in kept.signing],
            has_api=bool(kept.api),
            text=text or sources.settings_text(hook.settings),
            events=hooks.list_events(
                session, hook_id=hook_id, state=chosen, offset=pager.offset, limit=pager.size
            ),
            dead=hooks.count_events(session, hook_id=hook_id, state="dead"),
            pager=pager,
            chosen=chosen,
            states=STATES,
            overlap=sources.OVERLAP_DAYS,
            problem=problem,
            shown=shown,
        )


def _found(session: Session, hook_id: int) -> Hook:
    return session.get(Hook, hook_id) or abort(404, "There is no source of this number.")


def _event(session: Session, hook_id: int, event_id: int) -> RawEvent:
    found = session.get(RawEvent, event_id)
    if found is None or found.hook_id != hook_id:
        abort(404, "The source has no delivery of this number.")
    return found


def _settings(form: Mapping[str, str]) -> dict[str, Any]:
    """The mapping's text, and what was chosen beside it."""
    settings = _text(form)
    for name in ("metric", "survey_type"):
        if form.get(name):
            settings[name] = form[name]
    for name in ("scale_min", "scale_max"):
        if form.get(name, "").strip():
            try:
                settings[name] = float(form[name])
            except ValueError:
                raise Unreadable("the scale's ends are numbers, such as 1 and 5") from None
    return settings


def _text(form: Mapping[str, str]) -> dict[str, Any]:
    return sources.settings_of(form.get("mapping", "").replace("\r\n", "\n"))


def _api(form: Mapping[str, str]) -> dict[str, str]:
    names = {"api_token": "token", "client_id": "client_id", "client_secret": "client_secret"}
    return {
        name: form[field].strip() for field, name in names.items() if form.get(field, "").strip()
    }
