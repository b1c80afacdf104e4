"""Deployments and retrievals: done at once, told about as the platform tells of finished ones."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.salesforce import ids, packages
from sandbox.salesforce.components import kind_of
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.packages import Part
from sandbox.salesforce.values import instant_text

_UNKNOWN = "invalid cross reference id"


@dataclass(frozen=True)
class Options:
    """What a caller may choose; `rollback` takes everything back when one component fails."""

    check_only: bool = False
    rollback: bool = False
    allow_missing: bool = False


class _TakenBack(Exception):
    """Ends the transaction of a deployment that must leave nothing behind."""


def options_of(given: Mapping[str, Any]) -> Options:
    """Options from SOAP's texts or from JSON."""

    def chosen(name: str) -> bool:
        return str(given.get(name, "false")).lower() == "true"

    return Options(
        chosen("checkOnly"), chosen("rollbackOnError"), chosen("allowMissingFiles")
    )  # fmt: skip


def deploy(org: Org, data: bytes, options: Options) -> str:
    """Run a deployment; returns its id. A zip that cannot be read is a deployment that failed."""
    successes: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    began = instant_text(org.now())
    problem: ApiError | None = None
    try:
        package = packages.read(data)
    except ApiError as unreadable:
        package, problem = packages.Package(), unreadable
    if not options.allow_missing:
        failures += [_message(org, part, False, _missing(part)) for part in package.missing]
    try:
        with org.savepoint():
            for part in package.parts:
                told = _apply(org, part)
                (successes if told["success"] else failures).append(told)
            if options.check_only or (options.rollback and failures):
                raise _TakenBack
    except _TakenBack:
        org.schema.reload()
        org.permissions_version += 1
    failed = bool(failures or problem)
    status = "Succeeded" if not failed else "Failed" if options.rollback else "SucceededPartial"
    if failed and not successes:
        status = "Failed"
    known = _kept(org, "deploys")
    own = ids.make_id("0Af", len(known) + 1)
    user = org.world.salesforce.user_id
    known[own] = {
        "checkOnly": options.check_only, "completedDate": instant_text(org.now()),
        "createdBy": user, "createdByName": "Integration User", "createdDate": began,
        "details": {
            "componentFailures": failures, "componentSuccesses": successes,
            "runTestResult": {"numFailures": 0, "numTestsRun": 0, "totalTime": 0.0},
        },
        "done": True, "errorMessage": problem.message if problem else None,
        "errorStatusCode": problem.code if problem else None, "id": own, "ignoreWarnings": False,
        "lastModifiedDate": instant_text(org.now()), "numberComponentErrors": len(failures),
        "numberComponentsDeployed": len(successes),
        "numberComponentsTotal": len(successes) + len(failures), "numberTestErrors": 0,
        "numberTestsCompleted": 0, "numberTestsTotal": 0, "rollbackOnError": options.rollback,
        "runTestsEnabled": False, "startDate": began, "status": status, "success": not failed,
    }  # fmt: skip
    return own


def deployment(org: Org, deploy_id: str, details: bool) -> dict[str, Any]:
    """The result of a deployment; INVALID_CROSS_REFERENCE_KEY for an unknown id."""
    found: dict[str, Any] | None = _kept(org, "deploys").get(ids.normalise(deploy_id) or "")
    if found is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", _UNKNOWN)
    return found if details else {k: v for k, v in found.items() if k != "details"}


def retrieve(org: Org, wanted: Mapping[str, Sequence[str]]) -> str:
    """Pack what a manifest names; returns the id of the retrieval."""
    data, found = packages.write(org, wanted)
    known = _kept(org, "retrieves")
    own = ids.make_id("09S", len(known) + 1)
    there = set(found)
    absent = [
        {"fileName": "unpackaged/package.xml",
         "problem": f"Entity of type '{kind}' named '{name}' cannot be found"}
        for kind, names in wanted.items()
        for name in names
        if name != "*" and (kind, name) not in there
    ]  # fmt: skip
    known[own] = {
        "components": found, "done": True, "id": own, "messages": absent, "status": "Succeeded",
        "success": True, "zipFile": base64.b64encode(data).decode(),
    }  # fmt: skip
    return own


def retrieval(org: Org, retrieve_id: str) -> dict[str, Any]:
    """The result of a retrieval; INVALID_CROSS_REFERENCE_KEY for an unknown id."""
    found: dict[str, Any] | None = _kept(org, "retrieves").get(ids.normalise(retrieve_id) or "")
    if found is None:
        raise ApiError("INVALID_CROSS_REFERENCE_KEY", _UNKNOWN)
    return found


def unpacked(text: str) -> bytes:
    """The zip file in a SOAP request."""
    try:
        return base64.b64decode(text, validate=False)
    except binascii.Error:
        raise ApiError("INVALID_FILE", "The zip file is not base64") from None


def _apply(org: Org, part: Part) -> dict[str, Any]:
    """Do what one part asks; a message about it, of a failure too."""
    try:
        kind = kind_of(part.kind)
        known = kind.exists(org, part.full_name)
        with org.savepoint():
            if part.component is None:
                if not known:
                    warned = f"No {part.kind} named: {part.full_name} found"
                    return _message(org, part, True, warned)
                kind.delete(org, part.full_name)
                return _message(org, part, True, deleted=True)
            if known and part.kind == "CustomObject":
                return _message(org, part, True)  # its fields are parts of their own
            (kind.update if known else kind.create)(org, part.component)
    except ApiError as refused:
        return _message(org, part, False, refused.message)
    return _message(org, part, True, created=not known)


def _message(
    org: Org, part: Part, success: bool, problem: str | None = None,
    *, created: bool = False, deleted: bool = False,
) -> dict[str, Any]:  # fmt: skip
    serious = "Warning" if success else "Error"
    return {
        "changed": success and problem is None, "componentType": part.kind, "created": created,
        "createdDate": instant_text(org.now()), "deleted": deleted, "fileName": part.file,
        "fullName": part.full_name, "problem": problem,
        "problemType": serious if problem else None, "success": success,
    }  # fmt: skip


def _missing(part: Part) -> str:
    return (
        f"An object '{part.full_name}' of type {part.kind} was named in package.xml, but was not "
        "found in zipped directory"
    )


def _kept(org: Org, name: str) -> dict[str, Any]:
    known: dict[str, Any] = org.caches.setdefault(name, {})
    return known
