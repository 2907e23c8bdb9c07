"""`manage.py move_files`: attachments from the database into a directory, or back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.configuration.services import set_setting
from helpdesk.files.filesystem import directory
from helpdesk.files.moving import files_to_move, move_file
from helpdesk.files.storage import DATABASE, FILESYSTEM
from helpdesk.interruption import INTERRUPTED, interruptible
from helpdesk.legacy.errors import DomainError
from helpdesk.people.actor import Actor
from helpdesk.portal.terminal_progress import TerminalProgress, console_for

LETTERS = {"database": DATABASE, "filesystem": FILESYSTEM}
SLICE = 500
FAILURES_SHOWN = 20


class Command(BaseCommand):
    """Moves the content of files, one after the other, while the help desk goes on working."""

    help = (
        "Move the content of all attachments into the database or into the directory (FILE_STORAGE_PATH, or that of "
        "osTicket's plugin). Each file is read back before the old copy goes. Interrupted, run it again: it goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where to."""
        parser.add_argument("to", choices=sorted(LETTERS), help="where the files shall be")
        parser.add_argument("--use", action="store_true", help="store new files there, too, from now on")
        parser.add_argument("--limit", type=int, help="stop after so many files")

    def handle(self, *args: Any, **options: Any) -> None:
        """Move them; raises CommandError when some could not be moved."""
        letter, console = LETTERS[options["to"]], console_for(self.stdout)
        if options["use"]:
            set_setting("core", "default_storage_bk", letter, Actor.system("move_files"))
        moved, failures = 0, []
        try:
            with interruptible(), TerminalProgress(console) as progress:
                count = files_to_move(letter).count()
                progress.begin(f"Files to {options['to']}", min(count, options["limit"] or count))
                for pk, failure in self._move(letter, options["limit"]):
                    progress.advance(1)
                    moved += failure is None
                    if failure is not None:
                        failures.append(f"file {pk}: {failure}")
        except KeyboardInterrupt:
            raise CommandError(
                f"Interrupted after {moved:,} files. Run it again to go on.", returncode=INTERRUPTED
            ) from None
        place = Path(directory()) if letter == FILESYSTEM else "the database"
        console.print(f"{moved:,} files moved to {place}.", markup=False)
        for line in failures[:FAILURES_SHOWN]:
            console.print(line, markup=False)
        if failures:
            raise CommandError(f"{len(failures):,} files stay where they were. Remove the cause and run it again.")

    def _move(self, letter: str, limit: int | None) -> Iterator[tuple[int, str | None]]:
        """Give the id of each file and why it could not be moved, None when it was."""
        last, left = 0, limit
        while files := list(files_to_move(letter).filter(pk__gt=last)[: min(SLICE, left or SLICE)]):
            for file in files:
                try:
                    move_file(file, letter)
                except (DomainError, OSError) as error:
                    yield file.pk, str(error)
                else:
                    yield file.pk, None
            last = files[-1].pk
            left = None if left is None else left - len(files)
            if left is not None and left <= 0:
                return
