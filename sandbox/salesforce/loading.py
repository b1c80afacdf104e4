"""Loading the canonical portfolio into the org's own objects, fast and with flat memory.

References between records are resolved by SQLite from the world's table of ids while rows are
inserted, so no map of ids is held; what a row refers to but nobody defined becomes null.
"""

import itertools
import sqlite3
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from sandbox.portfolio import Portfolio
from sandbox.salesforce import ids, shapes
from sandbox.salesforce.founding import add_stage, org_of
from sandbox.salesforce.model import SObject
from sandbox.salesforce.org import Org
from sandbox.salesforce.values import instant_text
from sandbox.world import World

Row = dict[str, Any]
Route = tuple[str, Callable[[Row, "_Loader"], Row], Callable[[Row], bool]]
_CHUNK = 20_000
_SPREAD = 90 * 86_400  # seconds over which the last changes of old records lie
_LOOKUP = (
    "(SELECT crm_id FROM sandbox_ids WHERE crm = 'salesforce' AND object = '{}'"
    " AND canonical_id = ?)"
)


def load(world: World, portfolio: Portfolio) -> None:
    """Fill a fresh org with a portfolio: users, accounts, people, deals, cases, activities."""
    org = org_of(world)
    with world.transaction() as db:
        org.schema.drop_indexes(db)
        loader = _Loader(org, db, portfolio)
        loader.run()
        org.schema.create_indexes(db)
        db.execute("ANALYZE")
    org.schema.extend_picklists({key: sorted(found) for key, found in loader.choices.items()})
    if len(loader.currencies) > 1:
        world.switches["salesforce.multi_currency"] = True
    org.permissions_version += 1


