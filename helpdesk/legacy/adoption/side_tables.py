"""Whose are the tables without prefix that already stand in the database: nobody's, ours, or another program's."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from django.apps import apps
from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from helpdesk.legacy.adoption.judgement import Problem
from helpdesk.legacy.migration import LegacyTables
from helpdesk.legacy.models import Installation
from helpdesk.legacy.schema_check import FoundTable
from helpdesk.legacy.schema_introspection import fetch_rows, side_table_names, table_name

MigrationKey = tuple[str, str]
FIRST_OF_OURS = ("hd_legacy", "0001_initial")


class State(Enum):
    """What the side tables say of the database."""

    NONE = "none"
    ADOPTED = "adopted"
    FRESH = "fresh"
    INTERRUPTED = "interrupted"
    OTHER_DESK = "other desk"
    OTHER_PROGRAM = "other program"


@dataclass(frozen=True)
class RecordedInstallation:
    """What `hd_installation` notes of a help desk."""

    origin: str
    time_zone: str = ""


@dataclass(frozen=True)
class SideTables:
    """The side tables of the database: which exist, which migrations they record, whose installations they note.

    `installations` maps the table prefix of each recorded help desk to what is noted of it.
    """

    existing: frozenset[str]
    migrations: frozenset[MigrationKey]
    installations: Mapping[str, RecordedInstallation]
    legacy_migrations: frozenset[MigrationKey]

    def state(self, prefix: str) -> State:
        """Judge whose they are, seen from the help desk with this prefix."""
        if self.installations:
            recorded = self.installations.get(prefix)
            if recorded is None:
                return State.OTHER_DESK
            return State.ADOPTED if recorded.origin == Installation.Origin.ADOPTED else State.FRESH
        if self.migrations & self.legacy_migrations:
            # `migrate` made these tables itself, for a help desk that was never set up.
            return State.OTHER_DESK
        if FIRST_OF_OURS in self.migrations:
            return State.INTERRUPTED
        return State.OTHER_PROGRAM if self.migrations or self.existing - {"django_migrations"} else State.NONE


def legacy_migrations(connection: BaseDatabaseWrapper) -> frozenset[MigrationKey]:
    """Give the migrations that make osTicket's tables, which adoption records instead of running."""
    disk = MigrationLoader(connection).disk_migrations
    return frozenset(
        key
        for key, migration in disk.items()
        if any(isinstance(operation, LegacyTables) for operation in migration.operations)
    )


def read_side_tables(connection: BaseDatabaseWrapper, tables: Mapping[str, FoundTable]) -> SideTables:
    """Read what stands in the database, given all of its tables."""
    recorded = MigrationRecorder(connection).applied_migrations() if "django_migrations" in tables else {}
    return SideTables(
        existing=frozenset(side_table_names() & tables.keys()),
        migrations=frozenset(recorded),
        installations=_installations(connection, tables.get(Installation._meta.db_table)),
        legacy_migrations=legacy_migrations(connection),
    )


def _installations(connection: BaseDatabaseWrapper, table: FoundTable | None) -> dict[str, RecordedInstallation]:
    if table is None:
        return {}
    has_prefix = any(column.name == "table_prefix" for column in table.columns)
    prefix = "table_prefix" if has_prefix else f"'{settings.TABLE_PREFIX}'"  # the first release did not note it
    sql = f"SELECT {prefix}, origin, database_time_zone FROM {table.name} ORDER BY id"  # noqa: S608
    return {
        table_name(connection, prefix): RecordedInstallation(origin, zone)
        for prefix, origin, zone in fetch_rows(connection, sql)
    }


def check_side_tables(side_tables: SideTables, prefix: str) -> Problem | None:
    """Give the problem with the tables that already stand without prefix, None when they are free or ours."""
    state = side_tables.state(prefix)
    if state is State.OTHER_DESK:
        others = ", ".join(f"“{other}”" for other in sorted(side_tables.installations)) or "never set up"
        return Problem(
            "second-help-desk",
            f"This database already holds the side tables of another help desk ({others}); they have no prefix and "
            f"cannot serve “{prefix}” as well.",
            (
                f"Copy the tables with prefix “{prefix}” into a database of their own:",
                f"mariadb-dump OLD $(mariadb -N -e \"SHOW TABLES FROM OLD LIKE '{prefix}%'\") | mariadb NEW",
            ),
        )
    if state is State.OTHER_PROGRAM:
        names = ", ".join(sorted(side_tables.existing)) or "django_migrations"
        return Problem(
            "foreign-side-tables",
            f"Tables that Ostler needs for itself exist already and belong to another program: {names}.",
            ("Copy osTicket's tables into a database of their own, and adopt that.",),
        )
    clash = {f"{prefix}{name}" for name in _table_bases()} & side_table_names()
    if clash:
        return Problem(
            "prefix-clash",
            f"With the prefix “{prefix}” osTicket's tables are named like Ostler's own: {', '.join(sorted(clash))}.",
            ("Rename osTicket's tables (and TABLE_PREFIX in its ost-config.php) first.",),
        )
    return None


def _table_bases() -> set[str]:
    return {base for model in apps.get_models() if (base := getattr(model._meta.db_table, "base", ""))}
