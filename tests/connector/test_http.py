"""A session cannot hang, trusts what it was told to, and its failures have names."""

import socket
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest
import requests

from connector.errors import CrmAnswerLost, CrmRejected, CrmUnavailable
from connector.http import Session, network_error
from sandbox.server import Server

Listen = Callable[[Callable[[BaseHTTPRequestHandler], None]], str]


def _hello(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "5")
    handler.send_header("X-Agent", handler.headers["User-Agent"])
    handler.end_headers()
    handler.wfile.write(b"hello")


def _failure(session: Session, url: str) -> requests.RequestException:
    with pytest.raises(requests.RequestException) as caught:
        session.get(url)
    return caught.value


def test_a_rewritten_prefix_leads_to_another_server(listen: Listen) -> None:
    url = listen(_hello)
    session = Session(rewrite={"https://login.example.com": url}, user_agent="Barometer/9")

    answer = session.get("https://login.example.com/services?q=1")

    assert answer.text == "hello"
    assert answer.url == f"{url}/services?q=1"
    assert answer.headers["X-Agent"] == "Barometer/9"


def test_a_prefix_is_rewritten_only_as_a_whole_host() -> None:
    session = Session(rewrite={"https://127.0.0.1": "http://127.0.0.1:9"})

    assert _failure(session, "https://127.0.0.1:1/x").request.url == "https://127.0.0.1:1/x"  # type: ignore[union-attr]


def test_every_answer_is_observed(listen: Listen) -> None:
    seen: list[int] = []
    session = Session(observe=lambda answer: seen.append(answer.status_code))
    url = listen(_hello)

    session.get(url)
    session.get(url)

    assert seen == [200, 200]


def test_a_silent_server_is_given_up(listen: Listen) -> None:
    url = listen(lambda handler: time.sleep(2))

    error = network_error(_failure(Session(timeouts=(1.0, 0.1)), url))

    assert isinstance(error, CrmAnswerLost)


def test_a_connection_cut_in_the_body_loses_the_answer(listen: Listen) -> None:
    def cut(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "500")
        handler.end_headers()
        handler.wfile.write(b"only this")
        handler.close_connection = True

    error = network_error(_failure(Session(), listen(cut)))

    assert isinstance(error, CrmAnswerLost)


def test_a_port_where_nobody_listens_was_never_reached() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    error = network_error(_failure(Session(), f"http://127.0.0.1:{port}/"))

    assert isinstance(error, CrmUnavailable)
    assert not isinstance(error, CrmAnswerLost)
    assert f"No connection to 127.0.0.1:{port}" in str(error)


def test_a_certificate_needs_its_authority_whatever_the_environment_says(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{server.https_url}/services/data"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/at/all.pem")

    assert Session(ca_file=server.ca_file).get(url).status_code in (200, 404)
    error = network_error(_failure(Session(), url))
    assert isinstance(error, CrmRejected)
    assert "ca_file" in str(error)


def test_a_netrc_file_does_not_replace_our_token(
    listen: Listen, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    seen: list[str | None] = []

    def note(handler: BaseHTTPRequestHandler) -> None:
        seen.append(handler.headers["Authorization"])
        _hello(handler)

    Session().get(listen(note), headers={"Authorization": "Bearer ours"})

    assert seen == ["Bearer ours"]
