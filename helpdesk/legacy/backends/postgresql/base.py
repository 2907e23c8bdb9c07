"""Django's PostgreSQL back end with our schema editor."""

from typing import Any

from django.db.backends.postgresql import base, operations, schema

from helpdesk.legacy.backends.not_null import NotNullColumnsMixin
from helpdesk.legacy.backends.zero_aggregates import ZeroAsNullOperationsMixin


class DatabaseSchemaEditor(NotNullColumnsMixin, schema.DatabaseSchemaEditor):
    """Django's editor with NOT NULL columns for zero references."""


class DatabaseOperations(ZeroAsNullOperationsMixin, operations.DatabaseOperations):
    """Django's operations with aggregates that leave zero references out."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose migrations and aggregates know zero references."""

    SchemaEditorClass = DatabaseSchemaEditor
    ops_class = DatabaseOperations

    def _configure_connection(self, connection: Any) -> bool:
        """Switch the compiler of statements off, which takes far longer than the statements of a page do."""
        super()._configure_connection(connection)  # type: ignore[misc]
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")
        return True  # to be committed
