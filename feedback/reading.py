"""From a delivery's content to its events, and from an event to an answer, as a Provider says."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import jmespath
from jmespath.exceptions import JMESPathError

from feedback import values
from feedback.decode import form_fields
from feedback.shapes import Answer, Delivery, Event, Provider, Unreadable

METRICS = ("nps", "csat", "ces")
SURVEY_TYPES = ("relationship", "transactional")
_LONGEST_KEY = 180  # characters, with room for the source's name before it
_LONGEST_EXPRESSION = 1000


def event_key(provider: Provider, delivery: Delivery, content: Any) -> str:
    """What is equal when the same delivery comes again; at most 200 characters."""
    place, _, name = provider.event_key.partition(":")
    key: str | None = None
    if place == "header":
        key = delivery.headers.get(name)
    elif place == "field":
        key = hashlib.sha256(form_fields(delivery.body).get(name, "").encode()).hexdigest()
    elif provider.event_key:
        keys = [find(provider.event_key, event, "event_key") for event in _split(provider, content)]
        key = values.text(keys[0]) if len(keys) == 1 else values.text(repr(keys))
        if key is not None and len(key) > _LONGEST_KEY:
            key = hashlib.sha256(key.encode()).hexdigest()
    if not key or len(key) > _LONGEST_KEY:
        return hashlib.sha256(delivery.body).hexdigest()
    return key


def events_of(provider: Provider, content: Any) -> list[Event]:
    """The events of one delivery. Raises Unreadable for one that names no response."""
    return [_event(provider, event) for event in _split(provider, content)]


def answer_of(provider: Provider, event: Event, fetched: Any = None) -> Answer:
    """The answer that an event brings, or that was fetched for it.

    Raises Unreadable where metric, survey type, scale or score are missing or do not fit: no
    scale is guessed from a value, and no score is moved into its scale.
    """
    content = event.content if fetched is None else fetched
    provider = _of_survey(provider, event.survey or _text(provider, "survey_id", content))
    given = {
        name: find(expression, content, f"mapping.{name}")
        for name, expression in provider.mapping.items()
    }
    given |= {name: value for name, value in provider.constants.items() if value is not None}
    if provider.joins:
        given = _of_question(provider, content, given)
    is_partial = event.kind == "partial"
    metric, low, high = _scale(given)
    score = values.number(given.get("score"), provider.words, "the score")
    _check_score(score, metric, low, high, may_lack=is_partial or provider.joins)
    return Answer(
        response_key=event.response_key,
        sequence=event.sequence,
        is_partial=is_partial,
        metric=metric,
        survey_type=_choice(given, "survey_type", SURVEY_TYPES),
        score=score,
        scale_min=low,
        scale_max=high,
        comment=values.text(given.get("comment")),
        drivers=values.drivers(given.get("drivers_tier1"), given.get("drivers_tier2")),
        answered_at=values.instant(
            given.get("answered_at"), provider.zone, provider.date_format, "the time of the answer"
        ),
        campaign=values.text(given.get("campaign")),
        survey=event.survey or values.text(given.get("survey_id")),
        email=_email(given.get("email")),
        domain=values.text(given.get("domain")),
        account_id=_id(given.get("crm_account_id")),
        contact_id=_id(given.get("crm_contact_id")),
        signature=values.text(given.get("signature")),
    )


def tried(provider: Provider, content: Any) -> dict[str, Any]:
    """What each mapped field finds in `content`, for a page that tries a mapping."""
    return {
        name: find(expression, content, f"mapping.{name}")
        for name, expression in provider.mapping.items()
    }


def _split(provider: Provider, content: Any) -> list[Any]:
    events = find(provider.split, content, "split")
    return events if isinstance(events, list) else [events]


def _event(provider: Provider, content: Any) -> Event:
    kind = "answer"
    for name in ("partial", "deleted", "ignored"):
        if getattr(provider, name) and find(getattr(provider, name), content, name):
            kind = name
    if kind == "ignored":
        return Event(kind, "", None, content)
    key = values.text(find(provider.response_key, content, "response_key"))
    if key is None:
        raise Unreadable(
            f"no response id at {provider.response_key}: correct `response_key` in the source's "
            "mapping, then replay the event"
        )
    if len(key) > _LONGEST_KEY:
        key = hashlib.sha256(key.encode()).hexdigest()
    path, survey = None, None
    if provider.api is not None and provider.api.response:
        parts = {
            name: values.text(find(where, content, f"the {name} id"))
            for name, where in provider.api.parts.items()
        }
        survey = parts.get("survey")
        if kind != "deleted":
            path = _path(provider.api.response, parts)
    return Event(kind, key, _sequence(provider, content), content, survey, path)


def _of_question(provider: Provider, content: Any, given: dict[str, Any]) -> dict[str, Any]:
    """One question's answer as the field that its question stands for; none if it is not listed."""
    asked = values.text(find(provider.question, content, "question"))
    field = provider.questions.get(asked) if asked is not None else None
    said = given.pop("score", None)
    return {**given, field: said} if field else given


