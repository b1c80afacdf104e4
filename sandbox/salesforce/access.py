"""What one user sees of the schema: optional features, field-level security, hidden fields."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sandbox.salesforce.model import Field, SObject, with_fields
from sandbox.salesforce.org import Org

_OPEN_RULE = ("salesforce", "any")


class View:
    """The schema as one user sees it during one request."""

    def __init__(self, org: Org, user_id: str) -> None:
        self.org = org
        self.user_id = user_id
        self._features = org.features()
        state = (org.schema.version, org.permissions_version, self._features)
        known: dict[str, tuple[Any, _Grants]] = org.caches.setdefault("grants", {})
        kept = known.get(user_id)
        if kept is None or kept[0] != state:
            kept = known[user_id] = (state, _Grants(org, user_id))
        self._grants = kept[1]
        self._met: dict[str, SObject] = {}

    @property
    def sees_all_data(self) -> bool:
        """Whether the user has View All Data."""
        return self._grants.view_all

    def find(self, name: str, tooling: bool = False) -> SObject | None:
        """The object with the fields this user may see; None when there is none for them."""
        whole = self.org.schema.find(name)
        if whole is None or whole.tooling != tooling or not self._has(whole.feature):
            return None
        if whole.name not in self._met:
            self._met[whole.name] = self._without_hidden(self._grants.of(whole, self._features))
        return self._met[whole.name]

    def __iter__(self) -> Iterator[SObject]:
        for whole in self.org.schema:
            seen = self.find(whole.name)
            if seen is not None:
                yield seen

    def _has(self, feature: str | None) -> bool:
        return feature is None or feature in self._features

    def _without_hidden(self, seen: SObject) -> SObject:
        """The fault `field_hidden` takes fields away, for as many looks as it is armed for."""
        faults = self.org.world.faults
        hidden = {
            rule["field"]
            for rule in faults.listing()
            if rule["name"] == "field_hidden"
            and rule["crm"] in _OPEN_RULE
            and rule["object"] == seen.name
        }
        hidden = {
            name
            for name in hidden
            if faults.take("field_hidden", "salesforce", object=seen.name, field=name)
        }
        if not hidden:
            return seen
        return with_fields(seen, [f for f in seen.fields.values() if f.name not in hidden])


class _Grants:
    """What the permission sets assigned to a user add to their profile."""

    def __init__(self, org: Org, user_id: str) -> None:
        db = org.world.db()
        assigned = "SELECT PermissionSetId FROM sf_PermissionSetAssignment WHERE AssigneeId = :user"
        rows = db.execute(
            "SELECT SobjectType, Field, PermissionsRead, PermissionsEdit FROM sf_FieldPermissions"
            f" WHERE ParentId IN ({assigned})",
            {"user": user_id},
        ).fetchall()
        self._readable = {row["Field"].lower() for row in rows if row["PermissionsRead"]}
        self._editable = {row["Field"].lower() for row in rows if row["PermissionsEdit"]}
        self.view_all = bool(
            db.execute(
                "SELECT 1 FROM sf_User u JOIN sf_Profile p ON p.Id = u.ProfileId WHERE u.Id = :user"
                " AND p.PermissionsViewAllData = 1 UNION ALL SELECT 1 FROM sf_PermissionSet"
                f" WHERE PermissionsViewAllData = 1 AND Id IN ({assigned})",
                {"user": user_id},
            ).fetchone()
        )
        self._seen: dict[str, SObject] = {}

    def of(self, whole: SObject, features: frozenset[str]) -> SObject:
        """`whole` without the fields that are off or not granted."""
        if whole.name not in self._seen:
            shown = [
                self._edited(whole, f)
                for f in whole.fields.values()
                if (f.feature is None or f.feature in features) and self._visible(whole, f)
            ]
            self._seen[whole.name] = with_fields(whole, shown)
        return self._seen[whole.name]

    def _visible(self, whole: SObject, own: Field) -> bool:
        return (
            own.granted
            or not own.permissionable
            or f"{whole.name}.{own.name}".lower() in self._readable
        )

    def _edited(self, whole: SObject, own: Field) -> Field:
        free = own.granted or not own.permissionable
        if free or f"{whole.name}.{own.name}".lower() in self._editable:
            return own
        return replace(own, createable=False, updateable=False)
