"""Custom fields through the Metadata API: SOAP createMetadata, or Tooling where SOAP is shut.

simple-salesforce's own Metadata client opens connections of its own, without our time-outs and
certificates, and tells only of the first field that failed; so the envelope is written here.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

import requests

from connector.base import FieldSpec
from connector.errors import CrmAnswerLost, CrmRejected
from connector.salesforce.door import Client
from connector.salesforce.refusals import CallRefused, call_error
from connector.salesforce.rest import Rest

PER_CALL = 10  # components that one createMetadata takes
_METADATA = "http://soap.sforce.com/2006/04/metadata"
_SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_EXISTS = ("DUPLICATE_DEVELOPER_NAME", "DUPLICATE_VALUE")
_NO_SERVICE = (404, 405, 410, 501)
_LONG_TEXT = 32_768  # characters, unless the field says otherwise

Outcome = str | None  # None = made; else why not
ALREADY_THERE = "it exists already"


def full_name(spec: FieldSpec) -> str:
    """Object.Field as the Metadata API names it; fields of Task are made on Activity."""
    kind = "Activity" if spec.kind in ("Task", "Event") else spec.kind
    return f"{kind}.{spec.name}"


def definition(spec: FieldSpec) -> dict[str, Any]:
    """The CustomField metadata of a field; ValueError for a type that cannot be made."""
    made: dict[str, Any] = {"label": spec.label, "inlineHelpText": spec.help}
    if spec.type == "text":
        made |= {"type": "Text", "length": spec.length or 255}
        if spec.unique:
            made |= {"externalId": True, "unique": True, "caseSensitive": True}
    elif spec.type == "long_text":
        made |= {"type": "LongTextArea", "length": spec.length or _LONG_TEXT, "visibleLines": 5}
    elif spec.type in ("number", "percent", "currency"):
        scale = 2 if spec.scale is None else spec.scale
        made |= {"type": spec.type.title(), "precision": spec.precision or 18, "scale": scale}
        if spec.unique:
            made |= {"externalId": True, "unique": True}
    elif spec.type == "bool":
        made |= {"type": "Checkbox", "defaultValue": False}
    elif spec.type in ("date", "url"):
        made |= {"type": spec.type.title()}
    elif spec.type == "datetime":
        made |= {"type": "DateTime"}
    elif spec.type in ("choice", "multi_choice"):
        values = [{"fullName": one, "default": False, "label": one} for one in spec.choices]
        listed = {"sorted": False, "value": values}
        made |= {"valueSet": {"restricted": True, "valueSetDefinition": listed}}
        made |= (
            {"type": "Picklist"}
            if spec.type == "choice"
            else {"type": "MultiselectPicklist", "visibleLines": 4}
        )
    else:
        raise ValueError(f"{full_name(spec)}: a field of type {spec.type} cannot be provisioned")
    return made


def create_fields(rest: Rest, specs: Sequence[FieldSpec]) -> Mapping[str, Outcome]:
    """Make the fields, ten to a call; by full name what became of each."""
    components = {full_name(spec): definition(spec) for spec in specs}
    names = list(components)
    outcomes: dict[str, Outcome] = {}
    try:
        for start in range(0, len(names), PER_CALL):
            batch = {name: components[name] for name in names[start : start + PER_CALL]}
            outcomes.update(_create_metadata(rest, batch))
    except CrmRejected:
        rest_of_them = {name: components[name] for name in names if name not in outcomes}
        outcomes.update(_create_by_tooling(rest, rest_of_them))
    return outcomes


def _create_metadata(rest: Rest, components: Mapping[str, dict[str, Any]]) -> dict[str, Outcome]:
    def send(client: Client) -> dict[str, Outcome]:
        answer = client.session.post(
            client.metadata_url,
            data=envelope(client.session_id, components),
            headers={"Content-Type": "text/xml; charset=UTF-8", "SOAPAction": '""'},
        )
        return _outcomes(answer)

    return rest.door.through(send, purpose="provision")


def envelope(session_id: str, components: Mapping[str, dict[str, Any]]) -> bytes:
    """The SOAP request that makes the components, given by full name."""
    root = ElementTree.Element(f"{{{_SOAP}}}Envelope")
    header = ElementTree.SubElement(root, f"{{{_SOAP}}}Header")
    session = ElementTree.SubElement(header, f"{{{_METADATA}}}SessionHeader")
    ElementTree.SubElement(session, f"{{{_METADATA}}}sessionId").text = session_id
    body = ElementTree.SubElement(root, f"{{{_SOAP}}}Body")
    create = ElementTree.SubElement(body, f"{{{_METADATA}}}createMetadata")
    for name, component in components.items():
        element = ElementTree.SubElement(create, f"{{{_METADATA}}}metadata")
        element.set(f"{{{_XSI}}}type", "met:CustomField")
        element.set("xmlns:met", _METADATA)  # the prefix in the value of xsi:type
        _fill(element, {"fullName": name, **component})
    written: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _fill(parent: ElementTree.Element, values: Mapping[str, Any]) -> None:
    """Child elements in the order of the schema: fullName, then by name."""
    for key in sorted(values, key=lambda key: (key != "fullName", key)):
        value = values[key]
        for one in value if isinstance(value, list) else [value]:
            child = ElementTree.SubElement(parent, f"{{{_METADATA}}}{key}")
            if isinstance(one, dict):
                _fill(child, one)
            else:
                child.text = str(one).lower() if isinstance(one, bool) else str(one)


def _outcomes(answer: requests.Response) -> dict[str, Outcome]:
    try:
        root = ElementTree.fromstring(answer.content)
    except ElementTree.ParseError as error:
        if answer.status_code in _NO_SERVICE:
            raise CrmRejected("This org has no Metadata API at its usual address.") from error
        raise call_error(answer.status_code, answer.text) from error
    fault = root.find(f".//{{{_SOAP}}}Fault")
    if fault is not None:
        code = (fault.findtext("faultcode") or "").split(":")[-1]
        message = fault.findtext("faultstring") or ""
        raise call_error(answer.status_code, [{"errorCode": code, "message": message}])
    results = root.findall(f".//{{{_METADATA}}}result")
    if not results:
        raise CrmAnswerLost("Salesforce's Metadata API answered without a result.")
    return {_text(result, "fullName"): _outcome(result) for result in results}


def _outcome(result: ElementTree.Element) -> Outcome:
    if _text(result, "success") == "true":
        return None
    error = result.find(f"{{{_METADATA}}}errors")
    if error is None:
        return "Salesforce gives no reason"
    return _why(_text(error, "statusCode"), _text(error, "message"))


def _text(element: ElementTree.Element, name: str) -> str:
    return element.findtext(f"{{{_METADATA}}}{name}") or ""


def _why(code: str, message: str) -> str:
    return ALREADY_THERE if code in _EXISTS else f"{code}: {message}"


def _create_by_tooling(rest: Rest, components: Mapping[str, dict[str, Any]]) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    for name, component in components.items():
        try:
            rest.call(
                "tooling/sobjects/CustomField/",
                method="POST",
                body={"FullName": name, "Metadata": component},
                purpose="provision",
            )
            outcomes[name] = None
        except CallRefused as error:
            outcomes[name] = _why(error.code, error.detail)
        except CrmRejected as error:
            outcomes[name] = str(error)
    return outcomes
