"""Property and group definitions over the wire.

Source: HubSpot API reference, properties (operations, duplicates and other refusals).
"""

from typing import Any

from flask import request

from sandbox.hubspot.batch import complete, inputs_of
from sandbox.hubspot.errors import HubSpotError, entry, invalid, refusal
from sandbox.hubspot.http import Answer, WithHeaders, flag, json_object, route, words
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.property import Property, wire_form
from sandbox.hubspot.property_rules import check_group, check_new, check_shape

_CHANGEABLE = (
    "label",
    "description",
    "groupName",
    "type",
    "fieldType",
    "options",
    "displayOrder",
    "hidden",
    "formField",
    "calculationFormula",
    "numberDisplayHint",
    "textDisplayHint",
    "showCurrencySymbol",
    "currencyPropertyName",
)


def wire(portal: Portal, kind: Kind, known: Property) -> dict[str, Any]:
    """A definition as answered; stages and pipelines are listed as options."""
    shown = {**known.wire, "archived": known.archived_at is not None}
    if known.archived_at is not None:
        shown["archivedAt"] = known.archived_at
    options = portal.pipelines.options(kind, known.name)
    return shown if options is None else {**shown, "options": options}


@route("GET", "properties", "/<kind>", "schema.read")
def list_properties(portal: Portal, kind: Kind) -> Answer:
    """All live or all archived definitions, in one page."""
    if request.args.get("dataSensitivity", "non_sensitive") != "non_sensitive":
        return 200, {"results": []}
    known = portal.schema.archived(kind) if flag("archived") else portal.schema.properties(kind)
    return 200, {"results": [wire(portal, kind, each) for each in known.values()]}


@route("GET", "properties", "/<kind>/<name>", "schema.read")
def get_property(portal: Portal, kind: Kind, name: str) -> Answer:
    """One definition."""
    known = portal.schema.archived(kind) if flag("archived") else portal.schema.properties(kind)
    if name not in known:
        raise _unknown(name)
    return 200, _with_fields(wire(portal, kind, known[name]), words("properties"))


@route("POST", "properties", "/<kind>", "schema.write")
def create_property(portal: Portal, kind: Kind) -> Answer:
    """A new definition; an archived one of the same name comes back with its values."""
    known = create(portal, kind, json_object())
    location = f"{request.base_url.rstrip('/')}/{known.name}"
    return 201, WithHeaders(wire(portal, kind, known), {"Location": location})


def create(portal: Portal, kind: Kind, given: dict[str, Any]) -> Property:
    """Check and store a new definition."""
    with portal.world.transaction():
        check_new(portal, kind, given)
        now = portal.now_text()
        user = str(portal.world.hubspot.user_id)
        full = wire_form(given, custom=True, now=now, user=user)
        archived = portal.schema.archived(kind).get(given["name"])
        if archived is not None:
            full["createdAt"] = archived.wire["createdAt"]
        known = Property(full)
        portal.schema.add(kind, known)
    return known


@route("PATCH", "properties", "/<kind>/<name>", "schema.write")
def update_property(portal: Portal, kind: Kind, name: str) -> Answer:
    """Change the sent members; options sent replace the whole list; uniqueness never changes."""
    given = json_object()
    with portal.world.transaction():
        known = portal.schema.properties(kind).get(name)
        if known is None:
            raise _unknown(name)
        if known.wire["modificationMetadata"]["readOnlyDefinition"]:
            given = {key: given[key] for key in ("options", "groupName") if key in given}
        sent = {key: given[key] for key in _CHANGEABLE if key in given}
        merged = {**known.wire, **sent}
        if "groupName" in sent and sent["groupName"] not in portal.schema.groups(kind):
            raise invalid(f"Property group {sent['groupName']} does not exist")
        check_shape(merged)
        full = wire_form(
            merged,
            custom=known.custom,
            now=portal.now_text(),
            user=str(portal.world.hubspot.user_id),
        )
        full |= {
            key: known.wire[key] for key in ("createdAt", "modificationMetadata", "calculated")
        }
        changed = Property(full)
        portal.schema.change(kind, changed)
    return 200, wire(portal, kind, changed)


@route("DELETE", "properties", "/<kind>/<name>", "schema.write")
def archive_property(portal: Portal, kind: Kind, name: str) -> Answer:
    """To the archive; the values stay and come back with a definition of the same name."""
    with portal.world.transaction():
        if name not in portal.schema.properties(kind):
            raise _unknown(name)
        _archive(portal, kind, name)
    return 204, None


def _archive(portal: Portal, kind: Kind, name: str) -> None:
    known = portal.schema.properties(kind)[name]
    if not known.wire["modificationMetadata"]["archivable"]:
        raise invalid(f"HubSpot defined property {name} cannot be archived")
    users = [
        each.name
        for each in portal.schema.properties(kind).values()
        if name in str(each.wire.get("calculationFormula", ""))
    ]
    if users:
        raise invalid(
            f"Property {name} is in use and cannot be deleted",
            subCategory="PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE",
            errors=[
                {
                    "message": f"{name} is used by {user}",
                    "context": {"parentType": ["PROPERTY"], "parentName": [user]},
                }
                for user in users
            ],
        )
    portal.schema.archive(kind, name, portal.now_text())


