"""Who is in touch with us, and how much we ask.

Source: activities, responses, invitations. Rule: docs/insights.md, "Engagement".
"""

import numpy as np
import pandas as pd

from insights.contacts import Contacts
from insights.coverage import distinct
from insights.evidence import TWO_WAY, ratio
from insights.sentiment import Answers
from insights.world import NOWHERE, Bools, Floats, Times, World, is_choice, never, times


def in_touch(
    world: World, contacts: Contacts | None, answers: Answers | None
) -> tuple[Times | None, Bools | None]:
    """Last two-way activity by account, and by contact whether it is engaged.

    Engaged: a two-way activity, a response or a usage signal inside the engagement window. None
    where no frame was provided that could tell.
    """
    days = world.model.windows.engagement_days
    engaged = np.zeros(0 if contacts is None else len(contacts.active), bool)
    last: Times | None = None
    activities = world.frames.activities
    if activities is not None:
        two_way = is_choice(activities["direction"], TWO_WAY)
        sign = two_way | is_choice(activities["kind"], "usage", "login")
        signs = activities[sign]
        when = times(signs["occurred_at"])
        whose = world.whose("activities").only(sign)
        met = two_way[sign] & (when <= world.now)
        last = world.latest(whose.account[met], when[met])
        recent = whose.contact[world.within(when, days)]
        engaged[recent[recent != NOWHERE]] = True
    if answers is not None:
        recent = answers.contact[world.within(answers.answered, days)]
        engaged[recent[recent != NOWHERE]] = True
    if contacts is None or (activities is None and answers is None):
        return last, None
    return last, engaged


def respondents(
    world: World, contacts: Contacts | None, answers: Answers | None
) -> tuple[Bools | None, Floats | None]:
    """By contact whether it answered inside the window; without contacts, people by account."""
    responses = world.frames.responses
    if answers is None or responses is None:
        return None, None
    recent = answers.only(world.within(answers.answered, world.model.windows.sentiment_days))
    if contacts is None:
        named = responses["contact_id"].notna().to_numpy()[recent.row]
        return None, distinct(recent.account[named], recent.person[named], world.n)
    responded = np.zeros(len(contacts.active), bool)
    responded[recent.contact[recent.contact != NOWHERE]] = True
    return responded, None


def traffic(world: World, answers: Answers | None, last_two_way: Times | None) -> pd.DataFrame:
    """Responses, invitations and their rate in the sentiment window; the last signs of life."""
    days = world.model.windows.sentiment_days
    responses, invitations, last = world.unknown(), world.unknown(), never(world.n)
    if answers is not None:
        responses = world.count(answers.account, world.within(answers.answered, days))
        last = world.latest(answers.account, answers.answered)
    sent = world.frames.invitations
    if sent is not None:
        recent = world.within(times(sent["sent_at"]), days)
        invitations = world.count(world.whose("invitations").account, recent)
    met = never(world.n) if last_two_way is None else last_two_way
    return pd.DataFrame(
        {
            "responses": responses,
            "invitations": invitations,
            "response_rate": np.minimum(ratio(responses, invitations), 1),
            "last_response_at": pd.Series(last).dt.tz_localize("UTC"),
            "last_two_way_at": pd.Series(met).dt.tz_localize("UTC"),
        }
    )
