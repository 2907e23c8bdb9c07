"""`manage.py backup`: the whole help desk in one file."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone

from helpdesk.files.filesystem import directory
from helpdesk.files.models import StoredFile
from helpdesk.files.storage import FILESYSTEM
from helpdesk.health.services import record_backup
from helpdesk.interruption import INTERRUPTED, interruptible
from helpdesk.legacy.backup.installation_secrets import present_secrets
from helpdesk.legacy.backup.saving import Saved, save_backup
from helpdesk.legacy.errors import DomainError
from helpdesk.portal.copying import describe_failure
from helpdesk.portal.terminal_progress import TerminalProgress, console_for


class Command(BaseCommand):
    """Writes a backup that every engine can restore, while the help desk goes on working."""

    help = (
        "Write all tables with their files into one file, as they are at one moment; nobody has to stop working. "
        "“restore” puts it into an empty database of any engine. Without --with-secrets the file holds no keys: keep "
        "secret_key, encryption_key and secret_salt of the data directory somewhere else."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where to."""
        parser.add_argument("file", type=Path, help="where to write it")
        parser.add_argument("--with-secrets", action="store_true", help="include the keys of this installation")
        parser.add_argument("--overwrite", action="store_true", help="replace the file when it exists")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it; raises CommandError, and leaves no file, when that fails."""
        path: Path = options["file"].absolute()
        console = console_for(self.stdout)
        try:
            with interruptible(), TerminalProgress(console) as progress:
                saved = save_backup(
                    connection,
                    path,
                    progress=progress,
                    now=timezone.now(),
                    secrets=present_secrets(),
                    with_secrets=options["with_secrets"],
                    may_overwrite=options["overwrite"],
                )
        except KeyboardInterrupt:
            raise CommandError("Interrupted. No backup was written.", returncode=INTERRUPTED) from None
        except DomainError as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, OSError) as error:
            raise CommandError(f"{describe_failure(error, path)} No backup was written.") from error
        for line in self._lines(path, saved):
            console.print(line, markup=False)
        self._record(path, saved)

    def _record(self, path: Path, saved: Saved) -> None:
        """Note the backup for the health page; where that is not possible the backup is there all the same."""
        try:
            record_backup(now=timezone.now(), rows=saved.manifest.rows, size=saved.size, place=str(path))
        except DatabaseError as error:
            self.stderr.write(f"The health page will not know of this backup: {error}")

    def _lines(self, path: Path, saved: Saved) -> list[str]:
        manifest = saved.manifest
        lines = [f"{manifest.rows:,} rows of {len(manifest.tables)} tables are in {path} ({saved.size:,} bytes)."]
        if saved.left_out:
            lines.append(f"Not in it, because they are neither osTicket's nor Ostler's: {', '.join(saved.left_out)}.")
        if StoredFile.objects.filter(bk=FILESYSTEM).exists():
            lines.append(f"Attachments in {directory()} are not in it: copy that directory, too.")
        if manifest.secrets:
            lines.append("The keys of this installation are in it: keep it as safe as a password.")
        else:
            lines.append("The keys are not in it: keep secret_key, encryption_key and secret_salt, or --with-secrets.")
        return lines
