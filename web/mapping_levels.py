"""Who stands where in the decision-making unit: rules for roles and job titles.

The map says which field holds a level; what it does not say, the scoring model's rules do, the
same for every CRM. Changed rules are a draft of the model.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import (
    Blueprint,
    Response,
    abort,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy.orm import Session

from insights.model import LEVELS, LevelRules
from store.publishing import DraftConflict
from store.titles import TitleUse, roles_in_use, titles_by_value
from web import access, wiring
from web.scoring_state import Desk, chosen, open_desk, save_draft

bp = Blueprint("mapping_levels", __name__, url_prefix="/mapping/levels")

SHOWN = 50


@bp.get("")
def show() -> str:
    """The rules, and the roles and titles that none of them tells, the richest first."""
    with wiring().sessions() as session:
        if chosen(session)[1] is None:
            return render_template("welcome.html")
        desk = open_desk(session)
        roles, titles = untold(session, desk)
        return render_template(
            "mapping_levels.html",
            desk=desk,
            connection=desk.connection,
            rules=desk.model.levels,
            patterns=[plain_pattern(pattern) for pattern, _ in desk.model.levels.titles],
            roles=sorted(roles.items(), key=lambda one: (-one[1], one[0]))[:SHOWN],
            titles=titles[:SHOWN],
            more=max(0, len(titles) - SHOWN),
            levels=LEVELS,
            base=desk.base,
        )


@bp.post("")
def save() -> Response:
    """Add or take away one rule, in the draft of the scoring model."""
    with wiring().sessions.begin() as session:
        desk = open_desk(session)
        rules, said = _changed(desk.model.levels, request.form)
        model = replace(desk.model, levels=rules)
        base, seen = request.form.get("base", ""), request.form.get("revision", -1, int)
        try:
            save_draft(session, desk, model, base=base, seen=seen)
        except DraftConflict:
            abort(
                409,
                "The scoring model was changed since this page was opened, by your own draft or "
                "by a publication. Nothing was changed: open the page again.",
            )
        access.audit(session, "levels.save", desk.connection.id, said)
        address = url_for("mapping_levels.show", connection=desk.connection.name)
        return make_response(redirect(address, 303))


def untold(session: Session, desk: Desk) -> tuple[dict[str, int], list[TitleUse]]:
    """Roles without a level and how often each stands; titles of people without a level."""
    from insights.contacts import role_level, title_level  # pandas takes a second to load

    rules, found = desk.model.levels, roles_in_use(session, desk.connection.id)
    told = [role for role in found if role_level(role, rules) is not None]
    roles: dict[str, int] = {}
    for text, number in found.items():
        for part in filter(None, map(role_key, text.split(";"))):
            if part not in rules.roles:
                roles[part] = roles.get(part, 0) + number
    titles = titles_by_value(session, desk.connection.id, told)
    return roles, [one for one in titles if title_level(one.title, rules) is None]


def role_key(text: str) -> str:
    """A role as rules know it: lower case, words parted by one blank."""
    return re.sub(r"[\s_-]+", " ", text).strip().casefold()


def title_pattern(words: str) -> str:
    """The rule for titles that hold these words as they stand."""
    return rf"(?<!\w){re.escape(words.strip().casefold())}(?!\w)"


def plain_pattern(pattern: str) -> str:
    """A rule as people read it: its words parted by commas, where it is no more than that."""
    own = re.fullmatch(r"\(\?<!\\w\)(.*)\(\?!\\w\)", pattern)
    if own is not None:
        return re.sub(r"\\(.)", r"\1", own[1])
    listed = re.fullmatch(r"\\b\(([\w |]+)\)\\b", pattern)
    return pattern if listed is None else listed[1].replace("|", ", ")


def _changed(rules: LevelRules, entered: Mapping[str, str]) -> tuple[LevelRules, str]:
    """The rules as they would be, and what changes in words. 422 when it makes no sense."""
    words, level = entered.get("words", "").strip(), entered.get("level", "")
    what: Any = entered.get("what")
    if what == "forget_role" and words in rules.roles:
        kept = {role: to for role, to in rules.roles.items() if role != words}
        return replace(rules, roles=kept), f"role {words}: no level"
    if what == "forget_title":
        left = tuple(one for one in rules.titles if one[0] != words)
        return replace(rules, titles=left), f"title {words}: no rule"
    if not words or len(words) > 200 or level not in LEVELS:
        abort(422, "Give the words and one of the levels. Nothing was changed.")
    if what == "role":
        return replace(
            rules, roles={**rules.roles, role_key(words): level}
        ), f"role {words}: {level}"
    if what == "title":
        rule = (title_pattern(words), level)
        others = tuple(one for one in rules.titles if one[0] != rule[0])
        return replace(rules, titles=(rule, *others)), f"title {words}: {level}"
    abort(422, "Rules are for roles and titles. Nothing was changed.")
