"""Connecting a CRM: try the credentials beside those in use, and learn which organisation it is."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from connector.base import Crm, FieldSpec, Identity, ProvisionStep
from connector.errors import CrmAnswerLost, CrmAuthFailed, CrmError, CrmRejected
from connector.tokens import AuthorizationCode
from jobs.alone import alone
from jobs.checks import check, note_outcome
from jobs.clock import utc_now
from jobs.drift import find_drift
from jobs.noted import noted
from jobs.wiring import House, map_in_use, open_crm
from mappings import field_specs
from store.connections import (
    drop_proposal,
    propose_access,
    remove_connection,
    shares_organisation,
)
from store.facts import forget_facts
from store.models import Connection, Run
from store.secrets import SecretsUnreadable

_OF_THE_CODE = ("code", "verifier", "redirect_uri")


class OtherOrganisation(CrmAuthFailed):
    """The credentials lead to another organisation than the connection's data came from."""


class PlanChanged(CrmError):
    """Provisioning would create something that the plan which was shown does not hold."""


@dataclass(frozen=True)
class Access:
    """How to reach a CRM: what may be shown, and what is secret."""

    vendor: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str]


def connect(house: House, name: str, access: Access) -> Connection:
    """Try `access` and use it for connection `name` from now on; see `adopt`."""
    with house.sessions.begin() as session:
        connection = propose_access(session, house.vault, name=name, **vars(access), now=utc_now())
    return adopt(house, connection)[0]


def adopt(house: House, connection: Connection) -> tuple[Connection, Crm]:
    """Log in with the proposed credentials, and use them from now on.

    The organisation, its currency and zone are read once. Another organisation than the
    connection's is refused: its records would be mixed with the former one's. Raises
    connector.errors when the CRM does not let us in: a new connection is then kept as failed,
    with the reason, and one that works keeps its former credentials.
    """
    try:
        _check_file(connection)
        crm = open_crm(house, connection, proposed=True)
        _redeem(house, connection, crm)
        identity = crm.identity()
        _check_organisation(house, connection, identity, crm)
    except CrmError as error:
        with house.sessions.begin() as session:
            stored = session.get_one(Connection, connection.id)
            drop_proposal(stored)
            if stored.organisation_id is None:
                stored.state, stored.problem = "failed", str(error)
        raise
    with house.sessions.begin() as session:
        stored = session.get_one(Connection, connection.id)
        secrets = house.vault.open(stored.proposed_secrets or b"")
        for name in _OF_THE_CODE:
            secrets.pop(name, None)
        stored.secrets = house.vault.seal(secrets)
        stored.settings = {
            **(stored.proposed_settings or {}),
            "multi_currency": identity.multi_currency,
        }
        drop_proposal(stored)
        stored.organisation_id = identity.organisation_id
        stored.organisation_name = identity.name
        stored.instance_url = identity.instance_url
        stored.user_name = identity.user_name
        stored.currency = identity.currency or stored.settings.get("currency")
        stored.time_zone = identity.time_zone
        stored.state, stored.problem = "working", None
        forget_facts(session, stored.id)
    return stored, open_crm(house, stored)


def _check_file(connection: Connection) -> None:
    file = (connection.proposed_settings or {}).get("ca_file")
    if file and not Path(file).is_file():
        raise CrmRejected(
            f"There is no file {file} with certificates on the machine that runs Barometer: "
            "correct its path, or leave it empty to trust the public authorities."
        )


def _redeem(house: House, connection: Connection, crm: Crm) -> None:
    """Where the browser brought a code from the CRM's consent page: exchange it for tokens."""
    secrets = house.vault.open(connection.proposed_secrets or b"")
    if "code" not in secrets:
        return
    code = AuthorizationCode(secrets["code"], secrets["redirect_uri"], secrets["verifier"])
    try:
        crm.redeem(code)
    except CrmAnswerLost as error:  # the code is good once, and may be spent
        raise CrmAuthFailed(f"{error} The approval may be spent: connect again.") from error


