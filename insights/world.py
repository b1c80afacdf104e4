"""The records of one moment on integer positions.

Every account is a number 0..n-1, its row in the accounts frame; every record carries the number
of its account, or -1 where it has none. Each attribution is looked up once, and all further work
is on plain arrays. Windows are half-open: (as_of - days, as_of].
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.frames import Frames, FramesError
from insights.model import Model

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.datetime64]

NOWHERE = -1
_NEVER = np.iinfo(np.int64).min  # how datetime64 writes NaT
_FOR_EVER = np.iinfo(np.int64).max


class World:
    """Completed frames, a model and an instant; what the records said at that instant.

    frames  as `insights.frames.complete` leaves them
    as_of   aware instant; records dated after it have not happened
    """

    def __init__(self, frames: Frames, model: Model, as_of: datetime) -> None:
        if as_of.tzinfo is None:
            raise ValueError("as_of needs a time zone; give it in UTC")
        self.frames = frames
        self.model = model
        self.as_of = as_of.astimezone(UTC)
        self.now = np.datetime64(self.as_of.replace(tzinfo=None), "us")
        self.n = len(frames.accounts)
        self._whose: dict[str, Attribution] = {}

    @cached_property
    def _accounts(self) -> "pd.Index[Any]":
        index: pd.Index[Any] = pd.Index(self.frames.accounts["account_id"].to_numpy(object))
        return index

    @cached_property
    def _contacts(self) -> "pd.Index[Any]":
        if self.frames.contacts is None:
            return pd.Index([], dtype=object)
        index: pd.Index[Any] = pd.Index(self.frames.contacts["contact_id"].to_numpy(object))
        if not index.is_unique:
            twice = index[index.duplicated()][0]
            raise FramesError(f"contacts: contact_id {twice!r} appears twice; keep one row for it")
        return index

    @cached_property
    def contact_account(self) -> Ints:
        """Position of the account each contact belongs to, by contact."""
        contacts = self.frames.contacts
        if contacts is None or self._contacts.empty:
            return np.empty(0, np.int64)
        return _find(self._accounts, contacts["account_id"])

    def account(self, ids: pd.Series) -> Ints:
        """Position of each account id; -1 for a missing or unknown one."""
        return _find(self._accounts, ids)

    def whose(self, name: str) -> "Attribution":
        """Whose the records of the frame `name` are; looked up once.

        A record is its account_id's; where that is missing its contact's account's.
        """
        if name not in self._whose:
            self._whose[name] = self._attribute(getattr(self.frames, name))
        return self._whose[name]

    def _attribute(self, records: pd.DataFrame) -> "Attribution":
        account = _find(self._accounts, records["account_id"])
        if "contact_id" not in records:
            return Attribution(account, np.full(len(records), NOWHERE))
        contact = _find(self._contacts, records["contact_id"])
        employer = take(self.contact_account, contact, NOWHERE)
        account = np.where(records["account_id"].isna().to_numpy(), employer, account)
        own = (contact != NOWHERE) & (account != NOWHERE) & (employer == account)
        return Attribution(account, np.where(own, contact, NOWHERE))

    def within(self, times: Times, days: float) -> Bools:
        """True for times in (as_of - days, as_of]."""
        inside: Bools = (times > self.now - span(days)) & (times <= self.now)
        return inside

    def between(self, times: Times, older: float, newer: float) -> Bools:
        """True for times in (as_of - older, as_of - newer], both in days."""
        inside: Bools = (times > self.now - span(older)) & (times <= self.now - span(newer))
        return inside

    def age(self, times: Times) -> Floats:
        """Days from each time to as_of; NaN where there is no time."""
        days = (self.now - times) / np.timedelta64(1, "D")
        aged: Floats = np.where(np.isnat(times), np.nan, days)
        return aged

    def count(self, at: Ints, where: Bools | None = None) -> Floats:
        """Number of records per account."""
        chosen = at >= 0 if where is None else where & (at >= 0)
        return np.bincount(at[chosen], minlength=self.n).astype(np.float64)

    def total(self, at: Ints, amounts: Floats, where: Bools | None = None) -> Floats:
        """Sum of known amounts per account, added in order of size; 0 where there is none.

        The fixed order makes a sum the same to the last bit in whatever order the rows come.
        """
        chosen = (at >= 0) & ~np.isnan(amounts)
        if where is not None:
            chosen &= where
        at, amounts = at[chosen], amounts[chosen]
        order = np.argsort(amounts)
        summed = np.bincount(at[order], weights=amounts[order], minlength=self.n)
        return summed.astype(np.float64)

    def latest(self, at: Ints, times: Times) -> Times:
        """Newest time per account; NaT where there is none."""
        return _furthest(np.maximum, _NEVER, self.n, at, times)

    def earliest(self, at: Ints, times: Times) -> Times:
        """Oldest time per account; NaT where there is none."""
        return _furthest(np.minimum, _FOR_EVER, self.n, at, times)

    def unknown(self) -> Floats:
        """One NaN per account."""
        return np.full(self.n, np.nan)


@dataclass(frozen=True)
class Attribution:
    """Per record: position of its account, and of its contact where that is the account's own."""

    account: Ints
    contact: Ints

    def only(self, chosen: Bools | Ints) -> "Attribution":
        """Of the chosen records."""
        return Attribution(self.account[chosen], self.contact[chosen])


