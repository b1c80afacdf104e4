"""People from the command line, and the links that are printed at start-up."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jobs.people import demo_link, first_admin_link, invite
from jobs.wiring import House, open_house
from settings import Database, Secrets, Settings, Web
from store.access import find_user, open_link
from tests.jobs.shell import Shell
from web import access


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    place = open_house(
        Settings(
            database=Database(url=f"sqlite:///{tmp_path / 'barometer.db'}"),
            secrets=Secrets(key_file=tmp_path / "secret.key"),
            web=Web(public_url="https://barometer.example/"),
        )
    )
    yield place
    place.engine.dispose()


def purpose(house: House, link: str) -> str | None:
    """What the link is for; None when it does not work."""
    token = link.removeprefix("https://barometer.example/link/")
    with house.sessions() as session:
        found = open_link(session, token, now=access.now())
        return found.purpose if found else None


def test_the_first_admins_link_is_printed_until_somebody_is_there(house: House) -> None:
    first, second = first_admin_link(house), first_admin_link(house)
    assert first is not None
    assert second is not None
    assert purpose(house, first) is None  # the newest only
    assert purpose(house, second) == "first_admin"
    invited = invite(house, "ann@acme.example", "viewer", "Ann")
    assert purpose(house, invited) == "invitation"
    assert first_admin_link(house) is None
    assert purpose(house, second) is None


def test_the_demo_signs_in_by_a_new_link_at_each_start(house: House) -> None:
    first, second = demo_link(house), demo_link(house)
    assert (purpose(house, first), purpose(house, second)) == (None, "demo")
    with house.sessions() as session:
        user = find_user(session, "demo@barometer.example")
        assert user is not None
        assert user.role == "admin"


def test_people_by_commands(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    shell = Shell(tmp_path)
    link = shell.run("user", "add", "Ann@acme.example", "--role", "admin").well()
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/link/[\w-]{43}\n", link)
    shell.run("user", "add", "ann@acme.example").says(1, "is there already")
    shell.run("user", "add", "ann").says(1, "no e-mail address")
    shell.run("user", "disable", "ann@acme.example").says(1, "is the last admin")
    shell.run("user", "add", "ben@acme.example").well()
    shell.run("user", "disable", "ben@acme.example").well()
    shell.run("user", "link", "ben@acme.example").says(1, "barometer user enable ben@acme.example")
    told = shell.run("user", "list").well()
    assert "ann@acme.example  admin  active  last sign-in never\n" in told
    assert "ben@acme.example  viewer  disabled  last sign-in never\n" in told
    shell.run("user", "enable", "ben@acme.example").well()
    assert "/link/" in shell.run("user", "link", "ben@acme.example").well()
    shell.run("user", "link", "cid@acme.example").says(1, "barometer user list")
