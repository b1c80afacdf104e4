"""Records that cannot be used as they are, each with what is wrong and what to do.

Rule: docs/insights.md, "What is refused". Nothing is repaired in silence.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd

from insights.frames import KEYS, Frames
from insights.sentiment import scale, valid_scores
from insights.world import Bools, is_choice

COLUMNS = ["object", "row", "record", "column", "value", "reason", "remedy"]
_LINKS = (
    ("account_id", "accounts", "account"),
    ("opportunity_id", "opportunities", "opportunity"),
)


def refusals(frames: Frames) -> pd.DataFrame:
    """Rows (by position in their frame) of completed frames that cannot be used.

    Returns  object, row, record (its key), column, value, reason, remedy. A link to an account or
             opportunity that does not exist, a role of an unknown contact, a score off its scale,
             a parent that does not exist.
    """
    found = [_dead_links(frames), _scores(frames), _parents(frames)]
    return pd.concat(found, ignore_index=True)


def unattributed(frames: Frames) -> dict[str, int]:
    """How many records of each kind name neither an account nor a contact."""
    counts = {}
    for name in KEYS:
        frame = getattr(frames, name)
        if frame is None or name == "accounts" or "account_id" not in frame:
            continue
        nobody = frame["account_id"].isna()
        if "contact_id" in frame and name != "contacts":
            nobody &= frame["contact_id"].isna()
        counts[name] = int(nobody.sum())
    return {name: n for name, n in counts.items() if n}


def _dead_links(frames: Frames) -> pd.DataFrame:
    found = [
        _report("accounts", frames.accounts, np.zeros(len(frames.accounts), bool), "account_id")
    ]
    for name in (*KEYS, "team_members"):
        frame = getattr(frames, name)
        if frame is None:
            continue
        for column, target, noun in _links(name):
            known = getattr(frames, target)
            if column not in frame or known is None:
                continue
            dead = frame[column].notna() & ~frame[column].isin(known[column])
            found.append(
                _report(
                    name,
                    frame,
                    dead.to_numpy(bool),
                    column,
                    lambda value, noun=noun: f"there is no {noun} {value}",
                    f"add the {noun} or correct the id",
                )
            )
    return pd.concat(found, ignore_index=True)


def _links(name: str) -> list[tuple[str, str, str]]:
    links = [link for link in _LINKS if link[1] != name]
    return [*links, ("contact_id", "contacts", "contact")] if name == "contact_roles" else links


def _scores(frames: Frames) -> pd.DataFrame:
    frame = frames.responses
    if frame is None:
        return pd.DataFrame(columns=COLUMNS)
    judged = frame["score"].notna() & frame["metric"].notna()
    off = judged.to_numpy(bool) & ~valid_scores(frame)
    low, high = scale(frame)
    whole = is_choice(frame["metric"], "nps")
    found = _report(
        "responses",
        frame,
        off,
        "score",
        lambda value: f"a score of {value:g} is not on the scale of its survey",
    )
    found["remedy"] = [
        "give a whole number from 0 to 10" if nps else f"give a number from {a:g} to {b:g}"
        for nps, a, b in zip(whole[off], low[off], high[off], strict=True)
    ]
    return found


def _parents(frames: Frames) -> pd.DataFrame:
    parent = frames.accounts["parent_id"]
    dead = parent.notna() & ~parent.isin(frames.accounts["account_id"])
    return _report(
        "accounts",
        frames.accounts,
        dead.to_numpy(bool),
        "parent_id",
        lambda value: f"there is no account {value}",
        "add the parent account or leave parent_id empty",
    )


def _report(
    name: str,
    frame: pd.DataFrame,
    wrong: Bools,
    column: str,
    reason: Callable[..., str] = str,
    remedy: str = "",
) -> pd.DataFrame:
    rows = np.flatnonzero(wrong)
    values = frame[column].iloc[rows].tolist()
    key = KEYS.get(name, "account_id")
    return pd.DataFrame(
        {
            "object": name,
            "row": rows,
            "record": frame[key].iloc[rows].tolist(),
            "column": column,
            "value": values,
            "reason": [reason(value) for value in values],
            "remedy": remedy,
        },
        columns=COLUMNS,
    )
