"""Only the `0001_legacy` migrations know osTicket's tables: adoption records those, and really runs all others."""

import re

import pytest
from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import CreateModel

from helpdesk.legacy.fields import Prefixed
from helpdesk.legacy.indexes import LEGACY_INDEXES, create_sql
from helpdesk.legacy.migrate_guard import legacy_tables_to_make
from helpdesk.legacy.migration import FoldedIndexes, LegacyIndexes, LegacyTables
from helpdesk.legacy.schema_introspection import legacy_models
from helpdesk.legacy.table_description import legacy_tables

TABLES = {table.prefixed_name for table in legacy_tables().values()}
# What changes or constrains a table; a data migration may read them.
CHANGES_A_TABLE = re.compile(r"\b(CREATE|ALTER|DROP|RENAME|REFERENCES|TRIGGER)\b", re.IGNORECASE)


@pytest.fixture
def executor(db: None, monkeypatch: pytest.MonkeyPatch) -> MigrationExecutor:
    """Give the executor; nothing is executed, so SQLite need not switch its constraints off first."""
    monkeypatch.setattr(connection, "disable_constraint_checking", lambda: True)
    return MigrationExecutor(connection)


def only_makes_our_indexes(migration: Migration) -> bool:
    """Whether the migration does nothing but make our indexes, which it leaves to a command where it was adopted."""
    return all(isinstance(operation, LegacyIndexes) for operation in migration.operations)


def only_folds(migration: Migration) -> bool:
    """Whether the migration does nothing but replace indexes where the engine has no collation like MySQL's."""
    return all(isinstance(operation, FoldedIndexes) for operation in migration.operations)


def is_legacy(migration: Migration) -> bool:
    """Whether the migration makes osTicket's tables."""
    return any(isinstance(operation, LegacyTables) for operation in migration.operations)


def test_no_later_migration_touches_a_legacy_table(executor: MigrationExecutor) -> None:
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    later = [migration for migration, _ in plan if not is_legacy(migration)]
    touching = [
        f"{migration}: {statement}"
        for migration in later
        for statement in executor.loader.collect_sql([(migration, False)])
        if set(re.findall(r"\w+", statement)) & TABLES and CHANGES_A_TABLE.search(statement)
        if not only_makes_our_indexes(migration) and not only_folds(migration)
    ]
    assert touching == []
    assert len(later) > 30


def test_migrations_make_our_indexes_and_nothing_else(executor: MigrationExecutor) -> None:
    """The one exception: plain indexes of our own on osTicket's tables, none of them unique."""
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    making = [migration for migration, _ in plan if migration.operations and only_makes_our_indexes(migration)]
    assert making
    for indexes in making:  # each makes all that are missing
        statements = [line for line in executor.loader.collect_sql([(indexes, False)]) if not line.startswith("--")]
        statements = [line.rstrip(";") for line in statements if line not in {"BEGIN;", "COMMIT;"}]
        assert statements == [create_sql(connection, index) for index in LEGACY_INDEXES]
        assert all(statement.startswith("CREATE INDEX ") for statement in statements)
    assert all(index.name.startswith("hd_") for index in LEGACY_INDEXES)


def test_folding_changes_indexes_alone_and_on_mysql_nothing(executor: MigrationExecutor) -> None:
    """Databases of osTicket are on MySQL: there the collation folds, and no table is touched."""
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes(), clean_start=True)
    folding = [migration for migration, _ in plan if migration.operations and only_folds(migration)]
    assert len(folding) == 9
    for migration in folding:
        lines = executor.loader.collect_sql([(migration, False)])
        statements = [line for line in lines if not line.startswith("--") and line not in {"BEGIN;", "COMMIT;"}]
        if connection.vendor == "mysql":
            assert statements == []
        else:
            assert statements
            assert all(re.match(r"(CREATE|DROP) (UNIQUE )?INDEX ", statement) for statement in statements)


def test_legacy_migrations_hold_nothing_else(executor: MigrationExecutor) -> None:
    """Everything in them is recorded instead of run on an adopted database."""
    legacy = {key: migration for key, migration in executor.loader.disk_migrations.items() if is_legacy(migration)}
    assert {name for _, name in legacy} == {"0001_legacy"}
    for migration in legacy.values():
        assert all(isinstance(operation, LegacyTables) for operation in migration.operations)


def test_together_they_make_every_legacy_table(executor: MigrationExecutor) -> None:
    made = legacy_tables_to_make((migration, False) for migration in executor.loader.disk_migrations.values())
    assert made == {model._meta.db_table for model in legacy_models()}
    assert legacy_tables_to_make((migration, True) for migration in executor.loader.disk_migrations.values()) == set()


def test_no_other_migration_makes_a_table_with_the_prefix(executor: MigrationExecutor) -> None:
    for migration in executor.loader.disk_migrations.values():
        if not is_legacy(migration):
            created = [operation for operation in migration.operations if isinstance(operation, CreateModel)]
            assert not [model.name for model in created if isinstance(model.options.get("db_table"), Prefixed)]