def _path(template: str, parts: Mapping[str, str | None]) -> str:
    missing = [name for name, value in parts.items() if value is None]
    if missing:
        raise Unreadable(f"the event names no {missing[0]}, without which its answer is not found")
    return template.format(**{name: quote(str(value), safe="") for name, value in parts.items()})


def _sequence(provider: Provider, content: Any) -> float | None:
    """The place of a version among those of its response; instants count in seconds."""
    value = find(provider.sequence, content, "sequence") if provider.sequence else None
    if value is None or value == "":
        return None
    try:
        return values.number(value, {}, "the version")
    except Unreadable:
        moment = values.instant(value, provider.zone, provider.date_format, "the version")
        return None if moment is None else moment.timestamp()


def _of_survey(provider: Provider, survey: str | None) -> Provider:
    special = provider.surveys.get(survey) if survey is not None else None
    if not special:
        return provider
    fixed = {name: value for name, value in special.items() if name != "mapping"}
    return replace(
        provider,
        mapping={**provider.mapping, **special.get("mapping", {})},
        constants={**provider.constants, **fixed},
    )


def _scale(given: Mapping[str, Any]) -> tuple[str, float, float]:
    metric = _choice(given, "metric", METRICS)
    low, high = (values.number(given.get(name), {}, name) for name in ("scale_min", "scale_max"))
    if metric == "nps":  # NPS is the question on 0 to 10, by definition
        low, high = 0.0 if low is None else low, 10.0 if high is None else high
    if low is None or high is None or low >= high:
        raise Unreadable(
            f"the scale of the {metric.upper()} question is not known: set scale_min and scale_max "
            "in the source's mapping to the question's lowest and highest value, then replay"
        )
    return metric, low, high


def _check_score(
    score: float | None, metric: str, low: float, high: float, *, may_lack: bool
) -> None:
    if score is None:
        if may_lack:
            return
        raise Unreadable(
            "the answer holds no score where mapping.score looks: correct it, then replay; or "
            "dismiss the event if the person left the question out"
        )
    whole = metric != "nps" or (score == int(score) and (low, high) == (0, 10))
    if not low <= score <= high or not whole:
        raise Unreadable(
            f"the score {score:g} is not on the {metric.upper()} scale {low:g} to {high:g}: "
            "correct scale_min, scale_max or mapping.score, then replay"
        )


def _choice(given: Mapping[str, Any], name: str, choices: tuple[str, ...]) -> str:
    word = (values.text(given.get(name)) or "").casefold()
    if word not in choices:
        what = f"is {word!r}" if word else "is not known"
        raise Unreadable(
            f"{name} {what}: set {name} in the source's mapping to {' or '.join(choices)}"
        )
    return word


def _email(value: Any) -> str | None:
    address = values.text(value)
    return address if address and "@" in address and len(address) <= 320 else None


def _id(value: Any) -> str | None:
    found = values.text(value)
    return found if found and len(found) <= 80 else None


def _text(provider: Provider, name: str, content: Any) -> str | None:
    expression = provider.mapping.get(name)
    return values.text(find(expression, content, name)) if expression else None


@lru_cache(maxsize=2000)
def compiled(expression: str, what: str) -> Any:
    """An expression ready to use. Raises Unreadable when it is none."""
    if len(expression) > _LONGEST_EXPRESSION:
        raise Unreadable(f"{what} is longer than {_LONGEST_EXPRESSION} characters; shorten it")
    try:
        return jmespath.compile(expression)
    except (JMESPathError, ValueError) as error:
        first = " ".join(str(error).split())[:160]
        raise Unreadable(f"{what}: {expression!r} is no JMESPath ({first}); correct it") from error


def find(expression: str, content: Any, what: str) -> Any:
    """What an expression finds. Raises Unreadable where it cannot be read or applied."""
    try:
        return compiled(expression, what).search(content)
    except (JMESPathError, ValueError, TypeError, KeyError) as error:
        first = " ".join(str(error).split())[:160]
        raise Unreadable(f"{what}: {expression!r} cannot be applied here ({first})") from error
