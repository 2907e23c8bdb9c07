"""`manage.py import_osticket`: copy osTicket's database into this one."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from helpdesk import environment
from helpdesk.configuration.changes import announce
from helpdesk.configuration.defaults import CORE
from helpdesk.databases import database_from_php, database_from_url
from helpdesk.interruption import INTERRUPTED, interruptible
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.importing.importer import Importer, ImportOptions
from helpdesk.legacy.importing.outcome import Outcome, TableOutcome, write_report
from helpdesk.legacy.importing.source import Source
from helpdesk.legacy.php_config import PhpConfiguration, read_php_configuration
from helpdesk.portal.copying import GO_ON, describe_failure, rebuild_cdata_tables
from helpdesk.portal.terminal_progress import TerminalProgress, console_for
from tickets import ranking
from tickets.search.reindexing import write_all_documents

SUM_CHARACTERS = 12
SHOWN_PROBLEMS = 20
UNCLEAN = 2


class Command(BaseCommand):
    """Copies, compares, and says what could not be copied."""

    help = (
        "Copy a MySQL or MariaDB database of osTicket 1.17 or 1.18 into the configured one (DATABASE_URL: SQLite, "
        "PostgreSQL, or a fresh MariaDB or MySQL). osTicket's database is only read. Can be interrupted and run again. "
        "Exit status: 0 all rows are in, 2 something to look at (rows left out, or osTicket wrote meanwhile), 1 failed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where from and how."""
        parser.add_argument(
            "url",
            nargs="?",
            help="mysql://user:password@host:port/database; else IMPORT_URL or IMPORT_URL_FILE, which no list of "
            "processes shows",
        )
        parser.add_argument("--osticket-config", type=Path, metavar="PATH", help="osTicket's include/ost-config.php")
        parser.add_argument("--prefix", help="of osTicket's tables (ost_, or as the configuration file says)")
        parser.add_argument(
            "--source-time-zone", default="", metavar="NAME", help="in which osTicket's server ran, such as Europe/Riga"
        )
        parser.add_argument(
            "--into-non-empty",
            action="store_true",
            help="keep the target's rows and add those whose ids are free, without what belongs to those left out",
        )
        parser.add_argument(
            "--batch-size", type=int, default=2000, help="rows read and committed at once (%(default)s)"
        )
        parser.add_argument("--report", type=Path, metavar="PATH", help="for rows with problems (var/import-….jsonl)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import; raises CommandError with what to do."""
        if options["batch_size"] < 1:
            raise CommandError("--batch-size must be at least 1.")
        console = console_for(self.stdout)
        source = self._source(options)
        importer = Importer(
            source,
            connection,
            options=ImportOptions(options["into_non_empty"], options["batch_size"], options["source_time_zone"]),
            rebuild_caches=rebuild_cdata_tables,
        )
        try:
            with interruptible():
                with TerminalProgress(console) as progress:
                    outcome = importer.run(progress, now=timezone.now())
                    write_all_documents(progress)
                self._describe(console, outcome, options["report"])
                importer.conclude(outcome)
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted. {GO_ON}", returncode=INTERRUPTED) from None
        except DomainError as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, OSError) as error:
            raise CommandError(f"{describe_failure(error)} {GO_ON}") from error
        finally:
            source.close()
        announce(CORE, {})
        ranking.forget()
        self._judge(console, outcome)

    def _source(self, options: dict[str, Any]) -> Source:
        php = self._php_configuration(options["osticket_config"])
        url = options["url"] or environment.secret("IMPORT_URL")
        try:
            if url:
                database = database_from_url(url, called="The address of osTicket's database")
            elif php is not None:
                database = database_from_php(php)
            else:
                raise CommandError("Where is osTicket's database? mysql://user:password@host/database")
            prefix = options["prefix"]
            if prefix is None:
                prefix = php.table_prefix if php else "ost_"
            return Source(database, prefix)
        except (ImproperlyConfigured, DomainError) as error:
            raise CommandError(str(error)) from error

    def _php_configuration(self, path: Path | None) -> PhpConfiguration | None:
        if path is None:
            return None
        try:
            return read_php_configuration(path, called="--osticket-config")
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error

    # --- What came of it ---

    def _describe(self, console: Console, outcome: Outcome, report: Path | None) -> None:
        console.print(summary_table(outcome))
        for name, reason in outcome.skipped.items():
            console.print(f"Not copied: {name} ({reason})", markup=False)
        for remark in outcome.remarks:
            console.print(remark, markup=False)
        console.print(
            f"Times of osTicket were read as {outcome.run.source_time_zone} ({outcome.time_zone_explanation}).",
            markup=False,
        )
        self._name_problems(console, outcome, report)

    def _judge(self, console: Console, outcome: Outcome) -> None:
        if outcome.unequal_tables:
            names = ", ".join(table.name for table in outcome.unequal_tables)
            raise CommandError(
                f"What was read back is not what was written: {names}. Did another program write into the target? "
                "Begin again with an empty database."
            )
        console.print(f"{outcome.rows_copied:,} rows are in; every table read back has the sum of what was read.")
        if not outcome.is_clean:
            raise CommandError(self._what_to_look_at(outcome), returncode=UNCLEAN)

    def _name_problems(self, console: Console, outcome: Outcome, report: Path | None) -> None:
        problems = list(outcome.run.problems.order_by("id")[:SHOWN_PROBLEMS])
        if not problems:
            return
        for problem in problems:
            place = f"{problem.table} {problem.key}" + (f", {problem.column}" if problem.column else "")
            console.print(f"{problem.kind}: {place}: {problem.reason}", markup=False)
        path = report or settings.DATA_DIR / f"import-{outcome.run.pk}.jsonl"
        try:
            number = write_report(outcome.run, path)
        except OSError as error:
            raise CommandError(
                f"The report cannot be written: {describe_failure(error, path)} The rows are in. Run the same command "
                "again, with --report for another place."
            ) from error
        console.print(where_all_are(number, path), markup=False)

    def _what_to_look_at(self, outcome: Outcome) -> str:
        lines = []
        if outcome.rows_left_out:
            lines.append(f"Rows left out: {outcome.rows_left_out:,}. They are named in the report.")
        if outcome.source_changes:
            lines.append("osTicket's database changed after the import had begun:")
            lines += [f"  {change}" for change in outcome.source_changes]
            lines.append("Rows changed since may be missing or old. Stop osTicket and import into an empty database.")
        return "\n".join(lines)


