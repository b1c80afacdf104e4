"""Who the pretend org and portal are: ids and credentials, the same in every world.

They are no secrets: the sandbox listens on loopback and holds invented data only.
"""

from dataclasses import dataclass

_CHECKSUM_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def id18(record_id: str) -> str:
    """The 18-character form of a Salesforce id of 15 or 18 characters.

    The three checksum characters tell which of the first fifteen are capitals, five at a time.
    Raises ValueError for any other length. Source: Salesforce API reference, "Ids".
    """
    if len(record_id) not in (15, 18):
        raise ValueError(f"{record_id!r} has {len(record_id)} characters; an id has 15 or 18")
    stem = record_id[:15]
    checksum = "".join(
        _CHECKSUM_ALPHABET[
            sum(1 << bit for bit, char in enumerate(stem[start : start + 5]) if "A" <= char <= "Z")
        ]
        for start in (0, 5, 10)
    )
    return stem + checksum


@dataclass(frozen=True)
class SalesforceIdentity:
    """The org, its connected app and the integration user, with one session already open."""

    org_id: str = id18("00D5g000008BrmT")
    instance: str = "SBX1"
    client_id: str = "3MVG9barometer.sandbox.consumer.key.0000000000000000000000000001"
    client_secret: str = "5AC3F1E2D4B60798A1C2E3F405162738495A6B7C8D9EAFB0C1D2E3F405162738"
    access_token: str = "00D5g000008BrmT!AQ4AQFsandboxSessionOfTheIntegrationUser0123456789abcdefgh"
    refresh_token: str = "5Aep861sandboxRefreshTokenOfTheIntegrationUser0123456789"
    username: str = "integration@barometer.sandbox"
    password: str = "correct-horse"
    security_token: str = "kQ7fSandboxToken24Chars0"
    user_id: str = id18("0055g00000IntUs")


@dataclass(frozen=True)
class HubSpotIdentity:
    """The portal, the app installed in it and the user who installed it."""

    portal_id: int = 48210377
    client_id: str = "7b9a2c54-3d1e-4f60-8a71-52c9e0d41b38"
    client_secret: str = "e1c0a7d4-96b2-4a3f-bb58-07f3c2d9416e"
    access_token: str = "pat-na1-5f0e7a3c-12d4-4b8e-9c61-a7d2e5f80b94"
    refresh_token: str = "na1-c4d1-8e2f-4a6b-b790-1d5c3e7f9a20"
    app_id: int = 3190455
    user_id: int = 61530021
