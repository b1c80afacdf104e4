"""Property definitions, as `FieldInfo`; read once per object type and kept.

Source: HubSpot API reference, properties. A property's `type` decides, never its `fieldType`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.base import FieldInfo, FieldType
from connector.errors import CrmForbidden, CrmUnknownObject
from connector.hubspot.door import Door
from connector.hubspot.kinds import KEY, OWNERS, REQUIRED
from connector.hubspot.refusals import CallRefused

Json = Mapping[str, Any]

_TEXT = 65_536  # characters a text property holds

_TYPES: dict[str, FieldType] = {
    "string": "text",
    "phone_number": "text",
    "number": "number",
    "bool": "bool",
    "date": "date",
    "datetime": "datetime",
    "enumeration": "choice",
}
_BY_FIELD_TYPE: dict[tuple[str, str], FieldType] = {
    ("string", "textarea"): "long_text",
    ("string", "html"): "long_text",
    ("string", "file"): "other",
    ("enumeration", "checkbox"): "multi_choice",
}

# owners have no property definitions
_OWNER_FIELDS: dict[str, FieldType] = {
    "id": "id",
    "email": "text",
    "type": "text",
    "firstName": "text",
    "lastName": "text",
    "userId": "number",
    "userIdIncludingInactive": "number",
    "createdAt": "datetime",
    "updatedAt": "datetime",
    "archived": "bool",
    "teams": "other",
}


class Schema:
    """What each object type has, for our app."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._known: dict[str, Mapping[str, FieldInfo]] = {}

    def describe(self, kind: str) -> Mapping[str, FieldInfo]:
        """Properties by name. CrmUnknownObject when HubSpot has no such object type."""
        if kind not in self._known:
            self._known[kind] = {
                name: field_info(kind, definition)
                for name, definition in self.definitions(kind).items()
            }
        return self._known[kind]

    def describe_many(self, kinds: Sequence[str]) -> dict[str, Mapping[str, FieldInfo]]:
        """`describe` of each; object types that we cannot see are absent."""
        found: dict[str, Mapping[str, FieldInfo]] = {}
        for kind in dict.fromkeys(kinds):
            try:
                found[kind] = self.describe(kind)
            except (CrmForbidden, CrmUnknownObject):
                continue
        return found

    def definitions(self, kind: str) -> dict[str, Json]:
        """HubSpot's own definitions of the live properties, read anew."""
        self._known.pop(kind, None)
        if kind == OWNERS:
            return {name: {"name": name, "type": t} for name, t in _OWNER_FIELDS.items()}
        operation = self._door.library.properties.get_all
        try:
            answer = self._door.call(operation, kind, purpose="describe")
        except CallRefused as error:
            if error.status != 404:
                raise
            raise CrmUnknownObject(
                f"HubSpot has no object {kind}: take it out of the map, or correct its name."
            ) from error
        return {each["name"]: each for each in answer["results"] if not each.get("archived")}


def field_info(kind: str, definition: Json) -> FieldInfo:
    """One definition in our terms."""
    name, vendor_type = definition["name"], str(definition.get("type", ""))
    if kind == OWNERS:
        return FieldInfo(name, name, _OWNER_FIELDS[name], vendor_type, calculated=True)
    rights = definition.get("modificationMetadata") or {}
    calculated = bool(definition.get("calculated") or definition.get("calculationFormula"))
    options = definition.get("options") or ()
    return FieldInfo(
        name=name,
        label=definition.get("label") or name,
        type=_field_type(name, vendor_type, definition),
        vendor_type=vendor_type,
        length=_TEXT if vendor_type == "string" else None,
        writable=not (calculated or rights.get("readOnlyValue")),
        required=name in REQUIRED.get(kind, ()),
        calculated=calculated,
        custom=not definition.get("hubspotDefined", False),
        unique=bool(definition.get("hasUniqueValue")),
        choices=tuple(str(o["value"]) for o in options if not o.get("hidden")),
        restricted=vendor_type == "enumeration" and bool(options),
    )


def _field_type(name: str, vendor_type: str, definition: Json) -> FieldType:
    if name == KEY:
        return "id"
    if definition.get("referencedObjectType"):
        return "reference"
    if vendor_type == "number":
        if definition.get("showCurrencySymbol") or definition.get("currencyPropertyName"):
            return "currency"
        if definition.get("numberDisplayHint") == "percentage":
            return "percent"
    exact = _BY_FIELD_TYPE.get((vendor_type, str(definition.get("fieldType", ""))))
    return exact or _TYPES.get(vendor_type, "other")
