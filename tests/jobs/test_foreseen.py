"""What the CRM's description of a field rules out is told before it is sent."""

from dataclasses import asdict
from typing import Any

import pytest

from connector.base import FieldInfo
from jobs.foreseen import why_not

TEXT = FieldInfo("F", "F", "text", "string", length=5, writable=True)
BAND = FieldInfo(
    "F", "F", "choice", "picklist", writable=True, choices=("Healthy", "Watch"), restricted=True
)
MONEY = FieldInfo("F", "F", "currency", "currency", precision=6, scale=2, writable=True)


def why(info: FieldInfo | None, value: Any) -> str | None:
    found = why_not(None if info is None else asdict(info), value)
    return None if found is None else found[0]


@pytest.mark.parametrize(
    ("info", "value", "code"),
    [
        (None, "x", "M02"),
        (FieldInfo("F", "F", "text", "string"), "x", "M03"),
        (FieldInfo("F", "F", "number", "double", writable=True, calculated=True), 1, "M03"),
        (TEXT, "12345", None),
        (TEXT, "123456", "M05"),
        (TEXT, None, None),
        (BAND, "Watch", None),
        (BAND, "Unknown", "M07"),
        (BAND, None, None),
        (MONEY, 9999.99, None),
        (MONEY, "10000", "M06"),
        (MONEY, -10000, "M06"),
        (MONEY, 0, None),
    ],
)
def test_each_reason_has_its_code(info: FieldInfo | None, value: Any, code: str | None) -> None:
    assert why(info, value) == code
