"""Pull: CRM pages into our tables, and mapping alone.

Floor of a pull: `requests`, orjson and one sqlite3 executemany per page, of the same fields of
the same objects, values as the CRM sent them. Ceiling: the same requests, the answers thrown away.
Floor of the map: a plain loop that makes one tuple per record from the fields that are read.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import requests

from benchmarks.place import (
    Place,
    access,
    copied,
    crm_session,
    house_at,
    keep_pages,
    kept_pages,
    main_sources,
    opened,
)
from benchmarks.watch import Watch
from connector.base import Span
from jobs import calls
from jobs.clock import utc_now
from jobs.connect import connect, provision
from jobs.intake import import_feedback
from jobs.pull import Pulled, PullPlan, pull
from jobs.send_tasks import TasksDone
from jobs.write_back import Sent
from mappings import Source, to_frame

Records = list[dict[str, Any]]
Pages = Iterator[Records]
Read = Callable[[bytes], tuple[Records, str]]  # an answer's records, where the next page is


def prepare(site: Place, watch: Watch, *, vendor: str) -> None:
    """Connect, provision, import the answers and keep the pages for the stages that need them."""
    with watch.lap():
        house = house_at(site, f"sqlite:///{site.folder / vendor}.db")
        connection = connect(house, vendor, access(site, vendor))
        provision(house, connection, dry_run=False)
        export = requests.get(f"{site.where['control']}/survey/responses.csv", timeout=300)
        file = site.folder / f"{vendor}-responses.csv"
        file.write_bytes(export.content)
        import_feedback(house.sessions, connection.id, "responses", file, now=utc_now())
        crm, _, schema = opened(house, vendor)
        whole = Span(None, crm.now())
        pages = [
            (source.name, page)
            for source in main_sources(schema)
            for page in crm.pull(source.kind, source.fields, whole)
        ]
        keep_pages(site, vendor, pages)
        with house.engine.connect() as database:
            database.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        house.engine.dispose()
    watch.rows = sum(len(page.records) for _, page in pages)


def ours(site: Place, watch: Watch, *, vendor: str) -> None:
    """`jobs.pull.pull` of accounts, contacts and opportunities into an SQLite file."""
    for _ in range(site.repeats):
        with copied(site, vendor) as house:
            crm, connection, schema = opened(house, vendor)
            chosen = replace(schema.map, sources=tuple(main_sources(schema)))
            plan = PullPlan(timedelta(minutes=5), True, None, lambda _what, _count: None)
            pulled = Pulled()
            with watch.lap():
                pull(crm, house.sessions, connection.id, replace(schema, map=chosen), plan, pulled)
        watch.rows = sum(pulled.rows.values())
        least = calls.least(crm, pulled, Sent(), TasksDone())
        watch.details = {"calls": crm.usage.spent, "least_calls": least}


def floor(site: Place, watch: Watch, *, vendor: str) -> None:
    """The same pages with nothing but requests, orjson and sqlite3."""
    sources, session = _session(site, vendor)
    for _ in range(site.repeats):
        file = site.folder / f"floor-{uuid4().hex}.db"
        database = sqlite3.connect(file)
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=NORMAL")
        for source in sources:
            columns = ",".join(f'"{name}"' for name in source.fields)
            key = f'PRIMARY KEY("{source.key}")'
            database.execute(f"CREATE TABLE {source.object} ({columns}, {key})")
        watch.rows = 0
        with watch.lap():
            for source in sources:
                marks = ",".join("?" * len(source.fields))
                statement = f"INSERT OR REPLACE INTO {source.object} VALUES ({marks})"
                for records in _PAGES[vendor](site, session, source, _READ[vendor]):
                    rows = [tuple(map(record.get, source.fields)) for record in records]
                    database.executemany(statement, rows)
                    database.commit()
                    watch.rows += len(records)
        database.close()
        file.unlink()


def ceiling(site: Place, watch: Watch, *, vendor: str) -> None:
    """How fast the sandbox itself serves these pages: only their addresses are read."""
    sources, session = _session(site, vendor)
    for _ in range(site.repeats):
        with watch.lap():
            for source in sources:
                for _page in _PAGES[vendor](site, session, source, _skim):
                    pass
    watch.rows = sum(len(records) for _, records in kept_pages(site, vendor))


def map_ours(site: Place, watch: Watch, *, vendor: str) -> None:
    """`mappings.to_frame` of every page."""
    sources, schema, pages = _mapped(site, vendor)
    for _ in range(site.repeats):
        with watch.lap():
            for name, records in pages:
                to_frame(sources[name], records, rates=schema.rates, corporate=schema.currency)
    watch.rows = sum(len(records) for _, records in pages)


def map_floor(site: Place, watch: Watch, *, vendor: str) -> None:
    """One tuple per record, values as they are."""
    sources, _, pages = _mapped(site, vendor)
    for _ in range(site.repeats):
        with watch.lap():
            for name, records in pages:
                fields = sources[name].fields
                _rows = [tuple([record.get(field) for field in fields]) for record in records]
    watch.rows = sum(len(records) for _, records in pages)


def _mapped(site: Place, vendor: str) -> tuple[dict[str, Source], Any, Any]:
    with copied(site, vendor) as house:
        _, _, schema = opened(house, vendor)
    sources = {source.name: source for source in main_sources(schema)}
    return sources, schema, kept_pages(site, vendor)


def _session(site: Place, vendor: str) -> tuple[list[Source], requests.Session]:
    with copied(site, vendor) as house:
        _, _, schema = opened(house, vendor)
        return main_sources(schema), crm_session(site, house, vendor)


def _salesforce_pages(site: Place, session: requests.Session, source: Source, read: Read) -> Pages:
    url = site.where["salesforce"]["https_url"]
    fields = dict.fromkeys([*source.fields, "IsDeleted"])
    path = (
        f"/services/data/v64.0/queryAll?q=SELECT {','.join(fields)} FROM {source.kind} ORDER BY Id"
    )
    while path:
        records, path = read(session.get(url + path, timeout=120).content)
        yield records


def _hubspot_pages(site: Place, session: requests.Session, source: Source, read: Read) -> Pages:
    url = f"{site.where['hubspot']['https_url']}/crm/v3/objects/{source.kind}"
    linked = [name[1:] for name in source.fields if name.startswith("@")]
    plain = [name for name in source.fields if not name.startswith("@")]
    query = {"limit": "100", "properties": ",".join(plain)}
    if linked:
        query["associations"] = ",".join(linked)
    after = "0"
    while after:
        answer = session.get(url, params={**query, "after": after}, timeout=120)
        records, after = read(answer.content)
        yield records


def _read_salesforce(content: bytes) -> tuple[Records, str]:
    answer = orjson.loads(content)
    return answer["records"], answer.get("nextRecordsUrl", "")


def _read_hubspot(content: bytes) -> tuple[Records, str]:
    answer = orjson.loads(content)
    records = [item["properties"] for item in answer["results"]]
    return records, answer.get("paging", {}).get("next", {}).get("after", "")


def _skim(content: bytes) -> tuple[Records, str]:
    """Where the next page is, without decoding the records."""
    found = re.search(rb'"(?:nextRecordsUrl|after)":\s*"([^"]+)"', content)
    return [], found[1].decode() if found else ""


_PAGES = {"salesforce": _salesforce_pages, "hubspot": _hubspot_pages}
_READ = {"salesforce": _read_salesforce, "hubspot": _read_hubspot}
