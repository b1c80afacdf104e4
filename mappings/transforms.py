"""The closed list of text transforms a map may name. Source: docs/mapping.md, "Transforms"."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from mappings.values import missing


def domain(value: Any) -> str | None:
    """The bare web domain of a URL, an e-mail address or a domain; None when there is none."""
    if missing(value):
        return None
    host = str(value).strip().lower()
    scheme, mark, rest = host.partition("//")
    if mark and (not scheme or scheme.endswith(":")):
        host = rest
    for mark in ("/", "?", "#", " "):
        host = host.partition(mark)[0]
    host = host.rpartition("@")[2].partition(":")[0]
    host = host.removeprefix("www.").strip(".")
    return host or None


def lower(value: Any) -> str:
    """Lower case, such as for e-mail addresses."""
    return str(value).strip().lower()


def words(value: Any) -> str:
    """DECISION_MAKER;END_USER → decision maker;end user."""
    return ";".join(part.replace("_", " ").strip() for part in lower(value).split(";"))


def slug(value: Any) -> str:
    """Customer Service Manager → customer_service_manager."""
    return re.sub(r"\W+", "_", lower(value)).strip("_")


TRANSFORMS: Mapping[str, Callable[[Any], str | None]] = {
    "domain": domain,
    "lower": lower,
    "words": words,
    "slug": slug,
}
