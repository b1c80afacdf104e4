"""Who we are, currencies, clock, addresses, dated API versions."""

from datetime import timedelta
from decimal import Decimal

import pytest

from connector.base import Crm
from connector.errors import CrmRejected
from connector.hubspot import HubSpot, HubSpotCredentials
from connector.hubspot.paths import check_version, path_in
from connector.tokens import Tokens
from sandbox.world import World
from tests.connector.conftest import MemoryTokens
from tests.connector.hubspot.conftest import FULL, QUICK, Connect, Portal, ids_of


def test_identity_of_a_private_app(connect: Connect, world: World) -> None:
    crm: Crm = connect()  # the type checker compares it with the protocol
    me = crm.identity()

    assert me.organisation_id == str(world.hubspot.portal_id)
    assert me.user_id == str(world.hubspot.user_id)
    assert (me.currency, me.time_zone) == ("USD", "Europe/Amsterdam")
    assert not me.multi_currency


def test_identity_of_an_oauth_app(connect: Connect, world: World) -> None:
    known = world.hubspot
    app = HubSpotCredentials("refresh_token", known.client_id, known.client_secret)
    store = MemoryTokens(Tokens("", refresh_token=known.refresh_token))

    me = connect(credentials=app, tokens=store).identity()

    assert (me.organisation_id, me.user_id) == (str(known.portal_id), str(known.user_id))


def test_a_token_that_tells_nothing_is_no_failure(crm: HubSpot, portal: Portal) -> None:
    portal.answer("/oauth/v2/", 404, "<html>", count=QUICK.tries)

    assert crm.identity().user_id is None


def test_one_currency_needs_no_rates(crm: HubSpot) -> None:
    assert crm.exchange_rates() == {}


def test_rates_are_units_per_company_currency(crm: HubSpot, portal: Portal) -> None:
    portal.switch("exchange_rates", {"EUR": "1.25", "GBP": "2"})

    assert crm.identity().multi_currency
    assert crm.exchange_rates() == {"EUR": Decimal("0.8"), "GBP": Decimal("0.5")}


def test_the_clock_costs_no_call(crm: HubSpot, portal: Portal, world: World) -> None:
    assert abs(crm.now() - world.clock.now()) < timedelta(seconds=3)
    assert portal.calls() == 0 == crm.usage.spent


def test_a_record_has_an_address(crm: HubSpot, portal: Portal, world: World) -> None:
    company = portal.add("companies", name="A")

    assert crm.record_url("companies", company) == (
        f"{portal.server.url}/contacts/{world.hubspot.portal_id}/record/0-2/{company}"
    )
    with pytest.raises(ValueError, match="owners"):
        crm.record_url("owners", "301")


def test_dated_paths_do_the_same(connect: Connect, portal: Portal) -> None:
    crm = connect(api_version="2026-09")
    company = portal.add("companies", name="A")
    contact = portal.add("contacts", email="a@x.example")
    portal.link("contacts", contact, "companies", company)
    portal.world.stats.reset()

    assert ids_of(list(crm.pull("companies", ["name"], FULL))) == [company]
    assert crm.update("companies", {company: {"city": "Oslo"}}) == {}
    assert crm.read("contacts", [contact], ["@companies"])[contact]["@companies"] == company
    assert "city" in crm.describe("companies")
    assert crm.count("companies") == 1
    assert len(list(crm.pull("owners", ["id"], FULL))) == 1
    assert crm.identity().currency == "USD"
    paths = portal.world.stats.snapshot()["hubspot"]["paths"]
    assert paths
    assert not any("/v3/" in path or "/v4/" in path for path in paths)


@pytest.mark.parametrize(
    ("numbered", "dated"),
    [
        ("/crm/v3/objects/companies/search", "/crm/objects/2026-09/companies/search"),
        (
            "/crm/v4/associations/deals/companies/batch/read",
            "/crm/associations/2026-09/deals/companies/batch/read",
        ),
        ("/crm/v3/properties/tasks", "/crm/properties/2026-09/tasks"),
        ("/crm/v3/owners/", "/crm/owners/2026-09/"),
        ("/account-info/v3/details", "/account-info/2026-09/details"),
        (
            "/settings/v3/currencies/exchange-rates/current",
            "/settings/currencies/2026-09/exchange-rates/current",
        ),
        ("/oauth/v3/token", "/oauth/v3/token"),
    ],
)
def test_paths_are_dated(numbered: str, dated: str) -> None:
    assert path_in("2026-09", numbered) == dated
    assert path_in("v3", numbered) == numbered


def test_a_wrong_version_is_refused_at_once() -> None:
    assert check_version("2026-03-beta") == "2026-03-beta"
    with pytest.raises(ValueError, match="2026-07"):
        check_version("2026-07")


def test_a_wrong_address_says_so(connect: Connect, portal: Portal) -> None:
    crm = connect(base_url=f"{portal.server.url}/nowhere")

    with pytest.raises(CrmRejected, match="base URL"):
        crm.describe("companies")


def test_an_authority_of_ones_own_is_trusted_when_named(connect: Connect, portal: Portal) -> None:
    server = portal.server
    trusting = connect(base_url=server.https_url, ca_file=server.ca_file)
    assert "name" in trusting.describe("companies")

    with pytest.raises(CrmRejected, match="ca_file"):
        connect(base_url=server.https_url).describe("companies")


def test_one_connection_carries_all_calls(crm: HubSpot, portal: Portal) -> None:
    portal.add("companies", name="A")
    crm.describe("companies")
    crm.count("companies")
    crm.identity()
    list(crm.pull("companies", ["name"], FULL))

    pools = crm._door._session.adapters["http://"].poolmanager.pools  # type: ignore[attr-defined]
    assert [pools[key].num_connections for key in pools.keys()]  # noqa: SIM118 - no mapping == [1]
