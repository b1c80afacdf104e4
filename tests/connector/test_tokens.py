"""Tokens are renewed once, stored before use, and never shown."""

import threading

from connector.tokens import Tokens, renewed
from tests.connector.conftest import MemoryTokens


def test_a_token_does_not_show_in_a_log_line() -> None:
    shown = repr(Tokens("secret-a", "secret-b", "https://acme.example"))

    assert "secret" not in shown
    assert "https://acme.example" in shown


def test_a_renewed_token_is_stored_before_it_is_used() -> None:
    store = MemoryTokens(Tokens("old", "refresh-1"))

    got = renewed(store, "old", lambda stored: Tokens("new", "refresh-2"))

    assert got.access_token == "new"
    assert store.load() == Tokens("new", "refresh-2")


def test_what_another_has_renewed_is_taken() -> None:
    store = MemoryTokens(Tokens("newer", "refresh-2"))

    got = renewed(store, "old", lambda stored: Tokens("never asked"))

    assert got.access_token == "newer"


def test_the_first_token_is_asked_for_with_what_the_store_holds() -> None:
    store = MemoryTokens(Tokens("", "refresh-1"))
    asked: list[Tokens | None] = []

    def renew(stored: Tokens | None) -> Tokens:
        asked.append(stored)
        return Tokens("first", "refresh-1")

    assert renewed(store, None, renew).access_token == "first"
    assert asked == [Tokens("", "refresh-1")]


def test_twenty_callers_at_once_renew_once() -> None:
    store = MemoryTokens(Tokens("old", "refresh-1"))
    renewals: list[str] = []

    def renew(stored: Tokens | None) -> Tokens:
        renewals.append("x")
        return Tokens(f"new-{len(renewals)}")

    threads = [threading.Thread(target=renewed, args=(store, "old", renew)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert renewals == ["x"]
