"""Giving back the room of deleted rows (osticket/jobs.md §2, row 8), once a week.

MySQL copies such a table meanwhile, so on an adopted database, where osTicket does the same by chance, it happens only
when `OPTIMIZE_TABLES` says so. PostgreSQL does it by itself (autovacuum).
"""

from __future__ import annotations

from django.conf import settings
from django.db import connection, transaction

from helpdesk.legacy.models import Installation, present_table_prefix

TABLES = ("lock", "syslog", "draft")
"""osTicket's tables whose rows come and go, without prefix."""
SIDE_TABLES = ("hd_outbox_effect", "hd_known_row")


def is_wanted() -> bool:
    """Whether to do it: as `OPTIMIZE_TABLES` says, and without it on all but adopted databases."""
    wanted: bool | None = settings.OPTIMIZE_TABLES
    if wanted is not None:
        return wanted
    newest = Installation.objects.order_by("-pk").values_list("origin", flat=True).first()
    return newest != Installation.Origin.ADOPTED


def optimize() -> int:
    """Do it; gives how many tables were treated. Not inside a transaction."""
    if connection.vendor == "sqlite":
        # A transaction waits for who writes at the moment; without one SQLite refuses to, having begun to read.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("PRAGMA optimize")
            return 1
    with connection.cursor() as cursor:
        if connection.vendor != "mysql":
            return 0
        present = set(connection.introspection.table_names(cursor))
        names = [name for name in (*(present_table_prefix() + one for one in TABLES), *SIDE_TABLES) if name in present]
        for name in names:
            cursor.execute(f"OPTIMIZE TABLE {connection.ops.quote_name(name)}")
            cursor.fetchall()
    return len(names)
