"""Folding in PostgreSQL puts letters together first, so that a name taken apart is found by its own text.

Its indexes hold what the function gave before, and are built anew.
"""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from helpdesk.legacy.folding import FUNCTION, postgresql_function

INDEXES = """
SELECT quote_ident(space.nspname) || '.' || quote_ident(index.relname)
FROM pg_index
JOIN pg_class AS index ON index.oid = pg_index.indexrelid
JOIN pg_namespace AS space ON space.oid = index.relnamespace
WHERE space.nspname = current_schema() AND pg_get_indexdef(index.oid) LIKE %s
ORDER BY index.relname
"""


def make_anew(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Replace the function and rebuild the indexes on it."""
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(postgresql_function(), params=None)
    if schema_editor.collect_sql:
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(INDEXES, [f"%{FUNCTION}(%"])
        for (name,) in cursor.fetchall():
            cursor.execute(f"REINDEX INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("hd_legacy", "0005_fold")]

    operations = [migrations.RunPython(make_anew, migrations.RunPython.noop, elidable=False)]
