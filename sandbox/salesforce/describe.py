"""Describe: the schema as one user sees it, with every key that real answers have."""

from typing import Any

from sandbox.salesforce.access import View
from sandbox.salesforce.model import COMPOUND_TYPES, NUMBER_TYPES, Field, SObject

_SOAP = {
    "id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int",
    "long": "xsd:long", "double": "xsd:double", "currency": "xsd:double",
    "percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime",
    "address": "urn:address", "location": "urn:location", "anyType": "xsd:anyType",
    "complexvalue": "urn:complexvalue", "base64": "xsd:base64Binary",
}  # fmt: skip
_BYTES_PER_CHARACTER = 3


def global_entry(one: SObject, base: str) -> dict[str, Any]:
    """One object as the list of all objects shows it."""
    url = f"{base}/sobjects/{one.name}"
    urls = {"rowTemplate": f"{url}/{{ID}}", "describe": f"{url}/describe", "sobject": url}
    if one.layoutable:
        urls["layouts"] = f"{url}/describe/layouts"
    return {
        "activateable": False, "associateEntityType": None, "associateParentEntity": None,
        "createable": one.createable, "custom": one.custom, "customSetting": False,
        "deepCloneable": False, "deletable": one.deletable, "deprecatedAndHidden": False,
        "feedEnabled": False, "hasSubtypes": False, "isInterface": False, "isSubtype": False,
        "keyPrefix": one.prefix, "label": one.label, "labelPlural": one.plural,
        "layoutable": one.layoutable, "mergeable": one.mergeable, "mruEnabled": one.layoutable,
        "name": one.name, "queryable": True, "replicateable": one.replicateable,
        "retrieveable": True, "searchable": one.searchable, "triggerable": one.createable,
        "undeletable": one.undeletable, "updateable": one.updateable, "urls": urls,
    }  # fmt: skip


def describe(view: View, one: SObject, base: str) -> dict[str, Any]:
    """One object in full."""
    url = f"{base}/sobjects/{one.name}"
    whole = global_entry(one, base) | {
        "actionOverrides": [], "childRelationships": child_relationships(view, one),
        "compactLayoutable": one.layoutable, "defaultImplementation": None, "extendedBy": None,
        "extendsInterfaces": None, "fields": [describe_field(f) for f in one.fields.values()],
        "implementedBy": None, "implementsInterfaces": None, "listviewable": None,
        "lookupLayoutable": None, "namedLayoutInfos": [], "networkScopeFieldName": None,
        "recordTypeInfos": [_master_record_type(url)], "searchLayoutable": one.searchable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {one.plural}", "name": "everything"},
                            {"label": f"My {one.plural}", "name": "mine"}],
    }  # fmt: skip
    whole["urls"] |= {
        "uiEditTemplate": "{host}/{ID}/e", "uiDetailTemplate": "{host}/{ID}",
        "uiNewRecord": f"{{host}}/{one.prefix}/e", "defaultValues": f"{url}/defaultValues",
        "compactLayouts": f"{url}/describe/compactLayouts",
    }  # fmt: skip
    return whole


def child_relationships(view: View, one: SObject) -> list[dict[str, Any]]:
    """All references to this object."""
    return [
        {
            "cascadeDelete": own.cascade, "childSObject": other.name,
            "deprecatedAndHidden": False, "field": own.name, "junctionIdListNames": [],
            "junctionReferenceTo": [], "relationshipName": own.children,
            "restrictedDelete": False,
        }
        for other in view
        for own in other.fields.values()
        if one.name in own.reference_to
    ]  # fmt: skip


def describe_field(own: Field) -> dict[str, Any]:
    """One field with all its keys."""
    number = own.type in NUMBER_TYPES
    long_text = own.type == "textarea" and own.length > 255
    plain = own.type not in COMPOUND_TYPES and own.type != "complexvalue"
    return {
        "aggregatable": plain and not long_text and own.type != "boolean",
        "aiPredictionField": False, "autoNumber": own.auto_number,
        "byteLength": _byte_length(own), "calculated": own.formula is not None,
        "calculatedFormula": own.formula, "cascadeDelete": own.cascade,
        "caseSensitive": own.case_sensitive, "compoundFieldName": own.compound or (
            own.name if own.name_field and own.name == "Name" else None),
        "controllerName": None, "createable": own.createable, "custom": own.custom,
        "defaultValue": own.default, "defaultValueFormula": None,
        "defaultedOnCreate": own.defaulted, "dependentPicklist": False,
        "deprecatedAndHidden": False, "digits": own.digits, "displayLocationInDecimal": False,
        "encrypted": False, "externalId": own.external_id, "extraTypeInfo": (
            "plaintextarea" if own.type == "textarea" else None),
        "filterable": own.filterable and plain, "filteredLookupInfo": None,
        "formulaTreatNullNumberAsZero": False,
        "groupable": plain and not number and not long_text and own.type != "datetime",
        "highScaleNumber": False, "htmlFormatted": False,
        "idLookup": own.id_lookup or own.external_id, "inlineHelpText": own.help_text,
        "label": own.label, "length": own.length, "mask": None, "maskType": None,
        "name": own.name, "nameField": own.name_field, "namePointing": own.polymorphic,
        "nillable": own.nillable, "permissionable": own.permissionable,
        "picklistValues": [_choice(own, value) for value in own.picklist],
        "polymorphicForeignKey": own.polymorphic, "precision": own.precision,
        "queryByDistance": own.type == "address", "referenceTargetField": None,
        "referenceTo": list(own.reference_to), "relationshipName": own.relationship,
        "relationshipOrder": None, "restrictedDelete": False,
        "restrictedPicklist": own.restricted, "scale": own.scale,
        "searchPrefilterable": own.type == "reference",
        "soapType": _SOAP.get(own.type, "xsd:string"),
        "sortable": own.filterable and plain and own.type != "multipicklist",
        "type": own.type, "unique": own.unique, "updateable": own.updateable,
        "writeRequiresMasterRead": False,
    }  # fmt: skip


def _byte_length(own: Field) -> int:
    if own.type in ("id", "reference"):
        return own.length
    return own.length * _BYTES_PER_CHARACTER


def _choice(own: Field, value: str) -> dict[str, Any]:
    return {
        "active": True, "defaultValue": value == own.default, "label": value, "validFor": None,
        "value": value,
    }  # fmt: skip


def _master_record_type(url: str) -> dict[str, Any]:
    return {
        "active": True, "available": True, "defaultRecordTypeMapping": True,
        "developerName": "Master", "master": True, "name": "Master",
        "recordTypeId": "012000000000000AAA",
        "urls": {"layout": f"{url}/describe/layouts/012000000000000AAA"},
    }  # fmt: skip
