"""`manage.py import_users`: users from a list."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count

from helpdesk.directory.columns import NOTHING, targets
from helpdesk.directory.exports import report_table
from helpdesk.directory.models import UserImport, UserImportRow
from helpdesk.directory.services import ImportPlan, go_on_with_import, prepare_import, start_import
from helpdesk.exports.files import csv_lines
from helpdesk.interruption import INTERRUPTED, interruptible
from helpdesk.legacy.errors import DomainError
from helpdesk.people.actor import Actor
from helpdesk.people.models import Organization
from helpdesk.portal.terminal_progress import TerminalProgress, console_for

ACTOR = Actor.system("import_users")
REFUSALS_SHOWN = 20
NO_COLUMN = "-"


class Command(BaseCommand):
    """Imports users, row by row, while the help desk goes on working."""

    help = (
        "Make or change users from a CSV file. Encoding, separator and columns are found by looking; name what is found"
        " wrong. Interrupted, it goes on where it was with --resume."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the list and how it is to be read."""
        parser.add_argument("file", nargs="?", type=Path, help="the CSV file")
        parser.add_argument("--encoding", default="", help="of the file (utf-8, cp1252 …)")
        parser.add_argument("--separator", default="", help="between cells: a character, or “tab”")
        parser.add_argument(
            "--columns", help="what the columns hold, by commas: email, name, first, last, organization, a label, -"
        )
        parser.add_argument("--no-headings", action="store_true", help="the first row is a user already")
        parser.add_argument("--organization", help="where new users belong who have no other one")
        parser.add_argument("--keep-known", action="store_true", help="change no user who is known already")
        parser.add_argument("--report", type=Path, help="write what became of each row to this CSV file")
        parser.add_argument("--resume", type=int, metavar="NUMBER", help="go on with an interrupted import")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import; raises CommandError when it cannot begin, is interrupted, or refused rows."""
        console = console_for(self.stdout)
        try:
            found = self._resumed(options["resume"]) if options["resume"] else self._started(options)
            with interruptible(), TerminalProgress(console) as progress:
                progress.begin("Users", found.total, found.position)
                while found.state == UserImport.State.RUNNING:
                    before = found.position
                    found = go_on_with_import(found, actor=ACTOR, seconds=0)
                    progress.advance(found.position - before)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        except KeyboardInterrupt:
            raise CommandError(
                f"Interrupted. Go on with: manage.py import_users --resume {found.pk}", returncode=INTERRUPTED
            ) from None
        counts = dict(found.rows.values_list("outcome").annotate(number=Count("pk")).order_by())
        console.print(", ".join(f"{counts.get(kind, 0):,} {kind}" for kind in UserImportRow.Outcome), markup=False)
        if options["report"]:
            self._write_report(found, options["report"])
        self._tell_refusals(found, counts.get(UserImportRow.Outcome.REFUSED, 0))

    def _started(self, options: dict[str, Any]) -> UserImport:
        if options["file"] is None:
            raise CommandError("Name a CSV file, or an import to --resume.")
        try:
            data = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']} cannot be read: {error.strerror}") from error
        separator = "\t" if options["separator"].lower() == "tab" else options["separator"]
        if len(separator) > 1:
            raise CommandError("The separator is one character, or “tab”.")
        organization = self._organization(options["organization"])
        found = prepare_import(
            data, actor=ACTOR, file_name=options["file"].name, encoding=options["encoding"], separator=separator
        )
        plan = ImportPlan(
            columns=self._columns(options["columns"]) if options["columns"] else found.columns,
            has_headings=found.has_headings and not options["no_headings"],
            updates_known=not options["keep_known"],
            organization_id=organization.pk if organization else None,
        )
        return start_import(found, plan, actor=ACTOR)

    def _resumed(self, number: int) -> UserImport:
        found = UserImport.objects.filter(pk=number).first()
        if found is None:
            raise CommandError(f"There is no import {number}.")
        if found.state != UserImport.State.RUNNING:
            raise CommandError(f"Import {number} is {found.get_state_display()}.")
        return found

    def _columns(self, named: str) -> list[str]:
        by_name = {target.key.casefold(): target.key for target in targets()}
        by_name |= {target.label.casefold(): target.key for target in targets()}
        keys = []
        for name in named.split(","):
            word = name.strip().casefold()
            if word in (NO_COLUMN, ""):
                keys.append(NOTHING)
            elif word in by_name:
                keys.append(by_name[word])
            else:
                raise CommandError(f"Unknown column “{name.strip()}”; known are: {', '.join(sorted(by_name))}.")
        return keys

    def _organization(self, name: str | None) -> Organization | None:
        if not name:
            return None
        found = Organization.objects.filter(name__folded=name).order_by("pk").first()
        if found is None:
            raise CommandError(f"There is no organization “{name}”.")
        return found

    def _write_report(self, found: UserImport, path: Path) -> None:
        try:
            with path.open("wb") as file:
                file.writelines(csv_lines(report_table(found)))
        except OSError as error:
            raise CommandError(f"The report cannot be written to {path}: {error.strerror}") from error

    def _tell_refusals(self, found: UserImport, refused: int) -> None:
        if not refused:
            return
        for row in found.rows.filter(outcome=UserImportRow.Outcome.REFUSED).order_by("pk")[:REFUSALS_SHOWN]:
            at = f" ({row.column})" if row.column else ""
            self.stderr.write(f"line {row.number}{at}: {row.reason}")
        raise CommandError(f"{refused:,} rows were refused; all others are imported. Correct and import them again.")
