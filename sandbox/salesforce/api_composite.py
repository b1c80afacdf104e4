"""Several requests in one: composite, composite batch, composite graph."""

import re
from typing import Any

from flask import g

from sandbox.salesforce.call import Answer, Call, refusal
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.references import named, resolve
from sandbox.salesforce.routes import router

MOST_SUBREQUESTS, MOST_QUERIES = 25, 5
MOST_NODES, MOST_GRAPHS, MOST_DEPTH, MOST_KINDS, MOST_FAILURES = 500, 75, 15, 15, 14
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_HEAVY = re.compile(r"/services/data/v[\d.]+/(query(All)?\b|composite/sobjects\b)")
_ROW = re.compile(r"/services/data/v[\d.]+/sobjects/([^/?]+)(?:/[^?]*)?(?:\?.*)?\Z")
_ROLLED_BACK = ApiError(
    "PROCESSING_HALTED",
    "The transaction was rolled back since another operation in the same transaction failed.",
)
Part = dict[str, Any]


class _Undo(Exception):
    """Leaves a transaction that must not be kept."""


@router.add("POST", "/composite")
def composite(call: Call) -> Answer:
    """Up to 25 requests that may use each other's answers; one API call."""
    data = call.json_object()
    parts = _parts(data, "compositeRequest")
    if len(parts) > MOST_SUBREQUESTS:
        raise ApiError("LIMIT_EXCEEDED", f"Only {MOST_SUBREQUESTS} subrequests are allowed")
    heavy = sum(1 for part in parts if _HEAVY.match(str(part.get("url", ""))))
    if heavy > MOST_QUERIES:
        raise ApiError(
            "LIMIT_EXCEEDED", f"Only {MOST_QUERIES} query and collections subrequests are allowed"
        )
    _check_names(parts)
    if all(part.get("method", "").upper() == "GET" for part in parts):
        g.api_kind = "read"
    answers, _ = _run(call, parts, bool(data.get("allOrNone", False)))
    return Answer(body={"compositeResponse": answers})


@router.add("POST", "/composite/batch")
def batch(call: Call) -> Answer:
    """Up to 25 independent requests; each counts."""
    data = call.json_object()
    parts = _parts(data, "batchRequests")
    if len(parts) > MOST_SUBREQUESTS:
        raise ApiError("LIMIT_EXCEEDED", f"Only {MOST_SUBREQUESTS} subrequests are allowed")
    results: list[Part] = []
    halted = False
    for part in parts:
        if halted:
            problem = ApiError(
                "BATCH_PROCESSING_HALTED", "Batch processing halted per request", 412
            )
            results.append({"statusCode": 412, "result": [problem.entry()]})
            continue
        body = part.get("richInput") or {}
        answer = router.answer(call.within(part["method"], part["url"], {}, body))
        results.append({"statusCode": answer.status, "result": answer.body})
        halted = bool(data.get("haltOnError")) and answer.status >= 400
    failed = any(r["statusCode"] >= 400 for r in results)
    return Answer(body={"hasErrors": failed, "results": results}, calls=max(1, len(parts)))


@router.add("POST", "/composite/graph")
def graph(call: Call) -> Answer:
    """Up to 75 graphs of record requests, each all or nothing; one API call."""
    graphs = _parts(call.json_object(), "graphs")
    nodes = sum(len(_parts(one, "compositeRequest")) for one in graphs)
    if len(graphs) > MOST_GRAPHS or nodes > MOST_NODES:
        raise ApiError("LIMIT_EXCEEDED", f"Only {MOST_GRAPHS} graphs, {MOST_NODES} nodes allowed")
    results: list[Part] = []
    failures = 0
    for one in graphs:
        parts = _parts(one, "compositeRequest")
        if failures >= MOST_FAILURES:
            answers, good = [_settled(p, refusal(_ROLLED_BACK)) for p in parts], False
        else:
            _check_graph(parts)
            answers, good = _run(call, parts, all_or_none=True)
        failures += not good
        results.append(
            {
                "graphId": one.get("graphId"),
                "graphResponse": {"compositeResponse": answers},
                "isSuccessful": good,
            }
        )
    return Answer(body={"graphs": results})


def _run(call: Call, parts: list[Part], all_or_none: bool) -> tuple[list[Part], bool]:
    """(answers in order, whether all went well)."""
    settled: list[Part] = []
    known: dict[str, Any] = {}

    def run() -> None:
        for part in parts:
            answer = _one(call, part, known)
            if answer.status < 300:
                known[str(part["referenceId"])] = answer.body
            settled.append(_settled(part, answer))
            if all_or_none and answer.status >= 400:
                raise _Undo

    try:
        if all_or_none:
            with call.org.savepoint():
                run()
        else:
            run()
    except _Undo:
        rolled_back = refusal(_ROLLED_BACK)
        answers = [_settled(part, rolled_back) for part in parts]
        answers[len(settled) - 1] = settled[-1]
        return answers, False
    return settled, all(part["httpStatusCode"] < 400 for part in settled)


def _one(call: Call, part: Part, known: dict[str, Any]) -> Answer:
    try:
        url = resolve(part["url"], known)
        body = resolve(part.get("body") or {}, known)
        headers = resolve(part.get("httpHeaders") or {}, known)
    except ApiError as problem:
        return refusal(problem)
    return router.answer(call.within(part["method"], url, headers, body))


def _settled(part: Part, answer: Answer) -> Part:
    location = answer.headers.get("Location")
    return {
        "body": answer.body,
        "httpHeaders": {"Location": location} if location else {},
        "httpStatusCode": answer.status,
        "referenceId": part.get("referenceId"),
    }


def _parts(data: Part, name: str) -> list[Part]:
    parts = data.get(name)
    if not isinstance(parts, list) or not parts or not all(isinstance(p, dict) for p in parts):
        raise ApiError("JSON_PARSER_ERROR", f"{name} must be a list of requests")
    for part in parts:
        if name != "graphs" and not (part.get("method") and part.get("url")):
            raise ApiError("MISSING_ARGUMENT", "each subrequest needs a method and a url")
    return parts


def _check_names(parts: list[Part]) -> None:
    names = [str(part.get("referenceId", "")) for part in parts]
    for name in names:
        if not _NAME.match(name):
            raise ApiError(
                "INVALID_INPUT", f"referenceId {name!r} is not made of letters, digits and _"
            )
        if names.count(name) > 1:
            raise ApiError("INVALID_INPUT", f"referenceId {name!r} is used twice")


def _check_graph(parts: list[Part]) -> None:
    _check_names(parts)
    depth: dict[str, int] = {}
    kinds = set()
    for part in parts:
        match = _ROW.match(str(part["url"]))
        if match is None:
            raise ApiError("INVALID_INPUT", f"a graph works on records, not on {part['url']}")
        kinds.add((part["method"].upper(), match[1]))
        below = named(part["url"]) | named(part.get("body") or {})
        depth[part["referenceId"]] = 1 + max((depth.get(n, 0) for n in below), default=0)
    if len(kinds) > MOST_KINDS or max(depth.values()) > MOST_DEPTH:
        raise ApiError(
            "LIMIT_EXCEEDED", f"Only {MOST_KINDS} kinds of node and a depth of {MOST_DEPTH}"
        )
