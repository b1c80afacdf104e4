"""Record ids: a key prefix, the instance, a running number, and a checksum of the case."""

import re

from sandbox.world import id18

__all__ = ["id18", "make_id", "normalise"]

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Za-z0-5]{3})?\Z")


def _check(block: str) -> str:
    return _CHECK[sum(1 << n for n, c in enumerate(block) if "A" <= c <= "Z")]


_BASE = len(_DIGITS)
_PAIRS = tuple(first + second for first in _DIGITS for second in _DIGITS)
_CAPITALS = tuple(int("A" <= digit <= "Z") for digit in _DIGITS)
_PAIR_CAPITALS = tuple(a | b << 1 for a in _CAPITALS for b in _CAPITALS)
_HEADS: dict[str, tuple[str, str]] = {}


def make_id(prefix: str, number: int) -> str:
    """The 18-character id of record `number` of the object with this key prefix.

    Prefix, instance, nine digits to the base 62, checksum; ids of one object sort as their
    numbers do. Works in pairs of digits, since loading makes millions of these.
    """
    if prefix not in _HEADS:
        _HEADS[prefix] = (f"{prefix}5g0", _check(f"{prefix}5g"))
    head, checked = _HEADS[prefix]
    rest, e = divmod(number, _BASE)
    rest, d = divmod(rest, len(_PAIRS))
    rest, c = divmod(rest, len(_PAIRS))
    a, b = divmod(rest, len(_PAIRS))
    second = _CHECK[_PAIR_CAPITALS[a] << 1 | _PAIR_CAPITALS[b] << 3]
    third = _CHECK[_PAIR_CAPITALS[c] | _PAIR_CAPITALS[d] << 2 | _CAPITALS[e] << 4]
    digits = _PAIRS[a] + _PAIRS[b] + _PAIRS[c] + _PAIRS[d] + _DIGITS[e]
    return f"{head}{digits}{checked}{second}{third}"


def normalise(text: object) -> str | None:
    """The 18-character form of an id given with 15 or 18 characters; None for anything else."""
    if not isinstance(text, str) or not _SHAPE.match(text):
        return None
    full = id18(text)
    if len(text) == 18 and text[15:].upper() != full[15:]:
        return None
    return full
