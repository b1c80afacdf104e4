"""Every sample delivery is proved and read; a changed secret, byte or clock is not."""

from dataclasses import replace
from datetime import datetime

import pytest

from feedback.decode import decode
from feedback.reading import answer_of, event_key, events_of
from feedback.shapes import Key
from feedback.signatures import NoUsableKey, verify
from tests.feedback.vectors import LATER, NAMES, Vector, also_active, vector

OTHER_SECRET = "whsec_" + "QUJD" * 8 + "QUE="
KINDS = {
    "completed": "answer",
    "updated": "answer",
    "thin": "answer",
    "created": "answer",
    "partial": "partial",
}


def accepted(one: Vector, now: datetime | None = None) -> bool:
    scheme = one.provider.scheme
    assert scheme is not None
    return verify(one.delivery, scheme, one.keys, now or one.clock).accepted


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_is_proved_and_read(name: str) -> None:
    one = vector(name)
    assert accepted(one)
    content = decode(one.delivery, one.provider.parse)
    want = one.expected
    if one.provider_name != "hubspot":
        assert event_key(one.provider, one.delivery, content) == want["provider_event_id"] or (
            one.provider.event_key == ""
        )
    events = events_of(one.provider, content)
    for event in events:
        kind = "partial" if name == "formbricks-created" else KINDS[str(want["kind"])]
        assert event.kind == kind
        assert (event.path is not None) == (want["kind"] == "thin")
    if want["kind"] == "thin":
        return
    answer = answer_of(one.provider, events[0])
    got = {
        "provider_response_id": answer.response_key,
        "survey_id": answer.survey,
        "campaign": answer.campaign,
        "survey_type": answer.survey_type,
        "metric": answer.metric,
        "score": answer.score,
        "scale_min": answer.scale_min,
        "scale_max": answer.scale_max,
        "comment": answer.comment,
        "email": answer.email,
        "crm_contact_id": answer.contact_id,
        "crm_account_id": answer.account_id,
        "domain": answer.domain,
    }
    assert got == {field: want[field] for field in got}
    if want["answered_at"]:
        assert answer.answered_at == datetime.fromisoformat(str(want["answered_at"]))
    tier1, tier2 = want["drivers_tier1"] or [], want["drivers_tier2"]
    assert set((answer.drivers or "").replace(">", ";").split(";")) - {""} >= set(tier1)
    assert len(tier1) != 1 or not tier2 or answer.drivers == f"{tier1[0]}>{tier2[0]}"


@pytest.mark.parametrize(
    ("name", "score", "comment", "drivers", "account", "contact"),
    [
        (
            "surveymonkey-response-completed",
            *(7, "Good tool, slow invoices.", "Billing"),
            *("0017Q00000kLmNoQAK", "0037Q00000pQrStQAK"),
        ),
        (
            "qualtrics-completed-response",
            *(3, "Export keeps failing.", "Product"),
            *("0017Q00000uVwXyQAK", "0037Q00000zAbCdQAK"),
        ),
        ("hubspot-feedback-batch", 10, "Great", None, None, "551"),
    ],
)
def test_ids_alone_name_what_is_fetched(
    name: str, score: float, comment: str, drivers: str | None, account: str | None, contact: str
) -> None:
    one = vector(name)
    events = events_of(one.provider, decode(one.delivery, one.provider.parse))
    assert {event.path for event in events} == {
        {
            "surveymonkey": "/v3/surveys/523344556/responses/118899001122/details",
            "qualtrics": "/API/v3/surveys/SV_3fKq9LmN2pRsT5u/responses/R_1Zx9Yw8Vu7Ts6Rq",
            "hubspot": "/crm/v3/objects/feedback_submissions/90210001?properties=hs_survey_id,"
            "hs_survey_name,hs_survey_type,hs_value,hs_content,hs_submission_timestamp"
            "&associations=contacts",
        }[one.provider_name]
    }
    answer = answer_of(one.provider, events[0], one.fetched())
    assert (answer.metric, answer.score, answer.scale_max) == ("nps", score, 10)
    assert (answer.comment, answer.drivers) == (comment, drivers)
    assert (answer.account_id, answer.contact_id) == (account, contact)


@pytest.mark.parametrize("name", NAMES)
def test_another_secret_proves_nothing_until_the_source_knows_it(name: str) -> None:
    one = vector(name).signed(OTHER_SECRET)
    assert accepted(one)
    assert not accepted(replace(one, keys=vector(name).keys))
    both = (Key("old", vector(name).keys[0].text), Key("new", OTHER_SECRET))
    assert accepted(replace(one, keys=both))


@pytest.mark.parametrize("name", NAMES)
def test_a_signed_time_stands_for_five_minutes_either_way(name: str) -> None:
    one = vector(name)
    one = one.signed(at=one.clock.replace(microsecond=0))
    scheme = one.provider.scheme
    assert scheme is not None
    signs_time = bool(scheme.timestamp) or scheme.pairs
    for shifted in (one.clock + LATER, one.clock - LATER):
        assert accepted(one, shifted) is not signs_time
    for inside in (one.clock + LATER * 0.99, one.clock - LATER * 0.99):
        assert accepted(one, inside)


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_body_proves_nothing(name: str) -> None:
    one = vector(name)
    scheme = one.provider.scheme
    assert scheme is not None
    changed = replace(one, body=one.body.replace(b"2", b"3"))
    assert accepted(changed) is (scheme.mode == "token")


def test_a_rotation_passes_with_either_secret_and_with_neither_fails() -> None:
    one = vector("generic-standard-webhooks-rotation")
    old = Key("old", also_active("generic-standard-webhooks-rotation"), until=one.clock)
    new = one.keys[0]
    for keys in ((old,), (new,), (old, new)):
        assert accepted(replace(one, keys=keys))
    assert not accepted(replace(one, keys=(Key("k", OTHER_SECRET),)))
    with pytest.raises(NoUsableKey):
        accepted(replace(one, keys=(old,)), one.clock + LATER)
