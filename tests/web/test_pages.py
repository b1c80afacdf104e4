"""What the pages say, over a database filled through the models."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session, sessionmaker

from settings import Web
from store import models
from tests.web import build, sample
from tests.web.people import client_of, make_app
from web.guard import CONTENT_SECURITY_POLICY, HEADERS

SENSIBLE = (200, 303, 400, 401, 404)  # 401: the API, which wants a token
OTHERS = ["1", "nothing"]  # for a part of an address that is not listed below
HOSTILE = (
    "' OR 1=1 --",
    '"; DROP TABLE accounts; --',
    "%00",
    "<script>alert(1)</script>",
    "€" * 300,
)


def words(html: str) -> str:
    """The text of a page without markup, blanks made single."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).replace("\xa0", " ").split())


def every_address(client: FlaskClient) -> list[str]:
    """Each GET route with values that exist in the sample and values that do not."""
    values = {
        "connection": ["acme", "1", "nobody"],
        "account_id": ["001EXPRESS", "001NEW", "001GONE", "nothing"],
        "run_id": ["1", "2", "3", "99999999999999999999"],
        "filename": ["app.css", "missing.css"],
    }
    addresses = []
    rules = client.application.url_map.iter_rules()
    for rule in (one for one in rules if "GET" in (one.methods or ())):
        found = [rule.rule]
        for name in rule.arguments:
            pattern = re.compile(rf"<(?:[^<>]+:)?{name}>")
            found = [pattern.sub(value, one) for one in found for value in values.get(name, OTHERS)]
        addresses += found
    return addresses


def test_every_address_answers_with_headers(filled: FlaskClient) -> None:
    addresses = every_address(filled)
    assert len(addresses) > 30
    for address in addresses:
        got = filled.get(address, buffered=True)
        assert got.status_code in (200, 303, 401, 404), address
        for name, value in HEADERS.items():
            assert got.headers[name] == value, address
        if not address.startswith("/static/"):
            assert got.headers["Cache-Control"] == "no-store", address
        head = filled.head(address, buffered=True)
        assert (head.status_code, head.data) == (got.status_code, b""), address


def test_every_address_answers_without_any_data(client: FlaskClient) -> None:
    for address in every_address(client):
        assert client.get(address, buffered=True).status_code in SENSIBLE, address


def test_policy_is_strict() -> None:
    assert CONTENT_SECURITY_POLICY == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    )


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_values_do_no_harm(filled: FlaskClient, hostile: str) -> None:
    from urllib.parse import quote

    given = quote(hostile, safe="")
    for address in (
        f"/accounts/acme/{given}",
        f"/accounts/{given}/001EXPRESS",
        f"/?search={given}&segment={given}&owner={given}&band={given}&quadrant={given}",
        f"/alerts?kind={given}",
        f"/runs?state={given}&kind={given}",
        f"/accounts.csv?search={given}",
    ):
        answer = filled.get(address)
        assert answer.status_code in SENSIBLE, address
        assert "<script>alert" not in answer.text
    assert filled.get(f"/?sort={given}").status_code == 400
    assert filled.get(f"/?page={given}").status_code == 400
    assert "Express Logistics" in filled.get("/").text


def test_arguments_cannot_point_links_elsewhere(filled: FlaskClient) -> None:
    page = filled.get("/?_external=1&_scheme=javascript&endpoint=x&sort=name").text
    assert 'href="javascript' not in page
    assert 'href="http' not in page.replace('href="http://127.0.0.1:9001', "")


@pytest.mark.parametrize("host", ["barometer.example", "127.0.0.1.evil.example", "10.0.0.1"])
def test_other_hosts_are_refused(filled: FlaskClient, host: str) -> None:
    answer = filled.get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert "web.public_url" in answer.text
    assert "Express" not in answer.text


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "127.3.2.1"])
def test_loopback_is_answered(filled: FlaskClient, host: str) -> None:
    assert filled.get("/healthz", headers={"Host": host}).status_code == 200


def test_callers_from_elsewhere_are_refused_whatever_host_they_name(filled: FlaskClient) -> None:
    far = {"REMOTE_ADDR": "192.0.2.7"}
    assert filled.get("/", headers={"Host": "localhost"}, environ_overrides=far).status_code == 421