class _Loader:
    """One load; `choices` and `currencies` tell afterwards what values were met."""

    def __init__(self, org: Org, db: sqlite3.Connection, portfolio: Portfolio) -> None:
        self._org = org
        self._db = db
        self._portfolio = portfolio
        self._user = org.world.salesforce.user_id
        self._default = instant_text(portfolio.as_of - timedelta(days=730))
        self._as_of = portfolio.as_of
        self.choices: dict[tuple[str, str], set[str]] = {}
        self.currencies: set[str] = {portfolio.currency}
        self._stages: dict[str, Row] = {}
        self._links: dict[str, list[tuple[Any, Any]]] = {}

    def run(self) -> None:
        """Everything, in the order of the references; each canonical table is read once."""
        self._db.execute(
            "CREATE TEMP TABLE role_in (role_id TEXT, contact TEXT, account TEXT, role TEXT)"
        )
        self._insert("users", [("User", shapes.user, _every)], self._note_managers)
        self._insert("accounts", [("Account", shapes.account, _every)], self._note_parents)
        self._link("User", "users", "ManagerId")
        self._link("Account", "accounts", "ParentId")
        self._insert("contacts", [("Contact", shapes.contact, _every)], self._stage_own_roles)
        self._insert("opportunities", [("Opportunity", shapes.opportunity, _every)])
        self._products()
        self._insert("cases", [("Case", shapes.case, _every)])
        self._insert("activities", [("Task", shapes.task, _spoken), ("Event", shapes.event, _met)])
        roles = ("OpportunityContactRole", shapes.contact_role, _on_a_deal)
        self._insert("contact_roles", [roles], self._stage_roles)
        self._relations()
        self._insert("team_members", [("AccountTeamMember", shapes.team_member, _every)])
        self._add_stages()
        self._add_currencies()

    def _note_managers(self, rows: list[Row]) -> None:
        self._links.setdefault("users", []).extend(
            (row["manager_id"], row["user_id"]) for row in rows if row["manager_id"] is not None
        )

    def _note_parents(self, rows: list[Row]) -> None:
        self._links.setdefault("accounts", []).extend(
            (row["parent_id"], row["account_id"]) for row in rows if row["parent_id"] is not None
        )

    def _link(self, target: str, table: str, name: str) -> None:
        """References within one object, once all its records are there."""
        lookup = _LOOKUP.format(table)
        self._db.executemany(
            f'UPDATE "sf_{target}" SET "{name}" = {lookup} WHERE Id = {lookup}',
            self._links.get(table, []),
        )

    def _stage_own_roles(self, rows: list[Row]) -> None:
        self._stage(
            (None, row["contact_id"], row["account_id"], row["role"])
            for row in rows
            if row["role"] is not None
        )

    def _stage_roles(self, rows: list[Row]) -> None:
        self._stage(
            (row["role_id"], row["contact_id"], row["account_id"], row["role"])
            for row in rows
            if not _on_a_deal(row)
        )

    def _stage(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._db.executemany(
            f"INSERT INTO role_in VALUES (?, {_LOOKUP.format('contacts')},"
            f" {_LOOKUP.format('accounts')}, ?)",
            rows,
        )

    def _insert(
        self,
        table: str,
        routes: list[Route],
        also: Callable[[list[Row]], None] = lambda rows: None,
    ) -> None:
        """Insert each row of a canonical table as a record of the first object that takes it."""
        key = shapes.KEYS[table]
        targets = [
            (one := self._org.schema[name], shape, takes, itertools.count(self._first(one)))
            for name, shape, takes in routes
        ]
        statements: dict[str, str] = {}
        rows = self._portfolio.rows(table)
        while chunk := list(itertools.islice(rows, _CHUNK)):
            for one, shape, takes, numbers in targets:
                taken = [row for row in chunk if takes(row)]
                if not taken:
                    continue
                made = [self._made(one, next(numbers), shape(row, self)) for row in taken]
                statement = statements.setdefault(one.name, _statement(one, made[0], self._user))
                self._db.executemany(statement, [tuple(m.values()) for m in made])
                pairs = zip(taken, made, strict=True)
                noted = [(row[key], m["Id"]) for row, m in pairs if row[key] is not None]
                self._org.world.note_ids("salesforce", table, noted)
            also(chunk)
        for one, _, _, _ in targets:
            self._drop_orphans(one)

    def _made(self, one: SObject, number: int, values: Row) -> Row:
        """A complete row: identity, stamps, then the shaped values."""
        created = values.pop("CreatedDate", None) or self._default
        spread = timedelta(seconds=number * 7919 % _SPREAD)
        changed = max(created, instant_text(self._as_of - spread))
        row: Row = {"_row": number, "Id": ids.make_id(one.prefix or "000", number)}
        stamps = {
            "CreatedDate": created, "CreatedById": self._user, "LastModifiedDate": changed,
            "LastModifiedById": self._user, "SystemModstamp": changed,
        }  # fmt: skip
        row |= stamps
        return row | values

    def _drop_orphans(self, one: SObject) -> None:
        """Records that cannot be without their parent are not kept without it."""
        for own in one.fields.values():
            if own.cascade and not own.nillable and one.name != "FieldPermissions":
                self._db.execute(f'DELETE FROM "{one.table}" WHERE "{own.name}" IS NULL')

    def _products(self) -> None:
        """Each product once, in the order first met; then the lines."""
        known: dict[str, str | None] = {}
        for row in self._portfolio.rows("products"):
            if row.get("product") is not None:
                known.setdefault(row["product"], row.get("family"))
        one = self._org.schema["Product2"]
        for number, (name, family) in enumerate(known.items(), self._first(one)):
            made = self._made(one, number, {"Name": name, "Family": family, "IsActive": 1})
            self._db.execute(_statement(one, made), tuple(made.values()))
            self._org.world.note_ids("salesforce", "product_names", [(name, made["Id"])])
            self.meet("Product2", "Family", family)
        self._insert("products", [("OpportunityLineItem", shapes.line_item, _every)])
        self._db.execute(
            "UPDATE sf_OpportunityLineItem SET Name = (SELECT o.Name || ' ' || p.Name FROM"
            " sf_Opportunity o, sf_Product2 p WHERE o.Id = OpportunityId AND p.Id = Product2Id)"
        )

    def _relations(self) -> None:
        """One relation for each contact and account: the contact's own, and those with roles."""
        db = self._db
        db.execute(
            "UPDATE role_in SET account = (SELECT AccountId FROM sf_Contact c WHERE c.Id = contact)"
            " WHERE account IS NULL"
        )
        db.create_function("relation_id", 1, lambda n: ids.make_id("07k", n), deterministic=True)
        db.execute(
            "CREATE TEMP TABLE pairs AS SELECT AccountId AS account, Id AS contact, 1 AS direct,"
            " _row AS place FROM sf_Contact WHERE AccountId IS NOT NULL"
            " UNION ALL SELECT DISTINCT r.account, r.contact, 0, NULL FROM role_in r"
            " JOIN sf_Contact c ON c.Id = r.contact WHERE r.account IS NOT NULL"
            " AND c.AccountId IS NOT r.account"
        )
        db.execute("CREATE INDEX temp.role_pairs ON role_in (contact, account)")
        db.execute(
            "INSERT INTO sf_AccountContactRelation (_row, Id, AccountId, ContactId, Roles,"
            " IsDirect, IsActive, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById,"
            " SystemModstamp) SELECT p.rowid, relation_id(p.rowid), account, contact,"
            " (SELECT group_concat(DISTINCT_role, ';') FROM (SELECT DISTINCT role AS DISTINCT_role"
            "   FROM role_in r WHERE r.contact = p.contact AND r.account = p.account"
            "   AND role IS NOT NULL)),"
            " direct, 1, c.CreatedDate, c.CreatedById, c.LastModifiedDate, c.LastModifiedById,"
            " c.SystemModstamp FROM pairs p JOIN sf_Contact c ON c.Id = p.contact"
        )
        db.execute("DROP TABLE pairs")
        self._note_relations()

    def _note_relations(self) -> None:
        db = self._db
        db.execute("CREATE INDEX role_relation ON sf_AccountContactRelation (ContactId)")
        db.execute(
            "INSERT OR IGNORE INTO sandbox_ids SELECT 'salesforce', 'contact_roles', role_id, a.Id"
            " FROM role_in JOIN sf_AccountContactRelation a ON a.ContactId = contact"
            " AND a.AccountId = account WHERE role_id IS NOT NULL"
        )
        for (role,) in db.execute("SELECT DISTINCT role FROM role_in").fetchall():
            for part in (role or "").split(";"):
                self.meet("AccountContactRelation", "Roles", part.strip() or None)
        db.execute("DROP INDEX role_relation")
        db.execute("DROP TABLE role_in")

    def _add_stages(self) -> None:
        """Stages that the portfolio words differently from a new org."""
        db = self._db
        known = {
            row[0].lower() for row in db.execute("SELECT MasterLabel FROM sf_OpportunityStage")
        }
        for label, facts in self._stages.items():
            if label.lower() not in known:
                add_stage(
                    self._org, db, self._first(self._org.schema["OpportunityStage"]), label,
                    facts["Probability"], facts["ForecastCategory"],
                    facts["ForecastCategoryName"], facts["IsClosed"], facts["IsWon"],
                )  # fmt: skip

    def _add_currencies(self) -> None:
        rates = self._org.switch("currency_rates")
        one = self._org.schema["CurrencyType"]
        for number, code in enumerate(sorted(self.currencies), 1):
            corporate = code == self._portfolio.currency
            values = {
                "IsoCode": code, "ConversionRate": float(rates.get(code, 1.0)),
                "DecimalPlaces": 2, "IsActive": 1, "IsCorporate": int(corporate),
            }  # fmt: skip
            made = self._made(one, number, values)
            self._db.execute(_statement(one, made), tuple(made.values()))
            self.meet_all("CurrencyIsoCode", code)

    def meet(self, target: str, name: str, value: str | None) -> None:
        """Remember a picklist value so that describe offers it."""
        if value is not None:
            self.choices.setdefault((target, name), set()).add(value)

    def meet_all(self, name: str, value: str) -> None:
        """The same for every object with that field."""
        for one in self._org.schema:
            if name in one.fields:
                self.meet(one.name, name, value)

    def meet_stage(self, label: str, facts: Row) -> None:
        """Remember a stage as it was first met."""
        self._stages.setdefault(label, facts)
        self.meet("Opportunity", "StageName", label)

    def currency(self, code: str | None) -> str:
        """A record's currency; the corporate one when it names none."""
        if code is not None:
            self.currencies.add(code)
        return code or self._portfolio.currency

    @property
    def user_id(self) -> str:
        """Who owns what nobody owns."""
        return self._user

    def _first(self, one: SObject) -> int:
        found = self._db.execute(f'SELECT max(_row) FROM "{one.table}"').fetchone()[0]
        return int(found or 0) + 1


def _every(row: Row) -> bool:
    return True


def _spoken(row: Row) -> bool:
    return row["kind"] in ("call", "email")


def _met(row: Row) -> bool:
    return row["kind"] in ("meeting", "visit")


def _on_a_deal(row: Row) -> bool:
    return row["opportunity_id"] is not None


def _statement(one: SObject, made: Row, owner: str = "") -> str:
    """INSERT for rows of this form; a key `Field@table` is a canonical id to look up."""
    names, marks = [], []
    for key in made:
        name, _, table = key.partition("@")
        names.append(f'"{name}"')
        mark = _LOOKUP.format(table) if table else "?"
        marks.append(f"COALESCE({mark}, '{owner}')" if name == "OwnerId" else mark)
    return f'INSERT INTO "{one.table}" ({", ".join(names)}) VALUES ({", ".join(marks)})'
