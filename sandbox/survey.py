"""What the pretend survey tool knows: it has e-mail addresses and domains, no CRM ids."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime

from sandbox.portfolio import COLUMNS, Portfolio
from sandbox.world import World

_SCHEMA = """
CREATE TABLE IF NOT EXISTS survey_accounts (account_id TEXT PRIMARY KEY, domain TEXT)
    WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS survey_people (contact_id TEXT PRIMARY KEY, email TEXT, name TEXT)
    WITHOUT ROWID;
"""
_EXPORTS = {
    "responses": """
        SELECT response_id, email, name AS contact_name, domain AS company_domain, survey_type,
            metric, score, scale_min, scale_max, comment, drivers, answered_at, campaign
        FROM survey_responses LEFT JOIN survey_people USING (contact_id)
            LEFT JOIN survey_accounts USING (account_id)
        ORDER BY answered_at, response_id""",
    "invitations": """
        SELECT invitation_id, email, domain AS company_domain, campaign, sent_at
        FROM survey_invitations LEFT JOIN survey_people USING (contact_id)
            LEFT JOIN survey_accounts USING (account_id)
        ORDER BY sent_at, invitation_id""",
}
EXPORTS = tuple(_EXPORTS)


def load(world: World, portfolio: Portfolio) -> None:
    """Keep the portfolio's answers and invitations, and whom they belong to."""
    world.db().executescript(_SCHEMA)
    with world.transaction() as db:
        db.executemany(
            "INSERT INTO survey_accounts VALUES (?, ?)",
            ((row["account_id"], row["domain"]) for row in portfolio.rows("accounts")),
        )
        db.executemany(
            "INSERT INTO survey_people VALUES (?, ?, ?)",
            ((r["contact_id"], r["email"], r["name"]) for r in portfolio.rows("contacts")),
        )
        for table in EXPORTS:
            columns = COLUMNS[table]
            db.execute(f"CREATE TABLE IF NOT EXISTS survey_{table} ({', '.join(columns)})")
            db.executemany(
                f"INSERT INTO survey_{table} VALUES ({', '.join('?' * len(columns))})",
                (tuple(map(_text, row.values())) for row in portfolio.rows(table)),
            )


def export(world: World, table: str) -> Iterator[str]:
    """`responses` or `invitations` as CSV, in parts: header first, instants as ISO 8601 in UTC."""
    known = world.db().execute("SELECT 1 FROM sqlite_master WHERE name = ?", (f"survey_{table}",))
    if known.fetchone() is None:
        return
    rows = world.db().execute(_EXPORTS[table])
    yield _csv([[column[0] for column in rows.description]])
    while batch := rows.fetchmany(1_000):
        yield _csv([tuple(row) for row in batch])


def _text(value: object) -> object:
    return f"{value.isoformat()[:19]}Z" if isinstance(value, datetime) else value


def _csv(rows: object) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()
