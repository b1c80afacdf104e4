"""What the portfolio page asks. Read-only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Float, Select, and_, case, cast, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import ColumnElement, SQLColumnExpression

from store.models import Account, Assessment, CrmUser, CurrentAssessment, PortfolioFigures


@dataclass(frozen=True)
class Selection:
    """Which accounts of a connection a page shows; an empty text or False means all."""

    segment: str = ""
    owner: str = ""  # CRM id of the owner
    band: str = ""
    quadrant: str = ""
    search: str = ""  # part of the name
    silent: bool = False  # a customer with an annual value from whom nobody answered


@dataclass(frozen=True)
class AccountRow:
    """One line of the coverage table. `result` is None until the account is assessed."""

    account_id: str
    name: str
    segment: str | None
    owner: str | None
    value: Decimal | None  # corporate currency per year
    health: float | None
    band: str
    result: dict[str, Any] | None


@dataclass(frozen=True)
class Point:
    """Accounts at one place of the chart: a single one, or the means of a bin of them."""

    nps: float
    value: float  # corporate currency per year
    accounts: int
    band: str = ""
    account_id: str = ""
    name: str = ""


_VALUE = func.coalesce(Assessment.annual_value, Account.annual_value_corporate)
_BAND: ColumnElement[str] = func.coalesce(Assessment.band, "unknown")


def _figure(name: str) -> ColumnElement[float]:
    figure: ColumnElement[float] = Assessment.result[name].as_float()
    return figure


_MISSING_CONTACTS = _figure("required_contacts") - _figure("known")
SORTS: dict[str, SQLColumnExpression[Any]] = {
    "name": func.lower(Account.name),
    "value": _VALUE,
    "health": Assessment.health,
    "required": _figure("required_contacts"),
    "known": _figure("known"),
    "engaged": _figure("engaged"),
    "respondents": _figure("respondents"),
    "nps": _figure("nps"),
    "gap": _MISSING_CONTACTS,
}


def latest_figures(session: Session, connection_id: int) -> PortfolioFigures | None:
    """The portfolio totals of the newest computation."""
    return session.scalar(
        select(PortfolioFigures)
        .where(PortfolioFigures.connection_id == connection_id)
        .order_by(PortfolioFigures.as_of.desc(), PortfolioFigures.id.desc())
        .limit(1)
    )


def last_confirmed(session: Session, connection_id: int) -> datetime | None:
    """When an assessment of the connection was last computed or confirmed."""
    return session.scalar(
        select(func.max(CurrentAssessment.confirmed_at)).where(
            CurrentAssessment.connection_id == connection_id
        )
    )


def _assessed(query: Any, connection_id: int, chosen: Selection) -> Select[Any]:
    """`query` over live accounts that match, each beside its current assessment if it has one."""
    joined: Select[Any] = (
        query.select_from(Account)
        .outerjoin(
            CurrentAssessment,
            and_(
                CurrentAssessment.connection_id == Account.connection_id,
                CurrentAssessment.account_id == Account.account_id,
            ),
        )
        .outerjoin(Assessment, Assessment.id == CurrentAssessment.assessment_id)
        .where(Account.connection_id == connection_id, Account.deleted_at.is_(None))
    )
    return joined.where(*_conditions(chosen))


def _conditions(chosen: Selection) -> Iterator[ColumnElement[bool]]:
    if chosen.segment:
        yield Account.segment == chosen.segment
    if chosen.owner:
        yield Account.owner_id == chosen.owner
    if chosen.band:
        yield _BAND.in_([chosen.band])
    if chosen.quadrant:
        yield Assessment.result["quadrant"].as_string() == chosen.quadrant
    if chosen.search:
        yield Account.name.icontains(chosen.search, autoescape=True)
    if chosen.silent:
        answers = func.coalesce(_figure("responses"), _figure("respondents"))
        yield and_(_VALUE > 0, _figure("required_contacts") > 0, answers == 0)


def count_accounts(
    session: Session, connection_id: int, chosen: Selection
) -> tuple[int, Decimal | None]:
    """How many live accounts match, and their annual value [corporate currency]."""
    query = _assessed(select(func.count(), func.sum(_VALUE)), connection_id, chosen)
    number, value = session.execute(query).one()
    return number, value


def list_accounts(
    session: Session,
    connection_id: int,
    chosen: Selection,
    *,
    sort: str = "value",
    descending: bool = True,
    offset: int = 0,
    limit: int | None = None,
) -> Iterator[AccountRow]:
    """Matching live accounts, unknown last; `sort` is a key of SORTS, ties go by account id."""
    order = SORTS[sort].desc() if descending else SORTS[sort].asc()
    ordered = _assessed(select(Account.account_id), connection_id, chosen).order_by(
        order.nulls_last(), Account.account_id
    )
    # the wide rows are read only for the accounts shown, not carried through the sort
    ids = list(session.scalars(ordered.offset(offset).limit(limit)))
    for start in range(0, len(ids), 500):
        yield from _rows(session, connection_id, ids[start : start + 500])


def _rows(session: Session, connection_id: int, ids: Sequence[str]) -> list[AccountRow]:
    """The rows of these accounts, in the order given."""
    query = _assessed(
        select(
            Account.account_id,
            Account.name,
            Account.segment,
            func.coalesce(CrmUser.name, Account.owner_id).label("owner"),
            _VALUE.label("value"),
            Assessment.health,
            _BAND.label("band"),
            Assessment.result,
        ),
        connection_id,
        Selection(),
    ).outerjoin(
        CrmUser,
        and_(CrmUser.connection_id == Account.connection_id, CrmUser.user_id == Account.owner_id),
    )
    found = {
        row.account_id: AccountRow(**row._mapping)
        for row in session.execute(query.where(Account.account_id.in_(ids)))
    }
    return [found[account_id] for account_id in ids if account_id in found]


def _place(number: ColumnElement[float], edges: Sequence[int]) -> ColumnElement[int]:
    """How many of the rising `edges` the number has reached."""
    return case(*[(number < edge, place) for place, edge in enumerate(edges)], else_=len(edges))


def list_segments(session: Session, connection_id: int) -> list[str]:
    """Segments of the live accounts, by name."""
    return list(
        session.scalars(
            select(Account.segment)
            .where(
                Account.connection_id == connection_id,
                Account.deleted_at.is_(None),
                Account.segment.is_not(None),
            )
            .distinct()
            .order_by(Account.segment)
        )
    )


def list_owners(session: Session, connection_id: int) -> list[tuple[str, str]]:
    """(CRM id, name) of everybody who owns a live account; the id stands in for no name."""
    name = func.coalesce(CrmUser.name, Account.owner_id)
    query = (
        select(Account.owner_id, name)
        .outerjoin(
            CrmUser,
            and_(
                CrmUser.connection_id == Account.connection_id, CrmUser.user_id == Account.owner_id
            ),
        )
        .where(
            Account.connection_id == connection_id,
            Account.deleted_at.is_(None),
            Account.owner_id.is_not(None),
        )
        .distinct()
        .order_by(name)
    )
    return [(owner_id, name) for owner_id, name in session.execute(query) if owner_id]


def chart_points(
    session: Session, connection_id: int, chosen: Selection, *, most: int = 500
) -> list[Point]:
    """Matching accounts that have an NPS and a value; above `most`, binned.

    A bin is 10 NPS points wide and a third of a decade of value high (1, 2, 5, 10 …).
    """
    nps = _figure("nps")
    number = cast(_VALUE, Float)
    heard = (nps.is_not(None), _VALUE > 0)
    single = select(nps, number, _BAND, Account.account_id, Account.name)
    rows = session.execute(
        _assessed(single, connection_id, chosen)
        .where(*heard)
        .order_by(_VALUE.desc(), Account.account_id)
        .limit(most + 1)
    ).all()
    if len(rows) <= most:
        return [Point(x, y, 1, band, account_id, name) for x, y, band, account_id, name in rows]
    column = _place(nps, range(-90, 100, 10))
    line = _place(number, [first * 10**power for power in range(2, 10) for first in (1, 2, 5)])
    binned = select(func.avg(nps), func.avg(number), func.count())
    query = _assessed(binned, connection_id, chosen).where(*heard).group_by(column, line)
    return [Point(x, y, count) for x, y, count in session.execute(query)]
