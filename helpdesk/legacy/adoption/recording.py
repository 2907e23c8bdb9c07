"""Writes what adoption writes: our side tables, and nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder

from helpdesk.legacy.adoption.examination import Examination
from helpdesk.legacy.adoption.judgement import AdoptionRefused, Problem
from helpdesk.legacy.adoption.opening import open_osticket_database
from helpdesk.legacy.adoption.side_tables import State, legacy_migrations, read_side_tables
from helpdesk.legacy.models import Installation
from helpdesk.legacy.schema_introspection import read_mysql_tables, table_name

LOCK_SECONDS = 30


def record_adoption(connection: BaseDatabaseWrapper, examination: Examination) -> Installation:
    """Note the installation, record the migrations of osTicket's tables as applied, run all the others.

    In this order, so that an interrupted adoption is known as one and can be repeated. Raises AdoptionRefused when
    the server refuses a statement; osTicket's tables are untouched then, too.
    """
    connection.use_time_zone(examination.time_zone.name)  # type: ignore[attr-defined]
    with _one_at_a_time(connection):
        try:
            _migrate(connection, "hd_legacy")
            installation = _note_installation(connection, examination)
            connection.forget_installation()  # type: ignore[attr-defined]
            recorder = MigrationRecorder(connection)
            for app, name in legacy_migrations(connection) - set(recorder.applied_migrations()):
                recorder.record_applied(app, name)
            _migrate(connection)
        except DatabaseError as error:
            problem = Problem(
                "interrupted",
                f"Adoption stopped half-way: {error}. osTicket's tables were not touched.",
                ("Remove the cause and run adopt again; it goes on where it stopped.",),
            )
            raise AdoptionRefused([problem]) from error
    return installation


def undo_adoption(connection: BaseDatabaseWrapper) -> list[str]:
    """Drop the side tables, so that the database is osTicket's alone again; give their names.

    Rows that Ostler wrote into osTicket's tables stay: tickets, replies, passwords. Raises AdoptionRefused when the
    database was not adopted under our prefix.
    """
    open_osticket_database(connection)
    tables = read_mysql_tables(connection)
    side_tables = read_side_tables(connection, tables)
    if side_tables.state(table_name(connection, settings.TABLE_PREFIX)) not in (State.ADOPTED, State.INTERRUPTED):
        text = "There is no adoption to undo: the side tables of this help desk are not in the database."
        raise AdoptionRefused([Problem("not-adopted", text)])
    names = sorted(side_tables.existing)
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    with _one_at_a_time(connection), connection.constraint_checks_disabled(), connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {quoted}")
    return names


def _migrate(connection: BaseDatabaseWrapper, *apps: str) -> None:
    call_command("migrate", *apps, database=connection.alias, interactive=False, verbosity=0, skip_checks=True)


def _note_installation(connection: BaseDatabaseWrapper, examination: Examination) -> Installation:
    """Write what was found out; a repeated adoption brings it up to date."""
    installation, _ = Installation.objects.using(connection.alias).update_or_create(
        table_prefix=settings.TABLE_PREFIX,
        defaults={
            "origin": Installation.Origin.ADOPTED,
            "osticket_version": examination.version.name,
            "schema_signature": examination.signature,
            "database_time_zone": examination.time_zone.name,
            "utf8mb3_tables": examination.report.is_utf8mb3,
        },
    )
    return installation


@contextmanager
def _one_at_a_time(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Keep a second adoption of this database waiting: containers may start several at once."""
    name = f"ostler-adopt-{connection.settings_dict['NAME']}"[:64]
    with connection.cursor() as cursor:
        cursor.execute("SELECT GET_LOCK(%s, %s)", [name, LOCK_SECONDS])
        if cursor.fetchone() != (1,):
            raise AdoptionRefused([Problem("busy", "Another adoption of this database is running.")])
        try:
            yield
        finally:
            cursor.execute("SELECT RELEASE_LOCK(%s)", [name])
