"""SOSL: /search and /parameterizedSearch.

Matches words and phrases with `*` and `?`; several words must all occur. Without RETURNING an
object's Id alone comes back. The order of hits and the ranking of the platform: unverified, here
by Id. Not spoken: AND NOT, OR, WITH, TYPEOF, spelling, synonyms.
"""

import re
from typing import Any

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import SObject
from sandbox.salesforce.routes import querying, router

_DEFAULT = ("Account", "Case", "Contact", "Opportunity", "User")
_MOST = 2000
_TEXTS = ("string", "email", "phone", "url", "combobox", "picklist")
_GROUPS = {
    "ALL": _TEXTS, "NAME": ("string",), "EMAIL": ("email",), "PHONE": ("phone",),
}  # fmt: skip
_FIND = re.compile(
    r"\s*FIND\s*\{(?P<term>(?:\\.|[^}\\])*)\}\s*(?:IN\s+(?P<group>\w+)\s+FIELDS\s*)?"
    r"(?:RETURNING\s+(?P<returning>.*?))?\s*(?:LIMIT\s+(?P<limit>\d+))?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_OBJECT = re.compile(r"\s*(\w+)\s*(?:\(((?:[^()]|\([^()]*\))*)\))?\s*(?:,|\Z)", re.DOTALL)
_INNER = re.compile(
    r"(?P<fields>.*?)(?:\s+WHERE\s+(?P<where>.*?))?(?:\s+(?P<rest>(?:ORDER\s+BY|LIMIT|OFFSET)\s.*))?\Z",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(r'"([^"]+)"|(\S+)')


@router.add("GET", "/search")
def search(call: Call) -> Answer:
    """Records found by a SOSL statement."""
    text = call.args.get("q")
    found = _FIND.match(text or "")
    if found is None:
        raise _malformed("expecting 'FIND {text} [IN ... FIELDS] [RETURNING ...] [LIMIT n]'")
    group = (found["group"] or "ALL").upper()
    if group not in _GROUPS:
        raise _malformed(f"unexpected token: {group}")
    returning = _returning(found["returning"])
    most = min(int(found["limit"] or _MOST), _MOST)
    return Answer(body=_shown(call, _hits(call, found["term"], group, returning, most)))


@router.add("GET POST", "/parameterizedSearch")
def parameterized(call: Call) -> Answer:
    """The same with parameters instead of a statement."""
    asked: dict[str, Any] = dict(call.args) if call.method == "GET" else call.json_object()
    term = asked.get("q")
    if not term:
        raise _malformed("the parameter q is missing")
    shared = _names(asked.get("fields"))
    given = asked.get("sobjects") or _names(asked.get("sobject"))
    chosen = [one if isinstance(one, dict) else {"name": one} for one in given]
    returning = [
        (one["name"], ", ".join(_names(one.get("fields")) or shared) or "Id", "", "")
        for one in chosen
    ]
    group = str(asked.get("in", "ALL")).upper()
    if group not in _GROUPS:
        raise _malformed(f"unexpected value of in: {group}")
    most = min(int(asked.get("overallLimit", _MOST)), _MOST)
    return Answer(body=_shown(call, _hits(call, str(term), group, returning or _all(), most)))


def _returning(text: str | None) -> list[tuple[str, str, str, str]]:
    """(object, fields, condition, order and limit) of each object to return."""
    if not text:
        return _all()
    chosen: list[tuple[str, str, str, str]] = []
    position = 0
    while position < len(text.rstrip()):
        one = _OBJECT.match(text, position)
        if one is None or one.end() == position:
            raise _malformed(f"unexpected token: {text[position:].strip()}")
        inner = _INNER.match(one[2] or "Id")
        assert inner is not None
        chosen.append(
            (one[1], inner["fields"].strip() or "Id", inner["where"] or "", inner["rest"] or "")
        )
        position = one.end()
    return chosen


def _hits(
    call: Call, term: str, group: str, returning: list[tuple[str, str, str, str]], most: int
) -> list[dict[str, Any]]:
    words = [_pattern(phrase or word) for phrase, word in _WORD.findall(_unescaped(term))]
    if not words or len(_unescaped(term).strip('"*? ')) < 2:
        raise _malformed("search term must be longer than one character")
    records: list[dict[str, Any]] = []
    for name, fields, where, rest in returning:
        one = call.view.find(name)
        if one is None:
            raise ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
        ids = _matching(call, one, group, words)
        if ids and len(records) < most:
            listed = ", ".join(f"'{each}'" for each in ids)
            condition = f" AND ({where})" if where else ""
            statement = (
                f"SELECT {fields} FROM {one.name} WHERE Id IN ({listed}){condition} "
                f"{rest or 'ORDER BY Id'}"
            )
            records += querying(call).run(statement)["records"]
    return records[:most]


def _matching(call: Call, one: SObject, group: str, words: list[re.Pattern[str]]) -> list[str]:
    """Ids of live records whose searched fields hold every word."""
    kinds = _GROUPS[group]
    columns = [
        own.name
        for own in one.fields.values()
        if own.type in kinds
        and own.filterable
        and (group != "NAME" or own.name_field or own.name in ("FirstName", "LastName"))
    ]
    if not columns:
        return []
    asking = querying(call)
    page = asking.run(f"SELECT {', '.join(dict.fromkeys(['Id', *columns]))} FROM {one.name}")
    found: list[str] = []
    while True:
        for record in page["records"]:
            text = "\n".join(str(record[c]) for c in columns if record[c])
            if all(word.search(text) for word in words):
                found.append(record["Id"])
        if page["done"]:
            return found[:_MOST]
        page = asking.more(page["nextRecordsUrl"].rpartition("/")[2])


def _pattern(word: str) -> re.Pattern[str]:
    """A whole word or phrase; `*` any characters of a word, `?` one."""
    inner = re.escape(word).replace(r"\*", r"\w*").replace(r"\?", r"\w").replace(r"\ ", r"\s+")
    return re.compile(rf"(?<!\w){inner}(?!\w)", re.IGNORECASE)


def _unescaped(term: str) -> str:
    return re.sub(r"\\(.)", r"\1", term).strip()


def _shown(call: Call, records: list[dict[str, Any]]) -> Any:
    """A bare list before version 37."""
    return {"searchRecords": records} if call.number >= 37 else records


def _names(given: Any) -> list[str]:
    if not given:
        return []
    parts = given.split(",") if isinstance(given, str) else given
    return [str(part).strip() for part in parts if str(part).strip()]


def _all() -> list[tuple[str, str, str, str]]:
    return [(name, "Id", "", "") for name in _DEFAULT]


def _malformed(text: str) -> ApiError:
    return ApiError("MALFORMED_SEARCH", text)
