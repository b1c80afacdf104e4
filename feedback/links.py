"""Survey links whose account cannot be changed by the respondent: a signed hidden field.

The signature covers e-mail address, account and campaign, joined by `|`, so a link that is
forwarded or edited no longer proves whose answer it brings.
"""

import hashlib
import hmac


def sign_link(key: str, email: str | None, account_id: str, campaign: str | None) -> str:
    """The hidden field `sig` of a survey link: hex HMAC-SHA256."""
    return hmac.new(key.encode(), _message(email, account_id, campaign), hashlib.sha256).hexdigest()


def is_signed(
    key: str, signature: str | None, email: str | None, account_id: str | None, campaign: str | None
) -> bool:
    """Whether `signature` proves the account."""
    if not signature or not account_id or any("|" in (p or "") for p in (email, account_id)):
        return False
    expected = sign_link(key, email, account_id, campaign)
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode())


def _message(email: str | None, account_id: str, campaign: str | None) -> bytes:
    return "|".join(((email or "").strip().lower(), account_id, campaign or "")).encode()
