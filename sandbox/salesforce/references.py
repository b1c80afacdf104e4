"""`@{ref.path}` in composite requests: replaced by values of earlier answers."""

import re
from typing import Any

from sandbox.salesforce.errors import ApiError

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")


def resolve(value: Any, answers: dict[str, Any]) -> Any:
    """`value` (text, list or object) with every reference replaced.

    `answers` holds the bodies of successful subrequests by reference id; a reference to anything
    else is PROCESSING_HALTED. A text that is nothing but one reference takes the value as it is.
    """
    if isinstance(value, dict):
        return {key: resolve(inner, answers) for key, inner in value.items()}
    if isinstance(value, list):
        return [resolve(inner, answers) for inner in value]
    if not isinstance(value, str) or "@{" not in value:
        return value
    whole = _REFERENCE.fullmatch(value)
    if whole:
        return _value(whole, answers)
    return _REFERENCE.sub(lambda match: str(_value(match, answers)), value)


def named(value: Any) -> set[str]:
    """The reference ids a value mentions."""
    if isinstance(value, dict):
        return set().union(*(named(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(named(inner) for inner in value))
    return {m[1] for m in _REFERENCE.finditer(value)} if isinstance(value, str) else set()


def _value(match: re.Match[str], answers: dict[str, Any]) -> Any:
    name, path = match[1], match[2]
    halted = ApiError(
        "PROCESSING_HALTED",
        f"Invalid reference specified. No value for {name}{path} found in {name}",
    )
    if name not in answers:
        raise halted
    found = answers[name]
    for key, index in _STEP.findall(path):
        try:
            found = found[int(index)] if index else found[key]
        except (KeyError, IndexError, TypeError):
            raise halted from None
    return found
