"""The database: does it answer, in which zone, what can it store, are all tables what they should be."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from helpdesk.health.registry import Finding, Needs, failure, health_check, ok, warning
from helpdesk.health.selectors import note
from helpdesk.health.services import SCHEMA, record_schema_comparison
from helpdesk.legacy.indexes import missing_indexes, obsolete_indexes, outdated_indexes
from helpdesk.legacy.models import Installation

SLOW_ROUND_TRIP = 20.0
"""Milliseconds; a page makes about ten statements."""
ROUND_TRIPS = 5
"""The shortest counts: the others may have waited for a processor, here or there, which is no distance."""
OLD_COMPARISON = timedelta(days=3)
WARN_DRIFT, FAIL_DRIFT = 2.0, 60.0
"""Seconds. Codes of the second step at sign-in bear 30."""
UNFIT_PLACES = "manage.py checkschema"


@health_check("database", "Database", needs=Needs.NOTHING)
def database(now: datetime) -> Finding:
    """Ask for its version and take the time of small statements."""
    times = []
    try:
        with connection.cursor() as cursor:
            version = server_version()
            for _ in range(ROUND_TRIPS):
                start = time.perf_counter()
                cursor.execute("SELECT 1")
                cursor.fetchall()
                times.append((time.perf_counter() - start) * 1000)
    except DatabaseError as error:
        return failure(
            "The database does not answer; what needs it was not checked.",
            type(error).__name__,
            advice="Is the server running, and does DATABASE_URL name it? The log holds its message.",
        )
    milliseconds = min(times)
    figure = f"{version}, {milliseconds:.1f} ms"
    if milliseconds > SLOW_ROUND_TRIP:
        advice = "Bring the database nearer, or see what loads its machine."
        return warning("The database answers slowly: every page waits for it.", figure, advice=advice)
    return ok("The database answers.", figure)


def server_version() -> str:
    """Give engine and version of the database server."""
    name: str = connection.display_name
    if connection.vendor == "mysql":
        name = "MariaDB" if connection.mysql_is_mariadb else "MySQL"  # type: ignore[attr-defined]
    return f"{name} {'.'.join(map(str, connection.get_database_version()))}"


@health_check("time-zone", "Time zone")
def time_zone(now: datetime) -> Finding:
    """Compare the zone in which times are read with the one that was recorded."""
    installation = Installation.objects.order_by("id").last()
    if installation is None:
        advice = "manage.py quickstart makes one, manage.py adopt takes over an osTicket."
        return failure("There is no help desk in this database.", advice=advice)
    used = getattr(connection, "timezone_name", "UTC")
    recorded = installation.database_time_zone or "UTC"
    if connection.vendor == "mysql" and used != recorded:
        advice = "Unset DB_TIME_ZONE, or run manage.py adopt again if the server's zone has changed."
        return warning(
            "Stored times are read in another zone than was recorded.", f"{used}, not {recorded}", advice=advice
        )
    origin = {"adopted": "as adopted", "imported": "as imported", "fresh": "own database"}[installation.origin]
    return ok(f"Stored times are read in the zone that was recorded ({origin}).", used)


@health_check("characters", "Characters")
def characters(now: datetime) -> Finding:
    """Say whether every character fits."""
    installation = Installation.objects.order_by("id").last()
    if installation is None or not installation.utf8mb3_tables:
        return ok("Every character can be stored.")
    return ok(
        "Old tables cannot store emoji in plain columns; Ostler keeps such texts in a side table, osTicket shows a "
        "replacement.",
        "utf8mb3",
    )


@health_check("migrations", "Ostler's tables", needs=Needs.DATABASE)
def migrations(now: datetime) -> Finding:
    """Look for steps of an upgrade that were not made."""
    executor = MigrationExecutor(connection)
    missing = [
        f"{step.app_label} {step.name}" for step, _ in executor.migration_plan(executor.loader.graph.leaf_nodes())
    ]
    if not missing:
        return ok("All tables are of this version.")
    advice = "Stop the services, back up, and run manage.py migrate."
    return failure("The database is of an older version.", ", ".join(missing[:5]), advice=advice)


@health_check("schema", "osTicket's tables")
def schema(now: datetime) -> Finding:
    """Give the outcome of the nightly comparison; made now when there is none yet."""
    compared = note(SCHEMA)
    if compared is None:
        compared = record_schema_comparison(now=now)
    breaking, tolerable = compared.details["breaking"], compared.details["tolerable"]
    figure = f"{breaking + tolerable} differences, compared {compared.at:%Y-%m-%d %H:%M} UTC"
    if breaking:
        examples = "; ".join(compared.details["examples"])
        advice = f"{UNFIT_PLACES} names them all and the way out. First: {examples}"
        return failure("Ostler cannot work with these tables.", figure, advice=advice)
    if now - compared.at > OLD_COMPARISON:
        advice = f"Does the worker run at night? {UNFIT_PLACES} compares now."
        return warning("The tables were not compared for days.", figure, advice=advice)
    if tolerable:
        return ok(f"The tables differ from osTicket's where it does no harm ({UNFIT_PLACES} lists it).", figure)
    return ok("The tables are as osTicket makes them.", figure)


@health_check("indexes", "Indexes")
def indexes(now: datetime) -> Finding:
    """Look for the indexes that Ostler adds to osTicket's tables, and for those that an earlier version made."""
    old = sorted({index.name for index in (*outdated_indexes(connection), *obsolete_indexes(connection))})
    missing = sorted({index.name for index in missing_indexes(connection)} - {*old})
    if not missing and not old:
        return ok("All indexes that keep pages fast are there.")
    counted = ((missing, "missing"), (old, "of an earlier version"))
    figure = "; ".join(f"{len(names)} {what}: {', '.join(names[:5])}" for names, what in counted if names)
    advice = "manage.py legacy_indexes --apply makes them; the help desk goes on working meanwhile."
    return warning("Queues and searches are slower than they need to be.", figure, advice=advice)


@health_check("clock", "Clock", needs=Needs.DATABASE)
def clock(now: datetime) -> Iterator[Finding]:
    """Compare the clock of the database server with that of this machine."""
    statement = {
        "mysql": "SELECT CAST(UTC_TIMESTAMP(6) AS CHAR)",
        "postgresql": "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')",
    }.get(connection.vendor)
    if statement is None:
        yield ok("The database shares the clock of this machine.")
        return
    with connection.cursor() as cursor:
        before = datetime.now(UTC)
        cursor.execute(statement)
        ((text,),) = cursor.fetchall()
        after = datetime.now(UTC)
    drift = (datetime.fromisoformat(text).replace(tzinfo=UTC) - (before + (after - before) / 2)).total_seconds()
    figure = f"{drift:+.2f} s"
    advice = "Let both machines take their time from the same servers (chrony, systemd-timesyncd)."
    if abs(drift) > FAIL_DRIFT:
        yield failure("The clocks of database and this machine differ widely.", figure, advice=advice)
    elif abs(drift) > WARN_DRIFT:
        yield warning("The clocks of database and this machine differ.", figure, advice=advice)
    else:
        yield ok("Database and this machine agree on the time.", figure)
