"""Whatever a proved sender sends, reading it ends in answers or in Unreadable, and nothing else."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.configure import configured
from feedback.decode import decode
from feedback.providers import PROVIDERS
from feedback.reading import answer_of, event_key, events_of
from feedback.shapes import Delivery, Key, Unreadable
from feedback.signatures import verify
from tests.feedback.vectors import NAMES, Vector, vector

LEAVES = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    st.sampled_from(["3", "9,5", "2026-03-17", "nan", "1e999", "\0", "'" * 30]),
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
WHOLE = [name for name in NAMES if not vector(name).body.startswith((b"--", b"Topic"))]


def read(one: Vector, body: bytes) -> None:
    """Decode, split, key and map, as the intake and the job do."""
    delivery = replace(one.delivery, body=body)
    content = decode(delivery, one.provider.parse)
    assert 0 < len(event_key(one.provider, delivery, content)) <= 200
    for event in events_of(one.provider, content):
        if event.kind in ("answer", "partial"):
            answer = answer_of(one.provider, event, one.fetched() if event.path else None)
            assert answer.score is None or answer.scale_min is not None


def places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = content.items() if isinstance(content, dict) else enumerate(content)
    found = [path]
    for key, value in inner:
        found += places(value, (*path, key)) if isinstance(value, dict | list) else [(*path, key)]
    return found


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_sample_with_anything_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    one = vector(data.draw(st.sampled_from(WHOLE)))
    content = json.loads(one.body)
    place = data.draw(st.sampled_from(places(content)))
    value = data.draw(JSON)
    if not place:
        content = value
    else:
        inner = content
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value
    with suppress(Unreadable):
        read(one, json.dumps(content).encode())


@settings(max_examples=100, deadline=None)
@given(body=st.binary(max_size=60), name=st.sampled_from(NAMES))
def test_any_bytes_are_read_or_refused(body: bytes, name: str) -> None:
    one = vector(name)
    with suppress(Unreadable):
        read(one, body)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    body=st.binary(max_size=40),
    texts=st.lists(st.text(st.characters(max_codepoint=255), max_size=60), min_size=4, max_size=4),
)
def test_no_header_proves_anything_or_breaks_the_proof(
    name: str, body: bytes, texts: list[str]
) -> None:
    one = vector(name)
    scheme = one.provider.scheme
    assert scheme is not None
    names = (scheme.header or "x", scheme.timestamp or "y", "webhook-id", "content-type")
    delivery = Delivery(
        "POST", one.url.split("?")[0], dict(zip(names, texts, strict=True)), body, one.clock
    )
    verdict = verify(delivery, scheme, (Key("k1", one.keys[0].text),), datetime.now(UTC))
    assert not verdict.accepted
    assert verdict.reason
    assert len(verdict.reason) <= 40


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"colour": 1}, "no key colour"),
        ({"zone": 5}, "zone is a text"),
        ({"parse": "MSG"}, "parse is a list of texts"),
        ({"mapping": []}, "mapping is a table"),
        ({"mapping": {"score": 5}}, "mapping is a table"),
        ({"surveys": {"a": {"mapping": {"score": 5}}}}, "surveys.a.mapping is a table"),
        ({"surveys": {"a": {"zone": "x"}}}, "surveys.a has no key zone"),
        ({"verify": {"mode": "none"}}, "verify.mode is"),
        ({"verify": {"mode": 1}}, "verify.mode"),
        ({"verify": {"mode": "hmac"}}, "verify.header or verify.field"),
        ({"verify": {"mode": "hmac", "header": "a", "algorithm": "md5"}}, "verify.algorithm"),
        ({"verify": {"mode": "hmac", "header": "a", "signed": "{colour}"}}, "knows no {colour}"),
        ({"response_key": "a" * 2000}, "longer than 1000"),
        ({"trusted": True}, "no key trusted"),
    ],
)
def test_settings_that_cannot_work_are_named(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(Unreadable, match=said.replace("{", r"\{")):
        configured(PROVIDERS["generic"], settings)
