"""`barometer score DIR`: CSV files in, assessments and portfolio figures out; no CRM, no database.

The files and their columns are the canonical objects (docs/data.md). A file or column may be
missing; what it would tell is then unknown. Rules: docs/insights.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from insights.assess import assess_accounts, place
from insights.checks import refusals, unattributed
from insights.explain import rows
from insights.frames import Frames, FramesError, complete
from insights.hierarchy import cycles
from insights.model import Model
from insights.portfolio import portfolio
from insights.report import account_reports
from mappings.catalogue import OBJECTS
from mappings.csvfiles import CsvFileError, Refusal, Table, read_table

RATES_FILE = "exchange_rates.csv"
_MONEY = {"accounts": "annual_value", "opportunities": "amount"}


class ScoreError(Exception):
    """Nothing could be scored; the message is one sentence with the remedy.

    exit_code  2 when there is no such directory, 1 when its files cannot be read
    """

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def score(
    directory: Path, as_of: datetime | None = None, model: Model | None = None
) -> dict[str, Any]:
    """Assess the accounts of the CSV files in `directory`.

    as_of    aware instant; now without one
    model    the default model without one
    Returns  the JSON of the command: as_of, model, portfolio, accounts, and what stands beside
             them: currency, refused (rows and values not taken over), unattributed, ignored
             columns, parent cycles. Missing is None.
    Raises   ScoreError when nothing can be scored
    """
    model = Model() if model is None else model
    as_of = datetime.now(UTC) if as_of is None else as_of
    try:
        tables = _read(directory)
        refused = [refusal for table in tables.values() for refusal in table.refused]
        currency, tables, unconverted = _convert(directory, tables)
        tables["accounts"] = _mark_values(tables["accounts"], [*refused, *unconverted])
        frames = complete(Frames(**{name: table.frame for name, table in tables.items()}))
        frames, unusable = _usable(frames, tables)
        assessed = assess_accounts(frames, model, as_of=as_of)
    except (CsvFileError, FramesError) as wrong:
        raise ScoreError(f"{str(wrong).rstrip('.')}.") from wrong
    placed = place(assessed.accounts, assessed.owned, model)
    figures = portfolio(assessed.accounts, placed.accounts, assessed.drivers, model)
    figures.pop("model")
    reports = account_reports(assessed, placed, model)
    return {
        "as_of": assessed.as_of.isoformat().replace("+00:00", "Z"),
        "model": model.name,
        "model_hash": model.hash(),
        "currency": currency,
        "portfolio": figures,
        "accounts": [
            {"name": name, **account}
            for name, account in zip(_names(tables["accounts"]), reports, strict=True)
        ],
        "refused": [asdict(refusal) for refusal in (*refused, *unconverted, *unusable)],
        "unattributed": unattributed(frames),
        "ignored_columns": {n: table.ignored for n, table in tables.items() if table.ignored},
        "parent_cycles": cycles(frames.accounts),
    }


def exit_code(report: Mapping[str, Any]) -> int:
    """0 when everything was taken over, 3 when rows or values were refused."""
    return 3 if report["refused"] else 0


def _read(directory: Path) -> dict[str, Table]:
    if not directory.is_dir():
        raise ScoreError(f"There is no directory {directory}; name one that holds CSV files.", 2)
    paths = {name: directory / f"{name}.csv" for name in OBJECTS}
    if not paths["accounts"].exists():
        raise ScoreError(f"{directory} has no accounts.csv; without accounts nothing is scored.")
    return {name: read_table(path, name) for name, path in paths.items() if path.exists()}


def _usable(frames: Frames, tables: Mapping[str, Table]) -> tuple[Frames, list[Refusal]]:
    """The frames without the rows that cannot be used, and those rows as refusals.

    An account whose parent does not exist stays, without the parent.
    """
    found = refusals(frames)
    refused = [
        Refusal(
            f"{row['object']}.csv",
            int(tables[row["object"]].lines[row["row"]]),
            row["column"],
            _text(row["value"]),
            row["reason"],
            row["remedy"],
        )
        for row in rows(found)
    ]
    kept = {}
    for name, bad in found[found["object"] != "accounts"].groupby("object")["row"]:
        frame = getattr(frames, str(name))
        kept[str(name)] = frame.drop(index=bad.unique()).reset_index(drop=True)
    accounts = frames.accounts.copy()
    orphans = found.loc[found["object"] == "accounts", "row"]
    accounts.loc[orphans, "parent_id"] = np.nan
    return replace(frames, accounts=accounts, **kept), refused


def _convert(
    directory: Path, tables: dict[str, Table]
) -> tuple[str | None, dict[str, Table], list[Refusal]]:
    """Corporate currency, the tables with all money in it, and what could not be converted."""
    path = directory / RATES_FILE
    corporate: str | None
    if path.exists():
        rates, refused = _rates(path)
        corporate = _corporate(rates)
        remedy = f"add its rate to {RATES_FILE}"
    else:
        corporate, refused = _most_common(tables), []
        rates = {} if corporate is None else {corporate: 1.0}
        remedy = f"add {RATES_FILE} with columns currency and rate (units per 1 {corporate})"
    converted = dict(tables)
    for name, column in _MONEY.items():
        if name not in tables or column not in tables[name].frame:
            continue
        frame = tables[name].frame.copy()
        named = _currencies(frame, tables["accounts"].frame)
        codes = named.str.upper()
        rate = codes.map(rates).astype("float64").where(codes.notna(), 1.0)
        lost = (rate.isna() & frame[column].notna()).to_numpy(bool)
        refused += [
            Refusal(
                f"{name}.csv",
                int(tables[name].lines[row]),
                "currency",
                str(named.iloc[row]),
                f"no exchange rate to {corporate}: the {column} is unknown",
                remedy,
            )
            for row in np.flatnonzero(lost)
        ]
        frame[column] = frame[column] / rate
        converted[name] = replace(tables[name], frame=frame)
    return corporate, converted, refused


def _currencies(frame: pd.DataFrame, accounts: pd.DataFrame) -> pd.Series:
    """The currency each row names; where it names none, its account's."""
    named = frame.reindex(columns=["currency"])["currency"].astype("str")
    if "currency" not in accounts or "account_id" not in frame:
        return named
    of_account = accounts.set_index("account_id")["currency"]
    return named.fillna(frame["account_id"].map(of_account))


