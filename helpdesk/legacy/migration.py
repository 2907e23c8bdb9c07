"""The migration operations that make legacy tables and our indexes on them."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.operations.models import (
    AddConstraint,
    AddIndex,
    CreateModel,
    RemoveConstraint,
    RemoveIndex,
)
from django.db.migrations.state import ProjectState
from django.db.models import Count
from django.utils.translation import gettext as _

from helpdesk.legacy.indexes import LEGACY_INDEXES, create_sql, missing_indexes
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


class LegacyIndexes(Operation):
    """Makes our indexes on legacy tables (helpdesk/legacy/indexes.py) where these tables are our own making.

    In an adopted database nothing happens: there `manage.py legacy_indexes --apply` makes them.
    """

    reduces_to_sql = True
    reversible = False

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Leave the models as they are: indexes of ours are not part of osTicket's schema."""

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Make those that are missing."""
        connection = schema_editor.connection
        is_shown = schema_editor.collect_sql
        if not is_shown and _is_adopted(connection):
            return
        for index in LEGACY_INDEXES if is_shown else missing_indexes(connection):
            schema_editor.execute(create_sql(connection, index))

    def describe(self) -> str:
        """Name the operation in listings."""
        return "Make Ostler's own indexes on osTicket's tables of a fresh help desk"


class FoldedIndexes(SeparateDatabaseAndState):
    """Lets indexes and unique names compare folded (`helpdesk.legacy.folding`) on SQLite and PostgreSQL.

    On MySQL nothing is done: the collation of the columns, which osTicket made, compares so by itself.
    """

    def __init__(self, state_operations: list[Operation]) -> None:
        """Take the operations; fields are changed in Python alone."""
        super().__init__(state_operations=state_operations)

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        """Write the operation into a migration."""
        return (self.__class__.__name__, [], {"state_operations": self.state_operations})

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Replace the indexes. Raises CommandError that names rows which are now the same."""
        state = from_state
        for operation in self.state_operations:
            after = state.clone()
            operation.state_forwards(app_label, after)
            if schema_editor.connection.vendor != "mysql" and isinstance(operation, _OF_INDEXES):
                if isinstance(operation, AddConstraint) and not schema_editor.collect_sql:
                    refuse_equal_rows(after.apps.get_model(app_label, operation.model_name), operation.constraint)
                operation.database_forwards(app_label, schema_editor, state, after)
            state = after

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        """Refuse: the look-ups need the new indexes."""
        raise NotImplementedError("Texts stay folded.")


_OF_INDEXES = (AddConstraint, RemoveConstraint, AddIndex, RemoveIndex)


def refuse_equal_rows(model: type[models.Model], constraint: models.BaseConstraint) -> None:
    """Raise CommandError for rows that differ in case, accents or last blanks alone, which a unique name may not.

    No index on the folded names may be there: the engine would believe what it holds.
    """
    if not isinstance(constraint, models.UniqueConstraint):
        return
    parts = {f"part_{place}": expression for place, expression in enumerate(constraint.expressions)}
    present = model._default_manager.annotate(**parts).filter(**{f"{name}__isnull": False for name in parts})
    doubled = present.values(*parts).annotate(rows=Count("pk")).filter(rows__gt=1).order_by()[:1]
    for values in doubled:
        pks = model._default_manager.alias(**parts).filter(**{name: values[name] for name in parts}).order_by("pk")
        raise CommandError(
            _("Rows %(ids)s of %(table)s differ in case, accents or last blanks alone. Rename one and migrate again.")
            % {"ids": ", ".join(str(pk) for pk in pks.values_list("pk", flat=True)), "table": model._meta.db_table}
        )


def _is_adopted(connection: BaseDatabaseWrapper) -> bool:
    """Whether adoption has noted this database, which it does before it runs any migration but those of this app."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM hd_installation WHERE origin = 'adopted'")
        return bool(cursor.fetchone()[0])
