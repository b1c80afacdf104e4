"""A component as listMetadata and checkRetrieveStatus name it."""

from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.components import KINDS
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import instant_text


def file_properties(org: Org, kind: str, name: str) -> dict[str, Any]:
    """Its file in a package, its id, who made it when."""
    user, stamp = org.world.salesforce.user_id, instant_text(org.now())
    known = KINDS[kind]
    file = name.partition(".")[0]
    return {
        "createdById": user, "createdByName": "Integration User", "createdDate": stamp,
        "fileName": f"{known.directory}/{file}.{known.suffix}", "fullName": name,
        "id": ids.make_id("00N" if kind == "CustomField" else "01I", sum(map(ord, name))),
        "lastModifiedById": user, "lastModifiedByName": "Integration User",
        "lastModifiedDate": stamp, "namespacePrefix": None, "type": kind,
    }  # fmt: skip