def _check_organisation(house: House, connection: Connection, identity: Identity, crm: Crm) -> None:
    former = connection.organisation_id
    if former in (None, identity.organisation_id):
        return
    with suppress(CrmError):  # it was for nothing, and only the refusal matters
        _end_access(house, connection, identity.organisation_id, crm)
    raise OtherOrganisation(
        f"Connection {connection.name} belongs to organisation {former}, these credentials open "
        f"{identity.organisation_id} ({identity.name}): sign in to {former}, or connect the other "
        "organisation under a name of its own. The former credentials stay in use."
    )


def _end_access(house: House, connection: Connection, organisation_id: str | None, crm: Crm) -> str:
    """Make our tokens worthless at the CRM; what became of it, in a word or two.

    An app has one access to an organisation: where another connection lives by it, it stays.
    """
    with house.sessions() as session:
        if shares_organisation(session, connection, organisation_id):
            return "no, another connection needs it"
    return "yes" if crm.sign_out() else "by hand"


def provision(
    house: House, connection: Connection, *, dry_run: bool, crm: Crm | None = None
) -> Sequence[ProvisionStep]:
    """Create the fields we write, the task key and the rights to see them; nothing else.

    What exists is left as it is; running it twice changes nothing the second time.
    """
    crm = crm or open_crm(house, connection)
    specs = [FieldSpec(**vars(spec)) for spec in field_specs(map_in_use(house, connection))]
    steps = crm.provision(specs, dry_run=dry_run)
    if not dry_run:
        find_drift(house, connection, crm)
        with house.sessions.begin() as session:
            forget_facts(session, connection.id)
    return steps


def run_connect(house: House, connection: Connection, run: Run) -> None:
    """The job `connect`: try the proposed credentials, then check what they may do."""
    with noted(house, run) as doing:
        if connection.proposed_secrets is None:
            raise CrmAuthFailed("No credentials wait to be tried: enter them again and connect.")
        doing.progress("signing in")
        connected, crm = adopt(house, connection)
        doing.progress("checking what the CRM allows")
        checks = check(house, connected, crm)
        doing.counts = {"checks": [asdict(one) for one in checks]}
        note_outcome(house, connected, checks, crm)
        doing.progress("keeping how its fields look")
        find_drift(house, connected, crm)
        doing.spent = crm.usage.spent


def run_provision(house: House, connection: Connection, run: Run) -> None:
    """The job `provision`.

    Order: dry_run, whether only to look; plan, the components that may be created, as a person
    saw them: anything beyond stops the job before it creates something.
    """
    dry_run = bool(run.order.get("dry_run"))
    with noted(house, run) as doing:
        crm = open_crm(house, connection)
        doing.progress("looking what is there")
        steps = provision(house, connection, dry_run=True, crm=crm)
        agreed = set(run.order.get("plan", ()))
        beyond = [s.component for s in steps if s.state == "planned" and s.component not in agreed]
        if not dry_run:
            if beyond:
                raise PlanChanged(
                    f"Nothing was created: {beyond[0]} is not in the plan that was confirmed"
                    f"{f', and {len(beyond) - 1} more' if beyond[1:] else ''}. The map or the CRM "
                    "changed meanwhile: look at the new plan and confirm that."
                )
            doing.progress("creating", 0, len(agreed))
            steps = provision(house, connection, dry_run=False, crm=crm)
        doing.counts = {"steps": [asdict(step) for step in steps]}
        doing.spent = crm.usage.spent
        if any(step.state in ("failed", "conflict") for step in steps):
            doing.state = "refusals"


def run_disconnect(house: House, connection: Connection, run: Run) -> None:
    """The job `disconnect`: end our access at the CRM, then delete all we hold of it.

    Fields and tasks in the CRM stay. A CRM that cannot end the access holds nothing up.
    """
    with alone(house, connection), noted(house, run) as doing:
        doing.progress("ending our access at the CRM")
        try:
            ended = _end_access(
                house, connection, connection.organisation_id, open_crm(house, connection)
            )
        except (CrmError, SecretsUnreadable, OSError) as error:  # the data is to go all the same
            ended = str(error)
        doing.counts["access_ended"] = ended
        doing.progress("deleting what was read and computed")
        with house.sessions.begin() as session:
            remove_connection(session, connection.id, but_run=run.id)
