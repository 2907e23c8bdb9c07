"""`manage.py checkschema`: how the tables of the database differ from osTicket's own."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections

from helpdesk.legacy.adoption.judgement import AdoptionRefused
from helpdesk.legacy.adoption.opening import open_database
from helpdesk.legacy.adoption.versions import read_osticket_version
from helpdesk.legacy.schema_check import SchemaReport, Weight
from helpdesk.legacy.schema_introspection import check_schema


class Command(BaseCommand):
    """Prints every difference and what it means; ends with 1 when there are any that count."""

    help = (
        "Compare the help desk's tables with osTicket's own: on MySQL and MariaDB column by column and index by index, "
        "on SQLite and PostgreSQL with Ostler's models. Exit status 1 when they differ. Changes nothing."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the database."""
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="Which database (default: “default”).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare and print."""
        connection = connections[options["database"]]
        try:
            open_database(connection)
        except AdoptionRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        version = read_osticket_version(connection)
        report = check_schema(connection, osticket_version=version.name if version else "1.18")
        self.show(report, verbose=options["verbosity"] > 1)
        if report.counted:
            sys.exit(1)

    def show(self, report: SchemaReport, *, verbose: bool) -> None:
        """Print the differences that count, then what is normal (all of it when `verbose`)."""
        for difference in report.counted:
            style = self.style.ERROR if difference.weight is Weight.BREAKING else self.style.WARNING
            self.stdout.write(style(f"{difference.place}: {difference.what}") + f"\n    {difference.meaning}")
            if difference.way_out:
                self.stdout.write(f"    {difference.way_out}")
        normal = report.of(Weight.NORMAL)
        if verbose:
            for difference in normal:
                self.stdout.write(f"{difference.place}: {difference.what} (normal: {difference.meaning})")
        elif normal:
            self.stdout.write(f"{len(normal)} variations that are normal (-v 2 lists them).")
        if report.charsets:
            counts = ", ".join(f"{charset} {count}" for charset, count in sorted(report.charsets.items()))
            self.stdout.write(f"Character sets of text columns: {counts}.")
        count = len(report.counted)
        self.stdout.write(
            f"{count} difference{'' if count == 1 else 's'} (tables with prefix “{settings.TABLE_PREFIX}”)."
        )
