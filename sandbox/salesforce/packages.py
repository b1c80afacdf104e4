"""Packages of the Metadata API: zip files of package.xml, objects and permission sets.

Only what package.xml names is taken from a package, as on the platform. Where a retrieved
package has its folder (`unpackaged/`): unverified for single packages.
"""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sandbox.salesforce.components import KINDS, Component, as_list
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.org import Org
from sandbox.salesforce.xmlbits import data_of, parse, tags

_NAMESPACE = "http://soap.sforce.com/2006/04/metadata"
_ORDER = ("CustomObject", "CustomField", "PermissionSet")
_REMOVALS = ("destructiveChangesPre.xml", "destructiveChanges.xml", "destructiveChangesPost.xml")


@dataclass(frozen=True)
class Part:
    """One component of a package, and the file that holds it."""

    kind: str
    full_name: str
    file: str
    component: Component | None  # None: to be removed


@dataclass
class Package:
    """What a zip file asks for, in the order in which it is done."""

    parts: list[Part] = field(default_factory=list)
    missing: list[Part] = field(default_factory=list)  # named in package.xml, not in the zip


def read(data: bytes) -> Package:
    """A zip file's components; INVALID_FILE when it is none or lacks package.xml."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        raise ApiError("INVALID_FILE", "The deployment is not a zip file") from None
    files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    root = next((n for n in sorted(files, key=len) if PurePosixPath(n).name == "package.xml"), "")
    if not root:
        raise ApiError("INVALID_FILE", "No package.xml found")
    top = root.removesuffix("package.xml")
    inside = {name.removeprefix(top): text for name, text in files.items() if name.startswith(top)}
    wanted = members(data_of(parse(inside["package.xml"])))
    package = Package()
    found = sorted(_components(inside), key=lambda part: _ORDER.index(part.kind))
    named = [part for part in found if _is_named(part, wanted)]
    pre, *later = ([_removal(*one) for one in _removed(inside, file)] for file in _REMOVALS)
    package.parts = [*pre, *named, *(part for parts in later for part in parts)]
    package.missing = _absent(found, wanted)
    return package


def members(manifest: Component) -> dict[str, list[str]]:
    """Names by type of a package.xml, as data."""
    return {
        str(one.get("name")): [str(member) for member in as_list(one.get("members"))]
        for one in as_list(manifest.get("types"))
    }


def write(org: Org, wanted: Mapping[str, Sequence[str]]) -> tuple[bytes, list[tuple[str, str]]]:
    """(zip file, (type, name) of each component in it) of what a manifest names and there is."""
    found = [
        (kind, name)
        for kind in _ORDER
        if kind in wanted
        for name in KINDS[kind].names(org)
        if "*" in wanted[kind] or name in wanted[kind]
    ]
    objects: dict[str, Component] = {}
    files: dict[str, str] = {}
    for kind, name in found:
        component = KINDS[kind].read(org, name) or {}
        if kind == "CustomField":
            table, _, own = name.partition(".")
            known = objects.setdefault(table, {})
            kept = [one for one in as_list(known.get("fields")) if one["fullName"] != own]
            known["fields"] = [*kept, component | {"fullName": own}]
        elif kind == "CustomObject":
            objects[name] = component
        else:
            files[f"permissionsets/{name}.permissionset"] = _document(kind, component)
    for name, component in objects.items():
        files[f"objects/{name}.object"] = _document("CustomObject", component)
    listed = {kind: [name for one, name in found if one == kind] for kind, _ in found}
    types = [{"members": names, "name": kind} for kind, names in listed.items()]
    files["package.xml"] = _xml("Package", {"types": types, "version": "59.0"})
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, text in sorted(files.items()):
            archive.writestr(f"unpackaged/{file}", text)
    return packed.getvalue(), found


def _components(files: Mapping[str, bytes]) -> list[Part]:
    parts = []
    for file, text in files.items():
        path = PurePosixPath(file)
        if path.suffix == ".object":
            component = data_of(parse(text))
            fields = as_list(component.pop("fields", None))
            parts.append(Part("CustomObject", path.stem, file, component | {"fullName": path.stem}))
            for own in fields:
                name = f"{path.stem}.{own.get('fullName')}"
                parts.append(Part("CustomField", name, file, own | {"fullName": name}))
        elif path.suffix == ".permissionset":
            component = data_of(parse(text)) | {"fullName": path.stem}
            parts.append(Part("PermissionSet", path.stem, file, component))
    return parts


def _is_named(part: Part, wanted: Mapping[str, Sequence[str]]) -> bool:
    """An object named brings all its fields; a standard object itself is never made."""
    own = wanted.get(part.kind, ())
    if part.kind == "CustomField":
        table = part.full_name.partition(".")[0]
        objects = wanted.get("CustomObject", ())
        return part.full_name in own or table in objects or ("*" in objects)
    if part.kind == "CustomObject" and not part.full_name.endswith("__c"):
        return False
    return part.full_name in own or "*" in own


def _absent(found: Sequence[Part], wanted: Mapping[str, Sequence[str]]) -> list[Part]:
    known = {(part.kind, part.full_name) for part in found}
    return [
        Part(kind, name, "package.xml", None)
        for kind, names in wanted.items()
        for name in names
        if name != "*" and (kind, name) not in known
    ]


def _removed(files: Mapping[str, bytes], file: str) -> list[tuple[str, str, str]]:
    if file not in files:
        return []
    listed = members(data_of(parse(files[file])))
    return [(kind, name, file) for kind, names in listed.items() for name in names]


def _removal(kind: str, full_name: str, file: str) -> Part:
    return Part(kind, full_name, file, None)


def _document(kind: str, component: Component) -> str:
    inner = {key: component[key] for key in sorted(component) if key != "fullName"}
    return _xml(kind, inner)


def _xml(name: str, values: Component) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<{name} xmlns="{_NAMESPACE}">{tags(values)}</{name}>\n'
