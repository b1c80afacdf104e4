"""Association labels over the wire.

Source: HubSpot API reference, labels (both directions at once, names, caps).
"""

import re

from sandbox.hubspot import links
from sandbox.hubspot.errors import invalid, refusal
from sandbox.hubspot.http import Answer, json_object, route
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.labels import USER, LinkType
from sandbox.hubspot.portal import Portal

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*$")


@route("GET", "associations", "/<kind>/<other>/labels", "records.read")
def list_labels(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """All types of this direction; the unlabelled one has a null label."""
    return 200, {"results": [_wire(each) for each in portal.labels.between(kind, other)]}


@route("POST", "associations", "/<kind>/<other>/labels", "schema.write")
def create_label(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """A user's label, in both directions."""
    body = json_object()
    label, name = body.get("label"), str(body.get("name", ""))
    if not label:
        raise invalid("Some required fields were not set: [label]")
    if not _NAME.match(name):
        raise invalid(f"{name!r} is not a valid label name: no hyphen, and no digit first")
    if portal.labels.named(name) is not None:
        raise invalid(f"An association label named {name} already exists")
    own = [each for each in portal.labels.between(kind, other) if each.category == USER]
    if len(own) >= portal.switch("label_cap"):
        raise refusal(437, "LIMIT_EXCEEDED", "The limit of association labels has been reached")
    made = portal.labels.add(kind, other, label, name, body.get("inverseLabel") or label)
    return 200, {"results": [_wire(each) for each in made]}


@route("PUT", "associations", "/<kind>/<other>/labels", "schema.write")
def update_label(portal: Portal, kind: Kind, other: Kind) -> Answer:
    """New text; without inverseLabel the other direction takes the same text."""
    body = json_object()
    known = _user_label(portal, kind, other, body.get("associationTypeId"))
    label = body.get("label")
    if not label:
        raise invalid("Some required fields were not set: [label]")
    portal.labels.rename(known, label, body.get("inverseLabel") or label)
    return 204, None


@route("DELETE", "associations", "/<kind>/<other>/labels/<type_id>", "schema.write")
def delete_label(portal: Portal, kind: Kind, other: Kind, type_id: str) -> Answer:
    """Both directions and all links that carry it."""
    known = _user_label(portal, kind, other, type_id)
    with portal.world.transaction() as db:
        links.remove_everywhere(db, known)
        portal.labels.remove(known)
    return 204, None


def _user_label(portal: Portal, kind: Kind, other: Kind, type_id: object) -> LinkType:
    number = int(str(type_id)) if str(type_id).isdigit() else -1
    known = portal.labels.find(kind, other, USER, number)
    if known is None:
        raise refusal(
            404, "OBJECT_NOT_FOUND", f"No label {type_id} from {kind.name} to {other.name}"
        )
    return known


def _wire(each: LinkType) -> dict[str, object]:
    return {"category": each.category, "typeId": each.type_id, "label": each.label}
