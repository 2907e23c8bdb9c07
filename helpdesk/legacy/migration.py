"""The migration operation that makes legacy tables."""

from typing import Any

from django.conf import settings
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import CreateModel
from django.db.migrations.state import ProjectState

from helpdesk.legacy.table_description import create_table_sql


class LegacyTables(SeparateDatabaseAndState):
    """Makes the legacy tables of one app: osTicket's own definitions on MySQL, Django's elsewhere.

    `manage.py adopt` records the migration as applied instead of running it.
    """

    def __init__(self, state_operations: list[Operation]) -> None:
        """Take the operations that describe the tables to Django."""
        super().__init__(state_operations=state_operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Write the operation into a migration."""
        return (self.__class__.__name__, [], {"state_operations": self.state_operations})

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Make the tables."""
        created = (operation for operation in self.state_operations if isinstance(operation, CreateModel))
        for operation in created:
            model = to_state.apps.get_model(app_label, operation.name)
            if schema_editor.connection.vendor == "mysql":
                schema_editor.execute(create_table_sql(model._meta.db_table.removeprefix(settings.TABLE_PREFIX)))
            else:
                schema_editor.create_model(model)

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Refuse: these tables hold the help desk's data."""
        raise NotImplementedError("The legacy tables are never dropped by a migration.")
