"""Bodies as data: JSON, anything +json, forms and multipart. Malformed ones are Unreadable."""

from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

import orjson
from werkzeug.exceptions import HTTPException
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from feedback.shapes import Delivery, Unreadable

_MOST_PARTS = 500


def decode(delivery: Delivery, parse: tuple[str, ...] = ()) -> Any:
    """The body's content.

    parse  fields whose text is JSON of its own
    """
    kind, options = parse_options_header(delivery.headers.get("content-type", ""))
    content: Any
    if kind == "application/x-www-form-urlencoded":
        content = form_fields(delivery.body)
    elif kind == "multipart/form-data":
        content = _parts(delivery.body, options)
    else:
        content = _json(delivery.body, "the body")
    if isinstance(content, dict):
        for name in parse:
            if isinstance(content.get(name), str) and content[name]:
                content[name] = _json(content[name].encode(), f"the field {name}")
    return content


def form_fields(body: bytes) -> dict[str, str]:
    """The fields of a URL-encoded form; of a repeated one the last."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_PARTS))
    except ValueError as error:
        raise Unreadable("the form cannot be read; the tool sent something else") from error


def _parts(body: bytes, options: dict[str, str]) -> dict[str, str]:
    parser = FormDataParser(silent=False, max_form_memory_size=None, max_form_parts=_MOST_PARTS)
    try:
        _, form, _ = parser.parse(BytesIO(body), "multipart/form-data", len(body), options)
    except (ValueError, HTTPException) as error:
        raise Unreadable("the multipart form cannot be read; the tool sent something else") from (
            error
        )
    return dict(form.items())


def _json(body: bytes, what: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Unreadable(
            f"{what} is not JSON ({error}); check the content type that the tool sends"
        ) from error
