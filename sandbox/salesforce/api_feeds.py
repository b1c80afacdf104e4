"""The feeds of deleted and updated records of one object."""

from datetime import datetime, timedelta

from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import SObject
from sandbox.salesforce.routes import router, sobject_of
from sandbox.salesforce.values import instant_text, parse_instant

_DELETED_DAYS, _UPDATED_DAYS = 15, 30
_MOST_IDS = 600_000


@router.add("GET", "/sobjects/<name>/deleted")
def deleted(call: Call, name: str) -> Answer:
    """Records deleted in a window, each with the moment; what left no trace is not among them."""
    one, start, end = _window(call, name, _DELETED_DAYS)
    rows = call.org.world.db().execute(
        f'SELECT Id, SystemModstamp FROM "{one.table}" WHERE IsDeleted = 1'
        " AND SystemModstamp >= ? AND SystemModstamp < ? ORDER BY SystemModstamp, Id",
        (start, end),
    )
    records = [{"id": row[0], "deletedDate": row[1]} for row in rows.fetchall()]
    _check_count(len(records))
    earliest = instant_text(call.org.now() - timedelta(days=_DELETED_DAYS))
    return Answer(
        body={
            "deletedRecords": records,
            "earliestDateAvailable": earliest,
            "latestDateCovered": _covered(call, end),
        }
    )


@router.add("GET", "/sobjects/<name>/updated")
def updated(call: Call, name: str) -> Answer:
    """Ids of live records created or changed in a window."""
    one, start, end = _window(call, name, _UPDATED_DAYS)
    alive = "IsDeleted = 0 AND " if "IsDeleted" in one.fields else ""
    rows = call.org.world.db().execute(
        f'SELECT Id FROM "{one.table}" WHERE {alive}SystemModstamp >= ?'
        " AND SystemModstamp < ? ORDER BY SystemModstamp, Id",
        (start, end),
    )
    found = [row[0] for row in rows.fetchall()]
    _check_count(len(found))
    return Answer(body={"ids": found, "latestDateCovered": _covered(call, end)})


def _window(call: Call, name: str, days: int) -> tuple[SObject, str, str]:
    one = sobject_of(call, name)
    if not one.replicateable:
        raise ApiError("INVALID_TYPE", f"{one.name} is not replicateable")
    edges = []
    for argument in ("start", "end"):
        text = call.args.get(argument, "").replace(" ", "+")
        moment = parse_instant(text)
        if moment is None:
            raise ApiError("INVALID_REPLICATION_DATE", f"{argument} is no date time: {text}")
        edges.append(moment[:17] + "00.000+0000")
    start, end = edges
    now = call.org.now()
    if start < instant_text(now - timedelta(days=days)):
        raise ApiError("INVALID_REPLICATION_DATE", f"startDate is more than {days} days ago")
    width = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    if width < timedelta(minutes=1):
        raise ApiError("INVALID_REPLICATION_DATE", "endDate must be a minute after startDate")
    return one, start, end


def _covered(call: Call, end: str) -> str:
    return min(end, instant_text(call.org.now().replace(second=0, microsecond=0)))


def _check_count(found: int) -> None:
    if found > _MOST_IDS:
        raise ApiError("EXCEEDED_ID_LIMIT", f"more than {_MOST_IDS} ids in this window")
