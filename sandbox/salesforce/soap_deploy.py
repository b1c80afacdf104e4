"""Packages through SOAP: deploy, retrieve, and asking how far they are."""

from typing import Any
from xml.etree import ElementTree as ET

from sandbox.salesforce import deploys, packages
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.soap_files import file_properties
from sandbox.salesforce.xmlbits import data_of, tags, text_of


def deploy(org: Org, asked: ET.Element, together: bool) -> str:
    """Start a deployment of a zip file."""
    options = asked.find("DeployOptions")
    given = data_of(options) if options is not None else {}
    data = deploys.unpacked(text_of(asked, "ZipFile"))
    return _started(deploys.deploy(org, data, deploys.options_of(given)))


def check_deploy_status(org: Org, asked: ET.Element, together: bool) -> str:
    """How a deployment went."""
    details = text_of(asked, "includeDetails") == "true"
    return tags({"result": deploys.deployment(org, text_of(asked, "asyncProcessId"), details)})


def cancel_deploy(org: Org, asked: ET.Element, together: bool) -> str:
    """Too late: deployments are done when their id is told."""
    found = deploys.deployment(org, text_of(asked, "id") or text_of(asked, "String"), False)
    return tags({"result": {"done": True, "id": found["id"]}})


def retrieve(org: Org, asked: ET.Element, together: bool) -> str:
    """Start to pack what a manifest names."""
    request = asked.find("request")
    request = request if request is not None else asked.find("retrieveRequest")
    manifest = request.find("unpackaged") if request is not None else None
    if manifest is None:
        raise ApiError("INVALID_OPERATION", "Only unpackaged components are retrieved here")
    return _started(deploys.retrieve(org, packages.members(data_of(manifest))))


def check_retrieve_status(org: Org, asked: ET.Element, together: bool) -> str:
    """How a retrieval went, with its zip file unless the caller wants none."""
    found = deploys.retrieval(org, text_of(asked, "asyncProcessId"))
    result: dict[str, Any] = {k: v for k, v in found.items() if k != "components"}
    if text_of(asked, "includeZip", "true") != "true":
        del result["zipFile"]
    files = [file_properties(org, kind, name) for kind, name in found["components"]]
    return tags({"result": {"done": True, "fileProperties": files, **result}})


def _started(own: str) -> str:
    return tags({"result": {"done": False, "id": own, "state": "Queued"}})
