"""Fields and permissions: made once, visible at once, never altered."""

from collections import Counter
from collections.abc import Sequence
from xml.etree import ElementTree

import pytest

from connector.base import FieldSpec, ProvisionStep
from connector.salesforce import Salesforce
from connector.salesforce.metadata import definition, envelope, full_name
from tests.connector.salesforce.conftest import Connect, Org

SPECS = [
    FieldSpec("Account", "AX_Score__c", "AX Score", "number", "0-100", precision=5, scale=2),
    FieldSpec("Account", "AX_Revenue__c", "AX Revenue at Risk", "currency", "per year"),
    FieldSpec("Account", "AX_Share__c", "AX Coverage", "percent", "0-100", precision=5, scale=1),
    FieldSpec("Account", "AX_Silent__c", "AX Silent", "bool", "no answer yet"),
    FieldSpec("Account", "AX_On__c", "AX Assessed On", "date", "day of assessment"),
    FieldSpec("Account", "AX_At__c", "AX Assessed At", "datetime", "instant of assessment"),
    FieldSpec("Account", "AX_Why__c", "AX Reasons", "long_text", "reasons", length=4000),
    FieldSpec("Account", "AX_Link__c", "AX Link", "url", "explanation"),
    FieldSpec(
        "Account", "AX_Band__c", "AX Band", "choice", "band", choices=("Green", "Amber & <Red>")
    ),
    FieldSpec("Account", "AX_Flags__c", "AX Flags", "multi_choice", "flags", choices=("a", "b")),
    FieldSpec("Contact", "AX_Level__c", "AX Level", "text", "level", length=40),
    FieldSpec("Task", "AX_Key__c", "AX Key", "text", "key of the alert", length=80, unique=True),
]


def test_metadata_is_written_in_the_order_of_the_schema() -> None:
    """A SOAP sequence: fullName first, the rest by name; children of values too."""
    band = next(spec for spec in SPECS if spec.name == "AX_Band__c")

    root = ElementTree.fromstring(envelope("00D!token", {full_name(band): definition(band)}))

    (metadata,) = root.iter("{http://soap.sforce.com/2006/04/metadata}metadata")
    names = [child.tag.split("}")[1] for child in metadata]
    assert names == ["fullName", "inlineHelpText", "label", "type", "valueSet"]
    (listed,) = metadata.iter("{http://soap.sforce.com/2006/04/metadata}valueSetDefinition")
    assert [child.tag.split("}")[1] for child in listed] == ["sorted", "value", "value"]
    assert [child.text for child in listed[2]] == ["Amber & <Red>", "false", "Amber & <Red>"]


def test_a_task_field_is_made_on_activity() -> None:
    assert [full_name(spec) for spec in SPECS[-2:]] == ["Contact.AX_Level__c", "Activity.AX_Key__c"]


def test_a_type_nobody_can_make_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"Account\.AX_Who__c"):
        definition(FieldSpec("Account", "AX_Who__c", "Who", "reference", ""))


def _states(steps: Sequence[ProvisionStep], prefix: str) -> Counter[str]:
    return Counter(step.state for step in steps if step.component.startswith(prefix))


def _written(org: Org) -> list[str]:
    """What was called to write; a composite call of provisioning holds nothing but reads."""
    paths = org.world.stats.snapshot()["salesforce"]["paths"]
    composite = "POST /services/data/vN/composite"
    return [path for path in paths if not path.startswith("GET ") and path != composite]


def _assert_all_made(crm: Salesforce, steps: Sequence[ProvisionStep]) -> None:
    assert _states(steps, "field ") == {"created": 12, "granted": 12}, steps
    assert {step.component: step.state for step in steps if "AX_Sync" in step.component} == {
        "permission set AX_Sync": "created",
        "assignment of AX_Sync": "granted",
    }
    for spec in SPECS:
        found = crm.describe(spec.kind)[spec.name]
        assert (found.type, found.writable, found.unique) == (spec.type, True, spec.unique)
        assert found.label == spec.label
    assert crm.describe("Account")["AX_Band__c"].choices == ("Green", "Amber & <Red>")
    score = crm.describe("Account")["AX_Score__c"]
    assert (score.precision, score.scale) == (5, 2)
    assert crm.describe("Task")["AX_Key__c"].length == 80


def test_what_is_missing_is_made_and_visible(crm: Salesforce, org: Org) -> None:
    crm.describe("Account")  # known before: must be asked again afterwards

    steps = crm.provision(SPECS)

    _assert_all_made(crm, steps)
    account = org.add("Account", Name="Acme")
    assert crm.update("Account", {account: {"AX_Score__c": 82.25, "AX_Band__c": "Green"}}) == {}
    assert org.act("read", "Account", account)["AX_Score__c"] == 82.25


def test_a_second_run_finds_everything(crm: Salesforce, connect: Connect, org: Org) -> None:
    crm.provision(SPECS)
    org.world.stats.reset()

    steps = connect().provision(SPECS)

    assert {step.state for step in steps} == {"exists"}
    assert _written(org) == []


def test_a_dry_run_only_looks(crm: Salesforce, org: Org) -> None:
    steps = crm.provision(SPECS, dry_run=True)

    assert {step.state for step in steps} == {"planned"}
    assert _states(steps, "field ") == {"planned": 24}
    assert "AX_Score__c" not in crm.describe("Account")
    assert _written(org) == []


def test_a_field_of_another_type_is_a_conflict_and_stays_as_it_is(
    crm: Salesforce, connect: Connect
) -> None:
    crm.provision([FieldSpec("Account", "AX_Score__c", "Old", "text", "", length=20)])

    steps = connect().provision(SPECS[:2])

    states = {step.component: (step.state, step.detail) for step in steps}
    state, detail = states["field Account.AX_Score__c"]
    assert state == "conflict"
    assert "string" in detail
    assert states["field Account.AX_Revenue__c"][0] == "created"
    assert crm.describe("Account")["AX_Score__c"].label == "Old"


def test_a_field_that_exists_unseen_is_granted(crm: Salesforce, connect: Connect, org: Org) -> None:
    crm.provision(SPECS[:2])
    with org.world.transaction() as db:
        db.execute("DELETE FROM sf_FieldPermissions WHERE Field = 'Account.AX_Score__c'")
    org.switch("account_teams", False)  # the org looks its permissions up anew

    steps = {step.component: step.state for step in connect().provision(SPECS[:2])}

    assert steps["field Account.AX_Score__c"] == "exists"
    assert steps["field permission Account.AX_Score__c"] == "granted"


def test_where_soap_is_shut_tooling_makes_the_fields(crm: Salesforce, org: Org) -> None:
    org.fault(
        "status",
        status=404,
        path="/services/Soap/m",
        body='[{"errorCode":"NOT_FOUND","message":"The requested resource does not exist"}]',
    )

    _assert_all_made(crm, crm.provision(SPECS))


@pytest.mark.parametrize("name", ["cut_after", "cut_before", "unavailable", "malformed_json"])
def test_a_lost_answer_is_made_good(crm: Salesforce, org: Org, name: str) -> None:
    org.fault(name, count=1, path="/services/Soap/m")

    steps = crm.provision(SPECS)

    assert org.fired(name) == 1
    assert not {"failed", "conflict"} & {step.state for step in steps}
    assert all(spec.name in crm.describe(spec.kind) for spec in SPECS)
