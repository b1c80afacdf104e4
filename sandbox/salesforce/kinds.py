"""Short names for the kinds of field that standard and custom objects are made of."""

import re
from typing import Any

from sandbox.salesforce.model import Field

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False}
SYSTEM: dict[str, Any] = {
    **READ_ONLY,
    "nillable": False,
    "defaulted": True,
    "permissionable": False,
}
CREATE_ONLY: dict[str, Any] = {"updateable": False}
MANDATORY: dict[str, Any] = {"nillable": False, "permissionable": False}


def label_of(name: str) -> str:
    """`AnnualRevenue` -> `Annual Revenue`; a custom name loses its suffix and underscores."""
    if name.endswith("__c"):
        return name[:-3].replace("_", " ")
    words = _WORDS.sub(" ", name)
    return words[:-2] + "ID" if words.endswith(" Id") else words


def of(name: str, kind: str, **facts: Any) -> Field:
    """A field of any type; a name ending in `__c` is custom."""
    facts.setdefault("label", label_of(name))
    facts.setdefault("custom", name.endswith("__c"))
    return Field(name, kind, **facts)


def text(name: str, length: int, **facts: Any) -> Field:
    """One line of text, at most `length` characters."""
    return of(name, "string", length=length, **facts)


def area(name: str, length: int = 32000, **facts: Any) -> Field:
    """Text of several lines; a long one cannot be filtered or sorted by."""
    return of(name, "textarea", length=length, filterable=length <= 255, **facts)


def pick(name: str, *values: str, **facts: Any) -> Field:
    """One of several values; `restricted=True` refuses others."""
    return of(name, "picklist", length=facts.pop("length", 255), picklist=values, **facts)


def money(name: str, scale: int = 2, **facts: Any) -> Field:
    """An amount of 18 digits."""
    return of(name, "currency", precision=18, scale=scale, **facts)


def whole(name: str, digits: int = 8, **facts: Any) -> Field:
    """A whole number."""
    return of(name, "int", digits=digits, **facts)


def flag(name: str, default: bool = False, **facts: Any) -> Field:
    """True or false, never null."""
    facts = {"nillable": False, "defaulted": True, "default": default} | facts
    return of(name, "boolean", **facts)


def refer(name: str, to: str | tuple[str, ...], **facts: Any) -> Field:
    """A reference to one object or, polymorphic, to several."""
    targets = (to,) if isinstance(to, str) else to
    if name.endswith("__c"):
        facts.setdefault("relationship", name[:-1] + "r")
    else:
        facts.setdefault("relationship", name.removesuffix("Id"))
    return of(name, "reference", length=18, reference_to=targets, **facts)


def address(prefix: str) -> list[Field]:
    """`BillingAddress` and the columns it is made of."""
    parts = {"compound": f"{prefix}Address"}
    return [
        area(f"{prefix}Street", 255, **parts),
        text(f"{prefix}City", 40, **parts),
        text(f"{prefix}State", 80, **parts),
        text(f"{prefix}PostalCode", 20, **parts),
        text(f"{prefix}Country", 80, **parts),
        of(f"{prefix}Latitude", "double", precision=18, scale=15, **parts),
        of(f"{prefix}Longitude", "double", precision=18, scale=15, **parts),
        pick(f"{prefix}GeocodeAccuracy", "Address", "Block", "City", "Zip", length=40, **parts),
        of(f"{prefix}Address", "address", filterable=False, **READ_ONLY),
    ]


def identity(name: str = "Name", length: int = 0) -> list[Field]:
    """Id and IsDeleted and, with a length, the writable name."""
    head = [
        of("Id", "id", length=18, label="Record ID", id_lookup=True, **SYSTEM),
        flag("IsDeleted", label="Deleted", **{**SYSTEM, "default": False}),
    ]
    return head + (
        [text(name, length, name_field=True, id_lookup=True, **MANDATORY)] if length else []
    )


def stamps() -> list[Field]:
    """Who made and changed a record, and when."""
    return [
        of("CreatedDate", "datetime", **SYSTEM),
        refer("CreatedById", "User", **SYSTEM),
        of("LastModifiedDate", "datetime", **SYSTEM),
        refer("LastModifiedById", "User", **SYSTEM),
        of("SystemModstamp", "datetime", **SYSTEM),
    ]


def owner(to: str | tuple[str, ...] = "User", **facts: Any) -> Field:
    """OwnerId; the calling user owns what names nobody else."""
    return refer("OwnerId", to, nillable=False, defaulted=True, permissionable=False, **facts)


def iso_code() -> Field:
    """CurrencyIsoCode, there only while the org has several currencies."""
    return pick(
        "CurrencyIsoCode", length=3, feature="multi_currency", defaulted=True, restricted=True,
        permissionable=False,
    )  # fmt: skip
