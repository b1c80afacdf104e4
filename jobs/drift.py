"""Schema drift: what changed in the CRM that the map needs, found before a write fails."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from connector.base import Crm, FieldInfo
from connector.errors import CrmAuthFailed
from jobs.checks import Check, note_outcome
from jobs.clock import utc_now
from jobs.noted import noted
from jobs.schema import SchemaPlan, describe, kinds_of
from jobs.wiring import House, map_in_use, open_crm
from mappings import Circumstances, CrmMap, Resolved, resolve
from mappings.drift import WHOLE, Change, Field, changes
from mappings.uses import Use, uses_of
from store.facts import baselines, keep_baseline
from store.models import Connection, Run
from store.schema_changes import note_changes, open_changes

Described = Mapping[str, Mapping[str, FieldInfo]]
_GONE = ("renamed", "removed", "hidden")


def find_drift(house: House, connection: Connection, crm: Crm) -> Resolved:
    """Describe the CRM anew, and note every change for the worse since it last suited the map.

    A field that changed is measured against what it was until it is so again, until the map
    no longer needs it, or until a new map works with it as it is.
    Returns how the map fits the CRM now. Raises connector.errors, MapError.
    """
    crm_map, now = map_in_use(house, connection), utc_now()
    plan = SchemaPlan(crm_map, timedelta(0), now)
    described = describe(crm, house.sessions, connection.id, kinds_of(crm_map), plan)
    many = bool(connection.settings.get("multi_currency"))
    resolved = resolve(crm_map, described.get, Circumstances(many))
    ill = _ill_fitting(crm_map, resolved)
    uses = uses_of(crm_map)
    present = {kind: _plain(fields) for kind, fields in described.items()}
    with house.sessions() as session:
        kept = baselines(session, connection.id)
    before = {
        kind: _accepted(one, present.get(kind, {}), crm_map.version, kind, ill)
        for kind, one in kept.items()
    }
    found = changes(before, present, uses, _hidden(crm, before, present, uses))
    with house.sessions.begin() as session:
        note_changes(session, connection.id, (_row(c, uses, ill, crm_map) for c in found), now=now)
        changed = {(change.kind, change.field) for change in found}
        for kind in before.keys() | present.keys():
            fields = _next(before.get(kind, {}), present.get(kind, {}), kind, changed)
            content = {"map": crm_map.version, "fields": list(fields.values())}
            keep_baseline(session, connection.id, kind, content, now=now)
    return resolved


def run_schema(house: House, connection: Connection, run: Run) -> None:
    """The nightly job `schema`; credentials that no longer work are found here too."""
    with noted(house, run) as doing:
        doing.progress("reading the CRM's fields")
        crm = open_crm(house, connection)
        try:
            find_drift(house, connection, crm)
        except CrmAuthFailed as error:
            remedy = "Connect again with new credentials."
            note_outcome(house, connection, [Check("login", "error", str(error), remedy)], crm)
            raise
        with house.sessions() as session:
            found = open_changes(session, connection.id)
        doing.counts = {"changes": len(found), "breaking": sum(one.breaks for one in found)}
        doing.spent = crm.usage.spent


def _plain(fields: Mapping[str, FieldInfo]) -> dict[str, Field]:
    """As they come back from JSON."""
    return {
        name: {**asdict(field), "choices": list(field.choices)} for name, field in fields.items()
    }


def _accepted(
    kept: Mapping[str, Any],
    present: Mapping[str, Field],
    version: str,
    kind: str,
    ill: Collection[tuple[str, str]],
) -> dict[str, Field]:
    """The baseline; where the map is another one since, what works with it counts as right."""
    fields: dict[str, Field] = {field["name"]: field for field in kept["fields"]}
    if kept["map"] == version:
        return fields
    fits = {name: field for name, field in present.items() if (kind, name) not in ill}
    return fields | {name: field for name, field in fits.items() if name in fields}


def _next(
    before: Mapping[str, Field],
    present: Mapping[str, Field],
    kind: str,
    changed: Collection[tuple[str, str]],
) -> dict[str, Field]:
    """The next baseline: the CRM as it is, but for what changed for the worse."""
    if (kind, WHOLE) in changed:
        return dict(before)
    stays = {name: field for name, field in before.items() if (kind, name) in changed}
    return {**present, **stays}


def _hidden(
    crm: Crm,
    before: Mapping[str, Mapping[str, Field]],
    present: Mapping[str, Mapping[str, Field]],
    uses: Collection[Use],
) -> dict[str, Collection[str]]:
    """Fields that the map needs and that left our sight, but not the CRM."""
    lost: dict[str, set[str]] = {}
    for use in uses:
        was, now = before.get(use.kind, {}), present.get(use.kind)
        if now is not None and use.field in was and use.field not in now:
            lost.setdefault(use.kind, set()).add(use.field)
    return {kind: crm.hidden(kind, names) for kind, names in lost.items()}


def _ill_fitting(crm_map: CrmMap, resolved: Resolved) -> set[tuple[str, str]]:
    """(object, field) of what the map cannot work with as it is."""
    kinds = {source.name: source.kind for source in crm_map.sources}
    kinds["write"] = crm_map.account.kind
    return {
        (kinds[finding.source], field)
        for finding in resolved.problems
        if finding.source in kinds
        for field in finding.field.split(", ")
    }


def _row(
    change: Change, uses: Collection[Use], ill: Collection[tuple[str, str]], crm_map: CrmMap
) -> dict[str, Any]:
    """Columns of models.SchemaChange."""
    hit = [use for use in uses if use.kind == change.kind and change.field in (use.field, WHOLE)]
    breaks = (
        change.change in _GONE
        or (change.kind, change.field) in ill
        or (change.change == "required" and change.kind == crm_map.task_kind)
    )
    return {
        "object": change.kind,
        "field": change.field,
        "change": change.change,
        "before": dict(change.before),
        "after": None if change.after is None else dict(change.after),
        "affects": [
            {"row": use.row, "source": use.source, "figures": list(use.figures)} for use in hit
        ],
        "breaks": breaks,
    }
