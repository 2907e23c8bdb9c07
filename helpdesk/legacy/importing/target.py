"""The database that rows are copied into: whether it is free, its tables, and the run that is under way in it."""

from collections.abc import Sequence

from django.core.management import call_command
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.utils.timezone import localtime

from helpdesk.legacy.copying.reading import has_rows
from helpdesk.legacy.copying.shapes import all_shapes, models_by_table
from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.models import ImportProblem, ImportRun, ImportTable

OUR_OWN_NOTES = frozenset(str(model._meta.db_table) for model in (ImportRun, ImportTable, ImportProblem))
# Made by `migrate` itself, or by Django and Celery as they run: they do not make a database one in use.
WRITTEN_BY_PROGRAMS = ("django_", "auth_")
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
    """Run the migrations that the target lacks; `targets` (app label, migration) instead of all of them."""
    executor = MigrationExecutor(connection)
    if targets is not None:
        executor.migrate(list(targets))
    elif executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", database=connection.alias, interactive=False, verbosity=0, skip_checks=True)


def tables_in_use(connection: BaseDatabaseWrapper) -> list[str]:
    """Give the tables with rows of a help desk; none of them in a database that was only migrated."""
    return [
        shape.database_name
        for shape in all_shapes()
        if shape.database_name not in OUR_OWN_NOTES
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
