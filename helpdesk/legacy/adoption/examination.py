"""Examines a database before adoption. Everything here reads; nothing writes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk import environment
from helpdesk.legacy.adoption.judgement import AdoptionRefused, Problem
from helpdesk.legacy.adoption.opening import open_osticket_database
from helpdesk.legacy.adoption.secret_salt import check_salt, describe_evidence, read_evidence
from helpdesk.legacy.adoption.server import check_server, read_server_facts
from helpdesk.legacy.adoption.side_tables import State, check_side_tables, read_side_tables
from helpdesk.legacy.adoption.time_zone import TimeZoneFinding, describe_global_time_zone, detect_time_zone
from helpdesk.legacy.adoption.versions import SIGNATURES, OsticketVersion, find_prefixes, read_schema_signature
from helpdesk.legacy.schema_check import FoundTable, SchemaReport, Weight, compare_schema
from helpdesk.legacy.schema_introspection import (
    fetch_rows,
    read_mysql_tables,
    read_surroundings,
    table_name,
    without_prefix,
)
from helpdesk.legacy.table_description import legacy_tables

BACKUP = "Make a dump of the database first (mariadb-dump or mysqldump)."


@dataclass(frozen=True)
class Examination:
    """What is known of a database that can be adopted, or already was. `remarks` are for people to read."""

    version: OsticketVersion
    signature: str
    state: State
    report: SchemaReport
    time_zone: TimeZoneFinding
    counts: Mapping[str, int]
    remarks: tuple[str, ...] = field(default_factory=tuple)


def examine(connection: BaseDatabaseWrapper, *, now: datetime, salt_lost: bool = False) -> Examination:
    """Examine the database of osTicket's tables with our prefix, as of `now` (aware).

    `salt_lost`: go on although SECRET_SALT is missing or wrong. Raises AdoptionRefused with every problem found.
    """
    open_osticket_database(connection)
    tables = read_mysql_tables(connection)
    prefix = _existing_prefix(connection, tables)
    signature, version = _check_version(connection)
    report = compare_schema(
        legacy_tables(),
        without_prefix(tables, prefix),
        read_surroundings(connection, osticket_version=version.name),
    )
    side_tables = read_side_tables(connection, tables)
    state = side_tables.state(prefix)
    if state is State.FRESH:
        made_here = "Ostler itself made this database: there is nothing to adopt."
        raise AdoptionRefused([Problem("made-by-ostler", made_here)])
    # With tables or columns missing the rest could not even be asked.
    problems = [*_schema_problems(report), *filter(None, [check_side_tables(side_tables, prefix)])]
    problems += check_server(read_server_facts(connection))
    if report.of(Weight.BREAKING):
        raise AdoptionRefused(problems)
    evidence = read_evidence(connection, prefix, settings.SECRET_SALT)
    recorded = side_tables.installations.get(prefix)
    time_zone = detect_time_zone(connection, prefix, now, recorded=recorded.time_zone if recorded else "")
    salt = check_salt(evidence, is_given=_is_salt_given() or evidence.is_proven, is_lost=salt_lost)
    problems += filter(None, [salt, time_zone.problem])
    if problems:
        raise AdoptionRefused(problems)
    remarks = [describe_evidence(evidence, is_lost=salt_lost), describe_global_time_zone(connection)]
    return Examination(
        version=version,
        signature=signature,
        state=state,
        report=report,
        time_zone=time_zone,
        counts=_count(connection, prefix, len(without_prefix(tables, prefix))),
        remarks=tuple(filter(None, [*remarks, *_charset_remarks(report)])),
    )


def _existing_prefix(connection: BaseDatabaseWrapper, tables: Mapping[str, FoundTable]) -> str:
    """Give the prefix as the server spells it; raise AdoptionRefused when no osTicket has it."""
    prefix = table_name(connection, settings.TABLE_PREFIX)
    found = find_prefixes(tables)
    if prefix in found:
        return prefix
    name = connection.settings_dict["NAME"]
    if found:
        listed = ", ".join(f"“{other}”" for other in found)
        problem = Problem(
            "prefix-unknown",
            f"“{name}” has no osTicket tables with the prefix “{prefix}”. Prefixes found: {listed}.",
            tuple(f"Set TABLE_PREFIX={other}" for other in found),
        )
    elif not tables:
        problem = Problem(
            "database-empty",
            f"“{name}” is empty: there is nothing to adopt.",
            ("Check the database's name; for a fresh help desk run “ostler migrate” and “ostler setup”.",),
        )
    else:
        some = ", ".join(sorted(tables)[:3])
        problem = Problem(
            "not-osticket",
            f"“{name}” is no database of osTicket: its {len(tables)} tables ({some} …) belong to something else.",
            ("Check the database's name.",),
        )
    raise AdoptionRefused([problem])


def _check_version(connection: BaseDatabaseWrapper) -> tuple[str, OsticketVersion]:
    """Give signature and version; raise AdoptionRefused for one that Ostler does not know or support."""
    signature = read_schema_signature(connection) or ""
    version = SIGNATURES.get(signature)
    if version is not None and version.is_supported:
        return signature, version
    if version is not None:
        problem = Problem(
            "version-too-old",
            f"This database is of osTicket {version.name}; Ostler works with those of 1.17 and 1.18.",
            ("Upgrade osTicket itself to 1.18 first: it changes the tables. Then adopt.", BACKUP),
        )
    elif signature:
        known = ", ".join(f"{v.name} ({s[:8]})" for s, v in SIGNATURES.items() if v.is_supported)
        problem = Problem(
            "version-unknown",
            f"The schema signature {signature} is of an osTicket that Ostler does not know. Known: {known}.",
            ("A newer osTicket? Look for a newer Ostler. Older than 1.14? Upgrade osTicket to 1.18 first.",),
        )
    else:
        problem = Problem(
            "version-missing",
            "The configuration holds no schema signature: osTicket's installer did not finish, or it is very old.",
            (
                "Finish the installation or the upgrade with osTicket first.",
                "Did “ostler migrate” make these tables? Then run “ostler setup” instead.",
            ),
        )
    raise AdoptionRefused([problem])


def _schema_problems(report: SchemaReport) -> Iterator[Problem]:
    breaking = report.of(Weight.BREAKING)
    missing = [difference.place for difference in breaking if difference.what == "table is missing"]
    if missing:
        yield Problem(
            "tables-missing",
            f"{len(missing)} tables are missing: {', '.join(missing)}.",
            ("Restore them from a backup; a dump may have been loaded only in part.",),
        )
    engines = [difference for difference in breaking if "ENGINE=" in difference.way_out]
    if engines:
        yield Problem(
            "no-transactions",
            f"{len(engines)} tables have an engine without transactions, such as MyISAM: a failed operation would "
            "leave half of its changes behind.",
            (BACKUP, *(difference.way_out for difference in engines)),
        )
    others = [difference for difference in breaking if difference.place not in missing and difference not in engines]
    for difference in others:
        way_out = tuple(filter(None, [difference.way_out]))
        yield Problem("schema", f"{difference.place}: {difference.what}. {difference.meaning}", way_out)


def _is_salt_given() -> bool:
    """Whether people configured the salt; otherwise the settings made one up."""
    return settings.PHP_CONFIGURATION is not None or environment.is_secret_given("SECRET_SALT")


def _charset_remarks(report: SchemaReport) -> Iterator[str]:
    if report.is_utf8mb3:
        yield (
            "Text is stored as utf8mb3, osTicket's usual character set, which has no emoji. Nothing is lost: messages "
            "keep them as character references; of subjects and names osTicket sees a readable form such as "
            "[grinning face], and Ostler shows the original, which it keeps in a table of its own."
        )


def _count(connection: BaseDatabaseWrapper, prefix: str, tables: int) -> dict[str, int]:
    sql = f"SELECT (SELECT COUNT(*) FROM `{prefix}ticket`), (SELECT COUNT(*) FROM `{prefix}staff` WHERE isactive <> 0)"  # noqa: S608
    ((tickets, agents),) = fetch_rows(connection, sql)
    return {"tables": tables, "tickets": int(tickets), "agents": int(agents)}
