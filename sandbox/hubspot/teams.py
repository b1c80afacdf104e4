"""Who plays which part: customers' people by association labels, our people by owner properties."""

from sandbox.hubspot import links
from sandbox.hubspot.kinds import KINDS
from sandbox.hubspot.labels import LinkType
from sandbox.hubspot.loading import Loader, slug
from sandbox.hubspot.property import ADMIN_GROUP, Property, wire_form
from sandbox.portfolio import Portfolio


def load_roles(loader: Loader, source: Portfolio) -> None:
    """Contact roles: a label from deal to contact, or from contact to company."""
    labels: dict[tuple[str, str], LinkType] = {}
    stored: list[tuple[int, ...]] = []
    for row in source.rows("contact_roles"):
        person = loader.find("contacts", row["contact_id"])
        deal = loader.find("opportunities", row["opportunity_id"])
        company = loader.find("accounts", row["account_id"])
        if person is None or (deal is None and company is None):
            continue
        for role in [part.strip() for part in (row["role"] or "").split(";") if part.strip()]:
            if deal is not None:
                label = _label(loader, labels, "deals", "contacts", role)
                stored += loader.labelled("deals", deal, "contacts", person, label)
            elif company is not None:
                label = _label(loader, labels, "contacts", "companies", role)
                stored += loader.labelled("contacts", person, "companies", company, label)
    links.insert(loader.portal.world.db(), stored)


def _label(
    loader: Loader, labels: dict[tuple[str, str], LinkType], kind: str, other: str, role: str
) -> LinkType:
    if (kind, role) not in labels:
        name = slug(f"{role} of {KINDS[kind].singular} and {KINDS[other].singular}")
        made = loader.portal.labels.add(KINDS[kind], KINDS[other], role, name, role)
        labels[kind, role] = next(t for t in made if t.from_kind == kind)
    return labels[kind, role]


def load_teams(loader: Loader, source: Portfolio) -> None:
    """Team members: one owner property of the company per role; the first of a role stays."""
    settings: dict[str, list[tuple[str, int]]] = {}
    for row in source.rows("team_members"):
        company = loader.find("accounts", row["account_id"])
        owner = loader.find("users", row["user_id"])
        if company is not None and owner is not None and row["role"]:
            settings.setdefault(row["role"], []).append((str(owner), company))
    for role, pairs in settings.items():
        name = slug(role)
        _owner_property(loader, name, role)
        loader.portal.world.db().executemany(
            f'UPDATE hs_companies SET "{name}" = coalesce("{name}", ?) WHERE _id = ?', pairs
        )


def _owner_property(loader: Loader, name: str, label: str) -> None:
    companies = KINDS["companies"]
    if name in loader.portal.schema.properties(companies):
        return
    given = {
        "name": name,
        "label": label,
        "type": "enumeration",
        "fieldType": "select",
        "groupName": ADMIN_GROUP,
        "externalOptions": True,
        "referencedObjectType": "OWNER",
    }
    now, user = loader.portal.now_text(), str(loader.portal.world.hubspot.user_id)
    wire = wire_form(given, custom=True, now=now, user=user)
    loader.portal.schema.add(companies, Property(wire))
