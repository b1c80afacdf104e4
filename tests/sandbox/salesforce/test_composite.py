"""Composite, batch, graph and tree."""

from typing import Any

from tests.sandbox.salesforce.conftest import Api, code_of


def _part(method: str, path: str, name: str, body: Any = None) -> dict[str, Any]:
    url = f"/services/data/v59.0{path}"
    return {"method": method, "url": url, "referenceId": name, "body": body}


def test_later_requests_use_earlier_answers_in_one_call(api: Api) -> None:
    account = api.create("Account", Name="A")
    before = api.world.stats.total("salesforce")
    parts = [
        _part("GET", "/query?q=SELECT+Id+FROM+Account+LIMIT+1", "acc"),
        _part("POST", "/sobjects/Task", "t", {"Subject": "x", "WhatId": "@{acc.records[0].Id}"}),
        _part("GET", "/sobjects/Task/@{t.id}?fields=AccountId", "read"),
        _part("GET", "/sobjects/Nope/describe", "no"),
        _part("GET", "/sobjects/Task/@{no.id}", "dependent"),
    ]
    answers = api.post("/composite", {"compositeRequest": parts})["compositeResponse"]
    assert [a["httpStatusCode"] for a in answers] == [200, 201, 200, 404, 400]
    assert [a["referenceId"] for a in answers] == ["acc", "t", "read", "no", "dependent"]
    assert answers[1]["httpHeaders"]["Location"].endswith(answers[1]["body"]["id"])
    assert answers[2]["body"]["AccountId"] == account
    assert answers[4]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert api.world.stats.total("salesforce") == before + 1


def test_composite_all_or_none_rolls_back(api: Api) -> None:
    parts = [
        _part("POST", "/sobjects/Account", "good", {"Name": "A"}),
        _part("POST", "/sobjects/Account", "bad", {}),
        _part("POST", "/sobjects/Account", "later", {"Name": "C"}),
    ]
    asked = {"allOrNone": True, "compositeRequest": parts}
    answers = api.post("/composite", asked)["compositeResponse"]
    assert [code_of(a["body"]) for a in answers] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert api.rows("SELECT Id FROM Account") == []


def test_five_collections_of_200_fit_into_one_call(api: Api) -> None:
    def collection(name: str) -> dict[str, Any]:
        records = [{"attributes": {"type": "Account"}, "Name": f"{name}{n}"} for n in range(200)]
        return _part("POST", "/composite/sobjects", name, {"records": records})

    five = [collection(name) for name in "abcde"]
    answers = api.post("/composite", {"compositeRequest": five})["compositeResponse"]
    assert all(r["success"] for a in answers for r in a["body"])
    assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 1000
    six = {"compositeRequest": [*five, collection("f")]}
    assert code_of(api.post("/composite", six, 400)) == "LIMIT_EXCEEDED"
    many = {"compositeRequest": [_part("GET", "/limits", f"r{n}") for n in range(26)]}
    assert code_of(api.post("/composite", many, 400)) == "LIMIT_EXCEEDED"


def test_unchanged_describes_have_an_empty_body(api: Api) -> None:
    stamp = api.send("GET", "/sobjects/Account/describe").headers["Last-Modified"]
    part = _part("GET", "/sobjects/Account/describe", "d")
    part["httpHeaders"] = {"If-Modified-Since": stamp}
    answer = api.post("/composite", {"compositeRequest": [part]})["compositeResponse"][0]
    assert (answer["httpStatusCode"], answer["body"]) == (304, None)


def test_batch_counts_each_request(api: Api) -> None:
    account = api.create("Account", Name="A")
    before = api.world.stats.total("salesforce")
    asked = [
        {"method": "GET", "url": "v59.0/sobjects/Account/describe"},
        {
            "method": "PATCH",
            "url": f"/services/data/v59.0/sobjects/Account/{account}",
            "richInput": {"Name": "B"},
        },
        {"method": "GET", "url": "v59.0/sobjects/Nope/describe"},
        {"method": "GET", "url": "v59.0/limits"},
    ]
    whole = api.post("/composite/batch", {"batchRequests": asked})
    assert [r["statusCode"] for r in whole["results"]] == [200, 204, 404, 200]
    assert (whole["hasErrors"], whole["results"][1]["result"]) == (True, None)
    assert api.world.stats.total("salesforce") == before + 4
    halted = api.post("/composite/batch", {"batchRequests": asked, "haltOnError": True})
    assert halted["results"][3]["statusCode"] == 412
    assert code_of(halted["results"][3]["result"]) == "BATCH_PROCESSING_HALTED"


def test_graphs_succeed_or_fail_whole(api: Api) -> None:
    good = [
        _part("POST", "/sobjects/Account/", "a", {"Name": "A"}),
        _part("POST", "/sobjects/Contact/", "c", {"LastName": "C", "AccountId": "@{a.id}"}),
    ]
    bad = [
        _part("POST", "/sobjects/Account/", "a", {"Name": "B"}),
        _part("POST", "/sobjects/Contact/", "c", {}),
    ]
    graphs = [
        {"graphId": "g1", "compositeRequest": good},
        {"graphId": "g2", "compositeRequest": bad},
    ]
    first, second = api.post("/composite/graph", {"graphs": graphs})["graphs"]
    assert (first["isSuccessful"], second["isSuccessful"]) == (True, False)
    assert first["graphResponse"]["compositeResponse"][1]["httpStatusCode"] == 201
    assert api.rows("SELECT Name, (SELECT LastName FROM Contacts) FROM Account")[0]["Name"] == "A"
    assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 1
    query = [_part("GET", "/query?q=x", "q")]
    asked = {"graphs": [{"graphId": "g", "compositeRequest": query}]}
    assert api.post("/composite/graph", asked, 400)


def test_trees_are_planted_whole(api: Api) -> None:
    def tree(last_name: str | None) -> dict[str, Any]:
        child = {"attributes": {"type": "Contact", "referenceId": "r2"}, "LastName": last_name}
        root = {
            "attributes": {"type": "Account", "referenceId": "r1"},
            "Name": "A",
            "Contacts": {"records": [child]},
        }
        return {"records": [root]}

    planted = api.post("/composite/tree/Account", tree("B"), 201)
    assert (planted["hasErrors"], [r["referenceId"] for r in planted["results"]]) == (
        False,
        ["r1", "r2"],
    )
    refused = api.post("/composite/tree/Account", tree(None), 400)
    assert refused["results"][0]["referenceId"] == "r2"
    assert refused["results"][0]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert api.query("SELECT COUNT() FROM Account")["totalSize"] == 1
