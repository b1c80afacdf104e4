"""Running SOQL: first page, further pages, subqueries with pages of their own."""

import sqlite3
from array import array
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from sandbox.salesforce.access import View
from sandbox.salesforce.cursors import Cursor, cursors_of
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.model import SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.soql.plan import ChildPlan, Plan, prepare, reading
from sandbox.salesforce.soql.scope import Statement

SMALLEST_BATCH, LARGEST_BATCH = 200, 2000


class Querying:
    """Queries of one user in one API version."""

    def __init__(self, org: Org, view: View, token: str, version: str) -> None:
        self._org = org
        self._view = view
        self._token = token
        self._base = f"/services/data/v{version}"
        self._db: sqlite3.Connection = org.world.db()

    def run(
        self,
        text: str,
        *,
        deleted_too: bool = False,
        tooling: bool = False,
        batch: int = LARGEST_BATCH,
    ) -> dict[str, Any]:
        """The first page of a statement's result."""
        plan = self.plan(text, deleted_too=deleted_too, tooling=tooling)
        if self._org.world.faults.take("query_timeout", "salesforce", object=plan.one.name):
            raise ApiError("QUERY_TIMEOUT", "Your query request was running for too long.")
        if plan.counted:
            (total,) = self._rows(plan.find, plan.parameters)[0]
            return {"totalSize": total, "done": True, "records": []}
        if plan.grouped:
            return self._grouped(plan)
        rows = self.find_rows(plan)
        batch = min(batch, int(self._org.switch("page_size")))
        if plan.long_texts >= 2:
            batch = min(batch, SMALLEST_BATCH)
        cursor = Cursor(plan, rows, self._view.user_id, self._token, batch, self._org.now())
        return self._page(cursor, 0, None)

    def more(self, locator: str) -> dict[str, Any]:
        """The page a `nextRecordsUrl` points at: `<id>-<offset>`."""
        name, _, offset = locator.partition("-")
        cursor = cursors_of(self._org).find(name, self._view.user_id, self._token)
        if not offset.isdigit() or int(offset) > len(cursor.rows):
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(cursor, int(offset), name)

    def retrieve(self, one: SObject, ids: list[str], names: list[str]) -> dict[str, Any]:
        """Records by id, deleted ones too, with the named fields; absent ids are left out."""
        statement = Statement(self._view, ", ".join(names), one.tooling, deleted_too=True)
        plan = reading(statement, one, names)
        numbers = self._rows(
            f'SELECT _row FROM "{one.table}" WHERE Id IN (SELECT value FROM json_each(?))',
            [orjson.dumps(ids).decode()],
        )
        found = self.read(plan, [row[0] for row in numbers])
        prefix = f"{self._base}/{'tooling/' if one.tooling else ''}sobjects/"
        return {row[1]: plan.maker(row[1:], prefix) for row in found}

    def plan(self, text: str, *, deleted_too: bool = False, tooling: bool = False) -> Plan:
        """A statement made ready for this user."""
        return prepare(Statement(self._view, text, tooling, deleted_too))

    def find_rows(self, plan: Plan) -> "array[int]":
        """The row numbers of a plan's result, in order."""
        return array("q", map(itemgetter(0), self._rows(plan.find, plan.parameters)))

    def read(self, plan: Plan, rows: Sequence[int]) -> list[tuple[Any, ...]]:
        """The columns of these rows, each preceded by its row number."""
        return self._rows(plan.read, [orjson.dumps(list(rows)).decode()])

    def _rows(self, sql: str, parameters: list[object]) -> list[tuple[Any, ...]]:
        cursor = self._db.cursor()
        cursor.row_factory = None
        return cursor.execute(sql, parameters).fetchall()

    def _grouped(self, plan: Plan) -> dict[str, Any]:
        rows = self._rows(plan.find, plan.parameters)
        if len(rows) > LARGEST_BATCH:
            raise ApiError(
                "EXCEEDED_ID_LIMIT",
                "Aggregate query does not support queryMore(), use LIMIT to restrict the results "
                "to a single batch",
            )
        records = [plan.maker(row, "") for row in rows]
        return {"totalSize": len(records), "done": True, "records": records}

    def _page(self, cursor: Cursor, offset: int, name: str | None) -> dict[str, Any]:
        """One page from `offset` on; with subqueries, children count towards its size."""
        wanted = cursor.rows[offset : offset + cursor.batch]
        plan, sobjects = cursor.plan, f"{self._base}/sobjects/"
        found = self.read(plan, wanted)
        if offset and self._org.switch("cursor_drops_deleted"):
            found = self._still_there(plan, found)
        taken = len(wanted)
        records = [plan.maker(row[1:], sobjects) for row in found]
        if plan.children and records:
            fitting = self._attach(plan, [row[1] for row in found], records, cursor.batch)
            if fitting < len(records):
                taken = wanted.index(found[fitting][0])
                records = records[:fitting]
        done = offset + taken >= len(cursor.rows)
        page: dict[str, Any] = {"totalSize": len(cursor.rows), "done": done}
        if not done:
            name = name or cursors_of(self._org).keep(cursor)
            page["nextRecordsUrl"] = f"{self._base}/query/{name}-{offset + taken}"
        return page | {"records": records}

    def _still_there(self, plan: Plan, found: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
        if "IsDeleted" not in plan.one.fields or ".IsDeleted = 0" not in plan.find:
            return found
        numbers = orjson.dumps([row[0] for row in found]).decode()
        gone = {
            row[0]
            for row in self._rows(
                f'SELECT _row FROM "{plan.one.table}" WHERE IsDeleted = 1'
                " AND _row IN (SELECT value FROM json_each(?))",
                [numbers],
            )
        }
        return [row for row in found if row[0] not in gone] if gone else found

    def _attach(self, plan: Plan, ids: list[str], records: list[dict[str, Any]], batch: int) -> int:
        """Add the children to the parents; how many parents fit into one page (at least one)."""
        counts = [0] * len(ids)
        for child in plan.children:
            by_parent = self._children(child, ids)
            for index, parent in enumerate(ids):
                rows = by_parent.get(parent)
                if rows:
                    counts[index] += len(rows)
                    records[index][child.key] = self._child_page(child.plan, rows, batch)
        room = batch
        for index, count in enumerate(counts):
            room -= 1 + count
            if room < 0:
                return max(1, index)
        return len(ids)

    def _children(self, child: ChildPlan, ids: list[str]) -> dict[str, "array[int]"]:
        listed: list[object] = [orjson.dumps(ids).decode(), *child.plan.parameters]
        found = self._rows(child.plan.find, listed)
        found.sort(key=itemgetter(1))  # stable: the order asked for stays within a parent
        stop = None if child.limit is None else child.offset + child.limit
        return {
            parent: array("q", [row[0] for row in rows][child.offset : stop])
            for parent, rows in groupby(found, key=itemgetter(1))
        }

    def _child_page(self, plan: Plan, rows: "array[int]", batch: int) -> dict[str, Any]:
        cursor = Cursor(plan, rows, self._view.user_id, self._token, batch, self._org.now())
        return self._page(cursor, 0, None)
