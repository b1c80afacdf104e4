"""From deliveries to answers: exactly once in any order, whose they are, and what goes wrong."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from flask import Flask, request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from feedback.links import sign_link
from jobs.answers import ask_waiting, forget_bodies
from jobs.deliveries import BACKOFF, body_text
from jobs.forget import forget_person
from jobs.intake import attach_waiting
from jobs.queue import work_once
from jobs.reconcile import reconcile
from jobs.serve import web_app
from store import hooks
from store.erasure import erase_person
from store.models import (
    Connection,
    Contact,
    DirtyAccount,
    Hook,
    RawEvent,
    Response,
    ResponseVersion,
    Run,
)
from store.records import mark_deleted, store_rows
from store.runs import start_run
from tests.feedback.service import PEOPLE, Service, Source, running, served
from tests.feedback.vectors import Vector, vector
from tests.jobs.lines import Line
from web.sources import new_source

MAREN, TOBIAS, ZOE = PEOPLE
NAMES = {
    "typeform": ("typeform-nps-partial", "typeform-nps-promoter"),
    "formbricks": ("formbricks-created", "formbricks-finished"),
    "delighted": ("delighted-created", "delighted-updated"),
    "asknicely": ("asknicely-first", "asknicely-update"),
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as service:
        empty(service)
        yield service


@pytest.fixture(autouse=True)
def clean(request: pytest.FixtureRequest) -> Iterator[None]:
    """No answer of another test is left in the shared service."""
    yield
    if "service" in request.fixturenames:
        empty(request.getfixturevalue("service"))


def empty(service: Service) -> None:
    with service.house.sessions.begin() as session:
        for model in (RawEvent, ResponseVersion, Response, DirtyAccount, Run):
            session.execute(delete(model))


def facts(row: Response) -> tuple[Any, ...]:
    """What an answer says, apart from how it came."""
    return (
        *(row.metric, row.survey_type, row.score, row.scale_min, row.scale_max, row.comment),
        *(row.drivers, row.answered_at, row.campaign, row.email, row.is_partial, row.deleted_at),
        *(row.account_id, row.contact_id, row.matched_by),
    )


def dirty(service: Service) -> set[str]:
    with service.house.sessions() as session:
        return set(session.scalars(select(DirtyAccount.account_id)))


@pytest.mark.parametrize("provider", NAMES)
def test_every_order_and_repetition_ends_alike(service: Service, provider: str) -> None:
    samples = [vector(name) for name in NAMES[provider]]
    ends = set()
    for order in [*itertools.permutations(samples), [samples[1], samples[0], samples[1]]]:
        source = service.source(samples[0])
        for one in order:
            assert source.send(replace(one, url=source.url).signed(at=datetime.now(UTC))).ok
            service.read()
        ends.add(facts(source.answer()))
        empty(service)
    (end,) = ends
    want = samples[1].expected
    assert (end[2], end[5], end[10]) == (want["score"], want["comment"], False)
    assert end[12] == want["crm_account_id"]


def corrected(one: Vector, number: int, *, partial: bool) -> Vector:
    """Version `number` of the Typeform sample's answer."""
    body = json.loads(one.body)
    body["event_type"] = "form_response_partial" if partial else "form_response"
    body["event_id"] = f"{one.name}-{number}-{partial}"
    body["form_response"]["submitted_at"] = f"2026-03-17T10:00:{number:02}Z"
    body["form_response"]["answers"][0]["number"] = number
    return replace(one, body=json.dumps(body).encode()).signed(at=one.clock)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=5).flatmap(
        lambda events: st.tuples(st.just(events), st.permutations(events + events[:2]))
    )
)
def test_of_any_versions_the_newest_complete_one_stands(
    service: Service, case: tuple[list[tuple[int, bool]], list[tuple[int, bool]]]
) -> None:
    events, order = case
    empty(service)
    source = service.source(vector("typeform-nps-promoter"))
    for number, partial in order:
        assert source.send(corrected(source.sample, number, partial=partial)).ok
    service.read()
    row = source.answer()
    complete = [number for number, partial in events if not partial]
    newest = max(complete) if complete else max(number for number, _ in events)
    assert (row.score, row.is_partial) == (newest, not complete)


