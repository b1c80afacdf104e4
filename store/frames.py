"""Loading frames for the calculations: canonical columns, money in the corporate currency."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Boolean, ColumnElement, Date, Float, Table, cast, select
from sqlalchemy.orm import Session

from store.models import DirtyAccount, Instant
from store.records import TABLES, key_of

_LEFT_OUT = {
    "connection_id",
    "source",
    "modified_at",
    "read_at",
    "deleted_at",
    "merged_into",
    "content_hash",
    "remote",
    "matched_by",
    # of a survey answer: how it came, not what it says
    "hook_id",
    "is_partial",
    "version",
    "claims",
    "sequence",
    "parts",
}
_CORPORATE = {"annual_value": "annual_value_corporate", "amount": "amount_corporate"}


def load_frames(
    session: Session, connection_id: int, *, only_dirty: bool
) -> dict[str, pd.DataFrame]:
    """Live rows of every object by its name; money in the corporate currency.

    An answer that its respondent has not finished is left out.
    Contacts that are deleted stay in, with `gone_at`: who left is part of an account's state.
    An annual value that could not be converted is missing, and `annual_value_refused` true.
    only_dirty  rows of the accounts marked for assessment instead of all
    Instants are aware UTC, dates datetime64, missing values None or NaN.
    """
    session.flush()
    accounts = _chosen_accounts(connection_id) if only_dirty else None
    return {name: _frame(session, connection_id, name, accounts) for name in TABLES}


def load_objects(
    session: Session, connection_id: int, names: Iterable[str]
) -> dict[str, pd.DataFrame]:
    """Live rows of the named objects, as `load_frames` has them."""
    session.flush()
    return {name: _frame(session, connection_id, name, None) for name in names}


def _chosen_accounts(connection_id: int) -> Any:
    return select(DirtyAccount.account_id).where(DirtyAccount.connection_id == connection_id)


def _frame(session: Session, connection_id: int, name: str, accounts: Any) -> pd.DataFrame:
    table = TABLES[name]
    columns = _columns(name, table)
    query = select(*columns.values()).where(
        table.c.connection_id == connection_id, *_of(table, connection_id, accounts)
    )
    if name != "contacts":
        query = query.where(table.c.deleted_at.is_(None))
    if "is_partial" in table.c:
        query = query.where(table.c.is_partial.is_(False))
    # the driver's own values: SQLAlchemy would convert them one by one
    rows = session.connection().execute(query).cursor.fetchall()
    found = zip(*rows, strict=True) if rows else ((),) * len(columns)
    typed = map(_typed, columns.values(), found)
    return pd.DataFrame(dict(zip(columns, typed, strict=True)))


def _typed(source: ColumnElement[Any], values: Sequence[Any]) -> "pd.Series[Any]":
    """A column of the driver's values; both databases' instants and dates are what numpy reads."""
    if isinstance(source.type, Instant):
        return pd.Series(np.array(values, "datetime64[us]")).dt.tz_localize("UTC")
    if isinstance(source.type, Date):
        return pd.Series(np.array(values, "datetime64[us]"))
    if isinstance(source.type, Float):
        return pd.Series(np.array(values, float))
    if isinstance(source.type, Boolean):
        return pd.Series(values, dtype=object).astype("boolean")
    return pd.Series(values, dtype=object)


def _columns(name: str, table: Table) -> dict[str, ColumnElement[Any]]:
    """What is read of an object, by the name the calculations know it by."""
    chosen: dict[str, ColumnElement[Any]] = {}
    for column in table.c:
        if column.name in _LEFT_OUT or column.name in _CORPORATE.values():
            continue
        source = table.c.get(_CORPORATE.get(column.name, column.name), column)
        chosen[column.name] = cast(source, Float) if column.name in _CORPORATE else source
    if name == "contacts":
        chosen["gone_at"] = table.c.deleted_at
    if name == "accounts":
        refused = table.c.annual_value.is_not(None) & table.c.annual_value_corporate.is_(None)
        chosen["annual_value_refused"] = refused
    return chosen


def _of(table: Table, connection_id: int, accounts: Any) -> Iterable[ColumnElement[bool]]:
    """Conditions that keep rows of the chosen accounts; none when all are wanted.

    A row without an account belongs to its contact's, a product line to its opportunity's.
    """
    if accounts is None or table.name == "crm_users":
        return
    if table.name == "products":
        yield table.c.opportunity_id.in_(_ids("opportunities", connection_id, accounts))
        return
    mine: ColumnElement[bool] = table.c.account_id.in_(accounts)
    if "contact_id" in table.c and table.name != "contacts":
        people = table.c.contact_id.in_(_ids("contacts", connection_id, accounts))
        mine |= people if table.name == "contact_roles" else table.c.account_id.is_(None) & people
    yield mine


def _ids(object_name: str, connection_id: int, accounts: Any) -> Any:
    parent = TABLES[object_name]
    return select(parent.c[key_of(object_name)]).where(
        parent.c.connection_id == connection_id, parent.c.account_id.in_(accounts)
    )
