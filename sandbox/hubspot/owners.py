"""Owners: the portal's users, to whom records are assigned.

Source: HubSpot API reference, owners (trailing slash, archived walk, no userId once archived).
"""

from typing import Any

from flask import request

from sandbox.hubspot.errors import invalid, refusal
from sandbox.hubspot.http import Answer, flag, route, whole
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.records import next_page

NEEDS = "crm.objects.owners.read"


@route("GET", "owners", "", NEEDS)
def list_owners(portal: Portal) -> Answer:
    """A page of live or archived owners by ascending id."""
    most = portal.switch("owner_page_limit")
    limit = whole("limit", 100, most)
    after = request.args.get("after") or "0"
    if not after.isdigit():
        raise invalid(f"Invalid value for query parameter after: {after}")
    condition, values = "", []
    if request.args.get("email"):
        condition, values = "AND email = ? COLLATE NOCASE", [request.args["email"]]
    found = portal.world.db().execute(
        f"SELECT * FROM hs_owners WHERE archived = ? AND id >= ? {condition} ORDER BY id LIMIT ?",
        (flag("archived"), int(after), *values, limit + 1),
    )
    owners = [_wire(row) for row in found]
    body: dict[str, Any] = {"results": owners[:limit]}
    if len(owners) > limit:
        body["paging"] = {"next": next_page(owners[limit]["id"])}
    return 200, body


@route("GET", "owners", "/<owner_id>", NEEDS)
def get_owner(portal: Portal, owner_id: str) -> Answer:
    """One owner by owner id or user id."""
    by = request.args.get("idProperty", "id")
    if by not in ("id", "userId"):
        raise invalid(f"idProperty must be id or userId, but was {by}")
    column = "id" if by == "id" else "user_id"
    row = (
        portal.world.db()
        .execute(
            f"SELECT * FROM hs_owners WHERE {column} = ? AND archived = ?",
            (owner_id, flag("archived")),
        )
        .fetchone()
    )
    if row is None:
        raise refusal(404, "OBJECT_NOT_FOUND", f"No owner with {by} {owner_id}")
    return 200, _wire(row)


def _wire(row: Any) -> dict[str, Any]:
    owner = {
        "id": str(row["id"]),
        "email": row["email"],
        "type": "PERSON",
        "firstName": row["first_name"],
        "lastName": row["last_name"],
        "userId": row["user_id"],
        "userIdIncludingInactive": row["user_id"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
        "archived": bool(row["archived"]),
    }
    if row["archived"]:
        del owner["userId"]
    return owner
