"""Who to ask next working day, and why the others are not asked.

Source: contacts, invitations, responses, activities. Rule: docs/insights.md, "Survey plan".
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from insights.contacts import Contacts, read_contacts
from insights.coverage import ALL_LEVELS, by_level, required_contacts, split_levels
from insights.engagement import in_touch, respondents
from insights.frames import Frames, complete
from insights.model import LEVELS, Model
from insights.sentiment import Answers, read_answers
from insights.value import annual_value, customers
from insights.world import NOWHERE, Bools, Floats, Ints, Times, World, times

EXCLUDED = ("no_customer", "left", "bounced", "opted_out", "no_address", "quarantine")


@dataclass(frozen=True)
class SurveyPlan:
    """Who to ask and who not.

    picks     contact_id, account_id, annual_value [corporate currency per year], level, silent
              (nobody of the account answered inside the window), level_missing (nobody of that
              level did), engaged, asked_at, answered_at; the first is asked first
    waiting   how many more could be asked, on later days
    excluded  contacts that must not be asked, by reason (EXCLUDED), the first that holds
    """

    picks: pd.DataFrame
    waiting: int
    excluded: Mapping[str, int]


def survey_plan(
    frames: Frames,
    model: Model,
    *,
    as_of: datetime,
    per_day: int,
    quarantine_days: float,
    addressed: Collection[str],
) -> SurveyPlan:
    """The people to ask on one working day, at most `per_day`.

    quarantine_days  rest of a person since the last invitation and the last answer
    addressed        contacts that have an e-mail address
    """
    world = World(complete(frames), model, as_of)
    contacts, people = read_contacts(world), world.frames.contacts
    if contacts is None or people is None:
        return SurveyPlan(pd.DataFrame(columns=list(_COLUMNS)), 0, dict.fromkeys(EXCLUDED, 0))
    answers = read_answers(world, contacts)
    asked, answered = _last(world, contacts, answers)
    why = _why_not(world, contacts, people, asked, answered, quarantine_days, addressed)
    frame = _described(world, contacts, people, answers)
    frame["asked_at"] = pd.Series(asked).dt.tz_localize("UTC")
    frame["answered_at"] = pd.Series(answered).dt.tz_localize("UTC")
    ranked = _ranked(frame[why == len(EXCLUDED)])
    counts = np.bincount(why, minlength=len(EXCLUDED) + 1)
    return SurveyPlan(
        ranked.loc[: per_day - 1, list(_COLUMNS)],
        max(len(ranked) - per_day, 0),
        {name: int(counts[code]) for code, name in enumerate(EXCLUDED)},
    )


_COLUMNS = (
    *("contact_id", "account_id", "annual_value", "level"),
    *("silent", "level_missing", "engaged", "asked_at", "answered_at"),
)


def _ranked(free: pd.DataFrame) -> pd.DataFrame:
    """The largest silent account first; elsewhere levels without an answer; engaged people first.

    Accounts of unknown value come after those of known value.
    """
    silent, unknown = free["silent"], free["annual_value"].isna()
    keys = {
        "heard": ~silent,
        "silent_unknown": silent & unknown,
        "silent_value": -free["annual_value"].where(silent & ~unknown, 0),
        "silent_account": free["account_id"].where(silent, ""),
        "level_heard": ~free["level_missing"],
        "distant": ~free["engaged"],
        "unknown": unknown,
        "value": -free["annual_value"].fillna(0),
        "rank": free["level"].map(ALL_LEVELS.index),
    }
    by = [*keys, "account_id", "contact_id"]
    return free.assign(**keys).sort_values(by, ignore_index=True)


def pick_reasons(pick: Mapping[str, object]) -> list[str]:
    """Why this person, in words."""
    words = ["nobody of the account answered inside the window"] if pick["silent"] else []
    if pick["level_missing"]:
        words.append(f"no answer yet from a {str(pick['level']).replace('_', ' ')}")
    if pick["engaged"]:
        words.append("in touch with us lately")
    if pd.isna(pick["asked_at"]):  # type: ignore[call-overload]
        words.append("never asked")
    return words or ["rested long enough"]


def _last(world: World, contacts: Contacts, answers: Answers | None) -> tuple["Times", "Times"]:
    """When each contact was last asked, and last answered."""
    asked = _latest(len(contacts.active), None, None)
    sent = world.frames.invitations
    if sent is not None:
        when = times(sent["sent_at"])
        past = when <= world.now
        asked = _latest(len(contacts.active), world.whose("invitations").contact[past], when[past])
    answered = _latest(len(contacts.active), None, None)
    if answers is not None:
        answered = _latest(len(contacts.active), answers.contact, answers.answered)
    return asked, answered


def _latest(n: int, contact: Ints | None, when: Times | None) -> "Times":
    last = np.full(n, np.iinfo(np.int64).min, np.int64)
    if contact is not None and when is not None:
        known = contact != NOWHERE
        np.maximum.at(last, contact[known], when[known].astype("datetime64[us]").astype(np.int64))
    latest: Times = last.view("datetime64[us]")
    return latest


def _why_not(
    world: World,
    contacts: Contacts,
    people: pd.DataFrame,
    asked: Times,
    answered: Times,
    quarantine_days: float,
    addressed: Collection[str],
) -> Ints:
    """Position in EXCLUDED of the first reason against each contact; its length without one."""
    customer = _of(customers(world), contacts.account)
    resting = world.within(asked, quarantine_days) | world.within(answered, quarantine_days)
    bounced = contacts.bounced_at <= world.now
    against = (
        ~customer,
        ~contacts.active & ~bounced,
        bounced,
        ~contacts.willing,
        ~people["contact_id"].isin(list(addressed)).to_numpy(),
        resting,
    )
    why = np.full(len(people), len(EXCLUDED))
    for code in reversed(range(len(EXCLUDED))):
        why[against[code]] = code
    return why


def _of(flags: Bools, account: Ints) -> Bools:
    """The account's flag by contact; False without an account."""
    if not len(flags):
        return np.zeros(len(account), bool)
    theirs: Bools = flags[account] & (account != NOWHERE)
    return theirs


def _described(
    world: World, contacts: Contacts, people: pd.DataFrame, answers: Answers | None
) -> pd.DataFrame:
    """What the order and the reasons are made of, by contact."""
    worth = annual_value(world)[0]
    responded, _ = respondents(world, contacts, answers)
    heard = np.zeros(len(people), bool) if responded is None else responded
    said = np.zeros(world.n)
    if answers is not None:
        recent = world.within(answers.answered, world.model.windows.sentiment_days)
        said = world.count(answers.account, recent)
    needed = split_levels(required_contacts(worth, world.model.required_contacts))
    silent_level: Bools = (needed > 0) & (by_level(world, contacts, heard)[:, : len(LEVELS)] == 0)
    none = np.zeros((world.n, 1), bool)
    gaps: Bools = np.hstack([silent_level, none])
    engaged = in_touch(world, contacts, answers)[1]
    at = np.maximum(contacts.account, 0)
    value: Floats = np.where(contacts.account >= 0, worth[at] if world.n else np.nan, np.nan)
    return pd.DataFrame(
        {
            "contact_id": people["contact_id"].to_numpy(object),
            "account_id": people["account_id"].to_numpy(object),
            "annual_value": value,
            "level": np.array(ALL_LEVELS, object)[contacts.level],
            "silent": _of(said == 0, contacts.account),
            "level_missing": gaps[at, contacts.level] if world.n else False,
            "engaged": np.zeros(len(people), bool) if engaged is None else engaged,
        }
    )