def test_a_named_host_is_answered(sessions: sessionmaker[Session]) -> None:
    app = make_app(sessions, web=Web(public_url="https://barometer.example"))
    client = app.test_client()
    far = {"REMOTE_ADDR": "192.0.2.7"}
    named = {"Host": "Barometer.example:8443"}
    answer = client.get("/healthz", headers=named, environ_overrides=far)
    assert answer.status_code == 200


def test_silent_revenue_stands_first(filled: FlaskClient) -> None:
    page = filled.get("/").text
    text = words(page)
    assert "Silent revenue EUR 10.8M 32 % of EUR 33,374,065 a year: 2 accounts" in text
    assert page.index("Silent revenue") < page.index("Revenue at risk")
    listed = words(filled.get("/?connection=acme&silent=1").text)
    assert "Australian Roo Motors" in listed
    assert "The Toz Corporation" in listed
    assert "2 accounts, EUR 10,789,056 a year" in listed


def test_response_rate_never_stands_without_revenue_coverage(filled: FlaskClient) -> None:
    assert "Response rate 41 % from accounts with 68 % of the annual value" in words(
        filled.get("/").text
    )


def test_assumed_loss_is_labelled(filled: FlaskClient, sessions: sessionmaker[Session]) -> None:
    assert "Expected loss assumed EUR 3.6M" in words(filled.get("/").text)
    with sessions.begin() as session:
        stored = session.scalars(select(models.PortfolioFigures)).one()
        stored.figures = {**stored.figures, "expected_loss_basis": "fitted"}
    assert "Expected loss EUR 3.6M" in words(filled.get("/").text)


def test_interval_across_zero_says_that_the_direction_is_unclear(filled: FlaskClient) -> None:
    assert "NPS +12 \u221220 to +41, n = 23; direction unclear" in words(filled.get("/").text)


def test_an_unassessed_account_shows_no_data_and_never_zero(filled: FlaskClient) -> None:
    page = filled.get("/?search=Not+Yet").text
    row = words(page[page.rindex(">Not Yet Assessed") + 1 : page.rindex("</tbody>")])
    assert row == f"Not Yet Assessed Ltd {' '.join(['no data', 'Unknown', *['no data'] * 6])}"


def test_missing_level_stands_in_the_gap(filled: FlaskClient) -> None:
    page = words(filled.get("/?search=Roo").text)
    assert "9 contacts missing, 11 answers missing, no decision maker" in page


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("sort=name", "=Formula &amp; Friends"),
        ("sort=name&order=desc", "Weak Tea Traders"),
        ("sort=value", "Elements Air Lines"),
        ("sort=value&order=asc", "Weak Tea Traders"),
        ("sort=health&order=asc", "Weak Tea Traders"),
        ("sort=nps", "=Formula &amp; Friends"),
        ("sort=gap", "Australian Roo Motors"),
        ("sort=known", "Mega Resorts International"),
        ("owner=005A&sort=value&order=asc", "=Formula &amp; Friends"),
        ("segment=Small&sort=value", "=Formula &amp; Friends"),
        ("band=watch", "The Toz Corporation"),
        ("quadrant=threat", "Express Logistics"),
    ],
)
def test_table_sorts_and_filters(filled: FlaskClient, query: str, first: str) -> None:
    page = filled.get(f"/?connection=acme&{query}").text
    table = page[page.index('id="accounts"') :]
    assert re.findall(r'role="rowheader"><a [^>]*>([^<]*)', table)[0] == first


def test_unknown_sorts_last_both_ways(filled: FlaskClient) -> None:
    for order in ("asc", "desc"):
        page = filled.get(f"/?sort=value&order={order}").text
        names = re.findall(
            r'role="rowheader"><a [^>]*>([^<]*)', page[page.index('id="accounts"') :]
        )
        assert names[-1] == "Not Yet Assessed Ltd"


def test_fragment_is_only_for_htmx_and_caches_know(filled: FlaskClient) -> None:
    fragment = filled.get("/?band=watch", headers={"HX-Request": "true"})
    assert fragment.text.lstrip().startswith("<section")
    assert "2 accounts found" in fragment.text
    assert "HX-Request" in fragment.headers["Vary"]
    restored = filled.get("/", headers={"HX-Request": "true", "HX-History-Restore-Request": "true"})
    assert "<html" in restored.text


