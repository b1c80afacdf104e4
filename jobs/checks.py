"""What stands between a connection and a sync: each check is one line with its remedy."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Literal

from connector.base import Crm, FieldInfo, FieldSpec, ProvisionStep, Span
from connector.errors import CrmAuthFailed, CrmError, CrmForbidden, CrmRejected, CrmUnavailable
from jobs.clock import utc_now
from jobs.noted import noted
from jobs.schema import kinds_of
from jobs.wiring import House, map_in_use, open_crm
from mappings import Circumstances, CrmMap, Finding, field_specs, resolve
from store.models import Connection, Run

Level = Literal["ok", "info", "warning", "error"]

_SLOW, _WRONG = timedelta(seconds=30), timedelta(minutes=4)  # our clock against the CRM's
_NEARLY = 0.8  # of our share of the day's calls
_SHOWN = 3  # names in one sentence


@dataclass(frozen=True)
class Check:
    """One line of the list."""

    name: str
    level: Level
    sentence: str
    remedy: str = ""


def check(house: House, connection: Connection, crm: Crm) -> list[Check]:
    """All checks of a connection that is signed in. Raises CrmAuthFailed when it no longer is."""
    crm_map = map_in_use(house, connection)
    described = crm.describe_many(kinds_of(crm_map))
    many = bool(connection.settings.get("multi_currency"))
    resolved = resolve(crm_map, described.get, Circumstances(many))
    return [
        Check("login", "ok", _signed_in(connection)),
        *_rights(crm, crm_map, described),
        *_fields(resolved.problems, resolved.notes),
        *_ours(crm, crm_map),
        _allowance(house, crm),
        _clock(crm),
    ]


def run_check(house: House, connection: Connection, run: Run) -> None:
    """The job `check`: the list stands in the run's counts, the outcome in the connection."""
    with noted(house, run) as doing:
        doing.progress("asking the CRM")
        crm = open_crm(house, connection)
        try:
            crm.identity()
            checks = check(house, connection, crm)
        except CrmAuthFailed as error:
            checks = [Check("login", "error", str(error), "Connect again with new credentials.")]
        doing.counts = {"checks": [asdict(one) for one in checks]}
        doing.spent = crm.usage.spent
        note_outcome(house, connection, checks, crm)


def note_outcome(house: House, connection: Connection, checks: Sequence[Check], crm: Crm) -> None:
    """The connection fails with the first error, and works without one."""
    wrong = next((one for one in checks if one.level == "error"), None)
    with house.sessions.begin() as session:
        stored = session.get_one(Connection, connection.id)
        stored.state = "failed" if wrong else "working"
        stored.problem = f"{wrong.sentence} {wrong.remedy}".strip() if wrong else None
        if crm.usage.day_used is not None:
            stored.day_calls_used, stored.day_calls_limit = crm.usage.day_used, crm.usage.day_limit


def _signed_in(connection: Connection) -> str:
    user = f" as {connection.user_name}" if connection.user_name else ""
    return f"Signed in to {connection.organisation_name}{user}."


def _rights(
    crm: Crm, crm_map: CrmMap, described: Mapping[str, Mapping[str, FieldInfo]]
) -> Iterator[Check]:
    """Read a minute's records of each object, as a sync would."""
    now = crm.now()
    readable = 0
    for source in crm_map.sources:
        if source.mode != "increment" or source.kind not in described:
            continue  # what is not described at all, the check of the fields says
        try:
            next(iter(crm.pull(source.kind, [source.key], Span(now - timedelta(minutes=1), now))))
        except (CrmForbidden, CrmRejected) as error:
            level: Level = "warning" if source.optional else "error"
            yield Check("rights", level, f"{source.kind} cannot be read: {error}")
        except CrmUnavailable as error:
            yield Check("rights", "warning", f"{source.kind} was not tried: {error}")
        else:
            readable += 1
    yield Check("rights", "ok", f"{readable} objects can be read.")


