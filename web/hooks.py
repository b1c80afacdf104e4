"""Webhooks of survey tools: prove the delivery, store it, answer. Everything else is a job.

What is answered, and what a sender makes of it:
200  stored, or stored before    401  not proved       404  no source has this address
413  larger than 1 MiB           503  ask again later: paused, or nothing can be stored now
"""

import base64
import json
import logging
from functools import lru_cache

from flask import Blueprint, Response, make_response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from feedback.configure import configured
from feedback.decode import decode
from feedback.providers import PROVIDERS
from feedback.reading import event_key
from feedback.shapes import Delivery, Key, Provider, Unreadable
from feedback.signatures import NoUsableKey, verify
from store import hooks
from store.secrets import SecretsUnreadable, Vault
from web import wiring
from web.access import csrf, now, public

bp = Blueprint("hooks", __name__)
log = logging.getLogger("barometer.hooks")

LARGEST = 1024 * 1024  # bytes of a body
LATER = 120  # seconds after which a sender shall try again
_KEPT_HEADERS = ("content-type", "user-agent")


@bp.route("/hooks/<token>", methods=["GET", "HEAD", "POST"], strict_slashes=False)
@public
def receive(token: str) -> Response:
    """Any tool's webhook; GET and HEAD are how some tools look whether the address works."""
    try:
        request.max_content_length = LARGEST
        body = request.get_data(cache=True)  # before anything reads the form
        if len(body) >= LARGEST:  # sent without a length, it is cut there
            return _answer(413, "too large")
        with wiring().sessions() as session:
            hook = hooks.live_hook(session, token)
        if hook is None:
            return _answer(404, "no source has this address")
        if request.method != "POST":
            return _answer(200, "ready")
        if hook.state == "paused":
            return _answer(503, "paused")
        return _take(hook, body)
    except RequestEntityTooLarge:
        return _answer(413, "too large")
    except (SQLAlchemyError, SecretsUnreadable, NoUsableKey, Unreadable) as error:
        log.error("a delivery could not be taken: %s", type(error).__name__)
        return _answer(503, "try again later")


csrf.exempt(receive)


def _take(hook: hooks.Live, body: bytes) -> Response:
    at = now()
    provider = _provider(hook.provider, json.dumps(hook.settings, sort_keys=True))
    if provider.scheme is None:
        return _answer(401, "refused")
    headers = {name.lower(): value for name, value in request.headers.items()}
    delivery = Delivery(request.method, _called(), headers, body, at)
    verdict = verify(delivery, provider.scheme, _keys(wiring().vault, hook.secrets), at)
    if not verdict.accepted:
        with wiring().sessions.begin() as session:
            hooks.keep_refused(session, hook, len(body), verdict.reason, now=at)
        return _answer(401, "refused")
    try:
        key = event_key(provider, delivery, decode(delivery, provider.parse))
    except Unreadable:  # proved, so it is kept; the job says what is wrong with it
        key = event_key(Provider("", "", "", None), delivery, None)
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    content = {"headers": json.dumps(kept), "body": base64.b64encode(body).decode()}
    with wiring().sessions.begin() as session:
        is_new = hooks.keep_event(
            session,
            hook,
            key,
            wiring().vault.seal(content),
            len(body),
            f"accepted by {verdict.key_id}",
            now=at,
        )
        if is_new:
            hooks.ask_to_read(session, hook.connection_id, now=at)
    return _answer(200, "stored" if is_new else "stored before")


def _called() -> str:
    """The address as the sender called it: as settings name ours, whatever a proxy made of it."""
    base = wiring().base_url
    query = request.query_string.decode("latin-1")
    path = f"{base}{request.path}" if base else request.base_url
    return f"{path}?{query}" if query else path


@lru_cache(maxsize=500)
def _provider(name: str, settings: str) -> Provider:
    return configured(PROVIDERS[name], json.loads(settings))


@lru_cache(maxsize=500)
def _keys(vault: Vault, sealed: bytes) -> tuple[Key, ...]:
    opened = hooks.HookSecrets.opened(vault, sealed)
    return tuple(Key(one.id, one.text, one.until) for one in opened.signing)


def _answer(code: int, word: str) -> Response:
    """An answer that tells a stranger nothing."""
    response = make_response(f"{word}\n", code)
    response.content_type = "text/plain; charset=utf-8"
    if code == 503:
        response.headers["Retry-After"] = str(LATER)
    return response