def test_what_was_corrected_is_kept_as_a_version(service: Service) -> None:
    source = service.source(vector("asknicely-first"))
    for name in NAMES["asknicely"]:
        source.send(replace(vector(name), url=source.url))
        service.read()
    row = source.answer()
    assert (row.score, row.version) == (3, 2)
    with service.house.sessions() as session:
        (before,) = session.scalars(select(ResponseVersion))
    assert (before.version, before.content["score"]) == (1, 6)
    assert before.content["answered_at"] == "2026-03-17T09:59:00+00:00"


def test_answers_question_by_question_add_up_in_any_order(service: Service) -> None:
    sample = vector("survicate-question-answered")
    given = json.loads(sample.body)
    events = []
    for number, (question, said) in enumerate([(12123, "8"), (12124, "Slow"), (12125, "Price")]):
        event = json.loads(sample.body)
        event["messageId"] = f"m{number}"
        asked = event["event"]["questionAnswered"]
        asked["question"]["id"], asked["choice"]["body"] = question, said
        asked["timestamp"] = f"2026-03-17T09:59:4{number}+00:00"
        events.append(event)
    asked = given["event"]["questionAnswered"]
    done = {name: asked[name] for name in ("responseUuid", "survey", "respondent")}
    end = {"surveyCompleted": {**done, "timestamp": "2026-03-17T09:59:50+00:00"}}
    events.append({"messageId": "m9", "event": end})
    questions = {"12123": "score", "12124": "comment", "12125": "drivers_tier1"}
    ends = set()
    for order in itertools.islice(itertools.permutations(events), 0, None, 8):
        source = service.source(sample, settings={**sample.settings, "questions": questions})
        for event in order:
            source.send(replace(source.sample, body=json.dumps(event).encode()).signed())
            service.read()
        ends.add(facts(source.answer()))
        empty(service)
    (only,) = ends
    assert only[2:8] == (8, 0, 10, "Slow", "Price", datetime(2026, 3, 17, 9, 59, 50, tzinfo=UTC))
    assert (only[10], only[12]) == (False, TOBIAS[1])


# ---------------------------------------------------------------------------- whose it is


def typeform(source: Source, **hidden: str) -> Vector:
    """The Typeform sample with these hidden fields instead of its own."""
    body = json.loads(source.sample.body)
    body["form_response"]["hidden"] = hidden
    return replace(source.sample, body=json.dumps(body).encode()).signed()


@pytest.mark.parametrize(
    ("hidden", "want"),
    [
        ({"crm_contact_id": MAREN[0]}, (MAREN[1], MAREN[0], "contact_id")),
        ({"crm_contact_id": MAREN[0], "email": MAREN[2].upper()}, (*MAREN[1::-1], "contact_id")),
        ({"crm_contact_id": MAREN[0], "email": TOBIAS[2]}, (*TOBIAS[1::-1], "email")),
        (
            {"crm_contact_id": MAREN[0], "email": "new@brightloom.example"},
            (*MAREN[1::-1], "contact_id"),
        ),
        ({"crm_contact_id": MAREN[0], "email": "m@gmail.com"}, (None, None, None)),
        ({"crm_contact_id": MAREN[0], "crm_account_id": TOBIAS[1]}, (None, None, None)),
        ({"email": ZOE[2]}, (*ZOE[1::-1], "email")),
        ({"email": "new@tallgrass.example"}, (TOBIAS[1], None, "domain")),
        ({"domain": "www.Tallgrass.example"}, (TOBIAS[1], None, "domain")),
        ({"crm_account_id": TOBIAS[1]}, (None, None, None)),
        ({"email": "x@nowhere.example", "crm_account_id": TOBIAS[1]}, (None, None, None)),
    ],
)
def test_an_answer_finds_its_account(
    service: Service, hidden: dict[str, str], want: tuple[str | None, ...]
) -> None:
    source = service.source(vector("typeform-nps-promoter"))
    assert source.send(typeform(source, **hidden)).ok
    service.read()
    row = source.answer()
    assert (row.account_id, row.contact_id, row.matched_by) == want
    assert row.claims["because"]
    assert dirty(service) == ({want[0]} - {None})


