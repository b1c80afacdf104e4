"""The rows of the mapping table: every column we can read, every figure we can write."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort
from sqlalchemy.orm import Session

from mappings import TASK_KEY, WRITTEN, Finding, Source, WrittenField
from mappings.catalogue import OBJECTS, Column, Type
from mappings.checks import can_hold
from mappings.convert import CORPORATE
from mappings.editing import figure_field, is_written
from mappings.findings import Described
from mappings.maps import CrmMap, Reader
from mappings.suggest import Suggestion, suggest
from mappings.wording import NOT_WRITTEN, reader_words
from store.samples import last_sent, sample_account, sample_rows
from web import words
from web.mapping_state import Desk

WRITE = "write"
SHOWN = {"": "all", "mapped": "mapped", "unmapped": "not mapped", "found": "with findings"} | {
    "changed": "changed in the draft"
}


@dataclass(frozen=True)
class Sample:
    """What is stored of one account for a row; `note` says what it is, or why there is nothing."""

    value: Any
    note: str = ""


@dataclass(frozen=True)
class Row:
    """One row. `column` is what is read, `figure` what is written; one of them is set."""

    id: str  # such as accounts:Account.segment and write.nps
    source: str  # the source's name, or write
    kind: str  # CRM object
    name: str
    label: str
    type: str
    meaning: str
    required: bool
    column: Column | None
    figure: WrittenField | None
    words: str  # how it is mapped
    fields: tuple[str, ...]
    facts: tuple[str, ...]  # what the CRM says of those fields
    mapped: bool
    editable: bool
    changed: bool
    findings: tuple[Finding, ...] = ()

    @property
    def worst(self) -> str:
        """error, warning, info or ok."""
        levels = {finding.level for finding in self.findings}
        return next((level for level in ("error", "warning", "info") if level in levels), "ok")


def all_rows(desk: Desk) -> list[Row]:
    """Every row of the map, reading first."""
    found: dict[tuple[str, str], list[Finding]] = {}
    for finding in desk.findings:
        found.setdefault((finding.source, finding.row), []).append(finding)
    rows = [*_reading(desk, found), *_writing(desk, found)]
    return rows


def _reading(desk: Desk, found: Mapping[tuple[str, str], Sequence[Finding]]) -> Iterator[Row]:
    before = _readers(desk.used)
    for source in desk.map.sources:
        for column in columns_of(source):
            reader = source.read.get(column.name)
            yield Row(
                id=f"{source.name}.{column.name}",
                source=source.name,
                kind=source.kind,
                name=column.name,
                label=words.plain(column.name).capitalize(),
                type=column.type,
                meaning=column.meaning + (f" [{column.unit}]" if column.unit else ""),
                required=column.required,
                column=column,
                figure=None,
                words=reader_words(reader),
                fields=reader.fields if reader is not None else (),
                facts=told(desk, source.kind, reader.fields if reader is not None else ()),
                mapped=reader is not None,
                editable=source.mode != "links" and source.each is None,
                changed=before.get((source.name, column.name)) != reader,
                findings=tuple(found.get((source.name, column.name), ())),
            )


def columns_of(source: Source) -> list[Column]:
    """What a person may map: all columns but the key, which the record's id makes."""
    columns = list(OBJECTS[source.object][1:])
    if source.object in CORPORATE:
        base = CORPORATE[source.object]
        meaning = f"{words.plain(base)} in the corporate currency, where the CRM computes it"
        columns.append(Column(f"{base}_corporate", Type.MONEY, meaning, unit="corporate currency"))
    return columns


def _readers(one: CrmMap) -> dict[tuple[str, str], Reader]:
    return {(s.name, name): reader for s in one.sources for name, reader in s.read.items()}


def _writing(desk: Desk, found: Mapping[tuple[str, str], Sequence[Finding]]) -> Iterator[Row]:
    before = _targets(desk.used)
    for figure in (*WRITTEN, TASK_KEY):
        field = figure_field(desk.document, desk.connection.vendor, figure.name)
        written = is_written(desk.document, figure.name)
        kind = desk.map.task_kind if figure is TASK_KEY else desk.map.account.kind
        yield Row(
            id=f"{WRITE}.{figure.name}",
            source=WRITE,
            kind=kind,
            name=figure.name,
            label=figure.label,
            type=figure.type,
            meaning=figure.help,
            required=figure is TASK_KEY,
            column=None,
            figure=figure,
            words=field if written else NOT_WRITTEN,
            fields=(field,),
            facts=told(desk, kind, (field,)),
            mapped=written,
            editable=True,
            changed=before.get(figure.name) != (field if written else None),
            findings=tuple(found.get((WRITE, figure.name), ())),
        )