def _fields(problems: Sequence[Finding], notes: Sequence[Finding]) -> Iterator[Check]:
    """What the map needs; our own fields that are missing belong to `_ours`."""
    for finding in (*problems, *notes):
        ours = finding.source == "write" and finding.code in ("M01", "M13")
        if finding.level in ("error", "warning") and not ours:
            yield Check(
                "fields", finding.level, _as_sentence(finding.sentence), _as_sentence(finding.fix)
            )
    lacking = sum(finding.level == "info" and finding.source != "write" for finding in notes)
    if not any(finding.level == "error" for finding in problems):
        optional = f" {lacking} optional ones are not there; what they feed stays unknown."
        yield Check(
            "fields", "ok", f"All fields that the map needs are there.{optional if lacking else ''}"
        )


def _ours(crm: Crm, crm_map: CrmMap) -> Iterator[Check]:
    """Whether our own fields are there, seen by our user and writable."""
    specs = [FieldSpec(**vars(spec)) for spec in field_specs(crm_map)]
    try:
        steps = crm.provision(specs, dry_run=True)
    except (CrmForbidden, CrmRejected) as error:
        yield Check("our fields", "warning", f"They cannot be looked at: {error}")
        return
    names = {f"field {spec.kind}.{spec.name}" for spec in specs}
    fields = [step for step in steps if step.component in names]
    lacking = {
        spec.kind: [s.name for s in specs if _planned(fields, s) and s.kind == spec.kind]
        for spec in specs
    }
    unseen = [f"{kind}.{one}" for kind, names in lacking.items() for one in crm.hidden(kind, names)]
    if unseen:
        yield Check(
            "hidden fields", "error",
            f"{_names(sorted(unseen))} exist, but our user cannot see them.",
            "Assign the permission set AX_Sync to our user, or grant the fields in it.",
        )  # fmt: skip
    for step in steps:
        if step.state in ("conflict", "failed"):
            yield Check("our fields", "error", f"{step.component}: {_as_sentence(step.detail)}")
    there = sum(step.state == "exists" for step in fields)
    whole = there == len(fields)
    yield Check(
        "our fields", "ok" if whole else "warning",
        f"{there} of {len(fields)} fields that Barometer writes are there.",
        "" if whole else "Create the missing ones: a plan is shown first.",
    )  # fmt: skip
    rights = [
        step for step in steps if "permission" in step.component or "assign" in step.component
    ]
    if rights:
        yield _permission_set(rights)


def _permission_set(steps: Sequence[ProvisionStep]) -> Check:
    open_ones = [step.component for step in steps if step.state == "planned"]
    if not open_ones:
        return Check("permission set", "ok", "AX_Sync is there and assigned to our user.")
    return Check(
        "permission set", "warning", f"Not in place yet: {_names(open_ones)}.",
        "Create what is missing: a plan is shown first.",
    )  # fmt: skip


def _planned(fields: Sequence[ProvisionStep], spec: FieldSpec) -> bool:
    component = f"field {spec.kind}.{spec.name}"
    return any(step.component == component and step.state == "planned" for step in fields)


def _allowance(house: House, crm: Crm) -> Check:
    used, limit = crm.usage.day_used, crm.usage.day_limit
    if used is None or not limit:
        return Check("API calls", "info", "The CRM does not tell how many calls are left today.")
    ours = limit * house.settings.sync.api_share
    said = f"{used:,} of {limit:,} calls were made today; Barometer stops at {ours:,.0f}."
    if used < _NEARLY * ours:
        return Check("API calls", "ok", said)
    return Check(
        "API calls", "warning", said,
        "Syncs may stop early today; raise sync.api_share or the CRM's allowance.",
    )  # fmt: skip


def _clock(crm: Crm) -> Check:
    try:
        apart = abs(crm.now() - utc_now())
    except CrmError as error:
        return Check("clock", "warning", f"The CRM's clock was not read: {error}")
    said = f"This machine's clock and the CRM's are {apart.total_seconds():.0f} s apart."
    if apart < _SLOW:
        return Check("clock", "ok", said)
    level: Level = "error" if apart > _WRONG else "warning"
    return Check("clock", level, said, "Set this machine's clock by NTP.")


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _as_sentence(words: str) -> str:
    return words[:1].upper() + words[1:].rstrip(".") + "." if words else ""