def test_a_signed_link_proves_the_account_and_a_changed_one_does_not(service: Service) -> None:
    source = service.source(vector("typeform-nps-promoter"))
    with service.house.sessions() as session:
        sealed = session.get_one(Hook, source.id).secrets
    key = hooks.HookSecrets.opened(service.house.vault, sealed).link_key
    link = {"email": "ann@gmail.com", "crm_account_id": ZOE[1], "campaign": "Q1"}
    signature = sign_link(key, link["email"], link["crm_account_id"], link["campaign"])
    for changes, want in (({}, (ZOE[1], "link")), ({"crm_account_id": MAREN[1]}, (None, None))):
        assert source.send(typeform(source, sig=signature, **{**link, **changes})).ok
        service.read()
        row = source.answer()
        assert (row.account_id, row.matched_by) == want
        empty(service)


def test_ids_of_the_tools_own_records_are_believed(service: Service) -> None:
    source = service.source(vector("zendesk-csat-trigger"))
    body = {**json.loads(source.sample.body), "requester_email": "new@gmail.com"}
    sample = replace(source.sample, body=json.dumps(body).encode())
    assert source.send(sample.signed(at=datetime.now(UTC))).ok
    service.read()
    row = source.answer()
    assert (row.account_id, row.matched_by) == (MAREN[1], "account_id")
    assert (row.score, row.scale_min, row.scale_max, row.metric) == (1, 0, 1, "csat")