def test_pages_hold_fifty_rows(client: FlaskClient, sessions: sessionmaker[Session]) -> None:
    with sessions.begin() as session:
        acme = build.connection(session)
        for number in range(120):
            build.account(session, acme.id, f"A{number:03}", f"Account {number:03}")
    pages = [client.get(f"/?sort=name&page={page}").text for page in (1, 3, 9)]
    counts = [len(re.findall(r'role="rowheader"', page)) for page in pages]
    assert counts == [50, 20, 20]
    assert "101 to 120 of 120" in words(pages[1])
    assert 'rel="next"' in pages[0]
    assert 'rel="next"' not in pages[1]


def test_csv_opens_safely_in_a_spreadsheet(filled: FlaskClient) -> None:
    answer = filled.get("/accounts.csv?connection=acme&sort=name")
    assert answer.data.startswith(b"\xef\xbb\xbf")
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("Account id,Account,Segment,Owner,Annual value [EUR per year]")
    assert lines[1].startswith(
        "001SMALL,'=Formula & Friends,Small,Amy Lindqvist,12000.00,88.0,Healthy"
    )
    weak = next(line for line in lines if line.startswith("001WEAK"))
    assert ",-100.0,1 contact missing; 1 answer missing,weakness," in weak
    new = next(line for line in lines if line.startswith("001NEW"))
    assert new.startswith("001NEW,Not Yet Assessed Ltd,Enterprise,Ben Okafor,,,Unknown,,,,,,,,,,")
    assert lines[1].endswith("http://localhost/accounts/acme/001SMALL")
    assert "text/csv" in answer.content_type


def test_exported_links_use_the_public_address(sessions: sessionmaker[Session]) -> None:
    sample.fill(sessions)
    client = client_of(
        make_app(sessions, web=Web(public_url="https://barometer.example/")), "admin"
    )
    assert "https://barometer.example/accounts/acme/001EXPRESS" in client.get("/accounts.csv").text


