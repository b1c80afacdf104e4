"""CSV as Bulk 2.0 wants it: declared delimiter and line ending, every value in quotes."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.salesforce.errors import ApiError

DELIMITERS = {"COMMA": ",", "TAB": "\t", "SEMICOLON": ";", "PIPE": "|", "CARET": "^",
              "BACKQUOTE": "`"}  # fmt: skip
ENDINGS = {"LF": "\n", "CRLF": "\r\n"}
csv.field_size_limit(400_000)


def delimiter_of(name: str) -> str:
    """The character of a declared column delimiter."""
    if name not in DELIMITERS:
        raise ApiError("INVALIDJOB", f"Unknown column delimiter {name}")
    return DELIMITERS[name]


def ending_of(name: str) -> str:
    """The characters of a declared line ending."""
    if name not in ENDINGS:
        raise ApiError("INVALIDJOB", f"Unknown line ending {name}")
    return ENDINGS[name]


def rows_of(data: bytes, delimiter: str, ending: str) -> Iterator[list[str]]:
    """The records of an uploaded file; ApiError says what makes it unreadable."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ApiError("CLIENTINPUTERROR", "the file is not UTF-8") from None
    head = text.partition("\n")[0]
    if bool(head.endswith("\r")) != (ending == "CRLF") and "\n" in text:
        declared = ENDINGS[ending].encode("unicode_escape").decode()
        raise ApiError(
            "CLIENTINPUTERROR", f"LineEnding is invalid on user data. Expected {declared}"
        )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        yield from (row for row in reader if row)
    except csv.Error as problem:
        raise ApiError("CLIENTINPUTERROR", f"Failed to parse CSV: {problem}") from None


def text_of(rows: Iterable[Iterable[Any]], delimiter: str, ending: str) -> str:
    """Records as text, every value quoted, null as an empty value."""
    out = io.StringIO()
    writer = csv.writer(
        out, delimiter=delimiter, lineterminator=ENDINGS[ending], quoting=csv.QUOTE_ALL
    )
    writer.writerows(rows)
    return out.getvalue()
