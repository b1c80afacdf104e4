"""What differs between HubSpot's object types.

Source: HubSpot API reference, object type ids, last-modified properties, merges.
"""

TYPE_IDS = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tickets": "0-5",
    "products": "0-7",
    "line_items": "0-8",
    "feedback_submissions": "0-19",
    "tasks": "0-27",
    "notes": "0-46",
    "meetings": "0-47",
    "calls": "0-48",
    "emails": "0-49",
}

KEY = "hs_object_id"  # the property that holds a record's id
OWNERS = "owners"  # read through an API of their own
MERGED = "hs_merged_object_ids"
MERGEABLE = ("contacts", "companies", "deals", "tickets")

# properties that must be given on create
REQUIRED = {
    "deals": ("dealname", "dealstage"),
    "tickets": ("subject", "hs_pipeline_stage"),
    "tasks": ("hs_timestamp",),
    "meetings": ("hs_timestamp",),
    "calls": ("hs_timestamp",),
    "emails": ("hs_timestamp",),
}


def modified_property(kind: str) -> str:
    """The property that holds the time of the last change."""
    return "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"


def id_order(record_id: str) -> tuple[int, str]:
    """Sort key that puts ids, which are numbers in text, in the order of their numbers."""
    return len(record_id), record_id


def is_linked(name: str) -> bool:
    """Whether a field is a pseudo-field: "@companies" is the id of the associated company."""
    return name.startswith("@")
