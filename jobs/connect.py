"""Connecting a CRM: keep the credentials, log in, and learn which organisation it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from connector.base import FieldSpec, ProvisionStep
from connector.errors import CrmError
from jobs.clock import utc_now
from jobs.schema import kinds_of
from jobs.wiring import House, map_file, open_crm
from mappings import Finding, field_specs, load, resolve
from store.connections import find_connection, save_connection
from store.facts import forget_facts
from store.models import Connection


class OtherOrganisation(Exception):
    """The credentials lead to another organisation than the connection's data came from."""


@dataclass(frozen=True)
class Access:
    """How to reach a CRM: what may be shown, and what is secret."""

    vendor: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]


@dataclass(frozen=True)
class _Former:
    """What a connection was before somebody tried other credentials on it."""

    organisation_id: str | None
    vendor: str
    settings: Mapping[str, Any]
    secrets: bytes

    @classmethod
    def of(cls, known: Connection) -> Self:
        return cls(known.organisation_id, known.vendor, dict(known.settings), known.secrets)

    def restore(self, stored: Connection) -> None:
        stored.vendor, stored.settings = self.vendor, dict(self.settings)
        stored.secrets = self.secrets


def connect(house: House, name: str, access: Access) -> Connection:
    """Keep `access` as connection `name` and try it.

    The organisation, its currency and zone are read once. Reconnecting to another organisation
    is refused: its records would be mixed with the former one's. Raises connector.errors when
    the CRM does not let us in: a new connection is then kept as failed, with the reason, and one
    that there was keeps its former credentials.
    """
    with house.sessions.begin() as session:
        known = find_connection(session, name)
        former = None if known is None else _Former.of(known)
        connection = save_connection(
            session,
            house.vault,
            name=name,
            vendor=access.vendor,
            settings=access.settings,
            secrets=access.secrets,
            now=utc_now(),
        )
    try:
        identity = open_crm(house, connection).identity()
    except CrmError as error:
        with house.sessions.begin() as session:
            stored = session.get_one(Connection, connection.id)
            if former is not None and former.organisation_id is not None:
                former.restore(stored)
            else:
                stored.state, stored.problem = "failed", str(error)
        raise
    if former is not None and former.organisation_id not in (None, identity.organisation_id):
        with house.sessions.begin() as session:
            former.restore(session.get_one(Connection, connection.id))
        raise OtherOrganisation(
            f"connection {name} belongs to organisation {former.organisation_id}, these "
            f"credentials open {identity.organisation_id}; connect it under another name"
        )
    with house.sessions.begin() as session:
        stored = session.get_one(Connection, connection.id)
        stored.organisation_id = identity.organisation_id
        stored.organisation_name = identity.name
        stored.instance_url = identity.instance_url
        stored.user_name = identity.user_name
        stored.currency = identity.currency or stored.settings.get("currency")
        stored.time_zone = identity.time_zone
        stored.settings = {**stored.settings, "multi_currency": identity.multi_currency}
        stored.state, stored.problem = "working", None
        forget_facts(session, stored.id)
    return stored


def compare_schema(house: House, connection: Connection) -> Sequence[Finding]:
    """How the map fits the CRM's fields as they are now; errors first."""
    crm = open_crm(house, connection)
    chosen = load(connection.vendor, map_file(house.settings, connection.vendor))
    resolved = resolve(chosen, crm.describe_many(kinds_of(chosen)).get)
    return (*resolved.problems, *resolved.notes)


def provision(house: House, connection: Connection, *, dry_run: bool) -> Sequence[ProvisionStep]:
    """Create the fields we write, the task key and the rights to see them; nothing else.

    What exists is left as it is; running it twice changes nothing the second time.
    """
    crm = open_crm(house, connection)
    chosen = load(connection.vendor, map_file(house.settings, connection.vendor))
    specs = [FieldSpec(**vars(spec)) for spec in field_specs(chosen)]
    steps = crm.provision(specs, dry_run=dry_run)
    if not dry_run:
        with house.sessions.begin() as session:
            forget_facts(session, connection.id)
    return steps
