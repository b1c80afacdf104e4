"""The inputs of one account's assessment, kept so that it can be replayed and proved.

A snapshot is plain JSON: the account's row, its records by kind, and which kinds were provided.
Missing values are left out, records stand in the order of their keys, instants are ISO 8601 in
UTC. The same inputs give the same text in any row order, process and pandas version.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from insights.frames import COLUMNS, Frames, complete, subset

Snapshot = dict[str, Any]
_PREVIOUS = ("band", "plain_band", "earlier_health")


def inputs_of(
    frames: Frames, account_ids: Iterable[str], previous: pd.DataFrame | None = None
) -> dict[str, Snapshot]:
    """Exactly what `assess_accounts` reads of each account, by account id.

    previous  as `assess_accounts` takes it; its row is part of the inputs
    """
    chosen = list(account_ids)
    own = subset(complete(frames), chosen)
    whose = _owners(own)
    snapshots: dict[str, Snapshot] = {name: {} for name in sorted(chosen)}
    for kind, owner in whose.items():
        frame = getattr(own, kind)
        for account_id in snapshots:
            snapshots[account_id][kind] = []
        for account_id, record in zip(owner, _records(kind, frame), strict=True):
            if account_id in snapshots:
                snapshots[account_id][kind].append(record)
    for snapshot in snapshots.values():
        for records in snapshot.values():
            records.sort(key=_canonical)
    if previous is not None:
        for before in previous[previous["account_id"].isin(chosen)].to_dict("records"):
            snapshots[str(before["account_id"])]["previous"] = {
                name: before[name] for name in _PREVIOUS if _known(before.get(name))
            }
    return snapshots


def frames_from(snapshots: Mapping[str, Snapshot]) -> tuple[Frames, pd.DataFrame | None]:
    """The frames and the previous results that the snapshots hold, ready to assess."""
    kinds = {kind for snapshot in snapshots.values() for kind in snapshot} - {"previous"}
    frames = {}
    for kind in kinds:
        records = [row for snapshot in snapshots.values() for row in snapshot.get(kind, [])]
        frames[kind] = pd.DataFrame(records, columns=list(COLUMNS[kind]))
    before = [
        {"account_id": account_id, **snapshot["previous"]}
        for account_id, snapshot in snapshots.items()
        if "previous" in snapshot
    ]
    previous = pd.DataFrame(before, columns=["account_id", *_PREVIOUS]) if before else None
    return complete(Frames(**frames)), previous


def input_hash(snapshot: Snapshot, model_hash: str) -> str:
    """SHA-256 (hex) of one account's inputs and of the model they were assessed with."""
    return hashlib.sha256(_canonical([snapshot, model_hash]).encode()).hexdigest()


def _owners(frames: Frames) -> dict[str, list[str]]:
    """By kind that was provided, the account each record is read for."""
    employer = pd.Series(dtype=object)
    if frames.contacts is not None:
        employer = frames.contacts.set_index("contact_id")["account_id"].astype(object)
    buyer = pd.Series(dtype=object)
    if frames.opportunities is not None:
        buyer = frames.opportunities.set_index("opportunity_id")["account_id"].astype(object)
    owners = {}
    for kind in COLUMNS:
        frame = getattr(frames, kind)
        if frame is None:
            continue
        if kind == "products":
            owner = frame["opportunity_id"].astype(object).map(buyer)
        elif kind == "contact_roles":
            owner = frame["contact_id"].astype(object).map(employer)
        else:
            owner = frame["account_id"].astype(object)
            if "contact_id" in frame and kind != "contacts":
                owner = owner.where(owner.notna(), frame["contact_id"].astype(object).map(employer))
        owners[kind] = owner.tolist()
    return owners


def _records(kind: str, frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = pd.DataFrame(
        {name: _plain(frame[name], form) for name, form in COLUMNS[kind].items()}, dtype=object
    )
    return [
        {str(name): value for name, value in record.items() if value is not None}
        for record in plain.to_dict("records")
    ]


def _plain(column: pd.Series, form: str | tuple[str, ...]) -> "pd.Series[Any]":
    """The column's values as text, numbers and booleans; None where missing."""
    if form == "instant":
        text = np.datetime_as_string(column.to_numpy("datetime64[us]"), unit="us")
        plain = pd.Series([f"{instant}Z" for instant in text], dtype=object)
    elif form == "date":
        text = np.datetime_as_string(column.to_numpy("datetime64[us]"), unit="D")
        plain = pd.Series(text.tolist(), dtype=object)
    else:
        plain = pd.Series(column.astype(object).tolist(), dtype=object)
    return plain.where(column.notna().to_numpy(), None)


def _known(value: Any) -> bool:
    return value is not None and not pd.isna(value)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