def test_chart_bins_when_there_are_many(
    client: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        acme = build.connection(session)
        for number in range(501):
            row = build.account(session, acme.id, f"A{number:03}", f"Account {number:03}")
            result = build.figures(9, 9, 9, "healthy", 80.0, nps=42.0 if number else -100.0)
            build.assessment(session, row, result)
        session.add(models.PortfolioFigures(connection_id=acme.id, as_of=build.NOW, figures={}))
    page = words(client.get("/").text)
    assert "500 accounts near NPS +42, EUR 1,000,000" in page
    assert "1 account near NPS \u2212100" in page


def test_account_page_says_why(filled: FlaskClient) -> None:
    page = filled.get("/accounts/acme/001EXPRESS").text
    text = words(page)
    assert "At risk 39 of 100" in text  # 42.9 by its parts, held down by the detractor
    assert "a decision maker is a detractor within 90 days: at most 39" in text
    assert "↓ down \u22128 points in 30 days" in text
    assert "3 of 11 needed people are known, 2 answered." in text
    assert "decision maker 4 1 1 1 influencer 4 1 1 1 user 3 1 0 0" in text
    assert "because health is at risk and the account" in text
    assert "EUR 1,602,234 a year assumed" in text  # 30 % of 5,340,779
    assert "NPS \u221250" in text
    assert "Threat high value, NPS below 0" in text
    assert "no, because health is not in band healthy" in text
    assert "&lt;b&gt;every&lt;/b&gt;" in page


def test_components_link_the_records_behind_them(filled: FlaskClient) -> None:
    page = filled.get("/accounts/acme/001EXPRESS").text
    assert 'href="#answer-R1"' in page
    assert 'id="answer-R1"' in page
    assert "http://127.0.0.1:9001/lightning/r/Case/500A/view" in page
    assert "http://127.0.0.1:9001/lightning/r/Event/00U1/view" in page
    assert "http://127.0.0.1:9001/lightning/r/Opportunity/006RENEW/view" in page
    assert "http://127.0.0.1:9001/lightning/r/Account/001EXPRESS/view" in page


def test_an_assessment_of_a_lost_model_still_shows_its_figures(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.execute(delete(models.ModelVersion))
    text = words(filled.get("/accounts/acme/001EXPRESS").text)
    assert "At risk 39 of 100" in text
    assert "Where this comes from" not in text


def test_account_page_compares_what_was_written(filled: FlaskClient) -> None:
    text = words(filled.get("/accounts/acme/001EXPRESS").text)
    assert "AX_NPS__c -50.0 \u221250" in text
    assert "differs The CRM holds another value than we wrote" in text
    assert "AX_Health_Band__c At risk Watch" in text
    assert "waiting" in text
    assert "refused &#34;threat&#34; is not a value of AX_Quadrant__c." in text


def test_hubspot_account_opens_in_hubspot(filled: FlaskClient) -> None:
    page = filled.get("/accounts/hub/9001").text
    assert "https://app.hubspot.example/contacts/4711/record/0-2/9001" in page
    assert "Open in HubSpot" in page
    assert "SANDBOX" not in page


def test_a_dangerous_instance_address_is_no_link(
    filled: FlaskClient, sessions: sessionmaker[Session]
) -> None:
    with sessions.begin() as session:
        session.execute(update(models.Connection).values(instance_url="javascript:alert(1)//"))
    assert 'href="javascript' not in filled.get("/accounts/acme/001EXPRESS").text


def test_merged_account_points_to_the_survivor(filled: FlaskClient) -> None:
    text = words(filled.get("/accounts/acme/001GONE").text)
    assert "Merged away." in text
    assert "into The Toz Corporation" in text


def test_stale_figures_say_so(filled: FlaskClient, sessions: sessionmaker[Session]) -> None:
    assert "Not fresh." not in filled.get("/accounts/acme/001EXPRESS").text
    with sessions.begin() as session:
        session.execute(
            update(models.CurrentAssessment).values(confirmed_at=build.NOW - timedelta(days=4))
        )
    assert "Not fresh." in filled.get("/accounts/acme/001EXPRESS").text


def test_alerts_name_account_and_task(filled: FlaskClient) -> None:
    page = filled.get("/alerts").text
    text = words(page)
    assert "Express Logistics Too few answers. 11 people should answer" in text
    assert "EUR 5,340,779 Ben Okafor" in text
    assert "/lightning/r/Task/00T1/view" in page
    assert "No sign of life" not in text  # closed


def test_runs_show_calls_and_stages(filled: FlaskClient) -> None:
    text = words(filled.get("/runs/1").text)
    assert "API calls spent 11 API calls planned 12 Least possible 10" in text
    assert "pulled, accounts 10" in text
    assert "pull 3.2 s" in text
    assert "2 records, one cause:" in text
    assert "What to do: Add the value to the picklist" in text
    runs = words(filled.get("/runs").text)
    assert "sync, by schedule acme 60 s 14 3 2 11 12 planned, 10 least done with refusals" in runs
    assert 'hx-trigger="every 1s"' in filled.get("/runs/2").text
    assert "It failed. Salesforce answered with a page" in words(filled.get("/runs/3").text)


def test_refusals_download(filled: FlaskClient) -> None:
    for address, number in (("/refusals.csv?connection=acme", 3), ("/runs/1.csv", 3)):
        lines = filled.get(address).data.decode("utf-8-sig").splitlines()
        assert len(lines) == 1 + number
        assert any(",'=HYPERLINK(1),VALUE," in line for line in lines)


def test_failure_page_has_an_id_that_the_log_has_too(
    sessions: sessionmaker[Session], caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(sessions)

    @app.get("/broken")
    def broken() -> str:
        raise RuntimeError("wires crossed")

    answer = client_of(app, "admin").get("/broken")
    assert answer.status_code == 500
    assert "wires crossed" not in answer.text
    found = re.search(r"id <code>(\w{12})</code>", answer.text)
    assert found
    assert found.group(1) in caplog.text
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY


def test_a_database_without_tables_is_named(tmp_path: Path) -> None:
    from store.database import open_engine, open_sessions

    app = make_app(open_sessions(open_engine(f"sqlite:///{tmp_path}/new.db")))
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["token"] = "of a session that cannot be looked up"
    answer = client.get("/")
    assert answer.status_code == 503
    assert "barometer db upgrade" in answer.text
    assert client.get("/healthz").status_code == 200
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["parts"]["migrations"]["state"] == "failed"


def test_pages_are_read_only(filled: FlaskClient) -> None:
    answer = filled.post("/")
    assert answer.status_code == 405
    assert "nothing was changed" in answer.text
    assert "GET" in answer.headers["Allow"]
