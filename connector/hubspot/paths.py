"""Where an operation lives: numbered paths, as the client library spells them, and dated ones.

Source: HubSpot's list of API versions. Sign-in keeps its own version (connector.hubspot.auth).
"""

import re

NUMBERED = "v3"
_DATED = re.compile(r"20\d\d-(03|09)(-beta)?")
_FAMILIES = (
    (re.compile(r"^/crm/v[34]/(objects|associations|properties|owners)(?=/)"), r"/crm/\1/{}"),
    (re.compile(r"^/account-info/v3(?=/)"), "/account-info/{}"),
    (re.compile(r"^/settings/v3/currencies(?=/)"), "/settings/currencies/{}"),
)


def check_version(version: str) -> str:
    """The version itself; ValueError when it is neither v3 nor a dated one."""
    if version != NUMBERED and not _DATED.fullmatch(version):
        raise ValueError(
            f"HubSpot API version {version!r}: use {NUMBERED} or a dated one such as 2026-09"
        )
    return version


def path_in(version: str, path: str) -> str:
    """The numbered path, as it is called in `version`."""
    if version == NUMBERED:
        return path
    for pattern, dated in _FAMILIES:
        path, found = pattern.subn(dated.format(version), path)
        if found:
            break
    return path
