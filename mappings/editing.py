"""Changing a map: TOML in, TOML out, one column or one figure at a time.

What comes out is checked by `loading.loads` like any map. Comments are lost: what people want to
say about a version is its reason.
"""

import tomllib
from collections.abc import Mapping
from typing import Any

import tomli_w

from mappings.written import PREFIX, crm_name

Document = dict[str, Any]


def read_document(content: str) -> Document:
    """A map's TOML as plain tables; the map must have been loaded before."""
    return tomllib.loads(content)


def write_document(document: Mapping[str, Any]) -> str:
    """The TOML of plain tables."""
    return tomli_w.dumps(document)


def column_table(document: Document, source: str, column: str) -> Document | None:
    """How the source reads the column, as a table of its own; None when it does not."""
    given = _source(document, source).get("read", {}).get(column)
    return {"field": given} if isinstance(given, str) else given


def with_column(content: str, source: str, column: str, table: Mapping[str, Any] | None) -> str:
    """The map with the column read as `table` says, None = not read.

    source  the source's name, such as accounts:Account; KeyError when there is none
    """
    document = read_document(content)
    read = _source(document, source).setdefault("read", {})
    if table is None:
        read.pop(column, None)
    else:
        read[column] = table["field"] if set(table) == {"field"} else dict(table)
    return write_document(document)


def with_figure(content: str, vendor: str, figure: str, field: str, *, write: bool) -> str:
    """The map with the figure written to the CRM field, or left alone."""
    document = read_document(content)
    table = document.setdefault("write", {})
    names = {**table.get("names", {}), figure: field}
    if field == crm_name(vendor, table.get("prefix", PREFIX[vendor]), figure) or not field:
        del names[figure]
    left_out = [name for name in table.get("leave_out", []) if name != figure]
    table |= {"names": names, "leave_out": left_out if write else [*left_out, figure]}
    for key in ("names", "leave_out"):
        if not table[key]:
            del table[key]
    return write_document(document)


def figure_field(document: Document, vendor: str, figure: str) -> str:
    """The CRM field that the map names for the figure, written or left alone."""
    table = document.get("write", {})
    named = table.get("names", {}).get(figure)
    return str(named or crm_name(vendor, table.get("prefix", PREFIX[vendor]), figure))


def is_written(document: Document, figure: str) -> bool:
    """Whether the figure is written at all."""
    return figure not in document.get("write", {}).get("leave_out", [])


def _source(document: Document, name: str) -> Document:
    for table in document.get("source", []):
        linked = f">{table['links_to']}" if table.get("links_to") else ""
        if f"{table['object']}:{table['kind']}{linked}" == name:
            found: Document = table
            return found
    raise KeyError(name)
