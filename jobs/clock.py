"""The only place where jobs read the machine's clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant, aware and UTC."""
    return datetime.now(UTC)
