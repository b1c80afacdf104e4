"""The form of one row: what a person entered, as a change of the map, and what checks say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from mappings import CrmMap, Finding, MapError
from mappings.catalogue import Column, Type
from mappings.editing import column_table, with_column, with_figure
from mappings.values import word
from store.samples import filled_by_people
from web.mapping_rows import Row, told
from web.mapping_state import Desk

WAYS = {
    "field": "one field",
    "first": "the first filled of several fields",
    "join": "several fields joined with blanks",
    "unless": "true unless one of these fields is set",
    "constant": "always the same",
    "choose": "rules (change them in the file)",
}
AS_IS, NOTHING = "(as it stands)", "(nothing)"
MOST_VALUES = 60
_SEVERAL = ("first", "join", "unless")
_KEPT = ("only", "prefix", "choose")  # what the form does not show stays as it is
Entered = MultiDict[str, str]


@dataclass(frozen=True)
class Checked:
    """What a row as entered would be; `map` is None when it is no map at all."""

    map: CrmMap | None
    facts: tuple[str, ...]  # what the CRM says of the fields entered
    findings: tuple[Finding, ...]
    unconfirmed: bool  # it goes to a field of the CRM's own, and nobody has said to mean it

    @property
    def refused(self) -> bool:
        """Whether it is not saved as it is."""
        wrong = any(finding.level == "error" for finding in self.findings)
        return wrong or self.unconfirmed or self.map is None


def entered_of(desk: Desk, row: Row) -> Entered:
    """The form as the map has the row now."""
    if row.figure is not None:
        return MultiDict({"field": row.fields[0], "write": "1" if row.mapped else ""})
    table = column_table(desk.document, row.source, row.name) or {}
    way = next((way for way in WAYS if way in table), "field")
    given = table.get(way, "")
    entered: Entered = MultiDict(
        {
            "way": way,
            "field": ", ".join(given) if way in _SEVERAL else given if way == "field" else "",
            "constant": _shown(given) if way == "constant" else "",
            "transform": table.get("transform", ""),
            "scale": f"{table['scale']:g}" if "scale" in table else "",
            "otherwise": _shown(table["otherwise"]) if "otherwise" in table else AS_IS,
            "optional": "1" if table.get("optional") else "",
        }
    )
    for key, value in table.get("values", {}).items():
        entered.add("value_from", key)
        entered.add("value_to", _shown(value))
    return entered


def value_rows(desk: Desk, row: Row, entered: Entered) -> list[tuple[str, str]]:
    """CRM values with what each becomes: those entered, and the choices of the chosen fields."""
    pairs = {
        word(key): (key, to)
        for key, to in zip(entered.getlist("value_from"), entered.getlist("value_to"), strict=False)
    }
    known = desk.fields.get(row.kind, {})
    for field in _listed(entered):
        for choice in known[field].choices if field in known else ():
            pairs.setdefault(word(choice), (choice, AS_IS))
    return list(pairs.values())[:MOST_VALUES]


def check_row(session: Session, desk: Desk, row: Row, entered: Entered) -> Checked:
    """What the map would be with the row as entered, and everything the checks find in it."""
    facts = told(desk, row.kind, _listed(entered))
    try:
        changed = desk.load(_changed(desk, row, entered))
    except MapError as error:
        return Checked(None, facts, (_sentence(row, str(error)),), False)
    filled = {}
    if row.figure is not None:
        share = filled_by_people(session, desk.connection.id, entered.get("field", "").strip())
        filled = {} if share is None else {entered["field"].strip(): share}
    resolved = desk.resolve(changed, filled)
    mine = [
        _severe(finding, row)
        for finding in (*resolved.problems, *resolved.notes)
        if (finding.source, finding.row) == (row.source, row.name)
    ]
    own = any(finding.code == "M10" for finding in mine)
    return Checked(changed, facts, tuple(mine), own and not entered.get("confirm"))


def _changed(desk: Desk, row: Row, entered: Entered) -> str:
    """The TOML with the row as entered. Raises MapError."""
    if row.figure is not None:
        field = entered.get("field", "").strip()
        return with_figure(
            desk.map.content,
            desk.connection.vendor,
            row.name,
            field,
            write=row.required or bool(entered.get("write")),
        )
    return with_column(desk.map.content, row.source, row.name, _table(desk, row, entered))


def _table(desk: Desk, row: Row, entered: Entered) -> dict[str, Any] | None:
    """How the column is to be read; None when nothing was entered. Raises MapError."""
    assert row.column is not None
    way, fields = entered.get("way", "field"), _listed(entered)
    before = column_table(desk.document, row.source, row.name) or {}
    table: dict[str, Any] = {key: before[key] for key in _KEPT if key in before}
    if way != "choose":
        table.pop("choose", None)
    if way in _SEVERAL and fields:
        table[way] = fields
    elif way == "constant" and entered.get("constant"):
        table[way] = _typed(row.column, entered["constant"])
    elif way == "field" and fields:
        table[way] = fields[0] if len(fields) == 1 else entered["field"].strip()
    elif way != "choose" or "choose" not in before:
        return None
    if entered.get("transform"):
        table["transform"] = entered["transform"]
    if entered.get("scale", "").strip():
        table["scale"] = _number(entered["scale"])
    values = {
        key: _typed(row.column, to)
        for key, to in zip(entered.getlist("value_from"), entered.getlist("value_to"), strict=False)
        if key.strip() and to.strip() not in ("", AS_IS)
    }
    if values:
        table["values"] = values
    if entered.get("otherwise", AS_IS) not in ("", AS_IS) and (values or way == "choose"):
        table["otherwise"] = _typed(row.column, entered["otherwise"])
    if entered.get("optional"):
        table["optional"] = True
    return table


def _listed(entered: Mapping[str, str]) -> list[str]:
    return [name for part in entered.get("field", "").split(",") if (name := part.strip())]


def _typed(column: Column, text: str) -> Any:
    """A value of ours as TOML holds it."""
    if text == NOTHING:
        return ""
    if column.type is Type.BOOL and text in ("yes", "no"):
        return text == "yes"
    if column.type in (Type.NUMBER, Type.MONEY, Type.SHARE):
        return _number(text)
    return text


def _number(text: str) -> float:
    try:
        number = float(text.strip())
    except ValueError:
        raise MapError(f"{text!r} is no number; write it with a decimal point, as 0.01") from None
    return int(number) if number.is_integer() else number


def _shown(value: Any) -> str:
    """A value of the map as the form shows it."""
    if value is True or value is False:
        return "yes" if value else "no"
    return NOTHING if value == "" else str(value)


def results(column: Column) -> list[str] | None:
    """What a CRM value may become, to choose from; None where any text or number may stand."""
    if column.type is Type.BOOL:
        return [AS_IS, "yes", "no", NOTHING]
    return [AS_IS, *column.choices, NOTHING] if column.choices else None


def _sentence(row: Row, problem: str) -> Finding:
    """A mistake in what was entered, as a finding; the code is in the sentence when it has one."""
    code = "M09" if "(M09)" in problem else "form"
    sentence = problem.rpartition(": ")[2] if code == "M09" else problem.removeprefix("the draft: ")
    return Finding(
        code,
        "error",
        row.source,
        row.name,
        "",
        sentence.replace(" (M09)", ""),
        "correct it; nothing was saved",
    )


def _severe(finding: Finding, row: Row) -> Finding:
    """A field that the CRM lacks is an error where a person has just chosen it."""
    chosen_now = row.column is not None and finding.field not in row.fields
    fresh = finding.code in ("M01", "M02") and chosen_now
    return replace(finding, level="error") if fresh else finding
