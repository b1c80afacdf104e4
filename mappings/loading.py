"""Reading a map from TOML. Every mistake is one sentence: file, place, what to do.

Source: docs/mapping.md, "The file".
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any, cast, get_args

from mappings.catalogue import OBJECTS, Column, Type
from mappings.convert import CORPORATE
from mappings.maps import Condition, CrmMap, MapError, Mode, Reader, Rule, Source
from mappings.places import Place, once, tables
from mappings.remote import Target, WriteMap
from mappings.transforms import TRANSFORMS
from mappings.values import Misfit, parse, word
from mappings.written import PREFIX, TASK_KEY, TASK_KIND, WRITTEN, crm_name

TASK_KEY_MARK = "@task_key"  # in a map: our field on tasks, whatever its prefix

_TOP = {"vendor", "write", "source"}
_WRITE = {"prefix", "leave_out", "names"}
_SOURCE = {
    *("object", "kind", "mode", "key", "modified", "id_prefix", "read", "skip_when"),
    *("each", "links_to", "optional"),
}
_WAYS = ("field", "first", "join", "unless", "choose", "constant")
_READER = {*_WAYS, "values", "otherwise", "scale", "transform", "only", "prefix", "optional"}
_SCALED = (Type.MONEY, Type.NUMBER, Type.SHARE)


def load(vendor: str, path: Path | None = None) -> CrmMap:
    """The map of `vendor` (salesforce, hubspot): ours, or the file that replaces it.

    Raises MapError when the file cannot be read or does not make sense.
    """
    if vendor not in PREFIX:
        raise MapError(f"there is no CRM {vendor!r}; Barometer knows {', '.join(PREFIX)}")
    file = str(path) if path is not None else f"mappings/{vendor}.toml"
    try:
        if path is None:
            content = files("mappings").joinpath(f"{vendor}.toml").read_text("utf-8")
        else:
            content = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as broken:
        raise MapError(f"{file}: cannot be read ({broken}); name a readable TOML file") from None
    return loads(vendor, content, file)


def choose(vendor: str, published: str | None, path: Path | None) -> CrmMap:
    """The map to work by: the published one (TOML), else the deployment's file, else ours."""
    if published is not None:
        return loads(vendor, published, "the published mapping")
    return load(vendor, path)


def loads(vendor: str, content: str, file: str) -> CrmMap:
    """The map that TOML text `content` states; `file` names it in errors. Raises MapError."""
    try:
        given = tomllib.loads(content)
    except tomllib.TOMLDecodeError as broken:
        raise MapError(f"{file}: is no valid TOML: {broken}; correct that line") from None
    top = Place(file, "top level")
    top.known(given, _TOP)
    if given.get("vendor") != vendor:
        top.fail(f'`vendor` is {given.get("vendor")!r}; write vendor = "{vendor}"')
    task_key, targets = _written(file, vendor, given.get("write", {}))
    sources = [
        _source(file, position, table, task_key)
        for position, table in enumerate(tables(top, given, "source"), 1)
    ]
    once(top, [source.name for source in sources], "two sources read {0}; keep one of them")
    accounts = [source for source in sources if source.object == "accounts"]
    if len(accounts) != 1:
        top.fail('exactly one [[source]] must have object = "accounts"')
    account = WriteMap(cast(Any, vendor), accounts[0].kind, targets)
    sources[sources.index(accounts[0])] = replace(accounts[0], read_back=account.fields)
    return CrmMap(cast(Any, vendor), tuple(sources), account, task_key, TASK_KIND[vendor], content)


