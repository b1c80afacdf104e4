"""What Salesforce's describe says of an object, in the words of the contract."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from simple_salesforce.format import format_soql

from connector.base import FieldInfo, FieldType
from connector.errors import CrmError, CrmRejected, CrmUnknownObject
from connector.salesforce.rest import COMPOSED, Part, Rest, expected

_TYPES: dict[str, FieldType] = {
    "string": "text",
    "combobox": "text",
    "phone": "text",
    "email": "text",
    "encryptedstring": "text",
    "textarea": "long_text",
    "int": "number",
    "long": "number",
    "double": "number",
    "percent": "percent",
    "currency": "currency",
    "boolean": "bool",
    "date": "date",
    "datetime": "datetime",
    "picklist": "choice",
    "multipicklist": "multi_choice",
    "reference": "reference",
    "id": "id",
    "url": "url",
}
_ACTIVITY = ("Task", "Event")  # their custom fields belong to the object Activity
_CUSTOM_FIELDS = (
    "SELECT DeveloperName FROM CustomField WHERE TableEnumOrId = {} AND DeveloperName IN {}"
)
_NAME = re.compile(r"[A-Za-z]\w*")


class Schema:
    """Describes of objects, asked once and kept until `forget`."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._known: dict[str, Mapping[str, FieldInfo]] = {}
        self._absent: dict[str, CrmError] = {}

    def fields(self, kind: str) -> Mapping[str, FieldInfo]:
        """The fields of one object; CrmUnknownObject when our user sees no such object."""
        self.look_up([kind])
        if kind in self._absent:
            raise self._absent[kind]
        return self._known[kind]

    def look_up(self, kinds: Iterable[str]) -> Mapping[str, Mapping[str, FieldInfo]]:
        """The fields of each object that exists, 25 objects to a call."""
        wanted = list(dict.fromkeys(kinds))
        asked = [kind for kind in wanted if kind not in self._known and kind not in self._absent]
        for start in range(0, len(asked), COMPOSED):
            self._describe(asked[start : start + COMPOSED])
        return {kind: self._known[kind] for kind in wanted if kind in self._known}

    def hidden(self, kind: str, names: Collection[str]) -> frozenset[str]:
        """Custom fields among `names` that exist, while describe does not show them to our user.

        Empty when our user may not ask the Tooling API: then nobody can say.
        """
        unseen = sorted(set(names) - self.look_up([kind]).get(kind, {}).keys())
        custom = [name.removesuffix("__c") for name in unseen if name.endswith("__c")]
        if not custom:
            return frozenset()
        table = "Activity" if kind in _ACTIVITY else kind
        soql = format_soql(_CUSTOM_FIELDS, table, custom)
        try:
            answer = self._rest.call(f"tooling/query?q={quote(soql)}", purpose="describe")
        except CrmRejected:
            return frozenset()
        rows = expected(answer, "records")["records"]
        return frozenset(f"{row['DeveloperName']}__c" for row in rows)

    def forget(self, kinds: Iterable[str]) -> None:
        """Ask again the next time: something was created, or permissions changed."""
        for kind in kinds:
            self._known.pop(kind, None)
            self._absent.pop(kind, None)

    def _describe(self, kinds: Sequence[str]) -> None:
        for kind in kinds:
            if not _NAME.fullmatch(kind):
                raise CrmUnknownObject(f"“{kind}” is no name of a Salesforce object.")
        for kind, answer in zip(kinds, self._answers(kinds), strict=True):
            if isinstance(answer, CrmError):
                self._absent[kind] = _unknown(kind, answer)
            else:
                described = expected(answer, "fields")["fields"]
                self._known[kind] = {field["name"]: field_info(field) for field in described}

    def _answers(self, kinds: Sequence[str]) -> list[Any]:
        if len(kinds) > 1:
            parts = [Part("GET", f"sobjects/{kind}/describe") for kind in kinds]
            return self._rest.composite(parts, purpose="describe")
        try:
            return [self._rest.call(f"sobjects/{kinds[0]}/describe", purpose="describe")]
        except CrmRejected as error:
            return [error]


def field_info(described: Mapping[str, Any]) -> FieldInfo:
    """One field of a describe answer."""
    vendor_type = described["type"]
    kind = _TYPES.get(vendor_type, "other")
    if kind == "long_text" and (described.get("length") or 0) <= 255:
        kind = "text"
    whole = vendor_type in ("int", "long")
    digits = described.get("digits" if whole else "precision") or None
    creatable = bool(described.get("createable"))
    return FieldInfo(
        name=described["name"],
        label=described.get("label") or described["name"],
        type=kind,
        vendor_type=vendor_type,
        length=described.get("length") or None,
        precision=digits,
        scale=None if digits is None else described.get("scale") or 0,
        writable=bool(described.get("updateable")),
        required=creatable
        and not described.get("nillable", True)
        and not described.get("defaultedOnCreate"),
        calculated=bool(described.get("calculated")),
        custom=bool(described.get("custom")),
        unique=bool(described.get("unique")),
        filterable=bool(described.get("filterable", True)),
        choices=tuple(
            choice["value"]
            for choice in described.get("picklistValues") or ()
            if choice.get("active")
        ),
        restricted=bool(described.get("restrictedPicklist")),
    )


def _unknown(kind: str, error: CrmError) -> CrmUnknownObject:
    unknown = CrmUnknownObject(
        f"Salesforce has no object {kind}, or hides it from the integration user: switch the "
        "feature on, give the user read access, or take the object out of the map."
    )
    unknown.__cause__ = error
    return unknown
