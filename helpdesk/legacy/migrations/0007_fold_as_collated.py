"""Folding knows a dotless i, the lunate sigma, a lone iota below and blanks at the end as MySQL's collation does.

Indexes hold what the function gave before: they are built anew, where no two names have become the same by it.
"""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from helpdesk.legacy.folding import FUNCTION, postgresql_function
from helpdesk.legacy.migration import refuse_equal_rows

INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql LIKE %s ORDER BY name",
    "postgresql": """
SELECT index.relname, pg_get_indexdef(index.oid)
FROM pg_index
JOIN pg_class AS index ON index.oid = pg_index.indexrelid
JOIN pg_namespace AS space ON space.oid = index.relnamespace
WHERE space.nspname = current_schema() AND pg_get_indexdef(index.oid) LIKE %s
ORDER BY index.relname
""",
}


def make_anew(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Replace the function and make the indexes on it again. Raises CommandError that names rows which are now the same."""
    connection = schema_editor.connection
    if connection.vendor not in INDEXES:
        return
    if connection.vendor == "postgresql":
        schema_editor.execute(postgresql_function(), params=None)
    if schema_editor.collect_sql:
        return
    with connection.cursor() as cursor:
        cursor.execute(INDEXES[connection.vendor], [f"%{FUNCTION}(%"])
        indexes: list[tuple[str, str]] = cursor.fetchall()
        for name, _statement in indexes:
            cursor.execute(f"DROP INDEX {connection.ops.quote_name(name)}")
        names = {name for name, _statement in indexes}
        for model in apps.get_models():
            for constraint in model._meta.constraints:
                if constraint.name in names:
                    refuse_equal_rows(model, constraint)
        for _name, statement in indexes:
            cursor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("hd_legacy", "0006_composed_fold")]

    operations = [migrations.RunPython(make_anew, migrations.RunPython.noop, elidable=False)]
