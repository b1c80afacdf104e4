"""How often one caller may ask: guessing passwords and flooding the API are made slow.

Counted in the memory of each web process: with n workers the limits are n times as high.
"""

from flask import Flask, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from store.access import token_hash
from web.api import bp as api
from web.signin import bp as signin

SIGNING_IN = "20 per minute"  # forms that let somebody in, by caller's address
CALLS = "600 per minute"  # of the API, by token


def install(app: Flask) -> None:
    """Count and refuse; a request beyond the limit is answered with 429."""
    limiter = Limiter(get_remote_address, app=app, storage_uri="memory://", headers_enabled=True)
    limiter.limit(SIGNING_IN, methods=["POST"])(signin)
    limiter.limit(CALLS, key_func=_caller)(api)


def _caller() -> str:
    """The token's hash, else the address."""
    given = request.authorization
    token = given.token if given is not None and given.type == "bearer" else None
    return token_hash(token) if token else get_remote_address()