def _targets(one: CrmMap) -> dict[str, str]:
    return {t.field.name: t.name for t in one.account.targets} | {TASK_KEY.name: one.task_key_field}


def find_row(desk: Desk, row_id: str) -> Row:
    """The row of this id; 404 when the map has none."""
    found = next((row for row in all_rows(desk) if row.id == row_id), None)
    return found or abort(404, "The mapping has no such row. See the mapping page for its rows.")


def selected(rows: Sequence[Row], show: str, group: str, text: str) -> list[Row]:
    """The rows that the filters leave.

    text  any part of our name, its meaning or the CRM field; or a row's whole address, such as
          accounts.annual_value
    """
    wanted = text.strip().lower()
    exact = any(wanted == _address(row) for row in rows)

    def fits(row: Row) -> bool:
        states = {
            "mapped": row.mapped,
            "unmapped": not row.mapped,
            "found": bool(row.findings),
            "changed": row.changed,
        }
        places = (row.label, row.name, row.meaning, row.words)
        found = any(wanted in place.lower() for place in places)
        return (
            states.get(show, True)
            and (not group or row.source == group)
            and (wanted == _address(row) if exact else found)
        )

    return [row for row in rows if fits(row)]


def _address(row: Row) -> str:
    """How other pages call the row: canonical object, or write, and name."""
    return f"{row.source.partition(':')[0]}.{row.name}"


def suggestions(desk: Desk, row: Row) -> list[Suggestion]:
    """Fields that the row might mean; none for what we write, and none that it reads already."""
    if row.column is None or not row.editable:
        return []
    known = desk.fields.get(row.kind, {})
    return [one for one in suggest(row.column, known.values()) if one.field not in row.fields]


def offered(desk: Desk, row: Row) -> Suggestion | None:
    """What to offer beside a row that reads nothing the CRM has."""
    known = desk.fields.get(row.kind, {})
    if row.mapped and (not row.fields or any(field in known for field in row.fields)):
        return None
    return next((one for one in suggestions(desk, row) if one.likely), None)


def options(desk: Desk, row: Row) -> list[tuple[Described, str]]:
    """The CRM fields to choose from with their facts in words; what cannot be is last."""
    offers = []
    for info in desk.fields.get(row.kind, {}).values():
        if row.column is not None:
            suits, why_not = can_hold(row.column, info), f"needs values to be {row.type}"
        else:
            suits, why_not = info.writable and not info.calculated, "cannot be written"
        offers.append((not suits, info.label.lower(), info, "" if suits else f"; {why_not}"))
    return [(info, facts(info) + note) for _, _, info, note in sorted(offers, key=lambda o: o[:2])]


def told(desk: Desk, kind: str, fields: Sequence[str]) -> tuple[str, ...]:
    """What the CRM says of those of the fields that it has."""
    known = desk.fields.get(kind, {})
    return tuple(facts(known[field]) for field in fields if field in known)


def facts(info: Described) -> str:
    """Label, type, length and lock of a CRM field."""
    length = f" ({info.length})" if info.length and info.type in ("text", "long_text") else ""
    lock = "" if info.writable else ", read-only"
    return f"{info.label}: {words.plain(info.type)}{length}{lock}"


def samples(
    session: Session, desk: Desk, rows: Sequence[Row], name: str
) -> tuple[str | None, dict[str, Sample]]:
    """The sample account's name, and what is stored of it by row id."""
    account = sample_account(session, desk.connection.id, name)
    if account is None:
        return None, {}
    read = {source.name: source for source in desk.map.sources}
    stored = sample_rows(session, account, [(s.name, s.object) for s in read.values()])
    sent = last_sent(session, account)
    found: dict[str, Sample] = {}
    for row in rows:
        if row.figure is not None:
            found[row.id] = _written_sample(row, account.remote, sent)
        elif row.changed:
            found[row.id] = Sample(None, "not read yet: a sync reads it once this is published")
        elif row.source in stored:
            found[row.id] = Sample(stored[row.source].get(row.name))
        else:
            found[row.id] = Sample(None, f"no {words.plain(read[row.source].object)} stored")
    return account.name, found


def _written_sample(row: Row, there: Mapping[str, Any], sent: Mapping[str, Any]) -> Sample:
    if not row.mapped:
        return Sample(None, NOT_WRITTEN)
    [field] = row.fields
    if row.name == TASK_KEY.name:
        return Sample(None, "stands on tasks")
    if field not in there:
        return Sample(None, "not read yet: the next sync reads it")
    note = f"we sent {sent[field]}" if field in sent else "not sent by us yet"
    return Sample(there[field], f"in the CRM now; {note}")
