"""Write back: queued field changes to the CRM, and what became of each.

Floor: `requests` with the same records in batches of the same size, answers decoded, nothing noted.
"""

from typing import Any

import orjson
import requests
from sqlalchemy import select, text

from benchmarks.place import Place, copied, crm_session, opened
from benchmarks.watch import Watch
from jobs.write_back import Sent, write_back
from mappings import load
from store.models import OutboxRow

Changes = list[tuple[str, dict[str, Any]]]

_COLLECTION, _COLLECTIONS, _BATCH = 200, 5, 100


def ours(site: Place, watch: Watch, *, vendor: str) -> None:
    """`jobs.write_back.write_back` of every account's fields."""
    for _ in range(site.repeats):
        with copied(site, f"{vendor}-synced") as house:
            crm, connection, schema = opened(house, vendor)
            with house.sessions.begin() as session:
                session.execute(
                    text("UPDATE outbox SET state = 'queued', tries = 0 WHERE action = 'update'")
                )
            before, sent = crm.usage.spent, Sent()
            with watch.lap():
                write_back(
                    crm,
                    house.sessions,
                    connection.id,
                    schema,
                    run_id=None,
                    sent=sent,
                    progress=lambda _count: None,
                )
        watch.rows = sent.records
        watch.details = {"calls": crm.usage.spent - before, "refused": sent.refused}


def floor(site: Place, watch: Watch, *, vendor: str) -> None:
    """The same batches by requests alone."""
    with copied(site, f"{vendor}-synced") as house, house.sessions() as session:
        query = select(OutboxRow.record_id, OutboxRow.fields).where(OutboxRow.action == "update")
        changes = [(record_id, fields) for record_id, fields in session.execute(query)]
        http = crm_session(site, house, vendor)
    kind = load(vendor).account.kind
    send = _send_salesforce if vendor == "salesforce" else _send_hubspot
    for _ in range(site.repeats):
        with watch.lap():
            watch.details = {"calls": send(site, http, kind, changes)}
    watch.rows = len(changes)


def _send_salesforce(site: Place, http: requests.Session, kind: str, changes: Changes) -> int:
    url, path = site.where["salesforce"]["https_url"], "/services/data/v64.0/composite"
    records = [{"attributes": {"type": kind}, "id": one, **fields} for one, fields in changes]
    size = _COLLECTION * _COLLECTIONS
    calls = 0
    for start in range(0, len(records), size):
        parts = [
            records[first : first + _COLLECTION]
            for first in range(start, min(start + size, len(records)), _COLLECTION)
        ]
        body = {
            "compositeRequest": [
                {
                    "method": "PATCH",
                    "url": f"{path}/sobjects",
                    "referenceId": f"part{number}",
                    "body": {"allOrNone": False, "records": part},
                }
                for number, part in enumerate(parts)
            ]
        }
        _post(http, url + path, body)
        calls += 1
    return calls


def _send_hubspot(site: Place, http: requests.Session, kind: str, changes: Changes) -> int:
    url = f"{site.where['hubspot']['https_url']}/crm/v3/objects/{kind}/batch/update"
    inputs = [{"id": one, "properties": _text(fields)} for one, fields in changes]
    for start in range(0, len(inputs), _BATCH):
        _post(http, url, {"inputs": inputs[start : start + _BATCH]})
    return -(-len(inputs) // _BATCH)


def _text(fields: dict[str, Any]) -> dict[str, str]:
    words = {None: "", True: "true", False: "false"}
    return {
        name: words[value] if value is None or isinstance(value, bool) else str(value)
        for name, value in fields.items()
    }


def _post(http: requests.Session, url: str, body: Any) -> None:
    headers = {"Content-Type": "application/json"}
    answer = http.post(url, data=orjson.dumps(body), headers=headers, timeout=120)
    answer.raise_for_status()
    orjson.loads(answer.content)
