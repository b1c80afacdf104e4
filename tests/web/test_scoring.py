"""The scoring pages: the form, what-if, drafts, publishing, history, and one account tested."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, sessionmaker

from insights.assess import assess_accounts, place
from insights.model import Model
from insights.report import account_reports
from insights.snapshot import inputs_of
from insights.what_if import basis_rows
from store import account_pages, model_drafts, results
from store.models import AuditRow, ModelDraft, Publication, Run
from tests.insights.worlds import ago, frames_of, world
from tests.web import build
from web.scoring_fields import FIELDS, Refused, entered_of, model_of

Sessions = sessionmaker[Session]
Clients = Callable[[str | None], FlaskClient]
MODEL = Model.from_dict({"bands": {"min_confidence": 0}})
HEALTHY, LOADED = "001CALM", "001LOADED"


def fill(sessions: Sessions, model: Model = MODEL, name: str = "acme") -> None:
    """Two customers, computed by `model`: one calm, one with an open case (support 70)."""
    rows = world(
        {"account_id": HEALTHY, "annual_value": 500.0, "is_customer": True},
        {"account_id": LOADED, "annual_value": 1000.0, "is_customer": True},
        cases=[{"account_id": LOADED, "priority": "normal", "opened_at": ago(0)}],
    )
    frames = frames_of(rows)
    as_of = ago(0)
    assessed = assess_accounts(frames, model, as_of=as_of)
    placed = place(assessed.accounts, assessed.owned, model)
    basis = basis_rows(assessed, None)
    inputs = inputs_of(frames, [HEALTHY, LOADED])
    with sessions.begin() as session:
        acme = build.connection(session, name)
        build.account(session, acme.id, HEALTHY, "Calm Waters")
        build.account(session, acme.id, LOADED, "Loaded Trucks")
        results.keep_model(session, model.to_dict(), model.hash(), as_of)
        results.save_assessments(
            session,
            acme.id,
            [
                results.Assessed(
                    account_id=report["account_id"],
                    health=report["health"],
                    band=report["band"],
                    annual_value=report["annual_value"],
                    result=report,
                    place={},
                    inputs=inputs[report["account_id"]],
                    inputs_hash="i",
                    figures={},
                    basis=basis[report["account_id"]],
                )
                for report in account_reports(assessed, placed, model)
            ],
            as_of=as_of,
            model_hash=model.hash(),
            run_id=None,
        )
        if model != Model():
            session.add(
                Publication(
                    connection_id=acme.id,
                    kind="model",
                    hash=model.hash(),
                    author="amy@acme.example",
                    reason="little data",
                    published_at=as_of,
                )
            )


@pytest.fixture
def computed(sessions: Sessions) -> None:
    fill(sessions)


def form(client: FlaskClient, **changed: str) -> dict[str, str]:
    """The form as the page has it, with some fields changed (dots written as __)."""
    page = client.get("/scoring").text
    hidden = dict(re.findall(r'type="hidden" name="(base|revision)" value="(\w*)"', page))
    given = {name.replace("__", "."): value for name, value in changed.items()}
    return {**entered_of(MODEL), **hidden, **given}


def test_every_setting_has_a_field_with_words_and_its_value_comes_back() -> None:
    model = Model.from_dict(
        {
            "value": {"quadrant_threshold": 9},
            "required_contacts": {"preset": "custom", "bands": [[0, 2]]},
        }
    )
    assert model_of(entered_of(model), Model()) == model
    assert model_of(entered_of(Model()), model) == Model()
    assert entered_of(Model())["components.usage.curve"] == "0:0 0.5:30 1:70 1.2:100"
    assert entered_of(Model())["team.threshold"] == "1000000"


@pytest.mark.parametrize(
    ("path", "given", "says"),
    [
        ("bands.watch_from", "80", "watch_from <= healthy_from"),
        ("bands.watch_from", "many", "is no number"),
        ("components.usage.weight", "-1", "Weight must be 0 or more"),
        ("components.usage.curve", "0:0 1", "is no point"),
        ("components.usage.curve", "1:0 0:9", "X must rise along a curve"),
        ("components.usage.curve", "0:0 1:101", "Y must be within 0..100"),
        ("windows.recent_days", "0", "Recent_days must be longer than 0 days"),
        ("required_contacts.bands", "0:1", "Bands belong to preset"),
        ("churn.watch", "2", "Churn must be within 0..1"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(path: str, given: str, says: str) -> None:
    with pytest.raises(Refused) as caught:
        model_of({**entered_of(Model()), path: given}, Model())
    assert says in caught.value.errors[path]


def test_what_is_wrong_stands_beside_its_field(client: FlaskClient, computed: None) -> None:
    entered = form(client, components__usage__curve="0:0 1")
    answer = client.post("/scoring", data=entered)
    assert answer.status_code == 422
    beside = answer.text.split('id="components-usage-curve-d">')[1].split("</span>")[0]
    assert "is no point" in beside
    assert 'value="0:0 1"' in answer.text  # what was entered stays
    assert client.post("/scoring/what-if", data=entered).status_code == 422


def test_weights_of_nothing_but_nought_are_refused_beside_the_weights() -> None:
    weights = {path: "0" for path in FIELDS if path.endswith(".weight")}
    with pytest.raises(Refused) as caught:
        model_of({**entered_of(Model()), **weights}, Model())
    assert set(caught.value.errors) == set(weights)


def test_what_if_counts_bands_money_and_movers(client: FlaskClient, computed: None) -> None:
    changed = form(client, components__support__curve="0:100 1:30 6:0")
    text = " ".join(
        re.sub(r"<[^>]+>", " ", client.post("/scoring/what-if", data=changed).text).split()
    )
    assert "2 customers; 1 would change the band, 1 the score" in text
    assert "Healthy 2 1" in text
    assert "At risk 0 1" in text
    assert "Revenue at risk EUR 0.00 EUR 1,000" in text
    assert "Loaded Trucks 70 → 30, Healthy → At risk support gives 30.0 points instead" in text
    assert "Calm Waters" not in text
    assert "full computation" not in text


def test_what_if_says_what_needs_the_records(client: FlaskClient, computed: None) -> None:
    text = client.post("/scoring/what-if", data=form(client, windows__sentiment_days="90")).text
    assert "Needs a full computation:</strong> Answers count for." in text
    assert "Nothing is changed" in client.post("/scoring/what-if", data=form(client)).text


def test_what_if_waits_for_a_computation(client: FlaskClient, sessions: Sessions) -> None:
    with sessions.begin() as session:
        build.connection(session)
    changed = {**entered_of(Model()), "bands.watch_from": "30"}
    assert "No account was computed yet" in client.post("/scoring/what-if", data=changed).text


def test_a_draft_is_compared_published_and_computed(
    client: FlaskClient, client_of: Clients, sessions: Sessions, computed: None
) -> None:
    analyst = client_of("analyst")
    saved = analyst.post("/scoring", data=form(analyst, bands__healthy_from="75"))
    assert saved.status_code == 303
    page = analyst.get(saved.location).text
    assert "Healthy from" in page
    assert "<del>70</del>" in page
    assert "<ins>75</ins>" in page
    assert "An admin publishes it" in page
    draft = {"author": "analyst@acme.example", "revision": "1", "reason": " more careful "}
    address = "/scoring/draft/publish"
    assert analyst.post(address, data=draft).status_code == 403
    assert "75" in client.get("/scoring/draft?author=analyst@acme.example").text
    assert client.post(address, data={**draft, "reason": " "}).status_code == 422
    assert client.post(address, data={**draft, "revision": "7"}).status_code == 409

    assert client.post(address, data=draft).status_code == 303

    with sessions() as session:
        used = model_drafts.published_model(session, 1)
        assert used is not None
        assert used.content["bands"]["healthy_from"] == 75
        assert (used.author, used.reason) == ("admin@acme.example", "more careful")
        assert session.scalars(select(ModelDraft)).all() == []
        assert [run.kind for run in session.scalars(select(Run))] == ["sync"]
        row = session.scalars(select(AuditRow).where(AuditRow.action == "model.publish")).one()
        assert row.details["reason"] == "more careful"
    history = client.get("/scoring/history").text
    assert "more careful" in history
    assert "little data" in history
    changed = form(client, bands__watch_from="20")
    assert (
        "not computed by the model in use yet" in client.post("/scoring/what-if", data=changed).text
    )

    back = client.post("/scoring/history/rollback", data={"hash": MODEL.hash()})
    assert back.status_code == 303
    assert "<ins>70</ins>" in client.get(back.location).text


def test_a_save_over_another_is_a_conflict_with_both_differences(
    client: FlaskClient, computed: None
) -> None:
    first, second = form(client, bands__watch_from="30"), form(client, bands__watch_from="35")
    assert client.post("/scoring", data=first).status_code == 303
    answer = client.post("/scoring", data=second)
    assert answer.status_code == 409
    assert "<ins>30</ins>" in answer.text
    assert "<ins>35</ins>" in answer.text
    assert 'value="30"' in client.get("/scoring").text


def test_a_draft_overtaken_is_kept_until_its_author_decides(
    client: FlaskClient, client_of: Clients, computed: None
) -> None:
    client.post("/scoring", data=form(client, bands__watch_from="30"))
    other = client_of("analyst")
    other.post("/scoring", data=form(other, bands__healthy_from="80"))
    publish = {"author": "analyst@acme.example", "revision": "1", "reason": "first"}
    assert client.post("/scoring/draft/publish", data=publish).status_code == 303
    page = client.get("/scoring/draft").text
    assert "Another version was published" in page
    assert client.post("/scoring", data=form(client, bands__watch_from="31")).status_code == 409
    assert client.post("/scoring/draft/keep").status_code == 303
    again = {"revision": "2", "reason": "second"}
    assert client.post("/scoring/draft/publish", data=again).status_code == 303


def test_a_full_computation_is_asked_for_and_followed(
    client: FlaskClient, sessions: Sessions, computed: None
) -> None:
    client.post("/scoring", data=form(client, windows__sentiment_days="90"))
    assert client.post("/scoring/draft/full").status_code == 303
    assert "It waits for its turn" in client.get("/scoring/draft/full").text
    found: dict[str, Any] = {
        "customers": 2,
        "bands": {name: [1, 0] for name in ("healthy", "watch", "at_risk", "unknown")},
        "revenue_at_risk": [None, 5.0],
        "expected_loss": [1.0, 2.0],
        "changed_band": 1,
        "changed_score": 0,
        "up": [],
        "down": [
            {
                "account_id": LOADED,
                "health": [70.0, None],
                "band": ["healthy", "unknown"],
                "why": "",
            }
        ],
        "base": MODEL.hash(),
    }
    with sessions.begin() as session:
        run = session.scalars(select(Run)).one()
        assert (run.kind, run.order["model"]["windows"]["sentiment_days"]) == ("what_if", 90)
        run.state, run.counts, run.finished_at = "done", found, build.NOW
    page = client.get("/scoring/draft").text
    assert "From all records as of" in page
    assert "Loaded Trucks" in page


def test_one_account_is_worked_out_under_both_models(client: FlaskClient, computed: None) -> None:
    client.post("/scoring", data=form(client, components__support__curve="0:100 1:30 6:0"))
    page = client.get("/scoring/draft/record?account=loaded").text
    assert "<del>70</del> → <ins>30</ins>" in page
    assert "cases0" in page  # the record behind it
    assert "No account of acme has this id" in client.get("/scoring/draft/record?account=x9").text


def test_a_viewer_reads_and_changes_nothing(client_of: Clients, computed: None) -> None:
    viewer = client_of("viewer")
    page = viewer.get("/scoring").text
    assert "<fieldset disabled>" in page
    assert "Save as draft" not in page
    for address in (
        "/scoring",
        "/scoring/what-if",
        "/scoring/draft/full",
        "/scoring/draft/publish",
    ):
        assert viewer.post(address, data={}).status_code == 403


def test_without_a_connection_the_pages_say_so(client: FlaskClient) -> None:
    for address in ("/scoring", "/scoring/draft", "/scoring/history"):
        assert "No CRM is connected yet" in client.get(address).text


def test_a_published_model_marks_the_trend(client: FlaskClient, sessions: Sessions) -> None:
    fill(sessions)
    with sessions.begin() as session:
        loaded = account_pages.find_account(session, 1, LOADED)
        assert loaded is not None
        for days, score in ((30, 60.0), (-1, 70.0)):
            at = build.NOW - timedelta(days=days)
            result = {"health": score, "band": "watch"}
            build.assessment(session, loaded, result, at=at, current=False)
        session.scalars(select(Publication)).one().published_at = build.NOW - timedelta(days=3)
    page = client.get(f"/accounts/acme/{LOADED}").text
    day = build.NOW - timedelta(days=3)
    assert f"<title>Scoring model changed, {day.day} {day:%b %Y}</title>" in page
    assert "by amy@acme.example: little data" in page
