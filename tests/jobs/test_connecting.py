"""Connecting by a consent page or by keys, reconnecting, checking, disconnecting."""

from typing import Any

import pytest
import requests

from jobs.clock import utc_now
from jobs.connect import Access
from jobs.queue import work_once
from jobs.wiring import House, open_crm
from sandbox.server import Server
from store.connections import find_connection, propose_access
from store.models import Account, Assessment, Connection, OutboxRow, Run
from store.runs import request_run
from tests.jobs.crm_admin import ALL_SCOPES, approve, end_access, set_rights
from tests.jobs.lines import Line, access

VENDORS = ("salesforce", "hubspot")


def by_browser(sandbox: Server, vendor: str, **secrets: str) -> Access:
    """What the page keeps when the consent page sent a code back."""
    plain = access(sandbox, vendor)
    app = {name: sandbox.credentials()[vendor][name] for name in ("client_id", "client_secret")}
    settings = {**plain.settings, "credentials": "refresh_token"}
    return Access(vendor, settings, {**app, **secrets})


def try_out(house: House, given: Access) -> Run:
    """The page keeps what was entered and asks for a run; the worker does it."""
    with house.sessions.begin() as session:
        connection = propose_access(
            session,
            house.vault,
            name=given.vendor,
            **vars(given),
            now=utc_now(),
            writes_approved=False,
        )
    return do(house, connection.id, "connect")


def do(house: House, connection_id: int, kind: str, **order: Any) -> Run:
    with house.sessions.begin() as session:
        run = request_run(session, connection_id, kind, "page", now=utc_now(), order=order)
    assert work_once(house)
    with house.sessions() as session:
        return session.get_one(Run, run.id)


def stored(house: House, vendor: str) -> Connection:
    with house.sessions() as session:
        found = find_connection(session, vendor)
    assert found is not None
    return found


def levels(run: Run) -> dict[str, str]:
    """The worst level of each check by its name."""
    order = ("ok", "info", "warning", "error")
    worst: dict[str, str] = {}
    for one in run.counts["checks"]:
        worst[one["name"]] = max(worst.get(one["name"], "ok"), one["level"], key=order.index)
    return worst


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_code_becomes_tokens_that_live_on(house: House, sandbox: Server, vendor: str) -> None:
    run = try_out(house, by_browser(sandbox, vendor, **approve(sandbox, vendor)))

    connection = stored(house, vendor)
    assert (run.state, run.problem, connection.state) == ("done", None, "working")
    assert not connection.writes_approved
    assert (connection.proposed_settings, connection.proposed_secrets) == (None, None)
    assert house.vault.open(connection.secrets).keys() >= {"access_token", "refresh_token"}
    assert "code" not in house.vault.open(connection.secrets)
    found = levels(run)
    assert found["login"] == found["rights"] == found["fields"] == found["clock"] == "ok"
    assert found["our fields"] == "warning"
    sandbox.world.clock.advance(9000)  # the access token is over, the refresh token is not
    assert open_crm(house, connection).identity().organisation_id == connection.organisation_id


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_refusal_is_one_sentence_and_what_was_in_use_stays(
    house: House, sandbox: Server, vendor: str
) -> None:
    try_out(house, access(sandbox, vendor))
    before = stored(house, vendor)
    used, late = approve(sandbox, vendor), approve(sandbox, vendor)
    end_access(sandbox, vendor, redeemed(sandbox, vendor, used))
    fresh = approve(sandbox, vendor)
    problems = [
        try_out(house, by_browser(sandbox, vendor, **used)).problem,
        try_out(house, by_browser(sandbox, vendor, **fresh, client_secret="wrong")).problem,
    ]
    sandbox.world.clock.advance(3600)
    problems.append(try_out(house, by_browser(sandbox, vendor, **late)).problem)

    assert "used already" in str(problems[0])
    assert "secret" in str(problems[1])
    assert "came too late; connect again" in str(problems[2])
    after = stored(house, vendor)
    assert (after.state, after.secrets, after.settings) == (
        "working", before.secrets, before.settings,
    )  # fmt: skip
    assert after.proposed_secrets is None
    assert "wrong" not in " ".join(map(str, problems))


def redeemed(sandbox: Server, vendor: str, code: dict[str, str]) -> str:
    """Somebody else exchanges the code first; the refresh token."""
    where = sandbox.credentials()[vendor]
    path = "/services/oauth2/token" if vendor == "salesforce" else "/oauth/v3/token"
    form = {
        "grant_type": "authorization_code",
        "code": code["code"],
        "redirect_uri": code["redirect_uri"],
        "code_verifier": code["verifier"],
        "client_id": where["client_id"],
        "client_secret": where["client_secret"],
    }
    answer: dict[str, str] = requests.post(sandbox.url + path, data=form, timeout=30).json()
    return answer["refresh_token"]


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_code_whose_answer_was_lost_is_not_sent_again(
    house: House, sandbox: Server, vendor: str
) -> None:
    given = by_browser(sandbox, vendor, **approve(sandbox, vendor))
    sandbox.world.faults.arm({"name": "cut_after", "crm": vendor, "path": "/token"})
    run = try_out(house, given)

    assert str(run.problem).endswith("The approval may be spent: connect again.")
    assert [rule["fired"] for rule in sandbox.world.faults.listing()] == [1]


def test_a_new_connection_that_fails_is_kept_with_its_reason(house: House, sandbox: Server) -> None:
    given = access(sandbox, "salesforce")
    run = try_out(house, Access("salesforce", {**given.settings, "ca_file": "/none.pem"}, {}))

    assert run.state == "failed"
    assert stored(house, "salesforce").state == "failed"
    assert "There is no file /none.pem" in str(stored(house, "salesforce").problem)
    assert try_out(house, given).state == "done"
    assert stored(house, "salesforce").state == "working"


