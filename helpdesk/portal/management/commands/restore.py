"""`manage.py restore`: an empty database becomes the help desk of a backup."""

from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.utils import timezone

from helpdesk.configuration.changes import announce
from helpdesk.configuration.defaults import CORE
from helpdesk.interruption import INTERRUPTED, interruptible
from helpdesk.legacy.backup.archive import Archive, Manifest
from helpdesk.legacy.backup.installation_secrets import differing_secrets, put_back
from helpdesk.legacy.backup.restoring import Restored, Restorer
from helpdesk.legacy.errors import DomainError
from helpdesk.portal.copying import GO_ON, describe_failure, rebuild_answers_and_search
from helpdesk.portal.terminal_progress import TerminalProgress, console_for
from tickets import ranking


class Command(BaseCommand):
    """Checks the file, fills the database, reads everything back."""

    help = (
        "Restore a backup into the configured database, which must be empty and may be of another engine. The whole "
        "file is checked before the first row is written. Can be interrupted and run again."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare where from."""
        parser.add_argument("file", type=Path, help="what “backup” wrote")
        parser.add_argument("--check", action="store_true", help="only check that the file is whole; write nothing")
        parser.add_argument(
            "--with-secrets", action="store_true", help="also put the keys in the backup into the data directory"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Restore; raises CommandError with what to do."""
        console = console_for(self.stdout)
        try:
            with interruptible(), TerminalProgress(console) as progress, Archive(options["file"].absolute()) as archive:
                if options["with_secrets"] and not archive.manifest.secrets:
                    raise CommandError("The backup holds no keys: it was made without --with-secrets.")
                if options["check"]:
                    archive.check(progress)
                    restored = None
                else:
                    rebuild = partial(rebuild_answers_and_search, progress)
                    restorer = Restorer(archive, connection, progress=progress, rebuild_caches=rebuild)
                    restored = restorer.run(now=timezone.now())
                manifest = archive.manifest
                keys = {name: archive.read(f"secrets/{name}").decode() for name in manifest.secrets}
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted. {GO_ON}", returncode=INTERRUPTED) from None
        except DomainError as error:
            raise CommandError(str(error)) from error
        except (DatabaseError, OSError) as error:
            raise CommandError(f"{describe_failure(error)} {GO_ON}") from error
        if restored is None:
            console.print(f"The backup is whole: {describe(manifest)}", markup=False)
            return
        announce(CORE, {})
        ranking.forget()
        self._conclude(restored, keys if options["with_secrets"] else {})

    def _conclude(self, restored: Restored, keys: dict[str, str]) -> None:
        if restored.unequal:
            raise CommandError(
                f"What was read back is not what the backup holds: {', '.join(restored.unequal)}. Did another program "
                "write into the target? Begin again with an empty database."
            )
        self.stdout.write(f"Restored, and equal to the backup: {describe(restored.manifest)}")
        if keys:
            self._put_keys_back(keys)
        elif different := differing_secrets(restored.manifest.secret_marks):
            self.stdout.write(
                f"Not as in the installation that the backup is of: {', '.join(different)}. Without its encryption key "
                "and salt stored passwords cannot be read; with another secret key people sign in again. "
                + ("--with-secrets puts them back." if restored.manifest.secrets else "Copy them from there.")
            )

    def _put_keys_back(self, keys: dict[str, str]) -> None:
        try:
            hidden = put_back(keys, settings.DATA_DIR)
        except OSError as error:
            raise CommandError(f"The rows are in, the keys are not: {describe_failure(error)}") from error
        self.stdout.write(f"The keys are in {settings.DATA_DIR}; former ones end in .before-restore.")
        if hidden:
            self.stdout.write(f"The environment sets {', '.join(hidden)}, which wins over the files.")


def describe(manifest: Manifest) -> str:
    """Say in one line what a backup is."""
    return (
        f"{manifest.rows:,} rows of {len(manifest.tables)} tables, from {manifest.engine}, "
        f"made {manifest.created:%Y-%m-%d %H:%M} UTC."
    )
