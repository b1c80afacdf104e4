"""docs/mapping.md lists what the code knows."""

from pathlib import Path

import mappings
from mappings.catalogue import OBJECTS
from mappings.written import crm_name

PAGE = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text("utf-8")


def test_every_column_is_listed_with_type_and_unit() -> None:
    for name, columns in OBJECTS.items():
        for column in columns:
            star = " *" if column.required else ""
            unit = column.unit or ", ".join(column.choices)
            row = f"| {name} | `{column.name}`{star} | {column.type} | {unit} | {column.meaning} |"
            assert row in PAGE


def test_every_written_field_is_listed_with_its_names() -> None:
    for field in (*mappings.WRITTEN, mappings.TASK_KEY):
        names = [crm_name(v, p, field.name) for v, p in (("salesforce", "AX_"), ("hubspot", "ax_"))]
        assert f"| {field.name} | {field.type}" in PAGE
        assert all(f"`{name}`" in PAGE for name in names)
