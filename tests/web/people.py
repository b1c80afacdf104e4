"""The app over a test's database, and clients of it that are signed in."""

from typing import Any

from cryptography.fernet import Fernet
from flask import Flask
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session, sessionmaker

from settings import Settings
from store.access import add_user, find_user, open_session
from store.secrets import Vault
from tests.web import build
from web import access, create_app

PASSWORD = "a sentence is a good password"
VAULT = Vault([Fernet.generate_key()])


def make_app(sessions: sessionmaker[Session], **given: Any) -> Flask:
    """The pages; `given` are sections of the settings, such as web=Web(public_url=…)."""
    return create_app(sessions, VAULT, Settings(**given), version="0.1.0", schema_head=build.HEAD)


def client_of(app: Flask, role: str | None) -> FlaskClient:
    """A client signed in as `role`@acme.example (None: nobody) that sends its CSRF token."""
    client = app.test_client()
    with app.test_request_context():
        from flask import session as cookie

        token = generate_csrf()
        raw = cookie["csrf_token"]
    with client.session_transaction() as cookie:
        cookie["csrf_token"] = raw
        if role is not None:
            cookie[access.COOKIE_TOKEN] = visit_of(app, role)
    client.environ_base["HTTP_X_CSRFTOKEN"] = token
    return client


def visit_of(app: Flask, role: str) -> str:
    """The token of a new session of somebody with this role."""
    sessions = app.extensions["barometer"].sessions
    with sessions.begin() as session:
        email = f"{role}@acme.example"
        user = find_user(session, email) or add_user(session, email, role, now=access.now())
        return open_session(session, user, now=access.now())