@route("POST", "properties", "/<kind>/batch/create", "schema.write")
def batch_create_properties(portal: Portal, kind: Kind) -> Answer:
    """Up to 100 definitions; a refused one does not stop the others."""
    started = portal.now_text()
    results: list[Any] = []
    errors = []
    for given in inputs_of(json_object()):
        try:
            results.append(wire(portal, kind, create(portal, kind, given)))
        except HubSpotError as error:
            body = {k: v for k, v in error.body.items() if k not in ("status", "correlationId")}
            context = {"name": [str(given.get("name"))], **body.pop("context", {})}
            errors.append(entry(body.pop("category"), body.pop("message"), **body, context=context))
    return complete(started, portal, results, errors, 201)


@route("POST", "properties", "/<kind>/batch/read", "schema.read")
def batch_read_properties(portal: Portal, kind: Kind) -> Answer:
    """Definitions by name."""
    started = portal.now_text()
    body = json_object()
    known = portal.schema.archived(kind) if body.get("archived") else portal.schema.properties(kind)
    names = [str(each.get("name")) for each in inputs_of(body)]
    results = [wire(portal, kind, known[name]) for name in names if name in known]
    missing = [name for name in names if name not in known]
    errors = []
    if missing:
        text = "Could not get some properties, they may be deleted or not exist."
        errors.append(entry("OBJECT_NOT_FOUND", text, context={"name": missing}))
    return complete(started, portal, results, errors)


@route("POST", "properties", "/<kind>/batch/archive", "schema.write")
def batch_archive_properties(portal: Portal, kind: Kind) -> Answer:
    """To the archive, whatever their state."""
    with portal.world.transaction():
        for each in inputs_of(json_object()):
            if str(each.get("name")) in portal.schema.properties(kind):
                _archive(portal, kind, str(each["name"]))
    return 204, None


@route("GET", "properties", "/<kind>/groups", "schema.read")
def list_groups(portal: Portal, kind: Kind) -> Answer:
    """Live groups; archived ones are never listed."""
    groups = {} if flag("archived") else portal.schema.groups(kind)
    return 200, {"results": list(groups.values())}


@route("POST", "properties", "/<kind>/groups", "schema.write")
def create_group(portal: Portal, kind: Kind) -> Answer:
    """A new group."""
    given = json_object()
    with portal.world.transaction():
        check_group(portal, kind, given)
        group = {
            "name": given["name"],
            "label": given["label"],
            "displayOrder": given.get("displayOrder", -1),
            "archived": False,
        }
        portal.schema.put_group(kind, group)
    return 201, group


@route("GET", "properties", "/<kind>/groups/<name>", "schema.read")
def get_group(portal: Portal, kind: Kind, name: str) -> Answer:
    """One group."""
    return 200, _group(portal, kind, name)


@route("PATCH", "properties", "/<kind>/groups/<name>", "schema.write")
def update_group(portal: Portal, kind: Kind, name: str) -> Answer:
    """Change label or order."""
    given = json_object()
    with portal.world.transaction():
        group = _group(portal, kind, name)
        group |= {key: given[key] for key in ("label", "displayOrder") if key in given}
        portal.schema.put_group(kind, group)
    return 200, group


@route("DELETE", "properties", "/<kind>/groups/<name>", "schema.write")
def archive_group(portal: Portal, kind: Kind, name: str) -> Answer:
    """Archive an empty group."""
    with portal.world.transaction():
        _group(portal, kind, name)
        if any(p.wire["groupName"] == name for p in portal.schema.properties(kind).values()):
            raise invalid(
                f"Group {name} holds active properties and cannot be archived",
                subCategory="PropertyGroupError.GROUP_WITH_ACTIVE_PROPERTIES",
            )
        portal.schema.drop_group(kind, name)
    return 204, None


def _group(portal: Portal, kind: Kind, name: str) -> dict[str, Any]:
    groups = portal.schema.groups(kind)
    if name not in groups:
        raise refusal(
            404,
            "OBJECT_NOT_FOUND",
            f"Property group '{name}' does not exist.",
            context={"name": [name]},
        )
    return groups[name]


def _unknown(name: str) -> HubSpotError:
    return refusal(
        404,
        "OBJECT_NOT_FOUND",
        f"Property {name} does not exist",
        subCategory="Properties.PROPERTY_NOT_FOUND",
        context={"name": [name]},
    )


def _with_fields(shown: dict[str, Any], names: list[str] | None) -> dict[str, Any]:
    return shown if not names else {name: shown[name] for name in shown if name in names}
