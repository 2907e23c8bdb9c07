"""`manage.py reindex`: make the full-text index anew."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.interruption import INTERRUPTED, interruptible
from tickets.search.reindexing import reindex_everything, start_over

NAMES = {"T": "tickets", "H": "entries", "U": "users", "O": "organizations", "K": "FAQs"}


class Command(BaseCommand):
    """Writes the rows of all tickets, entries, people, organizations and FAQs, the newest first."""

    help = (
        "Make the full-text index anew, from the newest object down. Searching goes on meanwhile. A run that was"
        " interrupted is resumed where it stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take whether to begin again."""
        parser.add_argument("--restart", action="store_true", help="begin again instead of resuming an interrupted run")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say how far it is: in place in a terminal, else now and then on a line; CommandError when interrupted."""
        if options["restart"]:
            start_over()
        is_terminal = self.stdout.isatty()
        said: dict[str, int] = {}

        def report(object_type: str, done: int, total: int) -> None:
            percent = 100 * done // total if total else 100
            if said.get(object_type, -10) > percent - (1 if is_terminal else 10) and done < total:
                return
            said[object_type] = percent
            name = NAMES[str(object_type)]
            end = "\n" if not is_terminal or done >= total else ""
            self.stdout.write(f"{chr(13) if is_terminal else ''}{name}: {done:,} of {total:,} ({percent}%)", ending=end)
            self.stdout.flush()

        try:
            with interruptible():
                count = reindex_everything(report)
        except KeyboardInterrupt:
            self.stdout.write("")
            raise CommandError("Interrupted. The same command goes on.", returncode=INTERRUPTED) from None
        self.stdout.write(self.style.SUCCESS(f"Indexed {count:,} objects."))
