"""What a source's mapping makes of a delivery, for a page that tries it; nothing is kept."""

import base64
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from feedback.decode import decode
from feedback.reading import answer_of, events_of
from feedback.shapes import Delivery, Provider, Unreadable
from store.models import RawEvent
from store.secrets import SecretsUnreadable, Vault
from web.sources import masked

_LONGEST = 20_000  # characters of a payload that are shown
_SHOWN = (
    *("metric", "survey_type", "score", "scale_min", "scale_max", "comment", "drivers"),
    *("answered_at", "campaign", "survey", "email", "domain", "account_id", "contact_id"),
)


@dataclass(frozen=True)
class Tried:
    """One delivery under a mapping: what each answer would be, or why it cannot be read."""

    event: RawEvent
    answers: list[dict[str, Any]] = field(default_factory=list)
    problem: str = ""


def tried_on(vault: Vault, provider: Provider, event: RawEvent) -> Tried:
    """The delivery's answers as the provider would read them."""
    try:
        delivery = _delivery(vault, event)
        answers: list[dict[str, Any]] = []
        for one in events_of(provider, decode(delivery, provider.parse)):
            if one.kind in ("ignored", "deleted"):
                answers.append({"kind": one.kind})
            elif one.path is not None:
                answers.append({"response": one.response_key, "fetched from": one.path})
            else:
                found = asdict(answer_of(provider, one))
                values = {name: found[name] for name in _SHOWN if found[name] is not None}
                plain = {name: masked(str(value)) for name, value in values.items()}
                answers.append({"response": one.response_key, "kind": one.kind, **plain})
        return Tried(event, answers)
    except (Unreadable, SecretsUnreadable) as error:
        return Tried(event, problem=str(error))


def payload_of(vault: Vault, event: RawEvent) -> str:
    """A delivery's body as text, JSON laid out; empty when it is no longer kept."""
    if not event.content:
        return ""
    delivery = _delivery(vault, event)
    try:
        text = json.dumps(decode(delivery), indent=2, ensure_ascii=False)
    except Unreadable:
        text = delivery.body.decode("utf-8", "replace")
    return text[:_LONGEST]


def _delivery(vault: Vault, event: RawEvent) -> Delivery:
    content = vault.open(event.content)
    body = base64.b64decode(content["body"])
    return Delivery("POST", "", json.loads(content["headers"]), body, event.received_at)
