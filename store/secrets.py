"""Secrets at rest: encrypted with Fernet keys that can be rotated."""

import hmac
import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class SecretsUnreadable(Exception):
    """What is stored was encrypted with a key that we no longer have."""


class Vault:
    """Encrypts with the first key, decrypts with any: put a new key first to rotate."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise SecretsUnreadable(
                "BAROMETER_SECRET_KEYS or the key file holds no valid key; make one with: "
                'python -c "from cryptography.fernet import Fernet; '
                'print(Fernet.generate_key().decode())"'
            ) from error
        self._first = keys[0]

    def signing_key(self, purpose: str) -> bytes:
        """A key for signatures of one purpose, the same in every process with our first key."""
        return hmac.digest(self._first, purpose.encode(), "sha256")

    def seal(self, secrets: Mapping[str, str]) -> bytes:
        """Encrypted JSON of `secrets`."""
        return self._fernet.encrypt(json.dumps(dict(secrets), sort_keys=True).encode())

    def open(self, sealed: bytes) -> dict[str, str]:
        """What `seal` was given; SecretsUnreadable when no key fits."""
        try:
            opened: dict[str, str] = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise SecretsUnreadable(
                "stored credentials do not open with the present secret keys; put the former "
                "key back (BAROMETER_SECRET_KEYS, or the key file), or connect the CRM again"
            ) from error
        return opened