def test_a_merged_contact_is_followed(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        with service.house.sessions.begin() as session:
            gone = [(MAREN[0], None, TOBIAS[0])]
            now = datetime.now(UTC)
            mark_deleted(session, service.connection_id, "contacts", gone, at=now)
        source = service.source(vector("typeform-nps-promoter"))
        assert source.send(typeform(source, crm_contact_id=MAREN[0])).ok
        service.read()
        assert (source.answer().contact_id, source.answer().account_id) == TOBIAS[:2]


def test_a_persons_assignment_survives_a_correction(service: Service) -> None:
    source = service.source(vector("asknicely-first"))
    source.send()
    service.read()
    with service.house.sessions.begin() as session:
        row = session.scalars(select(Response)).one()
        row.account_id, row.contact_id, row.matched_by = TOBIAS[1], None, "person"
    source.send(replace(vector("asknicely-update"), url=source.url))
    service.read()
    assert (source.answer().score, source.answer().account_id) == (3, TOBIAS[1])


# ----------------------------------------------------------------- what is fetched, and refused


class Tool:
    """A survey tool's API on a port of its own: answers by path, or what else it says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.credentials: set[str] = set()
        self.codes: list[int] = []
        self.content: Any = {}
        self.app = Flask("tool")
        self.app.add_url_rule("/<path:path>", view_func=self.answer, methods=["GET", "POST"])

    def answer(self, path: str) -> Any:
        if path == "oauth2/token":
            assert request.form["client_secret"] == "s"
            return {"access_token": "given"}
        self.asked.append(request.full_path.rstrip("?"))
        self.credentials.add(
            request.headers.get("Authorization") or request.headers.get("X-Api-Token", "")
        )
        if self.codes:
            code = self.codes.pop(0)
            if code != 200:
                return {}, code
        return self.content(request) if callable(self.content) else self.content


@pytest.fixture
def tool() -> Tool:
    return Tool()


@pytest.fixture
def address(tool: Tool) -> Iterator[str]:
    with served(tool.app) as url:
        yield url


def thin(service: Service, name: str, address: str) -> Source:
    sample = vector(name)
    settings = {**sample.settings, "api_base": address}
    return service.source(sample, settings=settings, api={"token": "key"})


@pytest.mark.parametrize(
    ("name", "score", "credential", "account"),
    [
        ("surveymonkey-response-completed", 7, "Bearer key", TOBIAS[1]),
        ("qualtrics-completed-response", 3, "key", ZOE[1]),
        ("hubspot-feedback-batch", 10, "Bearer key", None),
    ],
)
def test_where_only_ids_came_the_answer_is_fetched(
    service: Service,
    tool: Tool,
    address: str,
    name: str,
    score: float,
    credential: str,
    account: str | None,
) -> None:
    tool.content, tool.codes = vector(name).fetched(), [503, 200]
    source = thin(service, name, address)
    assert source.send().ok
    run = service.read()
    assert (run.state, run.counts["deliveries"]) == ("done", 1)
    assert (source.answer().score, source.answer().account_id) == (score, account)
    assert len(tool.asked) == 2  # the tool was busy once; a path is asked once in a run
    assert tool.credentials == {credential}
    assert source.events()[0].state == "done"


def test_what_the_tool_does_not_show_yet_is_asked_for_again(
    service: Service, tool: Tool, address: str
) -> None:
    tool.content, tool.codes = vector("surveymonkey-response-completed").fetched(), [404]
    source = thin(service, "surveymonkey-response-completed", address)
    source.send()
    service.read()
    (event,) = source.events()
    assert (event.state, event.tries, source.answers()) == ("waiting", 1, [])
    assert event.next_try_at is not None
    assert event.next_try_at > event.received_at + timedelta(seconds=BACKOFF[0] - 1)
    service.read()
    assert source.events()[0].tries == 1  # not before its time
    with service.house.sessions.begin() as session:
        session.get_one(RawEvent, event.id).next_try_at = event.received_at
    ask_waiting(service.house)
    with service.house.sessions() as session:
        assert "answers" in session.scalars(select(Run.kind).where(Run.state == "requested")).all()
    service.read()
    assert source.answer().score == 7


def test_a_refused_credential_ends_as_a_dead_letter_that_can_be_replayed(
    service: Service, tool: Tool, address: str
) -> None:
    tool.content = vector("surveymonkey-response-completed").fetched()
    tool.codes = [401] * (len(BACKOFF) + 1)
    source = thin(service, "surveymonkey-response-completed", address)
    source.send()
    for _ in range(len(BACKOFF) + 1):
        with service.house.sessions.begin() as session:
            for event in session.scalars(select(RawEvent)):
                event.next_try_at = None
        service.read()
    (event,) = source.events()
    assert event.state == "dead"
    assert "refused the API credential (401)" in str(event.problem)
    with service.house.sessions.begin() as session:
        hooks.replay(session, [event.id], now=datetime.now(UTC))
    service.read()
    assert source.answer().score == 7


def test_a_batch_with_an_unknown_event_keeps_the_known_ones(
    service: Service, tool: Tool, address: str
) -> None:
    tool.content = vector("hubspot-feedback-batch").fetched()
    source = thin(service, "hubspot-feedback-batch", address)
    events = json.loads(source.sample.body)
    events[1]["subscriptionType"] = "contact.creation"
    for body in (events, events[1:]):
        one = replace(source.sample, body=json.dumps(body).encode())
        assert source.send(one.signed(at=datetime.now(UTC))).ok
    service.read()
    assert [event.state for event in source.events()] == ["done", "ignored"]
    assert source.answer().score == 10


def test_a_deleted_response_is_forgotten_and_stays_so(
    service: Service, tool: Tool, address: str
) -> None:
    tool.content = vector("surveymonkey-response-completed").fetched()
    source = thin(service, "surveymonkey-response-completed", address)
    source.send()
    service.read()
    body = json.loads(source.sample.body)
    gone = {**body, "event_type": "response_deleted", "event_id": "2"}
    again = {**body, "event_id": "3", "event_datetime": "2026-04-01T00:00:00+00:00"}
    for event in (gone, again):
        source.send(replace(source.sample, body=json.dumps(event).encode()).signed())
        service.read()
    row = source.answer()
    assert row.deleted_at is not None
    assert (row.email, row.comment, row.contact_id, row.score) == (None, None, None, None)
    assert [bool(event.content) for event in source.events()] == [False, False, True]
    assert dirty(service) == {TOBIAS[1]}


@pytest.mark.parametrize(
    ("settings", "change", "reason"),
    [
        ({"scale_min": 1, "scale_max": 5}, {}, "not on the NPS scale 1 to 5"),
        ({}, {"number": 11}, "not on the NPS scale 0 to 10"),
        ({}, {"number": 7.5}, "not on the NPS scale 0 to 10"),
        ({}, {"number": "many"}, "is 'many', which is no number"),
        ({"mapping": {"score": "form_response.nothing"}}, {}, "holds no score"),
    ],
)
def test_no_score_is_guessed_or_moved_into_its_scale(
    service: Service, settings: dict[str, Any], change: dict[str, Any], reason: str
) -> None:
    sample = vector("typeform-nps-promoter")
    source = service.source(sample, settings={**sample.settings, **settings})
    body = json.loads(source.sample.body)
    body["form_response"]["answers"][0] |= change
    source.send(replace(source.sample, body=json.dumps(body).encode()).signed())
    run = service.read()
    (event,) = source.events()
    assert (event.state, source.answers(), run.counts["dead"]) == ("dead", [], 1)
    assert reason in str(event.problem)


@pytest.mark.parametrize("body", [b"not json", b"[]", b"null", b'"x"', b"{}", b'{"a":NaN}'])
def test_a_proved_delivery_of_any_shape_hurts_nobody(service: Service, body: bytes) -> None:
    source = service.source(vector("typeform-nps-promoter"))
    assert source.send(replace(source.sample, body=body).signed()).status_code == 200
    assert service.read().state == "done"
    assert source.events()[0].state in ("dead", "ignored")


def test_deliveries_are_asked_for_where_the_webhook_never_came(
    service: Service, tool: Tool, address: str
) -> None:
    sample = vector("typeform-nps-promoter")
    form = json.loads(sample.body)["form_response"]
    tool.content = {"items": [form, {**form, "token": "other", "hidden": {"email": ZOE[2]}}]}
    source = service.source(
        sample,
        settings={**sample.settings, "api_base": address, "reconcile": ["nQ7rLx2d"]},
        api={"token": "key"},
    )
    source.send()
    service.read()
    with service.house.sessions.begin() as session:
        session.get_one(Hook, source.id).cursor = {"nQ7rLx2d": "2026-03-01T00:00:00+00:00"}
    for _ in range(2):
        with service.house.sessions.begin() as session:
            now = datetime.now(UTC)
            run = start_run(session, service.connection_id, "reconcile", "command", now=now)
            connection = session.get_one(Connection, service.connection_id)
        reconcile(service.house, connection, run)
        service.read()
        run_id = run.id
    with service.house.sessions() as session:
        assert session.get_one(Run, run_id).state == "done"
        assert session.get_one(Hook, source.id).cursor == {"nQ7rLx2d": "2026-03-17T09:59:58+00:00"}
    assert {row.account_id: row.version for row in source.answers()} == {MAREN[1]: 1, ZOE[1]: 1}
    assert "since=2026-03-17T09%3A29%3A58Z" in tool.asked[-1]


def test_customergauge_is_read_by_its_cursor(service: Service, tool: Tool, address: str) -> None:
    rows = [
        {
            "number_customergauge": 1,
            "nps": 9,
            "email": ZOE[2],
            "date_creation": "2026-03-01 10:00:00",
        },
        {
            "number_customergauge": 2,
            "nps": 2,
            "email": TOBIAS[2],
            "date_creation": "2026-03-02 10:00:00",
        },
    ]

    def page(asked: Any) -> dict[str, Any]:
        cursor = asked.args.get("cursor")
        return {"data": [] if cursor == "end" else rows, "cursor": "end"}

    tool.content = page
    with service.house.sessions.begin() as session:
        now = datetime.now(UTC)
        settings = {"survey_type": "relationship", "zone": "Europe/Amsterdam", "api_base": address}
        shown = new_source(
            session,
            service.house.vault,
            service.connection_id,
            "customergauge",
            name="cg",
            settings=settings,
            secret=None,
            api={"client_id": "c", "client_secret": "s"},
            base_url=service.url,
            by="tests",
            now=now,
        )
        run = start_run(session, service.connection_id, "reconcile", "command", now=now)
        connection = session.get_one(Connection, service.connection_id)
    reconcile(service.house, connection, run)
    service.read()
    with service.house.sessions.begin() as session:
        found = session.scalars(select(Response).where(Response.hook_id == shown.hook.id)).all()
        assert {(row.account_id, row.score) for row in found} == {(ZOE[1], 9), (TOBIAS[1], 2)}
        assert {
            row.answered_at for row in found if row.answered_at and row.answered_at.day == 1
        } == {datetime(2026, 3, 1, 9, tzinfo=UTC)}
        session.delete(session.get_one(Hook, shown.hook.id))
    assert tool.credentials == {"Bearer given"}


# ------------------------------------------------------------------------------- forgetting


def test_a_person_is_forgotten_everywhere(service: Service) -> None:
    source = service.source(vector("asknicely-first"))
    for name in NAMES["asknicely"]:
        source.send(replace(vector(name), url=source.url))
        service.read()
    other = service.source(vector("typeform-nps-promoter"))
    other.send()
    other.send(
        replace(
            other.sample, body=b'{"event_id":1,"m":"zoe.hartmann@kestrelbyrne.example"}'
        ).signed()
    )
    service.read()
    with service.house.sessions.begin() as session:
        done = erase_person(
            session,
            service.connection_id,
            ZOE[2].upper(),
            lambda content: body_text(service.house.vault, content),
            now=datetime.now(UTC),
        )
    assert (done.responses, done.deliveries, done.accounts) == (1, 1, (ZOE[1],))
    assert source.answer().deleted_at is not None
    assert [bool(event.content) for event in source.events() + other.events()] == [
        *(False, False, True, False),
    ]
    with service.house.sessions() as session:
        assert session.scalars(select(ResponseVersion)).all() == []
        assert session.get(Contact, (service.connection_id, ZOE[0])) is not None


def test_bodies_are_forgotten_after_their_time_and_keys_stay(service: Service) -> None:
    source = service.source(vector("typeform-nps-promoter"))
    one = source.fresh()
    source.send(one)
    service.read()
    with service.house.sessions.begin() as session:
        event = session.scalars(select(RawEvent)).one()
        event.received_at -= timedelta(days=91)
    assert forget_bodies(service.house) == 1
    assert source.send(one).text == "stored before\n"
    assert (source.events()[0].content, source.answer().score) == (b"", 9)


def test_a_person_whom_a_later_pull_brings_is_found_by_what_was_claimed(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        source = service.source(vector("typeform-nps-promoter"))
        source.send(typeform(source, crm_contact_id="C9"))
        service.read()
        assert source.answer().account_id is None
        now = datetime.now(UTC)
        new = pd.DataFrame({"contact_id": ["C9"], "account_id": [ZOE[1]], "email": [None]})
        with service.house.sessions.begin() as session:
            store_rows(session, service.connection_id, "contacts", new, source="x", read_at=now)
        assert attach_waiting(service.house.sessions, service.connection_id, now=now) == 1
        row = source.answer()
        assert (row.account_id, row.contact_id, row.matched_by) == (ZOE[1], "C9", "contact_id")
        assert row.claims["because"] == "the contact it names is in the CRM"


def test_a_signed_nps_3_stands_on_the_crms_record(synced: Line) -> None:
    nps = {"salesforce": "AX_NPS__c", "hubspot": "ax_nps"}[synced.vendor]
    with synced.house.sessions() as session:
        asked = session.scalars(
            select(Contact).where(Contact.account_id.is_not(None), Contact.email.is_not(None))
        ).all()
    silent = next(one for one in asked if synced.read(str(one.account_id)).get(nps) in (None, ""))
    sample = vector("typeform-nps-promoter")
    body = json.loads(sample.body)
    body["form_response"]["hidden"] = {"email": silent.email}
    body["form_response"]["answers"][0]["number"] = 3
    body["form_response"]["submitted_at"] = datetime.now(UTC).isoformat()
    while work_once(synced.house):
        pass
    with served(web_app(synced.house)) as url:
        service = Service(synced.house, url, synced.connection.id)
        source = service.source(sample)
        assert source.send(replace(source.sample, body=json.dumps(body).encode()).signed()).ok
        while work_once(synced.house):
            pass
    assert float(synced.read(str(silent.account_id))[nps]) == -100
    with synced.house.sessions() as session:
        kinds = session.execute(
            select(Run.kind, Run.state).where(Run.trigger == "delivery").order_by(Run.id)
        ).all()
    assert [tuple(row) for row in kinds] == [("answers", "done"), ("deliver", "done")]


def test_each_database_keeps_reads_and_forgets_alike(database_url: str, tmp_path: Path) -> None:
    with running(tmp_path, database_url) as service:
        source = service.source(vector("asknicely-first"))
        update = replace(vector("asknicely-update"), url=source.url)
        for one in (source.fresh(), source.fresh(), update):
            assert source.send(one).ok
        assert source.send(source.fresh().signed("wrong")).status_code == 401
        service.read()
        assert [event.state for event in source.events()] == ["done", "done", "refused"]
        assert (source.answer().score, source.answer().version) == (3, 2)
        with service.house.sessions.begin() as session:
            ids = [event.id for event in source.events()]
            assert hooks.replay(session, ids, now=datetime.now(UTC)) == [service.connection_id]
            assert hooks.counts_by_hook(session)[source.id]["waiting"] == 2
        ask_waiting(service.house)
        service.read()
        assert source.answer().version == 2  # nothing new
        done = forget_person(service.house, ZOE[2], by="tests")
        assert (done.responses, source.answer().deleted_at is None) == (1, False)
        assert {event.content for event in source.events()} == {b""}
        assert forget_bodies(service.house) == 0
