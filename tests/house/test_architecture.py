"""docs/architecture.md says where each legacy table lives; this compares it with the code."""

import re
from pathlib import Path

from django.apps import apps

from helpdesk.legacy.fields import Prefixed
from helpdesk.legacy.table_description import legacy_tables

ROOT = Path(__file__).resolve().parents[2]
TABLE_ROW = re.compile(r"^\| `(?P<package>[a-z/_]+)`[^|]*\| (?P<tables>.+) \|$", re.MULTILINE)


def documented_homes() -> dict[str, str]:
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8").split("72 tables lives")[1]
    return {
        table: match["package"]
        for match in TABLE_ROW.finditer(text)
        for table in re.findall(r"`(\w+)`", match["tables"])
    }


def test_all_72_tables_have_a_home() -> None:
    assert set(documented_homes()) == set(legacy_tables())
    assert len(legacy_tables()) == 72


def test_the_models_live_where_the_page_says() -> None:
    homes = documented_homes()
    actual = {
        name.base: model.__module__.removesuffix(".models").replace(".", "/")
        for model in apps.get_models()
        if isinstance(name := model._meta.db_table, Prefixed)
    }
    assert actual == {table: home for table, home in homes.items() if not table.endswith("__cdata")}


def test_every_column_has_a_field() -> None:
    for model in apps.get_models():
        name = model._meta.db_table
        if isinstance(name, Prefixed):
            columns = {column.name for column in legacy_tables()[name.base].columns}
            assert {field.column for field in model._meta.local_concrete_fields if field.column} == columns, name
