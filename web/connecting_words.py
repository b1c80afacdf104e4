"""The ways to sign in to a CRM, what each asks for, and the words of the entries."""

from collections.abc import Mapping

# method -> its word, the fields it asks for; those that end in ? may stay empty
METHODS: Mapping[str, Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "salesforce": {
        "browser": ("Sign in in the browser", ("client_id", "client_secret?")),
        "client_credentials": ("Client credentials", ("client_id", "client_secret")),
        "jwt": ("JWT bearer", ("client_id", "username", "private_key")),
    },
    "hubspot": {
        "browser": ("Sign in in the browser", ("client_id", "client_secret")),
        "private_app": ("Private app token", ("access_token",)),
    },
}
SECRET = ("client_secret", "private_key", "access_token")
ADDRESS = {"salesforce": "login_url", "hubspot": "base_url"}
_ENCRYPTED = "It is kept encrypted and never shown again."
_LABELS: Mapping[str, tuple[str, str]] = {
    "name": ("Name of the connection", "How Barometer calls it, on pages and in commands."),
    "login_url": (
        "Login URL",
        "The org's My Domain, such as https://acme.my.salesforce.com; with sign-in in the browser "
        "also https://login.salesforce.com, or https://test.salesforce.com for a sandbox.",
    ),
    "base_url": (
        "Base URL of the API",
        "https://api.hubapi.com, unless you try it with a sandbox of your own.",
    ),
    "client_id": ("Client id", "From the app's settings."),
    "client_secret": ("Client secret", f"From the app's settings. {_ENCRYPTED}"),
    "username": ("User name", "The integration user to act as; pre-authorise it for the app."),
    "private_key": (
        "Private key",
        f"PEM text of the RSA key whose certificate the app knows. {_ENCRYPTED}",
    ),
    "access_token": ("Access token", f"Of a private app, or a service key. {_ENCRYPTED}"),
    "currency": (
        "Corporate currency",
        "ISO code, such as EUR. An org of one currency does not tell which it is; leave it empty "
        "where there are several.",
    ),
    "ca_file": (
        "File with certificates to trust",
        "Path on the machine that runs Barometer. Leave it empty, unless the CRM answers behind "
        "a certificate of your own.",
    ),
}


def labels(vendor: str) -> dict[str, tuple[str, str]]:
    """Label and help of each entry; Salesforce has words of its own for the app's keys."""
    if vendor != "salesforce":
        return dict(_LABELS)
    return {
        **_LABELS,
        "client_id": ("Consumer key", _LABELS["client_id"][1]),
        "client_secret": ("Consumer secret", _LABELS["client_secret"][1]),
    }
