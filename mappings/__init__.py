"""Whose field is which column: CRM records → canonical frames, our figures → CRM values."""

from mappings.checks import Resolved, resolve
from mappings.circumstances import Circumstances
from mappings.convert import Converted, to_frame
from mappings.findings import FieldInfoLike, Finding
from mappings.loading import choose, load, loads
from mappings.maps import CrmMap, MapError, Source
from mappings.provision import Spec, field_specs
from mappings.remote import WriteMap
from mappings.values import Refused
from mappings.written import TASK_KEY, WRITTEN, WrittenField

__all__ = [
    "TASK_KEY",
    "WRITTEN",
    "Circumstances",
    "Converted",
    "CrmMap",
    "FieldInfoLike",
    "Finding",
    "MapError",
    "Refused",
    "Resolved",
    "Source",
    "Spec",
    "WriteMap",
    "WrittenField",
    "choose",
    "field_specs",
    "load",
    "loads",
    "resolve",
    "to_frame",
]
