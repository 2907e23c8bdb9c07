"""Keeps `migrate` from running into a database whose tables osTicket made: that is adoption's business."""

from collections.abc import Iterable
from typing import Any

from django.core.management.base import CommandError
from django.db import connections
from django.db.migrations import Migration
from django.db.migrations.operations import CreateModel

from helpdesk.legacy.adoption.versions import read_schema_signature
from helpdesk.legacy.migration import LegacyTables
from helpdesk.legacy.schema_introspection import table_name


def legacy_tables_to_make(plan: Iterable[tuple[Migration, bool]]) -> set[str]:
    """Give the names of osTicket's tables that this plan of migrations would make."""
    return {
        str(created.options["db_table"])
        for migration, is_backwards in plan
        if not is_backwards
        for operation in migration.operations
        if isinstance(operation, LegacyTables)
        for created in operation.state_operations
        if isinstance(created, CreateModel)
    }


def refuse_unadopted_database(*, using: str, plan: Iterable[tuple[Migration, bool]], **_: Any) -> None:
    """Stop `migrate` before its first statement when tables that it would make exist (a `pre_migrate` receiver)."""
    wanted = legacy_tables_to_make(plan)
    if not wanted:
        return
    connection = connections[using]
    existing = {table_name(connection, name) for name in wanted} & set(connection.introspection.table_names())
    if not existing:
        return
    if read_schema_signature(connection) is not None:
        raise CommandError(
            f"osTicket's tables are in this database already ({len(existing)} of them) and it has not been adopted. "
            "Run “manage.py adopt --dry-run”, then “manage.py adopt”. Nothing was changed."
        )
    raise CommandError(
        f"Tables that migrate would make exist already: {', '.join(sorted(existing))}. They hold no help desk: an "
        "earlier migrate was interrupted, or they are another program's. Empty the database, or use another one. "
        "Nothing was changed."
    )
