"""Which osTicket wrote a database, told by its schema signature (osticket/schema.md §1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.schema_introspection import table_name


@dataclass(frozen=True)
class OsticketVersion:
    """A release line of osTicket; `is_supported` when Ostler works on its tables."""

    name: str
    is_supported: bool = False


SIGNATURES = {
    "4bd47d94b10bd8a6bab35c119dadf41f": OsticketVersion("1.14"),
    "e7038ce9762843b6cfbe9fa2d98feaf3": OsticketVersion("1.15 (unfinished upgrade)"),
    "ddbe2e76ec38a2e58bdbff9109c07930": OsticketVersion("1.15 (unfinished upgrade)"),
    "add628927ee030469f5d3272ebda1e16": OsticketVersion("1.15"),
    "c37e165651dc289240fee7d244990ac1": OsticketVersion("1.16"),
    "e2b4e5cbb8b77e50a8f44bdcf09defc7": OsticketVersion("1.17 (unfinished upgrade)"),
    "f0d2e14d0d653b856be20ffeff46da32": OsticketVersion("1.17 (unfinished upgrade)"),
    "83a22ba22b1a6a624fcb1da03882ac1b": OsticketVersion("1.17", is_supported=True),
    "5fb92bef17f3b603659e024c01cc7a59": OsticketVersion("1.18", is_supported=True),
}
# Every osTicket since 1.6 has these three; the newer names came later.
ANY_OSTICKET = frozenset({"config", "staff", "ticket"})


def read_schema_signature(connection: BaseDatabaseWrapper) -> str | None:
    """Give `core.schema_signature` of the tables with our prefix; None when there is no such table or row."""
    table = table_name(connection, f"{settings.TABLE_PREFIX}config")
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        if table not in connection.introspection.table_names(cursor):
            return None
        columns = {column.name for column in connection.introspection.get_table_description(cursor, table)}
        if not {"namespace", "key", "value"} <= columns:
            return None
        cursor.execute(
            f"SELECT value FROM {quote(table)} WHERE {quote('namespace')} = %s AND {quote('key')} = %s",  # noqa: S608
            ["core", "schema_signature"],
        )
        row = cursor.fetchone()
    return str(row[0]) if row else None


def read_osticket_version(connection: BaseDatabaseWrapper) -> OsticketVersion | None:
    """Give the version that the signature tells; None for an unknown or missing one."""
    return SIGNATURES.get(read_schema_signature(connection) or "")


def find_prefixes(table_names: Iterable[str]) -> list[str]:
    """Give the prefixes under which the tables of some osTicket stand, in alphabetical order."""
    names = set(table_names)
    candidates = {name.removesuffix("staff") for name in names if name.endswith("staff")}
    return sorted(prefix for prefix in candidates if {prefix + name for name in ANY_OSTICKET} <= names)