def _furthest(pick: np.ufunc, start: int, n: int, at: Ints, times: Times) -> Times:
    chosen = (at >= 0) & ~np.isnat(times)
    found = np.full(n, start)
    pick.at(found, at[chosen], times[chosen].astype("datetime64[us]").view(np.int64))
    found[found == start] = _NEVER
    return found.view("datetime64[us]")


def _find(index: "pd.Index[Any]", ids: pd.Series) -> Ints:
    if isinstance(ids.dtype, pd.CategoricalDtype):
        codes = ids.cat.codes.to_numpy().astype(np.int64)
        return take(_find(index, pd.Series(ids.cat.categories)), codes, NOWHERE)
    if not len(index) or not len(ids):
        return np.full(len(ids), NOWHERE)
    return index.get_indexer(pd.Index(ids.to_numpy(object))).astype(np.int64)


def take(values: Ints, positions: Ints, otherwise: int) -> Ints:
    """values[positions], and `otherwise` where the position is -1."""
    if not len(values):
        return np.full(len(positions), otherwise)
    taken: Ints = np.where(positions >= 0, values[positions], otherwise)
    return taken


def never(n: int) -> Times:
    """n times NaT."""
    return np.full(n, np.datetime64("NaT", "us"))


def category(codes: Ints, names: Sequence[str]) -> pd.Series:
    """A categorical column from codes; -1 is missing."""
    kind = pd.CategoricalDtype(list(names))
    return pd.Series(pd.Categorical.from_codes(codes.astype(np.int8), dtype=kind))


def span(days: float) -> np.timedelta64:
    """A length of time in whole microseconds."""
    return np.timedelta64(round(days * 86_400_000_000), "us")


def times(column: pd.Series) -> Times:
    """The column's instants or dates as plain UTC datetime64[us]."""
    return column.to_numpy("datetime64[us]")


def holds(column: pd.Series) -> Bools:
    """True where a yes/no column is known to be true."""
    return column.to_numpy(bool, na_value=False)


def denies(column: pd.Series) -> Bools:
    """True where a yes/no column is known to be false."""
    return ~column.to_numpy(bool, na_value=True)


def is_choice(column: pd.Series, *names: str) -> Bools:
    """True where a choice column holds one of the names."""
    wanted = [list(column.cat.categories).index(name) for name in names]
    chosen: Bools = np.isin(column.cat.codes.to_numpy(), wanted)
    return chosen
