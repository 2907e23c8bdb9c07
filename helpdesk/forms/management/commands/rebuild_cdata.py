"""`manage.py rebuild_cdata`: build the cdata tables from the answers."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from helpdesk.forms import cdata


class Command(BaseCommand):
    """Builds the tables in which each ticket, task, user and organization has one row of short answers."""

    help = (
        "Build the tables ticket__cdata, task__cdata, user__cdata and organization__cdata anew from the form answers. "
        "Both this help desk and PHP osTicket treat them as a cache; building them is always safe."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add `--missing`."""
        parser.add_argument(
            "--missing", action="store_true", help="only tables that do not exist or lack a field's column"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Build and say which."""
        for table in cdata.TABLES.values():
            if options["missing"] and not cdata.rebuild_if_stale(table.object_type):
                continue
            if not options["missing"]:
                cdata.rebuild(table.object_type)
            self.stdout.write(f"{table.prefixed_name} built.")
