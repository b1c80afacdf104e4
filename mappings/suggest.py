"""Which CRM fields might hold a column, by name and type. A person decides.

Names are compared as sets of words: without the CRM's suffixes, camel and snake case parted,
synonyms made one.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

from mappings.catalogue import Column
from mappings.checks import can_hold
from mappings.findings import FieldInfoLike

LIKELY, POSSIBLE = 0.85, 0.65

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_SYNONYMS = {
    "arr": "annual value",
    "acv": "annual value",
    "annualised": "annual",
    "recurring": "",
    "revenue": "value",
    "amount": "value",
    "tier": "segment",
    "renew": "renewal",
    "renews": "renewal",
    "on": "date",
    "at": "date",
    "day": "date",
    "start": "since",
    "from": "since",
    "website": "domain",
    "job": "title",
    "jobtitle": "title",
    "phone": "",
    "company": "account",
    "churn": "churned",
    "cancelled": "churned",
    "lost": "churned",
    "mail": "email",
    "dmu": "level",
    "opt": "opted",
    "optout": "opted out",
    "active": "active",
    "hs": "",
    "ax": "",
    "is": "",
    "number": "",
    "the": "",
}


@dataclass(frozen=True)
class Suggestion:
    """A field that might be meant, and how alike the names are [0..1]."""

    field: str
    label: str
    likeness: float

    @property
    def likely(self) -> bool:
        """Alike enough to be offered by itself; less is only listed."""
        return self.likeness >= LIKELY


def suggest(column: Column, fields: Iterable[FieldInfoLike], most: int = 3) -> list[Suggestion]:
    """The fields most alike in name whose type can hold the column, the best first."""
    wanted = name_words(column.name)
    found = [
        Suggestion(field.name, field.label, round(alike, 2))
        for field in fields
        if can_hold(column, field)
        and (alike := max(_likeness(wanted, field.name), _likeness(wanted, field.label)))
        >= POSSIBLE
    ]
    return sorted(found, key=lambda one: (-one.likeness, one.field))[:most]


@lru_cache(maxsize=10_000)
def name_words(name: str) -> frozenset[str]:
    """The words of a name: Renewal_Date__c and renewalDate are {renewal, date}."""
    bare = re.sub(r"__[a-z]+$", "", name)
    parts = re.split(r"[\W_]+", _CAMEL.sub(" ", bare).lower())
    return frozenset(word for part in parts for word in _SYNONYMS.get(part, part).split() if word)


def _likeness(wanted: frozenset[str], name: str) -> float:
    found = name_words(name)
    if not found:
        return 0.0
    if wanted == found:
        return 1.0
    one, other = ("".join(sorted(words)) for words in (wanted, found))
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    if not wanted & found and matcher.real_quick_ratio() * matcher.quick_ratio() < POSSIBLE:
        return 0.0
    return float(matcher.ratio())