def where_all_are(number: int, path: Path) -> str:
    """Say where the report with so many problems is."""
    return f"The problem in full: {path}" if number == 1 else f"All {number:,} problems, one per line: {path}"


def summary_table(outcome: Outcome) -> Table:
    """Give counts and sums per table, empty tables left out."""
    table = Table(title=f"Copied from {outcome.run.source}", title_justify="left")
    table.add_column("table")
    for heading in ("in osTicket", "copied", "left out", "changed", "noted"):
        table.add_column(heading, justify="right")
    table.add_column("checksum")
    table.add_column("read back")
    empty = 0
    for entry in outcome.tables:
        if not (entry.rows_in_source or entry.rows_copied):
            empty += 1
            continue
        table.add_row(*summary_row(entry))
    table.caption = f"{empty} tables are empty." if empty else None
    return table


def summary_row(entry: TableOutcome) -> list[str]:
    """Give the cells of one table."""
    numbers = [
        entry.rows_in_source,
        entry.rows_copied,
        entry.rows_left_out,
        entry.problems.get("changed", 0),
        entry.problems.get("noted", 0),
    ]
    cells = [f"{number:,}" if number else "·" for number in numbers]
    return [entry.name, *cells, entry.sum_copied.zfill(32)[:SUM_CHARACTERS], "equal" if entry.is_equal else "DIFFERENT"]
