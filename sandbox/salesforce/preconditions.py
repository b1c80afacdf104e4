"""Conditional requests: ETag on Account rows, modification times on rows and on the schema.

Source: the platform's REST guide, conditional requests; the body of a 412 is not documented.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from sandbox.salesforce import ids
from sandbox.salesforce.call import Call
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import SObject

_WITH_ETAG = "Account"


def row_headers(call: Call, one: SObject, record_id: str) -> dict[str, str]:
    """`Last-Modified` and, for an Account, `ETag` of a row; nothing when there is no such row."""
    if "LastModifiedDate" not in one.fields:
        return {}
    found = call.org.world.db().execute(
        f'SELECT * FROM "{one.table}" WHERE Id = ?', (ids.normalise(record_id),)
    )
    row = found.fetchone()
    if row is None:
        return {}
    changed = datetime.fromisoformat(row["LastModifiedDate"])
    headers = {"Last-Modified": format_datetime(changed.astimezone(UTC), usegmt=True)}
    if one.name == _WITH_ETAG:
        digest = hashlib.sha256(repr(tuple(row)).encode()).hexdigest()
        headers["ETag"] = f'"{digest[:32]}"'
    return headers


def require(call: Call, one: SObject, record_id: str) -> None:
    """412 unless `If-Match` and `If-Unmodified-Since` hold for the row."""
    if "If-Match" not in call.headers and "If-Unmodified-Since" not in call.headers:
        return
    now = row_headers(call, one, record_id)
    wanted, since = call.headers.get("If-Match"), instant_of(call, "If-Unmodified-Since")
    differs = wanted is not None and "ETag" in now and not _among(now["ETag"], wanted)
    changed = _changed(now)
    if differs or (since is not None and changed is not None and changed > since):
        raise ApiError("PRECONDITION_FAILED", "The record was changed since it was read", 412)


def unchanged(call: Call, now: Mapping[str, str]) -> bool:
    """Whether the caller, by `If-None-Match` or `If-Modified-Since`, knows what `now` tells."""
    known = call.headers.get("If-None-Match")
    if known is not None and "ETag" in now:
        return _among(now["ETag"], known)
    since, changed = instant_of(call, "If-Modified-Since"), _changed(now)
    return since is not None and changed is not None and changed <= since


def instant_of(call: Call, header: str) -> datetime | None:
    """The moment in a header; None when it is absent or no HTTP date."""
    try:
        moment = parsedate_to_datetime(call.headers.get(header, ""))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _changed(now: Mapping[str, str]) -> datetime | None:
    text = now.get("Last-Modified")
    return parsedate_to_datetime(text) if text else None


def _among(tag: str, listed: str) -> bool:
    return listed.strip() == "*" or tag in [one.strip() for one in listed.split(",")]
