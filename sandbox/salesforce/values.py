"""Values on the wire and in the tables: checked on the way in, shaped on the way out.

Instants are kept as the REST API prints them (`2024-05-01T09:30:00.000+0000`), so they sort and
compare as text; dates as `2024-05-01`; booleans as 0 and 1; amounts as doubles.
"""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from sandbox.salesforce import ids
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import NUMBER_TYPES, TEXT_TYPES, Field

_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(?:(Z)|([+-])(\d\d):?(\d\d))?\Z"
)
_DAY = re.compile(r"(\d{4}-\d\d-\d\d)(?:T.*)?\Z")
_EMAIL = re.compile(r"[^@\s<>()\[\],;:\"]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+\Z")
_JSON_KIND = {str: "VALUE_STRING", bool: "VALUE_TRUE", int: "VALUE_NUMBER_INT",
              float: "VALUE_NUMBER_FLOAT", dict: "START_OBJECT", list: "START_ARRAY"}  # fmt: skip


def instant_text(moment: datetime) -> str:
    """An aware instant as REST prints it, in UTC and whole seconds."""
    return f"{moment.astimezone(UTC).isoformat()[:19]}.000+0000"


def parse_instant(text: str) -> str | None:
    """Any accepted spelling of an instant, in the stored form; None when it is none.

    Without an offset it is UTC.
    """
    match = _INSTANT.match(text)
    if not match:
        return None
    year, month, day, hour, minute = (int(match[n]) for n in range(1, 6))
    offset = timedelta()
    if match[8]:
        offset = timedelta(hours=int(match[9]), minutes=int(match[10]))
        offset = -offset if match[8] == "-" else offset
    try:
        moment = datetime(
            year, month, day, hour, minute, int(match[6] or 0), tzinfo=timezone(offset)
        )
        return instant_text(moment)
    except (ValueError, OverflowError):
        return None


def parse_day(text: str) -> str | None:
    """A date, or the date part of an instant; None when it is none."""
    match = _DAY.match(text)
    if not match:
        return None
    try:
        date.fromisoformat(match[1])
    except ValueError:
        return None
    return match[1]


def to_stored(field: Field, value: Any) -> Any:
    """A JSON value as the field's column keeps it; ApiError says why it cannot.

    Checks kind, length, range, e-mail shape, restricted picklists and the shape of ids; whether
    an id points at something is the caller's question.
    """
    if value is None or value == "":
        return int(bool(field.default)) if field.type == "boolean" and value is None else None
    if field.type == "boolean":
        return _boolean(field, value)
    if field.type in ("int", "long"):
        return _whole(field, value)
    if field.type in NUMBER_TYPES:
        return _number(field, value)
    if not isinstance(value, str):
        raise _unfit(field, value)
    if field.type == "datetime":
        return _or_unfit(field, value, parse_instant(value) or _midnight(value))
    if field.type == "date":
        return _or_unfit(field, value, parse_day(value))
    if field.type in ("id", "reference"):
        return _identifier(field, value)
    return _text(field, value)


def from_text(field: Field, cell: str) -> Any:
    """A CSV cell as the JSON value `to_stored` takes; `#N/A` is null."""
    if cell == "#N/A":
        return None
    if field.type == "boolean":
        return {"true": True, "1": True, "false": False, "0": False}.get(cell.lower(), cell)
    return cell


def to_wire(field: Field, stored: Any) -> Any:
    """A column's value as REST answers it."""
    if field.type == "boolean":
        return bool(stored)
    if field.type in NUMBER_TYPES and stored is not None:
        return float(stored)
    return stored


def _boolean(field: Field, value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return int(value.lower() == "true")
    raise _unfit(field, value)


def _whole(field: Field, value: Any) -> int:
    number = _decimal(field, value)
    if number != number.to_integral_value():
        raise _unfit(field, value)
    if abs(number) >= 10 ** (field.digits or 9):
        raise _outside(field, value)
    return int(number)


def _number(field: Field, value: Any) -> float:
    number = _decimal(field, value)
    if abs(number) >= Decimal(10) ** (field.precision - field.scale):
        raise _outside(field, value)
    return float(number.quantize(Decimal(1).scaleb(-field.scale), ROUND_HALF_UP))


def _decimal(field: Field, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _unfit(field, value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise _unfit(field, value) from None
    if not number.is_finite():
        raise _unfit(field, value)
    return number


def _text(field: Field, value: str) -> str | None:
    if field.type not in TEXT_TYPES:
        raise _unfit(field, value)
    value = value.strip() if field.type != "textarea" else value
    if field.length and len(value) > field.length:
        raise ApiError(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {value} (max length={field.length})",
            fields=(field.name,),
        )
    if field.type == "email" and value and not _EMAIL.match(value):
        raise ApiError(
            "INVALID_EMAIL_ADDRESS",
            f"{field.label}: invalid email address: {value}",
            fields=(field.name,),
        )
    if field.restricted and value:
        return _listed(field, value)
    return value or None


def _listed(field: Field, value: str) -> str:
    known = {choice.lower(): choice for choice in field.picklist}
    chosen = value.split(";") if field.type == "multipicklist" else [value]
    for one in chosen:
        if one.lower() not in known:
            raise ApiError(
                "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                f"{field.label}: bad value for restricted picklist field: {one}",
                fields=(field.name,),
            )
    return ";".join(known[one.lower()] for one in chosen)


def _identifier(field: Field, value: str) -> str:
    full = ids.normalise(value)
    if full is None:
        raise ApiError(
            "MALFORMED_ID",
            f"{field.label}: id value of incorrect type: {value}",
            fields=(field.name,),
        )
    return full


def _midnight(value: str) -> str | None:
    return f"{value}T00:00:00.000+0000" if len(value) == 10 and parse_day(value) else None


def _or_unfit(field: Field, value: str, parsed: str | None) -> str:
    if parsed is None:
        raise _unfit(field, value)
    return parsed


def _outside(field: Field, value: Any) -> ApiError:
    return ApiError(
        "NUMBER_OUTSIDE_VALID_RANGE",
        f"{field.label}: value outside of valid range on numeric field: {value}",
        fields=(field.name,),
    )


def _unfit(field: Field, value: Any) -> ApiError:
    """Wrong JSON type for a field, as the JSON reader words it."""
    kind = _JSON_KIND.get(type(value), "VALUE_NULL")
    return ApiError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {field.type} from {kind} value {value} "
        "or request may be missing a required field at [line:1, column:1]",
        fields=(field.name,),
    )
