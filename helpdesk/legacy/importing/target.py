"""The database that rows are copied into: whether it is free, its tables, and the run that is under way in it."""

from collections.abc import Container, Sequence

from django.core.management import CommandError, call_command
from django.db import DatabaseError, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import CreateModel
from django.utils.timezone import localtime

from helpdesk.legacy.copying.reading import has_rows
from helpdesk.legacy.copying.shapes import all_shapes, models_by_table
from helpdesk.legacy.copying.writing import is_disk_full
from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.models import ImportProblem, ImportRun, ImportTable

OUR_OWN_NOTES = frozenset(str(model._meta.db_table) for model in (ImportRun, ImportTable, ImportProblem))
# Made by `migrate`, or by Django, Celery and the checks of health as they run: they do not make a database one in use.
WRITTEN_BY_PROGRAMS = ("django_", "auth_", "hd_health_")
NAMED_TABLES = 5


def refuse_foreign_database(connection: BaseDatabaseWrapper) -> None:
    """Raise Conflict when the database belongs to another program, before anything is written to it."""
    tables = set(connection.introspection.table_names())
    if tables and "django_migrations" not in tables:
        some = ", ".join(sorted(tables)[:NAMED_TABLES])
        raise Conflict(
            f"The target holds {len(tables)} tables of something else ({some} …). Give an empty database.",
            code="target-foreign",
        )


def make_tables(connection: BaseDatabaseWrapper, targets: Sequence[tuple[str, str]] | None = None) -> None:
    """Run the migrations that the target lacks; `targets` (app label, migration) instead of all of them.

    MySQL cannot undo a migration that was killed half-way: there, tables in which nobody has written are made anew.
    """
    try:
        _migrate(connection, targets)
    except (DatabaseError, CommandError) as error:
        if connection.vendor != "mysql" or is_disk_full(error) or not drop_unused_tables(connection):
            raise
        _migrate(connection, targets)


def _migrate(connection: BaseDatabaseWrapper, targets: Sequence[tuple[str, str]] | None) -> None:
    executor = MigrationExecutor(connection)
    if targets is not None:
        executor.migrate(list(targets))
    elif executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", database=connection.alias, interactive=False, verbosity=0, skip_checks=True)


def drop_unused_tables(connection: BaseDatabaseWrapper) -> bool:
    """Drop the tables that `migrate` made, provided that there is nothing in any of them; give whether it was done."""
    existing = set(connection.introspection.table_names())
    if existing - _made_by_migrations(connection) or tables_in_use(connection) or _has_notes(connection, existing):
        return False
    with connection.constraint_checks_disabled(), connection.cursor() as cursor:
        for name in sorted(existing):
            cursor.execute(f"DROP TABLE {connection.ops.quote_name(name)}")
    return True


def _made_by_migrations(connection: BaseDatabaseWrapper) -> set[str]:
    """Give the names of the tables that migrations make, of those too that later ones remove."""
    made = {
        str(operation.options.get("db_table", f"{migration.app_label}_{operation.name_lower}"))
        for migration in MigrationExecutor(connection).loader.graph.nodes.values()
        for operation in migration.operations
        if isinstance(operation, CreateModel)
    }
    return made | {shape.database_name for shape in all_shapes()} | {"django_migrations"}


def _has_notes(connection: BaseDatabaseWrapper, existing: Container[str]) -> bool:
    return any(
        has_rows(connection, shape)
        for shape in all_shapes()
        if shape.database_name in OUR_OWN_NOTES and shape.database_name in existing
    )


def tables_in_use(connection: BaseDatabaseWrapper) -> list[str]:
    """Give the tables with rows of a help desk; none of them in a database that was only migrated."""
    existing = set(connection.introspection.table_names())
    return [
        shape.database_name
        for shape in all_shapes()
        if shape.database_name in existing - OUR_OWN_NOTES
        and (shape.is_legacy or not shape.name.startswith(WRITTEN_BY_PROGRAMS))
        and has_rows(connection, shape)
    ]


def refuse_database_in_use(connection: BaseDatabaseWrapper, way_out: str) -> None:
    """Raise Conflict when the target holds a help desk already."""
    filled = tables_in_use(connection)
    if filled:
        some = ", ".join(filled[:NAMED_TABLES]) + (" …" if len(filled) > NAMED_TABLES else "")
        raise Conflict(
            f"The target is not empty: {len(filled)} tables hold rows ({some}). {way_out}", code="target-not-empty"
        )


def refuse_second_import(connection: BaseDatabaseWrapper, source: str) -> None:
    """Raise Conflict when this very source was imported before, to its end."""
    run = ImportRun.objects.using(connection.alias).filter(source=source).exclude(finished=None).last()
    if run is not None:
        raise Conflict(
            f"This source was imported already; it was finished {localtime(run.finished):%Y-%m-%d %H:%M}. To import it "
            "again, give an empty database.",
            code="imported-already",
        )


def unfinished_run(connection: BaseDatabaseWrapper, kind: ImportRun.Kind, source: str) -> ImportRun | None:
    """Give the interrupted run of the same source; raise Conflict when there is one of another source."""
    run = ImportRun.objects.using(connection.alias).filter(finished=None).order_by("id").last()
    if run is None:
        return None
    if (run.kind, run.source) != (kind, source):
        raise Conflict(
            f"The target holds half of another copy: {run.source}, begun {localtime(run.started):%Y-%m-%d %H:%M}. "
            "Go on with that one, or give an empty database.",
            code="other-run-unfinished",
        )
    return run


def copied_models(table_names: Sequence[str]) -> list[type[models.Model]]:
    """Give the models of these tables (names in the database)."""
    return [models_by_table()[name] for name in table_names]
