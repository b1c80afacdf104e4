"""Deployments through REST: /metadata/deployRequest."""

import io
from typing import Any

import orjson
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from sandbox.salesforce import deploys
from sandbox.salesforce.call import Answer, Call
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.routes import router


@router.add("POST", "/metadata/deployRequest")
def deploy(call: Call) -> Answer:
    """A multipart request with the options as JSON and the package as a zip file."""
    texts, files = _parts(call)
    asked: dict[str, Any] = next((known for t in texts if (known := _json(t)) is not None), {})
    if not files:
        raise ApiError("INVALID_MULTIPART_REQUEST", "The request has no part with a zip file")
    options = asked.get("deployOptions") or {}
    own = deploys.deploy(call.org, files[0], deploys.options_of(options))
    started = {"id": own, "done": False, "status": "Pending", "success": False}
    body = {
        "id": own, "validatedDeployRequestId": None, "deployOptions": options,
        "deployResult": started,
    }  # fmt: skip
    return Answer(201, body)


@router.add("GET", "/metadata/deployRequest/<deploy_id>")
def status(call: Call, deploy_id: str) -> Answer:
    """How a deployment went."""
    details = call.args.get("includeDetails", "false").lower() == "true"
    result = deploys.deployment(call.org, deploy_id, details)
    url = f"{call.site}{call.base}/metadata/deployRequest/{result['id']}"
    return Answer(body={"id": result["id"], "url": url, "deployResult": result})


def _parts(call: Call) -> tuple[list[bytes], list[bytes]]:
    """(texts, files) of a multipart body, whatever the parts are named."""
    kind, options = parse_options_header(call.headers.get("Content-Type", ""))
    if kind != "multipart/form-data":
        raise ApiError("UNSUPPORTED_MEDIA_TYPE", f"Content type {kind} is not supported", 415)
    parser = FormDataParser(_in_memory, silent=False)
    try:
        _, form, files = parser.parse(io.BytesIO(call.body), kind, len(call.body), options)
    except ValueError as problem:
        raise ApiError("INVALID_MULTIPART_REQUEST", str(problem)) from None
    texts = [value.encode() for _, value in form.items(multi=True)]
    contents = [(file.mimetype, file.read()) for _, file in files.items(multi=True)]
    texts += [data for kind, data in contents if kind == "application/json"]
    return texts, [data for kind, data in contents if kind != "application/json"]


def _in_memory(
    total_content_length: int | None,
    content_type: str | None,
    filename: str | None,
    content_length: int | None = None,
) -> io.BytesIO:
    return io.BytesIO()


def _json(data: bytes) -> dict[str, Any] | None:
    try:
        known = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return known if isinstance(known, dict) else None
