"""`manage.py adopt`: take over a database that osTicket wrote, in place."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import DEFAULT_DB_ALIAS, connections
from django.utils import timezone

from helpdesk.legacy.adoption.examination import Examination, examine
from helpdesk.legacy.adoption.judgement import AdoptionRefused
from helpdesk.legacy.adoption.recording import record_adoption, undo_adoption
from helpdesk.legacy.adoption.side_tables import State
from helpdesk.legacy.schema_check import Weight


class Command(BaseCommand):
    """Examines the database, says what it found, and adds Ostler's own tables."""

    help = (
        "Take over a database of osTicket 1.17 or 1.18 in place. Examines it first and changes nothing when something "
        "is in the way. No table of osTicket's is ever altered; PHP osTicket can go on working with them."
    )
    # The checks of the models would ask a database that may not be usable yet.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what people may decide."""
        parser.add_argument("--dry-run", action="store_true", help="Examine and report only; write nothing.")
        parser.add_argument(
            "--salt-lost",
            action="store_true",
            help="Go on without osTicket's SECRET_SALT: stored mail passwords and links in old mails are lost.",
        )
        parser.add_argument(
            "--undo",
            action="store_true",
            help="Drop Ostler's own tables again. What was written into osTicket's tables stays.",
        )
        parser.add_argument("--noinput", "--no-input", action="store_true", help="With --undo: do not ask.")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="Which database (default: “default”).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Examine, and adopt unless it is a dry run."""
        connection = connections[options["database"]]
        try:
            if options["undo"]:
                self.undo(connection, ask=not options["noinput"])
                return
            examination = examine(connection, now=timezone.now(), salt_lost=options["salt_lost"])
            self.report(examination, verbose=options["verbosity"] > 1)
            if options["dry_run"]:
                self.stdout.write("Dry run: nothing was written. Without --dry-run Ostler's own tables are made.")
            else:
                record_adoption(connection, examination)
                self.conclude(examination)
        except AdoptionRefused as refusal:
            self.refuse(refusal)
            sys.exit(1)

    def undo(self, connection: Any, *, ask: bool) -> None:
        """Drop the side tables, after a question."""
        if ask and not self.is_wanted("Drop Ostler's own tables with all they hold? Type yes: "):
            self.stdout.write("Nothing was changed.")
            return
        names = undo_adoption(connection)
        self.stdout.write(f"Dropped {len(names)} tables: {', '.join(names)}.")
        self.stdout.write("The database is osTicket's alone again.")

    def is_wanted(self, question: str) -> bool:
        """Ask; no answer at all (a script) is a no."""
        try:
            return input(question).strip().lower() == "yes"
        except EOFError:
            self.stdout.write("No answer; --noinput does it without asking.")
            return False

    def refuse(self, refusal: AdoptionRefused) -> None:
        """Print every problem and its way out."""
        for problem in refusal.problems:
            self.stderr.write(self.style.ERROR(problem.text))
            for step in problem.way_out:
                self.stderr.write(f"    {step}")
        if refusal.problems[0].code != "interrupted":
            self.stderr.write("Not adopted; nothing was changed.")

    def report(self, examination: Examination, *, verbose: bool) -> None:
        """Print the differences from osTicket's own tables and what each means, the remarks, and the facts."""
        report, counts, zone = examination.report, examination.counts, examination.time_zone
        for difference in report.counted:
            self.stdout.write(self.style.WARNING(f"{difference.place}: {difference.what}"))
            self.stdout.write(f"    {difference.meaning}")
        normal = report.of(Weight.NORMAL)
        for difference in normal if verbose else ():
            self.stdout.write(f"{difference.place}: {difference.what}. {difference.meaning}")
        for remark in examination.remarks:
            self.stdout.write(remark)
        hidden = " (-v 2 lists them)" if normal and not verbose else ""
        for label, value in (
            ("osTicket", f"{examination.version.name}, {counts['tables']} tables “{settings.TABLE_PREFIX}…”"),
            ("schema", f"{len(report.counted)} differences, {len(normal)} normal variations{hidden}"),
            ("tickets", f"{counts['tickets']:,}"),
            ("agents", f"{counts['agents']:,} active"),
            ("time zone", f"{zone.name} ({zone.explanation})"),
        ):
            self.stdout.write(f"  {label:<10} {value}")

    def conclude(self, examination: Examination) -> None:
        """Say that it is done and what to do next."""
        again = " again" if examination.state is State.ADOPTED else ""
        self.stdout.write(self.style.SUCCESS(f"Adopted{again}. No table of osTicket's was changed."))
        self.stdout.write("Next: “ostler serve”, then sign in at /scp/ with your osTicket password.")
