"""A provider as one source's settings change it, and what those settings still lack."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from feedback.reading import compiled
from feedback.shapes import Provider, Scheme, Unreadable
from feedback.signatures import check_scheme

ANSWER_FIELDS = (
    *("score", "comment", "drivers_tier1", "drivers_tier2", "answered_at", "campaign", "survey_id"),
    *("metric", "survey_type", "scale_min", "scale_max", "signature"),
    *("email", "domain", "crm_account_id", "crm_contact_id"),
)
_TEXTS = (
    *("response_key", "split", "event_key", "sequence", "ignored", "partial", "deleted"),
    "question",
)
_PLACES = ("header:", "field:")  # where an event key may stand instead of in the event
_CONSTANTS = ("metric", "survey_type", "scale_min", "scale_max", "campaign")
_OPEN = (  # what a source's settings may change of its provider
    *("response_key", "parse", "split", "event_key", "sequence", "ignored", "partial", "deleted"),
    *("mapping", "words", "question", "questions", "zone", "date_format", "surveys"),
)
_ELSEWHERE = ("api_base", "datacenter", "reconcile")  # read by who asks the tool's API


def configured(provider: Provider, settings: Mapping[str, Any]) -> Provider:
    """The provider as one source's settings change it. Raises Unreadable naming a wrong key.

    Keys are those that `_OPEN` lists; `verify` is the scheme; mapping and words add to the
    provider's own, and answer fields with a fixed value stand at the top.
    """
    changes: dict[str, Any] = {}
    constants = dict(provider.constants)
    for name, value in settings.items():
        if name in _CONSTANTS:
            constants[name] = value
        elif name == "verify":
            changes["scheme"] = _scheme(value)
        elif name in _OPEN:
            changes[name] = _typed(name, value, getattr(provider, name))
        elif name not in _ELSEWHERE:
            raise Unreadable(f"the mapping has no key {name}; see docs/surveys.md")
    made = replace(provider, **changes, constants=constants)
    _check(made)
    return made


def _typed(name: str, value: Any, present: Any) -> Any:
    """A setting of the type that the provider has; tables add to the provider's own."""
    if isinstance(present, str) and isinstance(value, str):
        return value
    if isinstance(present, tuple) and isinstance(value, list) and _texts(value):
        return tuple(value)
    if isinstance(present, Mapping) and isinstance(value, dict):
        inner: dict[str, Any] = {"words": int | float, "surveys": dict}
        if all(isinstance(one, inner.get(name, str)) for one in value.values()):
            return {**present, **value}
    kind = "a table"
    if not isinstance(present, Mapping):
        kind = "a text" if isinstance(present, str) else "a list of texts"
    raise Unreadable(f"{name} is {kind}; correct it as docs/surveys.md shows")


def _texts(values: list[Any]) -> bool:
    return all(isinstance(one, str) for one in values)


def _check(provider: Provider) -> None:
    """Raises Unreadable naming the first expression or field that cannot work."""
    for name in _TEXTS:
        expression = getattr(provider, name)
        if expression and not expression.startswith(_PLACES):
            compiled(expression, name)
    _check_mapping(provider.mapping, "mapping")
    for survey, special in provider.surveys.items():
        given = special.get("mapping", {})
        if not isinstance(given, Mapping) or not _texts(list(given.values())):
            raise Unreadable(f"surveys.{survey}.mapping is a table of texts; correct it")
        wrong = set(special) - {"mapping", *_CONSTANTS}
        if wrong:
            raise Unreadable(f"surveys.{survey} has no key {min(wrong)}; remove it")
        _check_mapping(given, f"surveys.{survey}.mapping")
    if provider.scheme is not None:
        check_scheme(provider.scheme)


def _check_mapping(mapping: Mapping[str, str], where: str) -> None:
    for field, expression in mapping.items():
        if field not in ANSWER_FIELDS:
            known = ", ".join(ANSWER_FIELDS)
            raise Unreadable(f"{where}.{field}: no such field; there are {known}")
        compiled(expression, f"{where}.{field}")


def lacking(provider: Provider) -> list[str]:
    """What must be set before an answer can be read: fields that neither the tool nor the
    settings fill, for all surveys or for each of them.
    """
    levels = [dict(one) for one in provider.surveys.values()] or [{}]
    missing = []
    for name in ("metric", "survey_type", "score", "scale_min", "scale_max"):
        known = name in provider.mapping or name in provider.constants
        known = known or all(name in level or name in level.get("mapping", {}) for level in levels)
        if name == "score":
            known = known or "score" in provider.questions.values()
        if name.startswith("scale") and provider.constants.get("metric", "nps") == "nps":
            known = True
        if not known:
            missing.append(name)
    if provider.joins and not provider.questions:
        missing.append("questions")
    return missing


def _scheme(given: Any) -> Scheme:
    known = {field.name: type(field.default) for field in fields(Scheme)}
    if not isinstance(given, dict):
        raise Unreadable("verify is a table; correct it as docs/surveys.md shows")
    for name, value in given.items():
        if name not in known:
            raise Unreadable(f"verify.{name}: no such key; there are {', '.join(sorted(known))}")
        if not isinstance(value, known[name]):
            raise Unreadable(f"verify.{name}: {value!r} is of the wrong kind; correct it")
    lower = {"header", "timestamp"}
    return Scheme(**{n: v.lower() if n in lower else v for n, v in given.items()})
