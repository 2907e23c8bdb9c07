"""The function that folds texts in PostgreSQL (`helpdesk.legacy.folding`); SQLite gets it with every connection."""

from typing import Any

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from helpdesk.legacy.folding import FUNCTION, postgresql_function


def make_function(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make it where the engine cannot be given a Python function."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(postgresql_function(), params=None)


def drop_function(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take it away again."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"DROP FUNCTION IF EXISTS {FUNCTION}(text)", params=None)


class Migration(migrations.Migration):
    dependencies = [("hd_legacy", "0004_original_text")]

    operations = [migrations.RunPython(make_function, drop_function, elidable=False)]
