"""Tokens: renewed before they expire or once refused, by one caller, stored before use."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from connector.errors import CrmAuthFailed, CrmRateLimited
from connector.hubspot import HubSpot, HubSpotCredentials
from connector.tokens import Tokens
from sandbox.world import World
from tests.connector.conftest import MemoryTokens
from tests.connector.hubspot.conftest import FULL, Connect, Portal, ids_of


class Kept(MemoryTokens):
    """Notes what is stored, in order."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__(tokens)
        self.saved: list[Tokens] = []

    def save(self, tokens: Tokens) -> None:
        self.saved.append(tokens)
        super().save(tokens)


@pytest.fixture
def store(world: World) -> Kept:
    """A refresh token, and no access token yet."""
    return Kept(Tokens("", refresh_token=world.hubspot.refresh_token))


@pytest.fixture
def app(world: World) -> HubSpotCredentials:
    """The OAuth app of the sandbox."""
    known = world.hubspot
    return HubSpotCredentials("refresh_token", known.client_id, known.client_secret)


@pytest.fixture
def oauth(connect: Connect, app: HubSpotCredentials, store: Kept) -> HubSpot:
    """A connector by OAuth."""
    return connect(credentials=app, tokens=store)


def test_a_token_is_fetched_once_and_kept(oauth: HubSpot, store: Kept, portal: Portal) -> None:
    made = portal.add_many("companies", [{"name": str(n)} for n in range(250)])

    assert ids_of(list(oauth.pull("companies", ["name"], FULL))) == made

    (saved,) = store.saved
    assert saved.expires_at is not None
    assert timedelta(minutes=29) < saved.expires_at - oauth.now() <= timedelta(minutes=30)
    assert oauth.usage.day_limit is None  # an OAuth app is told of no day


def test_a_token_is_renewed_before_it_expires(
    oauth: HubSpot, store: Kept, world: World, portal: Portal
) -> None:
    list(oauth.pull("companies", ["name"], FULL))
    world.clock.advance(1800 - 60)
    with_date_header(oauth, world)

    list(oauth.pull("companies", ["name"], FULL))

    assert len(store.saved) == 2
    assert portal.calls() == 2  # no 401 in between


def with_date_header(crm: HubSpot, world: World) -> None:
    """Move the connector's idea of the time along with the world's."""
    crm._door._clock = (world.clock.now(), time.monotonic())


def test_a_token_that_expires_in_mid_pull_is_renewed(
    oauth: HubSpot, store: Kept, portal: Portal
) -> None:
    made = portal.add_many("companies", [{"name": str(n)} for n in range(1050)])
    pages = oauth.pull("companies", ["name"], FULL)
    got = ids_of([next(pages)])
    portal.fault("token_expired", count=1)

    assert got + ids_of(list(pages)) == made
    assert len(store.saved) == 2


def test_a_rotated_refresh_token_is_kept(oauth: HubSpot, store: Kept, portal: Portal) -> None:
    portal.switch("rotate_refresh_tokens", True)
    list(oauth.pull("companies", ["name"], FULL))
    portal.fault("token_expired", count=1)

    list(oauth.pull("companies", ["name"], FULL))

    first, second = (tokens.refresh_token for tokens in store.saved)
    assert first != second


def test_many_threads_renew_once(
    connect: Connect, app: HubSpotCredentials, store: Kept, portal: Portal
) -> None:
    crms = [connect(credentials=app, tokens=store) for _ in range(4)]
    together = threading.Barrier(len(crms))

    def pull(crm: HubSpot) -> int:
        together.wait()
        return len(list(crm.pull("companies", ["name"], FULL)))

    with ThreadPoolExecutor(len(crms)) as pool:
        assert list(pool.map(pull, crms)) == [1] * len(crms)

    assert len(store.saved) == 1


def test_a_token_that_another_process_renewed_is_taken_over(
    connect: Connect, app: HubSpotCredentials, store: Kept, portal: Portal
) -> None:
    one, two = (connect(credentials=app, tokens=store) for _ in range(2))
    for crm in (one, two):
        list(crm.pull("companies", ["name"], FULL))
    portal.fault("token_expired", count=1)
    list(one.pull("companies", ["name"], FULL))  # renews; the old token is revoked

    list(two.pull("companies", ["name"], FULL))

    assert len(store.saved) == 2


def test_a_revoked_refresh_token_needs_a_person(connect: Connect, app: HubSpotCredentials) -> None:
    crm = connect(credentials=app, tokens=MemoryTokens(Tokens("", refresh_token="gone")))

    with pytest.raises(CrmAuthFailed, match="connect HubSpot again"):
        list(crm.pull("companies", ["name"], FULL))


def test_a_wrong_static_token_needs_a_person(connect: Connect, portal: Portal) -> None:
    crm = connect(tokens=MemoryTokens(Tokens("pat-wrong")))

    with pytest.raises(CrmAuthFailed, match="private app or service key"):
        list(crm.pull("companies", ["name"], FULL))

    assert portal.calls() == 1


def test_an_older_sign_in_is_found(oauth: HubSpot, store: Kept, portal: Portal) -> None:
    portal.answer("/oauth/v3/token", 404, "<html>", content_type="text/html")

    assert len(list(oauth.pull("companies", ["name"], FULL))) == 1
    assert len(store.saved) == 1


def test_a_busy_sign_in_is_tried_again(oauth: HubSpot, store: Kept, portal: Portal) -> None:
    portal.answer("/oauth/", 429, {"message": "slow down"}, headers={"Retry-After": "0"})
    portal.answer("/oauth/", 503, "<html>")
    portal.fault("cut_before", path="/oauth/", count=1)

    assert len(list(oauth.pull("companies", ["name"], FULL))) == 1
    assert len(store.saved) == 1


def test_a_sign_in_that_stays_busy_is_a_rate_limit(oauth: HubSpot, portal: Portal) -> None:
    portal.answer("/oauth/", 429, {"message": "slow down"}, headers={"Retry-After": "60"})

    with pytest.raises(CrmRateLimited):
        list(oauth.pull("companies", ["name"], FULL))


def test_secrets_do_not_show(app: HubSpotCredentials, world: World) -> None:
    assert world.hubspot.client_secret not in repr(app)
