"""Who the contacts are: still there or gone, and on which level of the buying decision.

Source: contacts, contact_roles. Rule: docs/insights.md, "Contacts".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.model import LEVELS, LevelRules
from insights.world import NOWHERE, Bools, Ints, World, denies, holds, take, times

UNASSIGNED_CODE = len(LEVELS)
LEVEL_SOURCES = ("field", "role", "title", "none")


@dataclass(frozen=True)
class Contacts:
    """One entry per contact.

    account   position of the account, -1 without
    active    counts as a contact: not left, not gone, not hard-bounced, not marked inactive
    level     0 decision maker, 1 influencer, 2 user, 3 unassigned
    source    what told the level: 0 field, 1 role, 2 title, 3 nothing
    willing   has not opted out
    left_at, bounced_at, gone_at, asked_at   as recorded
    """

    account: Ints
    active: Bools
    level: Ints
    source: Ints
    willing: Bools
    left_at: npt.NDArray[np.datetime64]
    bounced_at: npt.NDArray[np.datetime64]
    gone_at: npt.NDArray[np.datetime64]
    asked_at: npt.NDArray[np.datetime64]


def read_contacts(world: World) -> Contacts | None:
    """The contacts as they stood at as_of; None when no contacts were provided."""
    frame = world.frames.contacts
    if frame is None:
        return None
    left, bounced, gone = (times(frame[c]) for c in ("left_at", "bounced_at", "gone_at"))
    absent = (left <= world.now) | (bounced <= world.now) | (gone <= world.now)
    level, source = _levels(world, frame)
    return Contacts(
        account=world.contact_account,
        active=~absent & ~denies(frame["is_active"]),
        level=level,
        source=source,
        willing=~holds(frame["opted_out"]),
        left_at=left,
        bounced_at=bounced,
        gone_at=gone,
        asked_at=times(frame["asked_at"]),
    )


def role_level(role: str, rules: LevelRules) -> str | None:
    """The highest level among the roles in `role` (several split by ;); None without a hit."""
    names = (re.sub(r"[\s_-]+", " ", part).strip().casefold() for part in role.split(";"))
    hits = [LEVELS.index(rules.roles[name]) for name in names if name in rules.roles]
    return LEVELS[min(hits)] if hits else None


def title_level(title: str, rules: LevelRules) -> str | None:
    """The level of the first title rule that fits; None without one."""
    lower = title.casefold()
    return next((level for pattern, level in rules.titles if re.search(pattern, lower)), None)


def _levels(world: World, frame: pd.DataFrame) -> tuple[Ints, Ints]:
    rules = world.model.levels
    by_field = frame["level"].cat.codes.to_numpy().astype(np.int64)
    by_field[by_field < 0] = UNASSIGNED_CODE
    by_role = np.minimum(
        _coded(frame["role"], lambda text: role_level(text, rules)), _related_levels(world)
    )
    by_title = _coded(frame["title"], lambda text: title_level(text, rules))
    level = np.full(len(frame), UNASSIGNED_CODE)
    source = np.full(len(frame), len(LEVEL_SOURCES) - 1)
    for position, found in reversed(list(enumerate((by_field, by_role, by_title)))):
        hit = found < UNASSIGNED_CODE
        level = np.where(hit, found, level)
        source = np.where(hit, position, source)
    return level, source


def _related_levels(world: World) -> Ints:
    """Highest level by contact among the roles noted on opportunities and relations."""
    contacts = world.frames.contacts
    roles = world.frames.contact_roles
    assert contacts is not None
    highest = np.full(len(contacts), UNASSIGNED_CODE)
    if roles is None or roles.empty:
        return highest
    of = world.whose("contact_roles")
    level = _coded(roles["role"], lambda text: role_level(text, world.model.levels))
    known = of.contact != NOWHERE
    np.minimum.at(highest, of.contact[known], level[known])
    return highest


def _coded(texts: pd.Series, judge: Callable[[str], str | None]) -> Ints:
    """Level code of each text; every distinct text is judged once."""
    codes, uniques = pd.factorize(texts.to_numpy(object))
    levels = [judge(str(text)) for text in uniques]
    coded = np.array([LEVELS.index(v) if v else UNASSIGNED_CODE for v in levels], dtype=np.int64)
    return take(coded, codes, UNASSIGNED_CODE)
