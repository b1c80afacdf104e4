"""Sources of survey answers: made, rotated and changed alike from a page and the command line."""

import base64
import json
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from feedback.configure import configured, lacking
from feedback.providers import PROVIDERS
from feedback.shapes import Provider, Unreadable
from store import hooks
from store.models import Hook
from store.secrets import Vault

_ADDRESS = re.compile(r"([^\s\"'<>,;:=&@%()]+)(@|%40)([^\s\"'<>,;:=&@()]+)", re.IGNORECASE)
OVERLAP_DAYS = 7  # that a secret stays valid after it was rotated


@dataclass(frozen=True)
class Shown:
    """What is shown once, when a source is made or rotated.

    secret    to be entered at the tool; None where the tool gave it to us
    link_key  signs the account into survey links; None on rotation
    """

    hook: Hook
    url: str | None = None
    secret: str | None = None
    link_key: str | None = None


def new_source(
    session: Session,
    vault: Vault,
    connection_id: int,
    provider_name: str,
    *,
    name: str,
    settings: Mapping[str, Any],
    secret: str | None,
    api: Mapping[str, str],
    base_url: str,
    by: str,
    now: datetime,
) -> Shown:
    """A new source with an address of its own. Raises Unreadable naming what is wrong or missing.

    secret  what the tool signs with, when the tool chose it; else one is made
    api     credential of the tool's own API, where it has one
    """
    provider = checked(provider_name, settings)
    if not name.strip() or len(name) > 80:
        raise Unreadable("the source's name has 1 to 80 characters; give it another")
    if hooks.find_hook(session, connection_id, name) is not None:
        raise Unreadable(f"a source is called {name!r} already; give this one another name")
    token, link_key = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
    signing: tuple[hooks.SigningSecret, ...] = ()
    shown = None
    if provider.scheme is not None:
        text, shown = _secret(provider, secret)
        signing = (hooks.SigningSecret("k1", text),)
    kept = hooks.HookSecrets(signing, link_key, dict(api))
    hook = hooks.add_hook(
        session,
        connection_id,
        name=name.strip(),
        provider=provider_name,
        token=token,
        secrets=kept.sealed(vault),
        settings=settings,
        by=by,
        now=now,
    )
    url = f"{base_url}/hooks/{token}" if provider.scheme is not None else None
    return Shown(hook, url, shown, link_key)


def rotated(
    vault: Vault, hook: Hook, *, secret: str | None, overlap_days: float, now: datetime
) -> Shown:
    """A new secret; the present one is valid for `overlap_days` more."""
    provider = checked(hook.provider, hook.settings)
    if provider.scheme is None:
        raise Unreadable(f"{provider.title} sends nothing, so it has no secret to rotate")
    text, shown = _secret(provider, secret)
    kept = hooks.HookSecrets.opened(vault, hook.secrets)
    hook.secrets = kept.rotated(text, now, timedelta(days=overlap_days)).sealed(vault)
    return Shown(hook, secret=shown)


def set_api(vault: Vault, hook: Hook, api: Mapping[str, str]) -> None:
    """Another credential for the tool's own API."""
    kept = hooks.HookSecrets.opened(vault, hook.secrets)
    hook.secrets = replace(kept, api=dict(api)).sealed(vault)


def checked(provider_name: str, settings: Mapping[str, Any]) -> Provider:
    """The provider with these settings. Raises Unreadable when no answer could be read by them."""
    if provider_name not in PROVIDERS:
        known = ", ".join(PROVIDERS)
        raise Unreadable(f"no survey tool is called {provider_name!r}; there are {known}")
    provider = configured(PROVIDERS[provider_name], settings)
    missing = lacking(provider)
    if missing:
        raise Unreadable(
            f"{provider.title} does not say {', '.join(missing)} by itself: set it in the mapping "
            "(docs/surveys.md)"
        )
    return provider


def _secret(provider: Provider, given: str | None) -> tuple[str, str | None]:
    """The secret, and what of it is to be shown."""
    if given:
        return given.strip(), None
    if not provider.our_secret:
        raise Unreadable(
            f"{provider.title} chooses the signing secret itself: copy it from there and enter it"
        )
    assert provider.scheme is not None
    if provider.scheme.key == "base64":
        made = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    else:
        made = secrets.token_urlsafe(32)
    return made, made


def settings_text(settings: Mapping[str, Any], within: tuple[str, ...] = ()) -> str:
    """A source's settings as TOML, for a person to edit; `within` is the table they stand in."""
    lines = [
        f"{_key(name)} = {json.dumps(value, ensure_ascii=False)}"
        for name, value in settings.items()
        if not isinstance(value, dict)
    ]
    for name, value in settings.items():
        if isinstance(value, dict):
            place = (*within, _key(name))
            lines += ["", f"[{'.'.join(place)}]", settings_text(value, place)]
    return "\n".join(lines).strip("\n")


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def settings_of(text: str) -> dict[str, Any]:
    """The settings that TOML text holds. Raises Unreadable."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"the mapping is not valid TOML: {error}; correct that line") from error


def masked(text: str) -> str:
    """Text with what stands before the @ of every e-mail address hidden."""
    return _ADDRESS.sub(lambda found: f"{found[1][0]}…{found[2]}{found[3]}", text)