def _mark_values(accounts: Table, refused: Sequence[Refusal]) -> Table:
    """The accounts, marked where a value was given that cannot be used."""
    columns = ("annual_value", "currency")
    lines = [one.line for one in refused if one.file == "accounts.csv" and one.column in columns]
    marked = accounts.frame.assign(annual_value_refused=np.isin(accounts.lines, lines))
    return replace(accounts, frame=marked)


def _rates(path: Path) -> tuple[dict[str, float], list[Refusal]]:
    """Units per corporate unit by currency code."""
    try:
        frame = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as wrong:
        raise CsvFileError(f"{path.name} cannot be read ({wrong}); check the file") from wrong
    if not {"currency", "rate"} <= set(frame):
        raise CsvFileError(f"{path.name} needs the columns currency and rate; add them")
    rate = pd.to_numeric(frame["rate"], errors="coerce")
    good = (rate > 0) & np.isfinite(rate)
    refused = [
        Refusal(
            path.name,
            int(row) + 2,
            "rate",
            frame["rate"].iloc[row],
            "is not a rate above 0",
            "write how many units of the currency one corporate unit buys",
        )
        for row in np.flatnonzero(~good)
    ]
    codes = frame["currency"].str.strip().str.upper()
    return dict(zip(codes[good], rate[good], strict=True)), refused


def _corporate(rates: Mapping[str, float]) -> str:
    own = [code for code, rate in rates.items() if rate == 1]
    if len(own) != 1:
        raise CsvFileError(
            f"{RATES_FILE} must give exactly one currency, the corporate one, the rate 1; "
            f"it gives it to {', '.join(own) or 'none'}"
        )
    return own[0]


def _most_common(tables: Mapping[str, Table]) -> str | None:
    """The currency most accounts name, else most opportunities; None when none is named."""
    for name in _MONEY:
        if name in tables and "currency" in tables[name].frame:
            counts = tables[name].frame["currency"].str.upper().value_counts()
            if len(counts):
                return str(min(counts.index[counts == counts.max()]))
    return None


def _names(accounts: Table) -> list[str | None]:
    if "name" not in accounts.frame:
        return [None] * len(accounts.frame)
    names = accounts.frame["name"].astype(object)
    return list(names.where(names.notna(), None))


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
