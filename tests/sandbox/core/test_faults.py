"""Which armed fault fires when."""

import pytest

from sandbox.faults import Faults


def test_a_counted_fault_fires_that_often_and_stays_listed() -> None:
    faults = Faults()
    faults.arm({"name": "latency", "crm": "hubspot", "count": 2, "seconds": 1})

    fired = [faults.take("latency", "hubspot") for _ in range(3)]

    assert [f and f["seconds"] for f in fired] == [1, 1, None]
    assert [(rule["fired"], rule["count"]) for rule in faults.listing()] == [(2, 0)]


def test_a_fault_for_one_crm_leaves_the_other_alone() -> None:
    faults = Faults()
    faults.arm({"name": "unavailable", "crm": "salesforce"})
    assert faults.take("unavailable", "hubspot") is None
    assert faults.take("unavailable", "salesforce") is not None


def test_path_method_and_facts_narrow_a_fault() -> None:
    faults = Faults()
    faults.arm({"name": "row_lock", "path": "sobjects/Account", "method": "patch", "object": "A"})

    path = "/services/data/v65.0/sobjects/Account/1"
    assert faults.take("row_lock", "salesforce", path=path, method="GET", object="A") is None
    assert faults.take("row_lock", "salesforce", path="/query", method="PATCH", object="A") is None
    assert faults.take("row_lock", "salesforce", path=path, method="PATCH", object="B") is None
    assert faults.take("row_lock", "salesforce", path=path, method="PATCH", object="A")


def test_a_drill_by_probability_repeats_with_its_seed() -> None:
    faults = Faults()
    faults.arm({"name": "unavailable", "probability": 0.3})

    def drill() -> list[bool]:
        faults.seed(42)
        return [faults.take("unavailable", "hubspot") is not None for _ in range(200)]

    first = drill()
    assert first == drill()
    assert 30 < sum(first) < 90  # 60 expected


def test_looking_fires_nothing() -> None:
    faults = Faults()
    faults.arm({"name": "api_limit", "count": 1, "max": 10})
    assert faults.look("api_limit", "salesforce") is not None
    assert faults.take("api_limit", "salesforce") is not None
    assert faults.look("api_limit", "salesforce") is None


def test_clearing_by_name_keeps_the_others() -> None:
    faults = Faults()
    faults.arm({"name": "latency", "seconds": 1})
    faults.arm({"name": "html"})
    assert faults.clear("html") == 1
    assert [rule["name"] for rule in faults.listing()] == ["latency"]
    assert faults.clear() == 1


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ({}, 'needs a "name"'),
        ({"name": "html", "crm": "sap"}, "crm is 'sap'"),
        ({"name": "html", "count": 0}, "count is 0"),
        ({"name": "html", "probability": 2}, "probability is 2"),
        ({"name": "html", "path": "("}, "no regular expression"),
    ],
)
def test_a_wrong_rule_is_refused(rule: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Faults().arm(rule)
