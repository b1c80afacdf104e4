"""What a sync works with: the map, checked against the CRM's own description of itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session, sessionmaker

import mappings
from connector.base import Crm, FieldInfo
from mappings import Circumstances, CrmMap, Finding
from store.facts import forget_facts, keep_fact, recall_fact
from store.publishing import keep_map


class MapRejected(Exception):
    """The map does not fit the CRM; `str()` names the field and the remedy."""


@dataclass(frozen=True)
class Schema:
    """A map without what the CRM lacks, and the currencies to convert with.

    version  of the map as it was asked for, kept in the database (store.publishing.map_version)
    rates    units of each currency per one corporate unit; empty in a one-currency CRM
    """

    map: CrmMap
    version: str
    rates: Mapping[str, Decimal]
    currency: str | None
    notes: tuple[Finding, ...]


@dataclass(frozen=True)
class SchemaPlan:
    """Which map to fit, and how old the CRM's description of itself may be."""

    chosen: CrmMap
    max_age: timedelta
    now: datetime


def read_schema(
    crm: Crm,
    sessions: sessionmaker[Session],
    connection_id: int,
    currency: str | None,
    multi_currency: bool,
    plan: SchemaPlan,
) -> Schema:
    """The map fitted to the CRM; describes again what is unknown or too old.

    Raises MapRejected when the map names what the CRM does not have, connector.errors.
    """
    chosen = plan.chosen
    described = describe(crm, sessions, connection_id, kinds_of(chosen), plan)
    resolved = mappings.resolve(chosen, described.get, Circumstances(multi_currency))
    errors = [finding for finding in resolved.problems if finding.level == "error"]
    if errors:
        with sessions.begin() as session:
            forget_facts(session, connection_id)  # once mended in the CRM, it shall be seen
        more = f" (and {len(errors) - 1} more; see: barometer schema)" if errors[1:] else ""
        raise MapRejected(f"{errors[0].sentence}; {errors[0].fix}{more}")
    rates: Mapping[str, Decimal] = {}
    if multi_currency:
        rates = _rates(crm, sessions, connection_id, plan)
    with sessions.begin() as session:
        keep_map(
            session,
            connection_id,
            chosen.version,
            chosen.content,
            author="Barometer",
            reason="the map of the settings, or the one that comes with Barometer",
            now=plan.now,
        )
    return Schema(resolved.map, chosen.version, rates, currency, tuple(resolved.notes))


def kinds_of(chosen: CrmMap) -> list[str]:
    """Every CRM object the map reads or writes."""
    written = {chosen.account.kind, chosen.task_kind}
    return sorted({source.kind for source in chosen.sources} | written)


def describe(
    crm: Crm,
    sessions: sessionmaker[Session],
    connection_id: int,
    kinds: list[str],
    plan: SchemaPlan,
) -> dict[str, Mapping[str, FieldInfo]]:
    """Fields by CRM object, kept in the database; objects that our user cannot see are absent."""
    found: dict[str, Mapping[str, FieldInfo]] = {}
    unknown = []
    with sessions() as session:
        for kind in kinds:
            known = recall_fact(
                session, connection_id, f"describe:{kind}", now=plan.now, max_age=plan.max_age
            )
            if known is None:
                unknown.append(kind)
            elif known:
                found[kind] = {
                    f["name"]: FieldInfo(**{**f, "choices": tuple(f["choices"])}) for f in known
                }
    described = crm.describe_many(unknown) if unknown else {}
    with sessions.begin() as session:
        for kind in unknown:
            fields = described.get(kind, {})
            if fields:
                found[kind] = fields
            keep_fact(
                session,
                connection_id,
                f"describe:{kind}",
                [asdict(field) for field in fields.values()],
                now=plan.now,
            )
    return found


def _rates(
    crm: Crm, sessions: sessionmaker[Session], connection_id: int, plan: SchemaPlan
) -> Mapping[str, Decimal]:
    with sessions.begin() as session:
        known = recall_fact(
            session, connection_id, "exchange_rates", now=plan.now, max_age=plan.max_age
        )
        if known is None:
            known = {code: str(rate) for code, rate in crm.exchange_rates().items()}
            keep_fact(session, connection_id, "exchange_rates", known, now=plan.now)
    return {code: Decimal(rate) for code, rate in known.items()}
