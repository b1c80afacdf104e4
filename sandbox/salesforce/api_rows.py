"""Single records: create, read, change and delete them, by id or by external id."""

from typing import Any

from sandbox.salesforce import ids, preconditions
from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import ApiError, ManyMatches, not_found
from sandbox.salesforce.model import SObject
from sandbox.salesforce.routes import querying, router, sobject_of, writer

_NOT_IN_BODY = "The {} field should not be specified in the sobject data."


@router.add("POST", "/sobjects/<name>")
def create(call: Call, name: str) -> Answer:
    """Insert one record."""
    one = sobject_of(call, name)
    data = call.json_object()
    _keep_out(data, "Id")
    with call.org.world.transaction():
        record_id = writer(call).create(one, data)
    return _created(call, one, record_id, {})


@router.add("GET", "/sobjects/<name>/<record_id>")
def read(call: Call, name: str, record_id: str) -> Answer:
    """One record: all fields, or those named in `fields`."""
    one = sobject_of(call, name)
    record = _record(call, one, record_id)
    preconditions.require(call, one, record_id)
    headers = preconditions.row_headers(call, one, record_id)
    if preconditions.unchanged(call, headers):
        return Answer(304, None, headers)
    return Answer(200, record, headers)


@router.add("PATCH", "/sobjects/<name>/<record_id>")
def update(call: Call, name: str, record_id: str) -> Answer:
    """Change fields of one record."""
    one = sobject_of(call, name)
    data = call.json_object()
    _keep_out(data, "Id")
    with call.org.world.transaction():
        preconditions.require(call, one, record_id)
        writer(call).update(one, record_id, data)
    return Answer(204)


@router.add("DELETE", "/sobjects/<name>/<record_id>")
def delete(call: Call, name: str, record_id: str) -> Answer:
    """Delete one record."""
    one = sobject_of(call, name)
    with call.org.world.transaction():
        preconditions.require(call, one, record_id)
        writer(call).delete(one, record_id)
    return Answer(204)


@router.add("GET", "/sobjects/<name>/<key>/<path:value>")
def read_by_key(call: Call, name: str, key: str, value: str) -> Answer:
    """One record by external id, or what a record's relationship leads to."""
    one = sobject_of(call, name)
    if one.find(key) is None and ids.normalise(key):
        return _follow(call, one, key, value)
    return Answer(body=_record(call, one, _only_match(call, one, key, value)))


@router.add("PATCH", "/sobjects/<name>/<key>/<path:value>")
def upsert(call: Call, name: str, key: str, value: str) -> Answer:
    """Update the record with this external id, or create it."""
    one = sobject_of(call, name)
    data = call.json_object()
    _keep_out(data, "Id")
    _keep_out(data, key)
    only = call.args.get("updateOnly", "").lower() == "true"
    with call.org.world.transaction():
        record_id, created = writer(call).upsert(one, key, value, data, only)
    if created:
        return _created(call, one, record_id, {"created": True})
    if call.number < 46:
        return Answer(204)
    return Answer(200, {"id": record_id, "success": True, "errors": [], "created": False})


@router.add("POST", "/sobjects/<name>/Id")
def create_by_id_path(call: Call, name: str) -> Answer:
    """Create through the Id path: as a create, with `created` in the answer."""
    one = sobject_of(call, name)
    data = call.json_object()
    _keep_out(data, "Id")
    with call.org.world.transaction():
        record_id = writer(call).create(one, data)
    return _created(call, one, record_id, {"created": True})


@router.add("DELETE", "/sobjects/<name>/<key>/<path:value>")
def delete_by_key(call: Call, name: str, key: str, value: str) -> Answer:
    """Delete the record with this external id."""
    one = sobject_of(call, name)
    with call.org.world.transaction():
        writer(call).delete(one, _only_match(call, one, key, value))
    return Answer(204)


def field_names(call: Call, one: SObject, listed: str | None) -> list[str]:
    """The fields to read: those listed, split by commas, or all."""
    if listed:
        return [name.strip() for name in listed.split(",") if name.strip()]
    return list(one.fields)


def _record(call: Call, one: SObject, record_id: str) -> dict[str, Any]:
    full = ids.normalise(record_id)
    if full is None or (one.prefix and full[:3] != one.prefix):
        raise not_found()
    names = field_names(call, one, call.args.get("fields"))
    extra = ["IsDeleted"] if "IsDeleted" in one.fields else []
    unasked = [name for name in extra if name.lower() not in {n.lower() for n in names}]
    found = querying(call).retrieve(one, [full], names + unasked)
    if full not in found:
        raise not_found()
    record: dict[str, Any] = found[full]
    if record.get("IsDeleted"):
        raise ApiError("ENTITY_IS_DELETED", "entity is deleted", 404)
    for name in unasked:
        del record[name]
    return record


def _only_match(call: Call, one: SObject, key: str, value: str) -> str:
    writing = writer(call)
    found = writing.matches(one, writing.external(one, key), value)
    if not found:
        raise not_found()
    if len(found) > 1:
        raise ManyMatches([f"{call.base}/sobjects/{one.name}/{one_id}" for one_id in found])
    return found[0]


def _follow(call: Call, one: SObject, record_id: str, relation: str) -> Answer:
    """`/sobjects/Account/<id>/Owner` or `/Contacts`: a parent, or a page of children."""
    name, _, rest = relation.partition("/")
    own = one.relation(name)
    if rest:
        raise not_found()
    if own is not None:
        full = ids.normalise(record_id) or ""
        found = querying(call).retrieve(one, [full], [own.name])
        target = (found[full][own.name] if full in found else None) or ""
        parent = call.org.schema.by_prefix(target)
        if parent is None:
            raise not_found()
        return Answer(body=_record(call, sobject_of(call, parent.name), target))
    for other in call.view:
        for back in other.fields.values():
            here = one.name in back.reference_to
            if back.children and here and back.children.lower() == name.lower():
                names = ", ".join(field_names(call, other, call.args.get("fields")))
                text = f"SELECT {names} FROM {other.name} WHERE {back.name} = '{record_id}'"
                return Answer(body=querying(call).run(text))
    raise not_found()


def _created(call: Call, one: SObject, record_id: str, more: dict[str, Any]) -> Answer:
    location = {"Location": f"{call.base}/sobjects/{one.name}/{record_id}"}
    body = {"id": record_id, "success": True, "errors": [], **more}
    return Answer(201, body, location)


def _keep_out(data: dict[str, Any], key: str) -> None:
    for name in data:
        if name.lower() == key.lower():
            raise ApiError("INVALID_FIELD", _NOT_IN_BODY.format(key), fields=(key,))
