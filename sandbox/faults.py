"""Faults armed on purpose: what shall go wrong, how often, and for which calls."""

import itertools
import random
import re
import threading
from typing import Any
from urllib.parse import unquote_plus

from flask import has_request_context, request

CRMS = ("salesforce", "hubspot", "any")


class Faults:
    """Rules that fire by count or by probability; thread-safe.

    A rule is a dict: name, crm (salesforce, hubspot, any), and optionally count (it fires that
    often, then never again), probability (0..1 per matching call), path (a regular expression
    searched in the decoded path with query), method. Without count and probability it fires on
    every match until cleared. Every other key is a parameter of the fault; a parameter that the
    asking code also names as a fact (object, field, record_id ...) must be equal to it.
    """

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._rules: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        self._random = random.Random(seed)

    def seed(self, value: int) -> None:
        """Restart the dice, so that a drill by probability can be repeated."""
        with self._lock:
            self._random = random.Random(value)

    def arm(self, rule: dict[str, Any]) -> dict[str, Any]:
        """Add one rule and return it with its id; ValueError says what is wrong with it."""
        _check(rule)
        armed = {"crm": "any", **rule, "id": next(self._ids), "fired": 0}
        with self._lock:
            self._rules.append(armed)
        return dict(armed)

    def clear(self, name: str | None = None) -> int:
        """Disarm all rules, or those called `name`; returns how many there were."""
        with self._lock:
            kept = [rule for rule in self._rules if name is not None and rule["name"] != name]
            removed = len(self._rules) - len(kept)
            self._rules = kept
        return removed

    def listing(self) -> list[dict[str, Any]]:
        """All rules with `fired`, the number of times each took effect, and `count` left."""
        with self._lock:
            return [dict(rule) for rule in self._rules]

    def take(self, name: str, crm: str, **facts: Any) -> dict[str, Any] | None:
        """Fire the first armed `name` that fits this call; None when nothing shall go wrong.

        Inside a request, path and method are taken from it unless given as facts.
        """
        with self._lock:
            if not self._rules:
                return None
            rule = self._match(name, crm, facts)
            if rule is None:
                return None
            if "probability" in rule and self._random.random() >= rule["probability"]:
                return None
            rule["fired"] += 1
            if rule.get("count") is not None:
                rule["count"] -= 1
            return dict(rule)

    def look(self, name: str, crm: str, **facts: Any) -> dict[str, Any] | None:
        """The rule `take` would try, without firing it: for lasting conditions."""
        with self._lock:
            rule = self._match(name, crm, facts) if self._rules else None
            return dict(rule) if rule else None

    def _match(self, name: str, crm: str, facts: dict[str, Any]) -> dict[str, Any] | None:
        facts = _request_facts() | facts
        return next((rule for rule in self._rules if _fits(rule, name, crm, facts)), None)


def _fits(rule: dict[str, Any], name: str, crm: str, facts: dict[str, Any]) -> bool:
    if rule["name"] != name or rule["crm"] not in (crm, "any") or rule.get("count") == 0:
        return False
    if "path" in rule and not re.search(rule["path"], facts.get("path", "")):
        return False
    if "method" in rule and rule["method"].upper() != facts.get("method", "").upper():
        return False
    others = facts.keys() & rule.keys() - {"path", "method"}
    return all(rule[key] == facts[key] for key in others)


def _request_facts() -> dict[str, Any]:
    if not has_request_context():
        return {}
    path = unquote_plus(request.full_path) if request.query_string else request.path
    return {"path": path, "method": request.method}


def _check(rule: dict[str, Any]) -> None:
    if not isinstance(rule.get("name"), str):
        raise ValueError('a fault needs a "name", for example {"name": "latency", "seconds": 2}')
    if rule.get("crm", "any") not in CRMS:
        raise ValueError(f"crm is {rule['crm']!r}; use one of {', '.join(CRMS)}")
    count = rule.get("count")
    if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
        raise ValueError(f"count is {count!r}; use a whole number from 1, or leave it out")
    if not 0 <= float(rule.get("probability", 0)) <= 1:
        raise ValueError(f"probability is {rule['probability']!r}; use a number from 0 to 1")
    try:
        re.compile(rule.get("path", ""))
    except re.error as problem:
        raise ValueError(f"path {rule['path']!r} is no regular expression: {problem}") from None
