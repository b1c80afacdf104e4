"""Our properties in HubSpot: a group per object type, and what is missing in it.

Nothing that exists is altered: what differs from the specification is reported as a conflict.
Source: HubSpot API reference, properties (create bodies, duplicates and other refusals).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connector.base import FieldSpec, FieldType, ProvisionStep
from connector.errors import CrmForbidden, CrmRejected, CrmUnavailable
from connector.hubspot.door import Door
from connector.hubspot.refusals import CallRefused
from connector.hubspot.schema import Schema
from connector.retry import Patience

GROUP = "account_experience"
_LABEL = "Account experience"
_VISIBLE = Patience(tries=4, first=0.25, longest=1.0, jitter=0.1)  # a new one takes 250-700 ms

# our type -> HubSpot's type and fieldType
_TYPES: dict[FieldType, tuple[str, str]] = {
    "text": ("string", "text"),
    "long_text": ("string", "textarea"),
    "url": ("string", "text"),
    "id": ("string", "text"),
    "reference": ("string", "text"),
    "number": ("number", "number"),
    "percent": ("number", "number"),
    "currency": ("number", "number"),
    "bool": ("bool", "booleancheckbox"),
    "date": ("date", "date"),
    "datetime": ("datetime", "date"),
    "choice": ("enumeration", "select"),
    "multi_choice": ("enumeration", "checkbox"),
}
_YES_NO = (("Yes", "true"), ("No", "false"))

Json = dict[str, Any]


class Provisioner:
    """Creates properties in one account."""

    def __init__(self, door: Door, schema: Schema) -> None:
        self._door = door
        self._schema = schema

    def provision(self, fields: Sequence[FieldSpec], *, dry_run: bool) -> list[ProvisionStep]:
        """See `connector.base.Crm.provision`. Reading the definitions needs no more than GETs."""
        steps: list[ProvisionStep] = []
        for kind in dict.fromkeys(spec.kind for spec in fields):
            specs = [spec for spec in fields if spec.kind == kind]
            steps += self._provision(kind, specs, dry_run=dry_run)
        return steps

    def _provision(
        self, kind: str, specs: Sequence[FieldSpec], *, dry_run: bool
    ) -> list[ProvisionStep]:
        there = self._schema.definitions(kind)
        missing = [spec for spec in specs if spec.name not in there]
        group = self._group(kind, dry_run=dry_run or not missing)
        if dry_run:
            made = {spec.name: _step(spec, "planned", spec.type) for spec in missing}
        elif group.state == "failed":
            made = {spec.name: _step(spec, "failed", group.detail) for spec in missing}
        else:
            made = self._create_all(kind, missing)
        expected = [name for name, step in made.items() if step.state in ("created", "exists")]
        if expected:
            there = self._visible(kind, expected)
        return [group, *(_outcome(spec, there, made.get(spec.name)) for spec in specs)]

    def _group(self, kind: str, *, dry_run: bool) -> ProvisionStep:
        component = f"group {kind}.{GROUP}"
        groups = self._door.library.property_groups
        answer = self._door.call(groups.get_all, kind, purpose="provision")
        if any(group["name"] == GROUP for group in answer["results"]):
            return ProvisionStep(component, "exists")
        if dry_run:
            return ProvisionStep(component, "planned")
        body = {"name": GROUP, "label": _LABEL, "displayOrder": -1}
        return self._made(component, lambda: self._post(groups.create, kind, body))

    def _create_all(self, kind: str, specs: Sequence[FieldSpec]) -> dict[str, ProvisionStep]:
        """All in one call; those it did not create one by one, to learn why."""
        made: dict[str, ProvisionStep] = {}
        if len(specs) > 1:
            body = {"inputs": [_definition(spec) for spec in specs]}
            try:
                answer = self._post(self._door.library.property_batches.create, kind, body)
            except (CallRefused, CrmForbidden):
                answer = {}
            created = {each["name"] for each in answer.get("results") or ()}
            made = {s.name: _step(s, "created") for s in specs if s.name in created}
        return made | {spec.name: self._create(spec) for spec in specs if spec.name not in made}

    def _create(self, spec: FieldSpec) -> ProvisionStep:
        component = _component(spec)
        create = self._door.library.properties.create
        step = self._made(component, lambda: self._post(create, spec.kind, _definition(spec)))
        if step.state != "failed" or not spec.unique or spec.kind != "tasks":
            return step
        plain = _definition(spec) | {"hasUniqueValue": False}
        again = self._made(component, lambda: self._post(create, spec.kind, plain))
        if again.state == "failed":
            return step
        return ProvisionStep(
            component,
            again.state,
            "HubSpot refuses a unique property on tasks here; tasks are found by search instead",
        )

    def _made(self, component: str, create: Callable[[], object]) -> ProvisionStep:
        try:
            create()
        except CallRefused as error:
            if _exists(error):
                return ProvisionStep(component, "exists")
            return ProvisionStep(component, "failed", str(error))
        except CrmForbidden as error:
            return ProvisionStep(component, "failed", str(error))
        return ProvisionStep(component, "created")

    def _post(self, create: Callable[..., Any], kind: str, body: Json) -> Json:
        # Creating again what a lost answer created is refused as existing, which is as good.
        holds = "results" if "inputs" in body else "name"
        return self._door.call(create, kind, body, purpose="provision", holds=holds)

    def _visible(self, kind: str, names: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """Definitions once they show `names`, or as they stand when they do not in time."""
        latest: dict[str, Mapping[str, Any]] = {}

        def look() -> None:
            latest.clear()
            latest.update(self._schema.definitions(kind))
            if not latest.keys() >= set(names):
                raise CrmUnavailable("new properties are not visible yet")

        try:
            _VISIBLE.call(look)
        except CrmUnavailable:
            if not latest:
                raise
        return latest


def _definition(spec: FieldSpec) -> Json:
    if spec.type not in _TYPES:
        raise CrmRejected(f"{_component(spec)}: HubSpot has no type for {spec.type}.")
    vendor_type, field_type = _TYPES[spec.type]
    definition: Json = {
        "name": spec.name,
        "label": spec.label,
        "type": vendor_type,
        "fieldType": field_type,
        "groupName": GROUP,
        "description": spec.help,
        "hasUniqueValue": spec.unique,
        "formField": False,
    }
    pairs = _YES_NO if spec.type == "bool" else tuple((value, value) for value in spec.choices)
    if pairs:
        definition["options"] = [
            {"label": label, "value": value, "hidden": False, "displayOrder": number}
            for number, (label, value) in enumerate(pairs)
        ]
    if spec.type == "currency":
        definition["showCurrencySymbol"] = True
    return definition


def _outcome(
    spec: FieldSpec, there: Mapping[str, Mapping[str, Any]], step: ProvisionStep | None
) -> ProvisionStep:
    """What became of one property; where it is there, compared with what it should be."""
    definition = there.get(spec.name)
    if definition is None:
        if step is None or step.state in ("created", "exists"):
            hidden = "HubSpot took it but does not show it: look for an archived property"
            return _step(spec, "failed", hidden)
        return step
    wrong = _differences(spec, definition)
    if wrong:
        return _step(spec, "conflict", f"{'; '.join(wrong)}: rename or delete the one in HubSpot")
    if step is not None:
        return step
    if spec.unique and not definition.get("hasUniqueValue"):
        return _step(spec, "exists", "not unique; tasks are found by search instead")
    return _step(spec, "exists")


def _differences(spec: FieldSpec, definition: Mapping[str, Any]) -> list[str]:
    vendor_type = _definition(spec)["type"]
    wrong = []
    if definition.get("type") != vendor_type:
        wrong.append(f"it is of type {definition.get('type')}, not {vendor_type}")
    if definition.get("calculated") or _read_only(definition):
        wrong.append("HubSpot computes its values")
    options = {str(option["value"]) for option in definition.get("options") or ()}
    lacking = [value for value in spec.choices if value not in options]
    if vendor_type == "enumeration" and lacking:
        wrong.append(f"it lacks the options {', '.join(lacking)}")
    if spec.unique and spec.kind != "tasks" and not definition.get("hasUniqueValue"):
        wrong.append("its values are not unique")
    return wrong


def _read_only(definition: Mapping[str, Any]) -> bool:
    return bool((definition.get("modificationMetadata") or {}).get("readOnlyValue"))


def _exists(error: CallRefused) -> bool:
    """409, or a subCategory such as Properties.PROPERTY_WITH_NAME_EXISTS."""
    named = f"{error.content.get('category', '')} {error.content.get('subCategory', '')}"
    return error.status == 409 or "_EXISTS" in named


def _component(spec: FieldSpec) -> str:
    return f"field {spec.kind}.{spec.name}"


def _step(spec: FieldSpec, state: Any, detail: str = "") -> ProvisionStep:
    return ProvisionStep(_component(spec), state, detail)
