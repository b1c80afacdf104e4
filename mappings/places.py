"""Complaints about a map: always with the file, the place in it, and what to do."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from mappings.maps import MapError


class Place:
    """Where in which file; all complaints are made here."""

    def __init__(self, file: str, place: str) -> None:
        self.file, self.place = file, place

    def at(self, further: str) -> "Place":
        """A place inside this one."""
        return Place(self.file, f"{self.place}, {further}")

    def fail(self, sentence: str) -> NoReturn:
        """Raise MapError with file and place before `sentence`."""
        raise MapError(f"{self.file}: {self.place}: {sentence}")

    def known(self, table: Any, names: Any) -> None:
        """Complain when `table` is no table or has a key that is not among `names`."""
        if not isinstance(table, dict):
            self.fail("must be a table")
        for key in table:
            if key not in names:
                close = get_close_matches(key, names, 1)
                hint = f"did you mean {close[0]!r}?" if close else f"use {listed(names)}"
                self.fail(f"does not know {key!r}; {hint}")

    def one_of(self, table: Mapping[str, Any], key: str, choices: Any) -> str:
        """The text under `key`, which must be one of `choices`."""
        value = table.get(key)
        if not isinstance(value, str) or value not in choices:
            self.fail(f"`{key}` is {value!r}; use one of {listed(choices)}")
        return value

    def text(self, table: Mapping[str, Any], key: str, default: str | None = None) -> str:
        """The text under `key`; without a default it must be there and not empty."""
        value = table.get(key, default)
        if not isinstance(value, str) or (default is None and not value):
            self.fail(f"`{key}` must be a text")
        return value

    def flag(self, table: Mapping[str, Any], key: str) -> bool:
        """The truth value under `key`, false when absent."""
        value = table.get(key, False)
        if not isinstance(value, bool):
            self.fail(f"`{key}` must be true or false")
        return value

    def texts(self, value: Any, key: str) -> tuple[str, ...]:
        """`value` as a list of texts; only `leave_out` may be empty."""
        good = isinstance(value, list) and all(isinstance(v, str) for v in value)
        if not good or (not value and key != "leave_out"):
            self.fail(f"`{key}` must be a list of texts")
        return tuple(value)


def listed(names: Any) -> str:
    """Names for a sentence, in alphabetical order."""
    return ", ".join(sorted(names))


def tables(place: Place, given: Mapping[str, Any], key: str) -> list[Any]:
    """The list of tables under `key`, which must not be empty."""
    tables = given.get(key)
    if not isinstance(tables, list) or not tables:
        place.fail(f"there is no [[{key}]]; add one for each CRM object to read")
    return tables


def once(place: Place, names: Sequence[str], sentence: str) -> None:
    """Complain with `sentence` about the first name that comes twice."""
    for name in names:
        if names.count(name) > 1:
            place.fail(sentence.format(name))
