"""Writing records as the platform does: checked, completed, stamped, with what follows.

Every method runs inside the caller's transaction and raises ApiError before it changes anything,
except that what follows from a change (`effects`) is part of it.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce import checks, effects, ids
from sandbox.salesforce.access import View
from sandbox.salesforce.derive import derive
from sandbox.salesforce.errors import ApiError, ManyMatches, not_found
from sandbox.salesforce.model import Field, SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import to_stored

Row = dict[str, Any]
READ_ONLY_TEXT = (
    "Unable to create/update fields: {}. Please check the security settings of this field and "
    "verify that it is read/write for your profile or permission set."
)


@dataclass
class Writer:
    """Writes for one user. `free` lifts field security, faults and read-only fields: a person
    in the CRM's own pages, or the platform itself."""

    org: Org
    view: View
    stamp: str
    free: bool = False
    allow_save: bool = False
    version: float = 66.0

    @property
    def db(self) -> sqlite3.Connection:
        return self.org.world.db()

    def create(self, one: SObject, data: Mapping[str, Any]) -> str:
        """Insert a record; returns its id."""
        self._allow(one, one.createable, "create")
        values = self._incoming(one, data, creating=True)
        checks.check_required(one, values, creating=True)
        twin = effects.mirrored(self.org, self.db, one, values)
        if twin is not None:
            return twin
        whole = self.org.schema[one.name]
        number = self._next(whole)
        row: Row = {f.name: f.default for f in whole.fields.values() if f.stored}
        row = {name: int(v) if isinstance(v, bool) else v for name, v in row.items()}
        row |= {"Id": ids.make_id(whole.prefix or "000", number), "_row": number}
        row |= self._stamped(whole, new=True)
        if "OwnerId" in whole.fields:
            row["OwnerId"] = self.view.user_id
        if "CurrencyIsoCode" in whole.fields:
            row["CurrencyIsoCode"] = self._corporate_currency()
        row |= values
        self._complete(whole, row, None, values)
        self._insert(whole, row)
        effects.after(self.org, self.db, whole, row, None, self.stamp)
        return str(row["Id"])

    def update(self, one: SObject, record_id: str, data: Mapping[str, Any]) -> None:
        """Change the named fields of a live record."""
        self._allow(one, one.updateable, "update")
        before = self.live(one, record_id)
        values = self._incoming(one, data, creating=False)
        checks.check_required(one, values, creating=False)
        values = effects.ignored(self.db, one, before, values)
        whole = self.org.schema[one.name]
        row = before | values | self._stamped(whole, new=False)
        if self.free:
            row |= {name: values[name] for name in values}
        self._complete(whole, row, before, values)
        changed = {
            name: value for name, value in row.items() if before[name] != value and name != "_row"
        }
        if changed:
            names = ", ".join(f'"{name}" = ?' for name in changed)
            self.db.execute(
                f'UPDATE "{whole.table}" SET {names} WHERE Id = ?', (*changed.values(), row["Id"])
            )
        effects.after(self.org, self.db, whole, row, before, self.stamp)

    def upsert(
        self, one: SObject, key: str, value: Any, data: Mapping[str, Any], update_only: bool = False
    ) -> tuple[str, bool]:
        """Update the record whose external id `key` is `value`, else create it: (id, created)."""
        if key.lower() == "id":
            if value is None:
                return self.create(one, data), True
            self.update(one, str(value), data)
            return checks.own_id(one, str(value)), False
        own = self.external(one, key)
        found = self.matches(one, own, value)
        if len(found) > 1:
            base = f"/services/data/v{self.version:.1f}/sobjects/{one.name}"
            raise ManyMatches([f"{base}/{one_id}" for one_id in found])
        if found:
            self.update(one, found[0], data)
            return found[0], False
        if update_only:
            raise not_found()
        return self.create(one, {**data, own.name: value}), True

    def external(self, one: SObject, key: str) -> Field:
        """The external id field of that name; 404 when it is none or may not be used."""
        own = one.find(key)
        if own is None or not (own.external_id or own.id_lookup):
            raise not_found(
                f"Provided external ID field does not exist or is not accessible: {key}"
            )
        if not own.unique and own.external_id and not self.view.sees_all_data:
            raise ApiError(
                "INSUFFICIENT_ACCESS_OR_READONLY",
                f"View All Data is needed to match by {own.name}, which is not unique",
                int(self.org.switch("no_access_status")),
            )
        return own

    def matches(self, one: SObject, own: Field, value: Any) -> list[str]:
        """Ids of the live records with that external id, oldest first."""
        stored = to_stored(own, value)
        if stored is None:
            raise ApiError("MISSING_ARGUMENT", f"{own.name} not specified", fields=(own.name,))
        alive = "" if "IsDeleted" not in one.fields else " AND IsDeleted = 0"
        if self.org.switch("upsert_matches_deleted"):
            alive = ""
        rows = self.db.execute(
            f'SELECT Id FROM "{one.table}" WHERE "{own.name}" = ?{alive} ORDER BY Id', (stored,)
        )
        return [row[0] for row in rows]

    def delete(self, one: SObject, record_id: str) -> None:
        """Move a record to the recycle bin, with what belongs to it."""
        self._allow(one, one.deletable, "delete")
        before = self.live(one, record_id)
        if not self.free:
            checks.check_faults(self.org, one, before["Id"], {})
        effects.remove(self.org, self.db, self.org.schema[one.name], before, self.stamp)

    def live(self, one: SObject, record_id: str) -> Row:
        """A record that is not deleted, as it is stored, with `_row`."""
        full = checks.own_id(one, record_id)
        found = self.db.execute(f'SELECT * FROM "{one.table}" WHERE Id = ?', (full,)).fetchone()
        if found is None:
            code = self.org.switch("unknown_id_write_code")
            text = "invalid cross reference id" if code != "NOT_FOUND" else not_found().message
            raise ApiError(code, text, 404)
        row = dict(found)
        if row.get("IsDeleted"):
            raise ApiError("ENTITY_IS_DELETED", "entity is deleted", 404)
        return row

    def _complete(self, whole: SObject, row: Row, before: Row | None, values: Row) -> None:
        for name, value in values.items():
            own = whole.fields[name]
            moved = before is None or before[name] != value
            if own.reference_to and value is not None and moved:
                checks.check_reference(self.org, self.db, own, value)
        derive(self.org, whole.name, row, before, self.stamp)
        if self.free:
            row |= values
        checks.check_permission_row(self.org, whole, row)
        checks.check_unique(self.db, whole, row, before)
        if not self.free:
            checks.check_faults(self.org, whole, row["Id"] if before else None, values)
            checks.check_duplicates(self.org, self.db, whole, row, self.allow_save)

    def _incoming(self, one: SObject, data: Mapping[str, Any], creating: bool) -> Row:
        """The request's values by field name, as stored; ApiError for what cannot be written."""
        values: Row = {}
        refused: list[str] = []
        for key, value in data.items():
            if key == "attributes" or (key.lower() == "id" and not creating):
                continue
            if isinstance(value, dict):
                own, stored = self._by_external_id(one, key, value)
            else:
                own = self._writable(one, key)
                stored = to_stored(own, value)
            open_to_write = own.createable if creating else own.updateable
            if not (open_to_write or (self.free and own.stored)):
                refused.append(own.name)
            values[own.name] = stored
        if refused:
            raise ApiError(
                "INVALID_FIELD_FOR_INSERT_UPDATE",
                READ_ONLY_TEXT.format(", ".join(refused)),
                fields=tuple(refused),
            )
        return values

    def _writable(self, one: SObject, key: str) -> Field:
        own = one.find(key)
        if own is not None:
            return own
        hidden = self.org.schema[one.name].find(key)
        if hidden is not None and hidden.feature is None:
            if self.free:
                return hidden
            if self.org.switch("hidden_field_write_code") != "INVALID_FIELD":
                raise ApiError(
                    "INVALID_FIELD_FOR_INSERT_UPDATE",
                    READ_ONLY_TEXT.format(hidden.name),
                    fields=(hidden.name,),
                )
        raise no_such_column(one, key)

    def _by_external_id(
        self, one: SObject, key: str, parent: Mapping[str, Any]
    ) -> tuple[Field, str]:
        own = one.relation(key)
        if own is None:
            raise no_such_column(one, key)
        wanted = parent.get("attributes", {}).get("type", own.reference_to[0])
        target = self.view.find(wanted)
        keys = [name for name in parent if name != "attributes"]
        if target is None or target.name not in own.reference_to or len(keys) != 1:
            raise ApiError("INVALID_FIELD", f"One external id of {key} is needed", fields=(key,))
        if keys[0].lower() == "id":
            return own, checks.own_id(target, str(parent[keys[0]]))
        lookup = self.external(target, keys[0])
        found = self.matches(target, lookup, parent[keys[0]])
        if len(found) != 1:
            how = "not found" if not found else "is not unique"
            raise ApiError(
                "INVALID_FIELD",
                f"Foreign key external ID: {str(parent[keys[0]]).lower()} {how} for field "
                f"{lookup.name} in entity {target.name}",
            )
        return own, found[0]

    def _allow(self, one: SObject, allowed: bool, what: str) -> None:
        if not allowed and not self.free:
            raise ApiError(
                "INSUFFICIENT_ACCESS_OR_READONLY",
                f"entity type cannot be {what}d: {one.label}".replace("ee", "e"),
                int(self.org.switch("no_access_status")),
            )

    def _stamped(self, whole: SObject, new: bool) -> Row:
        stamps: Row = {
            "SystemModstamp": self.stamp,
            "LastModifiedDate": self.stamp,
            "LastModifiedById": self.view.user_id,
        }
        if new:
            stamps |= {"CreatedDate": self.stamp, "CreatedById": self.view.user_id}
        return {name: value for name, value in stamps.items() if name in whole.fields}

    def _next(self, whole: SObject) -> int:
        found = self.db.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = ?", (whole.table,)
        ).fetchone()
        return found[0] + 1 if found else 1

    def _insert(self, whole: SObject, row: Row) -> None:
        names = ", ".join(f'"{name}"' for name in row)
        marks = ", ".join("?" * len(row))
        self.db.execute(
            f'INSERT INTO "{whole.table}" ({names}) VALUES ({marks})', tuple(row.values())
        )

    def _corporate_currency(self) -> str | None:
        found = self.db.execute("SELECT IsoCode FROM sf_CurrencyType WHERE IsCorporate = 1")
        row = found.fetchone()
        return row[0] if row else None


def no_such_column(one: SObject, key: str) -> ApiError:
    """A write named a field that is not there."""
    return ApiError(
        "INVALID_FIELD", f"No such column '{key}' on sobject of type {one.name}", fields=(key,)
    )
