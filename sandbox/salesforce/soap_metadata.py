"""The Metadata API's SOAP calls: create, update, upsert, delete, read, list, describe, packages."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

from flask import Flask, Response, g, request

from sandbox.salesforce import soap_deploy
from sandbox.salesforce.components import KINDS, Component, kind_of
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.sessions import sessions_of
from sandbox.salesforce.soap_files import file_properties
from sandbox.salesforce.xmlbits import answer, data_of, fault, local, operation, tags, text_of

_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_MOST = 10
_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_OLDEST = 31


def install(app: Flask, org: Org) -> None:
    """Route /services/Soap/m."""

    def serve(version: str, rest: str = "") -> Response:
        org.count_call()
        g.api_kind = "meta"
        try:
            if float(version) < _OLDEST:
                raise ApiError("UNSUPPORTED_API_VERSION", f"Version {version} is retired")
            header, asked = operation(request.get_data())
            session = sessions_of(org).find(text_of(header, "sessionId"))
            if session is None:
                raise ApiError(
                    "INVALID_SESSION_ID",
                    "Invalid Session ID found in SessionHeader: Illegal Session",
                )
            if asked.tag not in _OPERATIONS:
                raise ApiError("INVALID_OPERATION", f"{asked.tag} is not supported here")
            together = text_of(header, "allOrNone") == "true"
            body = _OPERATIONS[asked.tag](org, asked, together)
            return answer(_NAMESPACE, f"<{asked.tag}Response>{body}</{asked.tag}Response>")
        except ApiError as problem:
            return fault(_NAMESPACE, problem.code, problem.message, None, "sf:")

    for rule in ("/services/Soap/m/<version>", "/services/Soap/m/<version>/<path:rest>"):
        app.add_url_rule(rule, f"sf_soap_{rule}", serve, methods=["POST"], strict_slashes=False)


def _create(org: Org, asked: ET.Element, together: bool) -> str:
    def one(kind: str, component: Component) -> Component:
        kind_of(kind).create(org, component)
        return {}

    return _each(org, asked, one, together)


def _update(org: Org, asked: ET.Element, together: bool) -> str:
    def one(kind: str, component: Component) -> Component:
        if not kind_of(kind).exists(org, component["fullName"]):
            raise ApiError(
                "INVALID_CROSS_REFERENCE_KEY", f"no {kind} named {component['fullName']} found"
            )
        kind_of(kind).update(org, component)
        return {}

    return _each(org, asked, one, together)


def _upsert(org: Org, asked: ET.Element, together: bool) -> str:
    def one(kind: str, component: Component) -> Component:
        known = kind_of(kind).exists(org, component["fullName"])
        (kind_of(kind).update if known else kind_of(kind).create)(org, component)
        return {"created": not known}

    return _each(org, asked, one, together, created=True)


def _each(
    org: Org,
    asked: ET.Element,
    act: Callable[[str, Component], Component],
    together: bool,
    created: bool = False,
) -> str:
    """Results of up to ten components; `together` takes new ones back when one fails."""
    elements = asked.findall("metadata")
    _check_count(len(elements))
    results: list[Component] = []
    done: list[tuple[str, str]] = []
    failed = False
    for element in elements:
        kind = local(element.get(_XSI_TYPE, "").replace(":", "}"))
        component = data_of(element)
        name = str(component.get("fullName", ""))
        try:
            known = kind_of(kind).exists(org, name)
            results.append(act(kind, component) | {"fullName": name, "success": True})
            if not known:
                done.append((kind, name))
        except ApiError as problem:
            failed = True
            errors = {"message": problem.message, "statusCode": problem.code}
            made = {"created": False} if created else {}
            results.append(made | {"errors": errors, "fullName": name, "success": False})
    if failed and together:
        for kind, name in reversed(done):
            kind_of(kind).delete(org, name)
        undone = {"message": "Rolled back", "statusCode": "ALL_OR_NONE_OPERATION_ROLLED_BACK"}
        for result in results:
            if result["success"]:
                result.update({"errors": undone, "success": False})
    order = ("created", "errors", "fullName", "success")
    shaped = [{key: r[key] for key in order if key in r} for r in results]
    return tags({"result": shaped})


def _delete(org: Org, asked: ET.Element, together: bool) -> str:
    kind = kind_of(text_of(asked, "type"))
    names = [element.text or "" for element in asked.findall("fullNames")]
    _check_count(len(names))
    results = []
    for name in names:
        try:
            kind.delete(org, name)
            results.append({"fullName": name, "success": True})
        except ApiError as problem:
            errors = {"message": problem.message, "statusCode": problem.code}
            results.append({"errors": errors, "fullName": name, "success": False})
    return tags({"result": results})


def _read(org: Org, asked: ET.Element, together: bool) -> str:
    kind = kind_of(text_of(asked, "type"))
    names = [element.text or "" for element in asked.findall("fullNames")]
    _check_count(len(names))
    records = []
    for name in names:
        found = kind.read(org, name)
        if found is None:
            records.append('<records xsi:nil="true"/>')
            continue
        rest = {key: found[key] for key in sorted(found) if key != "fullName"}
        body = tags({"fullName": found["fullName"], **rest})
        records.append(f'<records xsi:type="{kind.name}">{body}</records>')
    return f"<result>{''.join(records)}</result>"


def _list(org: Org, asked: ET.Element, together: bool) -> str:
    queries = asked.findall("queries")
    results = []
    for query in queries:
        kind = kind_of(text_of(query, "type"))
        results += [file_properties(org, kind.name, name) for name in kind.names(org)]
    return tags({"result": results})


def _describe(org: Org, asked: ET.Element, together: bool) -> str:
    objects = [
        {
            "childXmlNames": ["CustomField"] if kind.name == "CustomObject" else None,
            "directoryName": kind.directory, "inFolder": False, "metaFile": False,
            "suffix": kind.suffix, "xmlName": kind.name,
        }
        for kind in KINDS.values()
        if kind.name != "CustomField"
    ]  # fmt: skip
    result = {
        "metadataObjects": objects, "organizationNamespace": "", "partialSaveAllowed": True,
        "testRequired": False,
    }  # fmt: skip
    return tags({"result": result})


def _check_count(count: int) -> None:
    if count > _MOST:
        raise ApiError("LIMIT_EXCEEDED", f"record limit reached. cannot submit more than {_MOST}")


_OPERATIONS: dict[str, Callable[[Org, ET.Element, bool], str]] = {
    "createMetadata": _create,
    "updateMetadata": _update,
    "upsertMetadata": _upsert,
    "deleteMetadata": _delete,
    "readMetadata": _read,
    "listMetadata": _list,
    "describeMetadata": _describe,
    "deploy": soap_deploy.deploy,
    "checkDeployStatus": soap_deploy.check_deploy_status,
    "cancelDeploy": soap_deploy.cancel_deploy,
    "retrieve": soap_deploy.retrieve,
    "checkRetrieveStatus": soap_deploy.check_retrieve_status,
}
