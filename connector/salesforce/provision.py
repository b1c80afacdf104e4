"""Making our fields, and the permission set that lets the integration user see them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from simple_salesforce.format import format_soql

from connector.base import FieldInfo, FieldSpec, ProvisionStep
from connector.errors import CrmUnavailable
from connector.salesforce.metadata import ALREADY_THERE, create_fields, full_name
from connector.salesforce.rest import Rest
from connector.salesforce.schema import Schema
from connector.salesforce.writes import COLLECTION

PERMISSION_SET = "AX_Sync"
_LABEL = "AX Sync"
_DUPLICATES = ("DUPLICATE_VALUE", "DUPLICATE_DEVELOPER_NAME")


class _Unseen(CrmUnavailable):
    """A field that was made is not visible yet."""


class Provisioner:
    """Finds what is missing and makes it; never alters or deletes what exists."""

    def __init__(self, rest: Rest, schema: Schema, user_id: str | None) -> None:
        self._rest = rest
        self._schema = schema
        self._user_id = user_id

    def run(self, fields: Sequence[FieldSpec], *, dry_run: bool) -> list[ProvisionStep]:
        """See Crm.provision. A dry run only looks."""
        kinds = list(dict.fromkeys(spec.kind for spec in fields))
        self._schema.forget(kinds)
        described = self._schema.look_up(kinds)
        missing = [spec for spec in fields if spec.name not in described.get(spec.kind, {})]
        made = {} if dry_run else dict(create_fields(self._rest, missing) if missing else {})
        granted = list(self._grants(fields, made, dry_run))
        if missing and not dry_run:
            described = self._wait_until_visible(kinds, missing, made)
        steps = [self._field_step(spec, described, missing, made, dry_run) for spec in fields]
        return steps + granted

    def _field_step(
        self,
        spec: FieldSpec,
        described: Mapping[str, Mapping[str, FieldInfo]],
        missing: Sequence[FieldSpec],
        made: Mapping[str, str | None],
        dry_run: bool,
    ) -> ProvisionStep:
        component = f"field {spec.kind}.{spec.name}"
        if spec in missing and dry_run:
            return ProvisionStep(component, "planned", f"{spec.type}, “{spec.label}”")
        failure = made.get(full_name(spec))
        if failure is not None and failure != ALREADY_THERE:
            return ProvisionStep(component, "failed", failure)
        found = described.get(spec.kind, {}).get(spec.name)
        if found is None:
            return ProvisionStep(
                component,
                "failed",
                f"it was made but is still hidden from the integration user: assign {_LABEL}",
            )
        conflict = _conflict(spec, found)
        if conflict:
            return ProvisionStep(component, "conflict", conflict)
        created = spec in missing and failure is None
        return ProvisionStep(component, "created" if created else "exists")

    def _wait_until_visible(
        self,
        kinds: Sequence[str],
        missing: Sequence[FieldSpec],
        made: Mapping[str, str | None],
    ) -> Mapping[str, Mapping[str, FieldInfo]]:
        expected = [spec for spec in missing if made.get(full_name(spec)) in (None, ALREADY_THERE)]

        def look() -> None:
            self._schema.forget(kinds)
            described = self._schema.look_up(kinds)
            if any(spec.name not in described.get(spec.kind, {}) for spec in expected):
                raise _Unseen("New Salesforce fields are not visible yet.")

        with suppress(_Unseen):  # the field's step says so
            self._rest.door.patience.call(look, on=_Unseen)
        return self._schema.look_up(kinds)

    def _grants(
        self, fields: Sequence[FieldSpec], made: Mapping[str, str | None], dry_run: bool
    ) -> Iterator[ProvisionStep]:
        usable = [spec for spec in fields if made.get(full_name(spec)) in (None, ALREADY_THERE)]
        set_id = self._row_id("SELECT Id FROM PermissionSet WHERE Name = {}", PERMISSION_SET)
        component = f"permission set {PERMISSION_SET}"
        if set_id is None:
            if dry_run:
                yield ProvisionStep(component, "planned")
                for spec in usable:
                    yield ProvisionStep(f"field permission {spec.kind}.{spec.name}", "planned")
                yield ProvisionStep(f"assignment of {PERMISSION_SET}", "planned")
                return
            body = {"Name": PERMISSION_SET, "Label": _LABEL}
            answer = self._rest.call(
                "sobjects/PermissionSet/",
                method="POST",
                body=body,
                purpose="provision",
                repeatable=False,
            )
            set_id = answer["id"]
            yield ProvisionStep(component, "created")
        else:
            yield ProvisionStep(component, "exists")
        yield from self._field_permissions(set_id, usable, dry_run)
        yield self._assignment(set_id, dry_run)

    def _field_permissions(
        self, set_id: str, fields: Sequence[FieldSpec], dry_run: bool
    ) -> Iterator[ProvisionStep]:
        soql = format_soql(
            "SELECT Id, Field, PermissionsEdit FROM FieldPermissions WHERE ParentId = {}", set_id
        )
        rows = self._rest.rows(soql, purpose="provision")
        editable = {row["Field"]: row["PermissionsEdit"] for row in rows}
        absent = [spec for spec in fields if f"{spec.kind}.{spec.name}" not in editable]
        refused = {} if dry_run else self._grant(set_id, absent)
        for spec in fields:
            name = f"{spec.kind}.{spec.name}"
            component = f"field permission {name}"
            if name in refused:
                yield ProvisionStep(component, "failed", refused[name])
            elif spec in absent:
                yield ProvisionStep(component, "planned" if dry_run else "granted")
            elif editable[name]:
                yield ProvisionStep(component, "exists")
            else:
                yield ProvisionStep(
                    component, "conflict", f"{_LABEL} allows only reading: allow editing there"
                )

    def _grant(self, set_id: str, fields: Sequence[FieldSpec]) -> Mapping[str, str]:
        refused: dict[str, str] = {}
        records = [
            {
                "attributes": {"type": "FieldPermissions"},
                "ParentId": set_id,
                "SobjectType": spec.kind,
                "Field": f"{spec.kind}.{spec.name}",
                "PermissionsRead": True,
                "PermissionsEdit": True,
            }
            for spec in fields
        ]
        for start in range(0, len(records), COLLECTION):
            batch = records[start : start + COLLECTION]
            body = {"allOrNone": False, "records": batch}
            results = self._rest.call(
                "composite/sobjects", method="POST", body=body, purpose="provision"
            )
            for record, result in zip(batch, results, strict=True):
                if not result["success"] and not _is_duplicate(result):
                    refused[str(record["Field"])] = _reason(result)
        return refused

    def _assignment(self, set_id: str, dry_run: bool) -> ProvisionStep:
        component = f"assignment of {PERMISSION_SET}"
        if self._user_id is None:
            return ProvisionStep(component, "failed", "Salesforce does not say who we are")
        assigned = self._row_id(
            "SELECT Id FROM PermissionSetAssignment WHERE PermissionSetId = {} AND AssigneeId = {}",
            set_id,
            self._user_id,
        )
        if assigned is not None:
            return ProvisionStep(component, "exists")
        if dry_run:
            return ProvisionStep(component, "planned")
        record = {
            "attributes": {"type": "PermissionSetAssignment"},
            "PermissionSetId": set_id,
            "AssigneeId": self._user_id,
        }
        body = {"allOrNone": False, "records": [record]}
        result = self._rest.call(
            "composite/sobjects", method="POST", body=body, purpose="provision"
        )[0]
        if result["success"] or _is_duplicate(result):
            return ProvisionStep(component, "granted")
        return ProvisionStep(component, "failed", _reason(result))

    def _row_id(self, soql: str, *values: str) -> str | None:
        rows = self._rest.rows(format_soql(soql, *values), purpose="provision")
        return rows[0]["Id"] if rows else None


def _conflict(spec: FieldSpec, found: FieldInfo) -> str:
    """Why a field that exists cannot hold what ours would; empty when it can."""
    if found.type != spec.type:
        return f"it is of type {found.vendor_type}, ours of {spec.type}: rename or map another"
    if spec.length and found.length and found.length < spec.length:
        return f"it holds {found.length} characters, ours {spec.length}: lengthen it"
    if spec.unique and not found.unique:
        return "it must be unique (an external id): tick both in Salesforce"
    absent = [one for one in spec.choices if one not in found.choices]
    if absent and found.restricted:
        return f"its picklist lacks {', '.join(absent)}: add the values"
    if not found.writable:
        return "the integration user may not write it: grant edit access"
    return ""


def _is_duplicate(result: Mapping[str, Any]) -> bool:
    return any(error.get("statusCode") in _DUPLICATES for error in result["errors"])


def _reason(result: Mapping[str, Any]) -> str:
    return "; ".join(f"{error['statusCode']}: {error['message']}" for error in result["errors"])
