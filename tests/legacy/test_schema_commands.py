"""`manage.py checkschema` on the migrated test database of every engine."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from helpdesk.legacy.schema_check import Weight
from helpdesk.legacy.schema_introspection import check_schema, legacy_models
from helpdesk.legacy.table_description import legacy_tables
from tests.engines import is_mysql


def test_a_fresh_migration_equals_osticket_s_schema(db: None) -> None:
    """On MySQL types, NULL, defaults, indexes with FULLTEXT and engines; elsewhere tables, columns and NULL."""
    output = StringIO()
    call_command("checkschema", verbosity=2, stdout=output)
    assert output.getvalue().splitlines()[-1] == "0 differences (tables with prefix “ost_”)."


def test_the_models_are_the_tables_of_the_description() -> None:
    """68 tables have models; the four caches of form answers follow the forms."""
    described = {table.prefixed_name for table in legacy_tables().values() if not table.is_cdata}
    assert {model._meta.db_table for model in legacy_models()} == described
    assert len(described) == 68


def test_models_and_description_name_the_same_columns() -> None:
    for model in legacy_models():
        columns = {column.name for column in legacy_tables()[model._meta.db_table.base].columns}  # type: ignore[attr-defined]
        assert {field.column for field in model._meta.concrete_fields if field.column} == columns


CHANGES = {
    "DROP TABLE ost_note": ("ost_note", "table is missing", Weight.BREAKING),
    "ALTER TABLE ost_note ADD COLUMN extra integer": ("ost_note.extra", "column is not ours", Weight.TOLERABLE),
    "ALTER TABLE ost_note DROP COLUMN sort": ("ost_note.sort", "column is missing", Weight.BREAKING),
}

if (
    not is_mysql()
):  # MySQL ends the transaction when a table changes: there a scratch database takes it (tests/adoption)

    @pytest.mark.parametrize("change", CHANGES)
    def test_differences_show(db: None, change: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(change)
        (difference,) = check_schema(connection).counted
        assert (difference.place, difference.what, difference.weight) == CHANGES[change]
        with pytest.raises(SystemExit) as stopped:
            call_command("checkschema", stdout=StringIO())
        assert stopped.value.code == 1