def _written(file: str, vendor: str, table: Any) -> tuple[str, tuple[Target, ...]]:
    """Name of the task key and the written fields with their names in the CRM."""
    place = Place(file, "[write]")
    place.known(table, _WRITE)
    prefix = place.text(table, "prefix", PREFIX[vendor])
    names = table.get("names", {})
    ours = {field.name for field in (*WRITTEN, TASK_KEY)}
    place.at("names").known(names, ours)
    for key, name in names.items():
        if not isinstance(name, str) or not name:
            place.at("names").fail(f"`{key}` must be the name of a CRM field")
    left_out = place.texts(table.get("leave_out", []), "leave_out")
    place.at("leave_out").known(dict.fromkeys(left_out), {field.name for field in WRITTEN})

    def name_of(name: str) -> str:
        return str(names.get(name) or crm_name(vendor, prefix, name))

    targets = tuple(
        Target(field, name_of(field.name), field.length, field.scale)
        for field in WRITTEN
        if field.name not in left_out
    )
    once(
        place,
        [target.name.lower() for target in targets],
        "two figures would be written to {0}; give one of them another name (M09)",
    )
    return name_of(TASK_KEY.name), targets


def _source(file: str, position: int, table: Any, task_key: str) -> Source:
    place = Place(file, f"[[source]] number {position}")
    place.known(table, _SOURCE)
    object_name = place.one_of(table, "object", OBJECTS)
    kind = place.text(table, "kind")
    place = Place(file, f"[[source]] {object_name} from {kind}")
    mode = cast(Mode, place.one_of({"mode": "increment", **table}, "mode", get_args(Mode)))
    links_to = place.text(table, "links_to") if mode == "links" else None
    if mode == "links":
        for key in ("key", "modified", "each"):
            if key in table:
                place.fail(f'`{key}` has no meaning in mode "links"; remove it')
    elif "links_to" in table:
        place.fail('`links_to` needs mode = "links"')
    source = Source(
        name=f"{object_name}:{kind}" + (f">{links_to}" if links_to else ""),
        object=object_name,
        kind=kind,
        mode=mode,
        key="" if mode == "links" else place.text(table, "key"),
        modified=place.text(table, "modified") if "modified" in table else None,
        read={},
        id_prefix=place.text(table, "id_prefix", ""),
        skip_when=_conditions(place.at("skip_when"), table.get("skip_when", []), task_key),
        each=_each(place.at("each"), table["each"]) if "each" in table else None,
        links_to=links_to,
        optional=place.flag(table, "optional"),
    )
    if mode == "increment" and source.modified is None:
        place.fail('mode "increment" needs `modified`, the field of the modification stamp')
    return replace(source, read=_read(place, source, table.get("read", {})))


def _each(place: Place, table: Any) -> Mapping[str, str]:
    if not isinstance(table, dict) or not table:
        place.fail('must be a table such as { technical_lead = "technical_lead" }')
    return {key: place.text(table, key) for key in table}


def _read(place: Place, source: Source, table: Any) -> dict[str, Reader]:
    columns = {column.name: column for column in OBJECTS[source.object]}
    key = next(iter(columns))
    if source.object in CORPORATE:
        extra = f"{CORPORATE[source.object]}_corporate"
        columns[extra] = Column(extra, Type.MONEY, "in the corporate currency")
    place.at("read").known(table, columns)
    if key in table:
        place.at("read").fail(f"{key} is made from `key` and `id_prefix`; remove it")
    made = source.mode == "links" or source.each is not None
    prefix = "" if made else source.id_prefix
    readers = {key: Reader("first", ("@id" if made else source.key,), prefix=prefix)}
    for name, given in table.items():
        readers[name] = _reader(place.at(f"read.{name}"), columns[name], given)
    for column in OBJECTS[source.object]:
        reader = readers.get(column.name)
        if column.required and (reader is None or reader.optional):
            place.at("read").fail(f"{column.name} is required; say which field holds it")
    return readers


