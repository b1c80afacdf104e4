"""The records a calculation reads: one frame per canonical object, columns typed and complete.

Only columns that a calculation reads are listed here. Money is in the corporate currency,
instants are UTC, dates are midnights without a zone. A frame that is None was not provided:
what it would tell is unknown. An empty frame, or one without rows for an account, was provided:
it tells that there is nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

_PRIORITY = ("low", "normal", "high", "critical")
_LEVEL = ("decision_maker", "influencer", "user")

# object -> column -> "id" | "text" | "number" | "bool" | "instant" | "date" | its choices
COLUMNS: dict[str, dict[str, str | tuple[str, ...]]] = {
    "accounts": {
        "account_id": "id",
        "parent_id": "id",
        "owner_id": "id",
        "segment": "text",
        "annual_value": "number",
        "annual_value_refused": "bool",
        "is_customer": "bool",
        "customer_since": "date",
        "renewal_date": "date",
        "churned_at": "date",
    },
    "contacts": {
        "contact_id": "id",
        "account_id": "id",
        "title": "text",
        "role": "text",
        "level": _LEVEL,
        "is_active": "bool",
        "left_at": "date",
        "bounced_at": "instant",
        "opted_out": "bool",
        "gone_at": "instant",
        "asked_at": "instant",
    },
    "contact_roles": {
        "role_id": "id",
        "contact_id": "id",
        "account_id": "id",
        "role": "text",
    },
    "opportunities": {
        "opportunity_id": "id",
        "account_id": "id",
        "type": ("new", "renewal", "upsell", "cross_sell"),
        "amount": "number",
        "probability": "number",
        "is_closed": "bool",
        "is_won": "bool",
        "created_at": "instant",
        "close_date": "date",
        "product": "text",
    },
    "products": {
        "line_id": "id",
        "opportunity_id": "id",
        "product": "text",
    },
    "cases": {
        "case_id": "id",
        "account_id": "id",
        "contact_id": "id",
        "priority": _PRIORITY,
        "opened_at": "instant",
        "closed_at": "instant",
    },
    "activities": {
        "activity_id": "id",
        "account_id": "id",
        "contact_id": "id",
        "kind": ("meeting", "call", "email", "login", "usage", "visit"),
        "direction": ("two_way", "inbound", "outbound"),
        "occurred_at": "instant",
        "count": "number",
    },
    "team_members": {
        "account_id": "id",
        "user_id": "id",
        "role": "text",
    },
    "responses": {
        "response_id": "id",
        "account_id": "id",
        "contact_id": "id",
        "survey_type": ("relationship", "transactional"),
        "metric": ("nps", "csat", "ces"),
        "score": "number",
        "scale_min": "number",
        "scale_max": "number",
        "drivers": "text",
        "answered_at": "instant",
    },
    "invitations": {
        "invitation_id": "id",
        "account_id": "id",
        "contact_id": "id",
        "sent_at": "instant",
    },
    "loops": {
        "loop_id": "id",
        "account_id": "id",
        "contact_id": "id",
        "opened_at": "instant",
        "closed_at": "instant",
    },
}

KEYS = {
    "accounts": "account_id",
    "contacts": "contact_id",
    "contact_roles": "role_id",
    "opportunities": "opportunity_id",
    "products": "line_id",
    "cases": "case_id",
    "activities": "activity_id",
    "responses": "response_id",
    "invitations": "invitation_id",
    "loops": "loop_id",
}


class FramesError(ValueError):
    """A frame cannot be read; the message names the frame, the column and the remedy."""


@dataclass(frozen=True)
class Frames:
    """One frame per canonical object; None = not provided. Columns: `COLUMNS`.

    Four columns and one frame are not a CRM's but our own, and may be absent:
    accounts.annual_value_refused  a value was given that cannot be used, as for want of an exchange
                                   rate: the value is unknown, and nothing stands in for it
    contacts.gone_at    deleted, merged or first seen inactive
    contacts.asked_at   last asked for a referral or review
    loops               feedback being followed up; without it every detractor answer is an open
                        loop
    """

    accounts: pd.DataFrame
    contacts: pd.DataFrame | None = None
    contact_roles: pd.DataFrame | None = None
    opportunities: pd.DataFrame | None = None
    products: pd.DataFrame | None = None
    cases: pd.DataFrame | None = None
    activities: pd.DataFrame | None = None
    users: pd.DataFrame | None = None
    team_members: pd.DataFrame | None = None
    responses: pd.DataFrame | None = None
    invitations: pd.DataFrame | None = None
    loops: pd.DataFrame | None = None


def complete(frames: Frames) -> Frames:
    """The same records with every column of `COLUMNS`, typed; further columns are left out.

    ids and texts str, numbers float64, bools `boolean`, instants datetime64 UTC (naive ones are
    taken as UTC), dates naive datetime64 at midnight, choices categorical. Missing columns are
    filled with missing values. Frames already complete are not copied. Raises FramesError for a
    value that does not fit its column and for a missing or repeated account id.
    """
    typed = {
        field.name: _typed(field.name, frame)
        for field in fields(frames)
        if field.name in COLUMNS and (frame := getattr(frames, field.name)) is not None
    }
    ids = typed["accounts"]["account_id"]
    if ids.isna().any():
        raise FramesError("accounts: a row has no account_id; give every account its id")
    if ids.duplicated().any():
        twice = ids[ids.duplicated()].iloc[0]
        raise FramesError(f"accounts: account_id {twice!r} appears twice; keep one row for it")
    return replace(frames, **typed)


def subset(frames: Frames, account_ids: Iterable[str]) -> Frames:
    """Every record that belongs to the given accounts, in the original order.

    A record belongs to an account by its account_id, or where that is missing by its contact;
    roles also follow their contact, product lines their opportunity. Users are kept whole.
    """
    wanted = pd.Index(list(account_ids), dtype=object)
    kept: dict[str, pd.DataFrame] = {}
    people = pd.Index([], dtype=object)
    deals = pd.Index([], dtype=object)
    for name in (f.name for f in fields(frames)):
        frame = getattr(frames, name)
        if frame is None or name == "users":
            continue
        if name == "products":
            mine = frame["opportunity_id"].isin(deals)
        else:
            mine = frame["account_id"].isin(wanted)
            if name == "contact_roles":
                mine |= frame["contact_id"].isin(people)
            elif "contact_id" in frame and name != "contacts":
                mine |= frame["account_id"].isna() & frame["contact_id"].isin(people)
        kept[name] = frame[mine]
        if name == "contacts":
            people = pd.Index(frame.loc[mine, "contact_id"], dtype=object)
        if name == "opportunities":
            deals = pd.Index(frame.loc[mine, "opportunity_id"], dtype=object)
    return replace(frames, **kept)


def _typed(name: str, frame: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for column, kind in COLUMNS[name].items():
        given = frame[column] if column in frame else pd.Series(np.nan, index=frame.index)
        try:
            columns[column] = _convert(given, kind)
        except (ValueError, TypeError) as wrong:
            raise FramesError(f"{name}.{column}: {wrong}") from wrong
    return pd.DataFrame(columns, copy=False).reset_index(drop=True)


def _convert(given: pd.Series, kind: str | tuple[str, ...]) -> pd.Series:
    if isinstance(kind, tuple):
        return _choices(given, kind)
    if kind in ("id", "text"):
        as_is = isinstance(given.dtype, pd.StringDtype | pd.CategoricalDtype)
        return given if as_is else given.astype("str")
    if kind == "number":
        return given.astype("float64")
    if kind == "bool":
        return given.astype("boolean")
    return _instants(given) if kind == "instant" else _dates(given)


def _choices(given: pd.Series, choices: tuple[str, ...]) -> pd.Series:
    kind = pd.CategoricalDtype(list(choices))
    if given.dtype == kind:
        return given
    codes = pd.Index(choices, dtype=object).get_indexer(pd.Index(given.to_numpy(object)))
    lost = given.notna().to_numpy() & (codes < 0)
    if lost.any():
        known = ", ".join(choices)
        raise ValueError(f"{given[lost].iloc[0]!r} is none of {known}; leave it empty if unknown")
    return pd.Series(pd.Categorical.from_codes(codes, dtype=kind), index=given.index)


def _instants(given: pd.Series) -> pd.Series:
    return pd.to_datetime(given, utc=True).astype("datetime64[us, UTC]")


def _dates(given: pd.Series) -> pd.Series:
    typed = pd.to_datetime(given, utc=True).dt.tz_localize(None)
    return typed.astype("datetime64[us]").dt.normalize()
