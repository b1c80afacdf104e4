"""Custom field metadata (label, type, length ...) turned into a field of the schema."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.salesforce import kinds
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import Field

Metadata = Mapping[str, Any]
_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c\Z")
_LONGEST_NAME = 40
_SIMPLE: dict[str, tuple[str, int]] = {
    "Date": ("date", 0), "DateTime": ("datetime", 0), "Email": ("email", 80),
    "Phone": ("phone", 40), "Url": ("url", 255), "TextArea": ("textarea", 255),
}  # fmt: skip
_NUMBERS = {"Number": "double", "Currency": "currency", "Percent": "percent"}
_KEYS = ("AutoNumber", "Email", "Number", "Text")


def make_field(name: str, metadata: Metadata) -> Field:
    """The field a piece of CustomField metadata describes; ApiError says what is wrong with it.

    It is visible to nobody until a permission set grants it, unless it is required.
    """
    developer_name = name.removesuffix("__c")
    if not _NAME.match(name) or len(developer_name) > _LONGEST_NAME:
        raise _wrong(
            "The Field Name field can only contain underscores and alphanumeric characters. It "
            "must be unique, begin with a letter, not include spaces, not end with an "
            f"underscore, and not contain two consecutive underscores: {name}"
        )
    kind = str(metadata.get("type") or "")
    if not kind:
        raise _missing("type", "Must specify a type for the CustomField")
    if not metadata.get("label"):
        raise _missing("label", "Must specify a non-empty label for the CustomField")
    if metadata.get("formula"):
        raise _wrong("Formula fields cannot be created in this sandbox")
    facts = _facts(kind, metadata, name) | _common(kind, metadata)
    return Field(name, **facts)


def _common(kind: str, metadata: Metadata) -> dict[str, Any]:
    external, unique = _yes(metadata, "externalId"), _yes(metadata, "unique")
    required = _yes(metadata, "required")
    if external and kind not in _KEYS:
        raise _wrong(f"Can not specify 'externalId' for a CustomField of type {kind}")
    if unique and kind not in _KEYS:
        raise _wrong(f"Can not specify 'unique' for a CustomField of type {kind}")
    common: dict[str, Any] = {
        "label": str(metadata["label"]),
        "custom": True,
        "external_id": external,
        "unique": unique,
        "case_sensitive": _yes(metadata, "caseSensitive") and kind == "Text",
        "help_text": metadata.get("inlineHelpText") or None,
        "description": metadata.get("description") or None,
        "granted": False,
        "metadata": dict(metadata),
    }
    if required:
        common |= {"nillable": False, "permissionable": False}
    return common


def _facts(kind: str, metadata: Metadata, name: str) -> dict[str, Any]:
    if kind == "Text":
        return {"type": "string", "length": _number(metadata, "length", kind, 1, 255)}
    if kind in _NUMBERS:
        precision = _number(metadata, "precision", kind, 1, 18)
        scale = _number(metadata, "scale", kind, 0, precision)
        return {"type": _NUMBERS[kind], "precision": precision, "scale": scale}
    if kind == "Checkbox":
        if metadata.get("defaultValue") in (None, ""):
            raise _missing("defaultValue", "Must specify 'defaultValue' for a CustomField of type "
                           "Checkbox")  # fmt: skip
        return {"type": "boolean", "nillable": False, "defaulted": True,
                "default": _yes(metadata, "defaultValue")}  # fmt: skip
    if kind in ("LongTextArea", "Html"):
        _number(metadata, "visibleLines", kind, 3 if kind == "LongTextArea" else 10, 50)
        length = _number(metadata, "length", kind, 256, 131_072)
        return {"type": "textarea", "length": length, "filterable": False}
    if kind in ("Picklist", "MultiselectPicklist"):
        return _choices(kind, metadata)
    if kind == "Lookup":
        return _lookup(metadata, name)
    if kind == "AutoNumber":
        if not metadata.get("displayFormat"):
            raise _missing("displayFormat", "Must specify 'displayFormat' for an AutoNumber")
        return {"type": "string", "length": 30, "auto_number": True, "nillable": False,
                "defaulted": True, **kinds.READ_ONLY}  # fmt: skip
    if kind in _SIMPLE:
        own_type, length = _SIMPLE[kind]
        return {"type": own_type, "length": length}
    raise ApiError(
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        f"Type: bad value for restricted picklist field: {kind}",
    )


def _choices(kind: str, metadata: Metadata) -> dict[str, Any]:
    value_set = metadata.get("valueSet") or {}
    listed = (value_set.get("valueSetDefinition") or {}).get("value") or []
    values = [listed] if isinstance(listed, Mapping) else list(listed)
    if not values:
        raise _missing("valueSet", f"Must specify a valueSet for a CustomField of type {kind}")
    names = tuple(str(value["fullName"]) for value in values)
    default = next((str(v["fullName"]) for v in values if _yes(v, "default")), None)
    if kind == "MultiselectPicklist":
        _number(metadata, "visibleLines", kind, 3, 10)
    multi = kind == "MultiselectPicklist"
    return {
        "type": "multipicklist" if multi else "picklist",
        "length": 4099 if multi else 255,
        "picklist": names,
        "restricted": _yes(value_set, "restricted"),
        "default": default,
        "defaulted": default is not None,
    }


def _lookup(metadata: Metadata, name: str) -> dict[str, Any]:
    target, relation = metadata.get("referenceTo"), metadata.get("relationshipName")
    if not target:
        raise _missing("referenceTo", "Must specify 'referenceTo' for a CustomField of type Lookup")
    return {
        "type": "reference",
        "length": 18,
        "reference_to": (str(target),),
        "relationship": name[:-1] + "r",
        "children": f"{relation}__r" if relation else None,
    }


def _number(metadata: Metadata, key: str, kind: str, least: int, most: int) -> int:
    given = metadata.get(key)
    if given in (None, ""):
        raise _missing(key, f"Must specify '{key}' for a CustomField of type {kind}")
    try:
        number = int(str(given))
    except ValueError:
        raise _wrong(f"'{key}' must be a whole number") from None
    if not least <= number <= most:
        raise _wrong(f"'{key}' for a CustomField of type {kind} is from {least} to {most}")
    return number


def _yes(metadata: Metadata, key: str) -> bool:
    return str(metadata.get(key, "")).lower() == "true"


def _wrong(message: str) -> ApiError:
    return ApiError("FIELD_INTEGRITY_EXCEPTION", message)


def _missing(name: str, message: str) -> ApiError:
    return ApiError("REQUIRED_FIELD_MISSING", message, fields=(name,))
