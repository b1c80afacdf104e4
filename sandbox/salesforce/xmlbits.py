"""SOAP as text and trees: envelopes, faults, elements without their prefixes."""

from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from flask import Response

from sandbox.salesforce.errors import ApiError

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns="{namespace}" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>{body}</soapenv:Body>'
    "</soapenv:Envelope>"
)
_FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
    'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="{namespace}" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault>'
    "<faultcode>{prefix}{code}</faultcode><faultstring>{code}: {message}</faultstring>"
    "{detail}</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
)
_DETAIL = (
    '<detail><sf:{kind} xsi:type="sf:{kind}"><sf:exceptionCode>{code}</sf:exceptionCode>'
    "<sf:exceptionMessage>{message}</sf:exceptionMessage></sf:{kind}></detail>"
)


def answer(namespace: str, body: str) -> Response:
    """A SOAP answer; `body` is XML in the default namespace `namespace`."""
    text = _ENVELOPE.format(namespace=namespace, body=body)
    return Response(text, content_type="text/xml; charset=utf-8")


def fault(
    namespace: str, code: str, message: str, kind: str | None = None, prefix: str = ""
) -> Response:
    """A SOAP fault, HTTP 500."""
    said = escape(message)
    detail = _DETAIL.format(kind=kind, code=code, message=said) if kind else ""
    text = _FAULT.format(namespace=namespace, prefix=prefix, code=code, message=said, detail=detail)
    return Response(text, status=500, content_type="text/xml; charset=utf-8")


def parse(data: bytes) -> ET.Element:
    """The root of a document without namespaces; ApiError when it is no XML."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise ApiError("INVALID_XML", "document types are not accepted")
    try:
        root = ET.fromstring(data)
    except ET.ParseError as problem:
        raise ApiError("INVALID_XML", f"the request is no XML: {problem}") from None
    for element in root.iter():
        element.tag = local(element.tag)
    return root


def operation(data: bytes) -> tuple[ET.Element, ET.Element]:
    """(header, the one element in the body) of a SOAP request."""
    root = parse(data)
    body = root.find("Body")
    if root.tag != "Envelope" or body is None or len(body) == 0:
        raise ApiError("INVALID_XML", "the request has no SOAP body")
    header = root.find("Header")
    return (header if header is not None else ET.Element("Header")), body[0]


def local(tag: str) -> str:
    """An element's name without namespace."""
    return tag.rpartition("}")[2]


def text_of(element: ET.Element | None, name: str, default: str = "") -> str:
    """The text of a child element anywhere below."""
    found = element.find(f".//{name}") if element is not None else None
    return (found.text or default).strip() if found is not None else default


def tags(values: dict[str, Any]) -> str:
    """`{"a": 1, "b": [2, 3], "c": {"d": True}}` as elements, in order; None is left out."""
    parts = []
    for name, value in values.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                parts.append(f"<{name}>{_inner(one)}</{name}>")
    return "".join(parts)


def _inner(value: Any) -> str:
    if isinstance(value, dict):
        return tags(value)
    if isinstance(value, bool):
        return str(value).lower()
    return escape(str(value))


def data_of(element: ET.Element) -> dict[str, Any]:
    """An element's children as data: texts, nested objects, lists where a name repeats."""
    found: dict[str, Any] = {}
    for child in element:
        value: Any = data_of(child) if len(child) else (child.text or "").strip()
        if child.tag in found:
            before = found[child.tag]
            found[child.tag] = [*(before if isinstance(before, list) else [before]), value]
        else:
            found[child.tag] = value
    return found
