"""Singer's tap-hubspot from the Python registry: discovery, full and incremental sync.

It meets the portal's own call limit, so it takes a while. Its marketing streams are not chosen:
the portal does not speak marketing.
"""

import json
from collections.abc import Callable
from pathlib import Path

from tests.clients.conftest import Sandbox
from tests.clients.messages import singer

STREAMS = (
    "contacts", "deals", "companies", "tickets", "owners", "engagements", "deal_pipelines",
    "contacts_by_company",
)  # fmt: skip


def test_discovery_full_and_incremental(
    pip: Callable[..., Path], sandbox: Sandbox, run_python: Callable[..., str], tmp_path: Path
) -> None:
    tap = pip("tap-hubspot") / "tap-hubspot"
    own = sandbox.hubspot
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "client_id": own["client_id"], "client_secret": own["client_secret"],
                "refresh_token": own["refresh_token"], "redirect_uri": "http://localhost/cb",
                "start_date": "2015-01-01T00:00:00Z", "disable_collection": True,
            }
        )
    )  # fmt: skip
    catalog = json.loads(run_python(tap, "--config", config, "--discover"))
    found = {entry["stream"]: entry for entry in catalog["streams"]}
    assert set(STREAMS) <= set(found)
    assert "property_annual_recurring_revenue" in found["companies"]["schema"]["properties"]
    for entry in catalog["streams"]:
        for each in entry["metadata"]:
            each["metadata"]["selected"] = entry["stream"] in STREAMS
    chosen = tmp_path / "catalog.json"
    chosen.write_text(json.dumps(catalog))

    rows, state = singer(run_python(tap, "--config", config, "--properties", chosen))
    for kind in ("contacts", "companies", "deals", "tickets"):
        assert rows[kind] == sandbox.portal_count(kind), kind
    assert rows["owners"] == 8
    assert rows["deal_pipelines"] == 1
    assert rows["engagements"] == sum(
        sandbox.portal_count(kind) for kind in ("meetings", "calls", "emails", "notes", "tasks")
    )
    assert rows["contacts_by_company"] >= rows["contacts"]

    made = {"properties": {"subject": "new", "hs_pipeline": "0", "hs_pipeline_stage": "1"}}
    sandbox.portal_api("POST", "/crm/v3/objects/tickets", json=made)
    kept = tmp_path / "state.json"
    kept.write_text(json.dumps(state))
    again, later = singer(
        run_python(tap, "--config", config, "--properties", chosen, "--state", kept)
    )
    assert 1 <= again["tickets"] < rows["tickets"]
    assert later["bookmarks"]["tickets"]["updatedAt"] > state["bookmarks"]["tickets"]["updatedAt"]
