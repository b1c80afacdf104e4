"""Runs a verified source of dlt in the folder where `dlt init` put it, twice, into DuckDB.

Arguments: hubspot or salesforce, then the resources. Prints the rows of each table after each run.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

dlt: Any = importlib.import_module("dlt")  # lives in the client's environment, not in ours
_CREDENTIALS = "SOURCES__SALESFORCE__CREDENTIALS__"


def main(name: str, *resources: str) -> None:
    """Everything, then what is new."""
    sys.path.insert(0, str(Path.cwd()))
    os.environ["DLT_DATA_DIR"] = str(Path.cwd() / "data")
    own = json.loads(os.environ["SANDBOX"])[name]
    os.environ["SOURCES__HUBSPOT__API_KEY"] = own["access_token"]
    for key, value in (
        ("USER_NAME", own.get("username")),
        ("PASSWORD", own.get("password")),
        ("SECURITY_TOKEN", own.get("security_token")),
    ):
        os.environ[_CREDENTIALS + key] = value or ""
    module = importlib.import_module(name)
    source = module.hubspot if name == "hubspot" else module.salesforce_source
    more = {"include_history": False, "soft_delete": True} if name == "hubspot" else {}
    told = [_run(name, source(**more).with_resources(*resources)) for _ in range(2)]
    print(json.dumps(told))


def _run(name: str, source: Any) -> dict[str, Any]:
    pipeline = dlt.pipeline(f"{name}_read", destination="duckdb", dataset_name="read")
    pipeline.run(source)
    trace = pipeline.last_trace.last_normalize_info
    with pipeline.sql_client() as client:
        stored = {
            table["name"]: client.execute_sql(f"SELECT count(*) FROM {table['name']}")[0][0]
            for table in pipeline.default_schema.data_tables(seen_data_only=True)
        }
    return {"stored": stored, "read": dict(trace.row_counts)}


if __name__ == "__main__":
    main(*sys.argv[1:])
