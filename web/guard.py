"""Who is answered, and which headers every answer carries."""

import ipaddress
from collections.abc import Collection
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.middleware.proxy_fix import ProxyFix

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), "
    "payment=(), usb=()",
    "Strict-Transport-Security": "max-age=31536000",
}
YEAR = 31_536_000


def install(app: Flask, allowed_hosts: Collection[str], *, proxies: int = 0) -> None:
    """Refuse strangers before a page is looked for; add the headers to every answer.

    allowed_hosts  host names answered besides loopback; any other name is refused, so that no
                   foreign name that resolves to us (DNS rebinding) reaches a page
    proxies        how many reverse proxies of ours tell who calls, in X-Forwarded-For and -Proto
    """
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    allowed = frozenset(host.lower() for host in allowed_hosts)

    @app.before_request
    def refuse_strangers() -> None:
        host = (urlsplit(f"//{request.host}").hostname or "").lower()
        if host not in allowed and not (is_loopback(host) and comes_from_here()):
            abort(
                421,
                "Barometer answers on the machine it runs on, as http://localhost or "
                "http://127.0.0.1, and under the address that web.public_url in its settings "
                "names. Open it there, or set web.public_url to the address used here.",
            )

    @app.before_request
    def refuse_null_characters() -> None:
        if "\0" in request.path or any("\0" in value for value in request.args.values()):
            abort(400, "The address holds a null character, which no name or id contains.")

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        if request.path.startswith("/static/vendor/") and response.status_code == 200:
            response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
        elif request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean the machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def comes_from_here() -> bool:
    """Whether the caller is this machine; a Unix socket has no address and is local."""
    return not request.remote_addr or is_loopback(request.remote_addr)


def proxied() -> bool:
    """Whether a proxy passed this request on; then a loopback address need not be the caller's."""
    return any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "Via"))