@pytest.mark.parametrize("vendor", VENDORS)
def test_another_organisation_is_refused_and_its_tokens_are_given_back(
    house: House, sandbox: Server, vendor: str
) -> None:
    try_out(house, access(sandbox, vendor))
    with house.sessions.begin() as session:
        session.get_one(Connection, 1).organisation_id = "another"
    code = approve(sandbox, vendor)
    run = try_out(house, by_browser(sandbox, vendor, **code))

    assert "belongs to organisation another" in str(run.problem)
    assert stored(house, vendor).settings["credentials"] != "refresh_token"
    table, live = ("sf_refresh", "revoked = 0") if vendor == "salesforce" else (
        "hs_tokens", "kind = 'refresh'",
    )  # fmt: skip
    found = sandbox.world.db().execute(f"SELECT count(*) FROM {table} WHERE {live}")
    assert found.fetchone()[0] == 1  # the sandbox's own


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_revoked_access_is_found_by_the_check(house: House, sandbox: Server, vendor: str) -> None:
    try_out(house, by_browser(sandbox, vendor, **approve(sandbox, vendor)))
    token = house.vault.open(stored(house, vendor).secrets)["refresh_token"]
    assert end_access(sandbox, vendor, token) in (200, 204)
    for kind in ("check", "schema"):
        run = do(house, 1, kind)
        assert "connect" in str(stored(house, vendor).problem).lower()
        assert stored(house, vendor).state == "failed"
    assert run.state == "failed"
    assert try_out(house, by_browser(sandbox, vendor, **approve(sandbox, vendor))).state == "done"
    assert stored(house, vendor).state == "working"


def test_a_plan_is_carried_out_once_and_nothing_beyond_it(house: House, sandbox: Server) -> None:
    try_out(house, access(sandbox, "hubspot"))
    plan = do(house, 1, "provision", dry_run=True)
    planned = [step["component"] for step in plan.counts["steps"]]
    assert {step["state"] for step in plan.counts["steps"]} == {"planned"}

    refused = do(house, 1, "provision", dry_run=False, plan=planned[1:])
    assert "Nothing was created" in str(refused.problem)
    assert do(house, 1, "provision", dry_run=True).counts == plan.counts
    made = do(house, 1, "provision", dry_run=False, plan=planned)
    assert {step["state"] for step in made.counts["steps"]} == {"created"}
    again = do(house, 1, "provision", dry_run=True)
    assert {step["state"] for step in again.counts["steps"]} == {"exists"}
    assert levels(do(house, 1, "check"))["our fields"] == "ok"


def test_checks_name_hidden_fields_and_lacking_rights(line: Line) -> None:
    if line.vendor == "salesforce":
        set_rights(line.sandbox, "Account.AX_Health_Score__c", read=False, edit=False)
    else:
        scopes = [one for one in ALL_SCOPES.split() if "deals" not in one]
        line.world.switches["hubspot.scopes"] = scopes
    line.world.clock.advance(600)
    run = do(line.house, line.connection.id, "check")

    found = levels(run)
    told = " ".join(one["sentence"] for one in run.counts["checks"])
    assert found["clock"] == "error"
    if line.vendor == "salesforce":
        assert found["hidden fields"] == "error"
        assert "Account.AX_Health_Score__c exist, but our user cannot see them." in told
    else:
        assert found["fields"] == "error"
        assert "The CRM has no deals, or hides it from our user" in told
    assert stored(line.house, line.vendor).state == "failed"


def test_disconnecting_removes_every_row_and_ends_the_access(synced: Line) -> None:
    house, vendor = synced.house, synced.vendor
    try_out(house, by_browser(synced.sandbox, vendor, **approve(synced.sandbox, vendor)))
    token = house.vault.open(stored(house, vendor).secrets)["refresh_token"]
    run = do(house, synced.connection.id, "disconnect")

    assert (run.state, run.connection_id, run.counts) == ("done", None, {"access_ended": "yes"})
    with house.sessions() as session:
        for table in (Connection, Account, Assessment, OutboxRow):
            assert session.query(table).count() == 0
        assert session.query(Run).count() == 1
    where = synced.sandbox.credentials()[vendor]
    path = "/services/oauth2/token" if vendor == "salesforce" else "/oauth/v3/token"
    app = {name: where[name] for name in ("client_id", "client_secret")}
    form = {"grant_type": "refresh_token", "refresh_token": token, **app}
    answer = requests.post(synced.sandbox.url + path, data=form, timeout=30)
    assert answer.status_code == 400
    fields = synced.fields
    assert synced.read(first_account(synced))[fields["health"]] is not None


def test_an_access_that_another_connection_needs_is_not_ended(
    house: House, sandbox: Server
) -> None:
    try_out(house, by_browser(sandbox, "hubspot", **approve(sandbox, "hubspot")))
    with house.sessions.begin() as session:
        one = session.get_one(Connection, 1)
        session.add(
            Connection(
                name="second", vendor="hubspot", settings=one.settings, secrets=one.secrets,
                organisation_id=one.organisation_id, created_at=utc_now(),
            )
        )  # fmt: skip
    assert do(house, 1, "disconnect").counts == {"access_ended": "no, another connection needs it"}
    assert levels(do(house, 2, "check"))["login"] == "ok"


def first_account(line: Line) -> str:
    """An account with a written score, found in the CRM itself."""
    name = line.fields["health"]
    table, key = ("sf_Account", "Id") if line.vendor == "salesforce" else ("hs_companies", "_id")
    query = f'SELECT "{key}" FROM {table} WHERE "{name}" IS NOT NULL'
    return str(line.world.db().execute(query).fetchone()[0])