def _reader(place: Place, column: Column, given: Any) -> Reader:
    table = {"field": given} if isinstance(given, str) else given
    place.known(table, _READER)
    ways = [way for way in _WAYS if way in table]
    if len(ways) != 1:
        place.fail(f"give exactly one of {', '.join(_WAYS)}")
    reader = _READS[ways[0]](place, table)
    lookup = _values(place.at("values"), column, table["values"]) if "values" in table else None
    otherwise = table.get("otherwise")
    if otherwise is not None and lookup is None and ways[0] != "choose":
        place.fail("`otherwise` needs `values` or `choose`")
    scale = table.get("scale")
    if scale is not None and (
        column.type not in _SCALED or not isinstance(scale, int | float) or scale == 0
    ):
        place.fail(f"`scale` must be a number other than 0, and {column.name} must hold numbers")
    for result in (otherwise, reader.constant, *(rule.then for rule in reader.rules)):
        _fits(place, column, result)
    return replace(
        reader,
        lookup=lookup,
        otherwise=otherwise,
        scale=None if scale is None else float(scale),
        transform=place.one_of(table, "transform", TRANSFORMS) if "transform" in table else None,
        only=place.text(table, "only", ""),
        prefix=place.text(table, "prefix", ""),
        optional=place.flag(table, "optional"),
    )


def _many(way: str) -> Callable[[Place, Mapping[str, Any]], Reader]:
    def read(place: Place, table: Mapping[str, Any]) -> Reader:
        return Reader(cast(Any, way), place.texts(table[way], way))

    return read


def _choose(place: Place, table: Mapping[str, Any]) -> Reader:
    rules = []
    for given in tables(place, table, "choose"):
        place.at("choose").known(given, {"when", "then"})
        when = given.get("when")
        if not isinstance(when, dict) or not when or "then" not in given:
            place.at("choose").fail('each rule is { when = { Field = "value" }, then = "ours" }')
        conditions = tuple(
            Condition(name, _words(place.at("choose"), name, wanted))
            for name, wanted in when.items()
        )
        rules.append(Rule(conditions, given["then"]))
    fields = dict.fromkeys(c.field for rule in rules for c in rule.when)
    return Reader("choose", tuple(fields), rules=tuple(rules))


_READS: Mapping[str, Callable[[Place, Mapping[str, Any]], Reader]] = {
    "field": lambda place, table: Reader("first", (place.text(table, "field"),)),
    "first": _many("first"),
    "join": _many("join"),
    "unless": _many("unless"),
    "choose": _choose,
    "constant": lambda place, table: Reader("constant", constant=table["constant"]),
}


def _values(place: Place, column: Column, table: Any) -> dict[str, Any]:
    if not isinstance(table, dict) or not table:
        place.fail("must be a table such as { Customer = true, Prospect = false }")
    translated: dict[str, Any] = {}
    for key, value in table.items():
        _fits(place, column, value)
        if word(key) in translated:
            place.fail(f"lists {key!r} twice (case does not count); keep one of them")
        translated[word(key)] = value
    return translated


def _fits(place: Place, column: Column, value: Any) -> None:
    if column.type in _SCALED and isinstance(value, int | float):
        return  # its scale is applied later
    try:
        parse(column, value)
    except Misfit as misfit:
        place.fail(f"{value!r} cannot stand in {column.name}: {misfit.reason}")


def _conditions(place: Place, given: Any, task_key: str) -> tuple[Condition, ...]:
    if not isinstance(given, list):
        place.fail('must be a list such as [{ field = "IsClosed", in = ["false"] }]')
    conditions = []
    for table in given:
        place.known(table, {"field", "in", "not_in", "optional"})
        if ("in" in table) is ("not_in" in table):
            place.fail("each condition has `field` and one of `in`, `not_in`")
        name = place.text(table, "field")
        conditions.append(
            Condition(
                task_key if name == TASK_KEY_MARK else name,
                _words(place, name, table.get("in", table.get("not_in"))),
                "not_in" in table,
                place.flag(table, "optional"),
            )
        )
    return tuple(conditions)


def _words(place: Place, name: str, wanted: Any) -> frozenset[str]:
    listed = wanted if isinstance(wanted, list) else [wanted]
    if not listed or not all(isinstance(value, str | bool | int) for value in listed):
        place.fail(f"{name} must be compared with a text or a list of texts")
    return frozenset(word(value) for value in listed)
