"""`manage.py legacy_indexes`: our own indexes on osTicket's tables."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from rich.console import Console

from helpdesk.interruption import INTERRUPTED, interruptible
from helpdesk.legacy.indexes import (
    LEGACY_INDEXES,
    LegacyIndex,
    create_index,
    drop_index,
    gather_statistics,
    missing_indexes,
    obsolete_indexes,
    outdated_indexes,
    present_indexes,
)
from helpdesk.portal.copying import describe_failure
from helpdesk.portal.terminal_progress import TerminalProgress, console_for


class Command(BaseCommand):
    """Lists, makes or drops them, one after the other."""

    help = (
        "Show which of Ostler's own indexes are on osTicket's tables; --apply makes the missing ones, makes anew or "
        "removes those of an earlier version; --drop removes them all. They keep queues and searches fast whatever the "
        "number of tickets, osTicket does not notice them, and the help desk goes on working meanwhile. Ctrl-C stops "
        "between two indexes; the same command goes on."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what to do, and with which database."""
        action = parser.add_mutually_exclusive_group()
        action.add_argument("--apply", action="store_true", help="make those that are missing")
        action.add_argument("--drop", action="store_true", help="remove those that are there")
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS, help="which database (default: “default”)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; raises CommandError when the database refuses or somebody interrupts."""
        connection = connections[options["database"]]
        console = console_for(self.stdout)
        try:
            if not options["apply"] and not options["drop"]:
                self._show(connection, console)
                return
            with interruptible(), TerminalProgress(console) as progress:
                if options["apply"]:
                    self._apply(connection, console, progress)
                else:
                    self._drop(connection, console, progress)
        except KeyboardInterrupt:
            left = "The same command goes on." if options["apply"] or options["drop"] else ""
            raise CommandError(f"Interrupted. {left}", returncode=INTERRUPTED) from None
        except DatabaseError as error:
            raise CommandError(f"{describe_failure(error)} What was done stays; the same command goes on.") from error

    def _show(self, connection: BaseDatabaseWrapper, console: Console) -> None:
        missing, outdated, obsolete = (one(connection) for one in (missing_indexes, outdated_indexes, obsolete_indexes))
        for index in LEGACY_INDEXES:
            state = "missing" if index in missing else "of an earlier version" if index in outdated else "present"
            self._print(console, state, index)
        for index in obsolete:
            self._print(console, "no longer used", index)
        if outdated or obsolete:
            count = len({*outdated, *obsolete})
            console.print(f"{count} are of an earlier version; --apply makes them anew or removes them.", markup=False)
        if missing:
            console.print(f"{len(missing)} of {len(LEGACY_INDEXES)} are missing; --apply makes them.", markup=False)
        elif not outdated:
            console.print(f"All {len(LEGACY_INDEXES)} are there.", markup=False)

    def _apply(self, connection: BaseDatabaseWrapper, console: Console, progress: TerminalProgress) -> None:
        needed = {*missing_indexes(connection), *outdated_indexes(connection)}
        missing = [index for index in LEGACY_INDEXES if index in needed]
        obsolete = obsolete_indexes(connection)
        started = time.monotonic()
        progress.begin("Indexes", len(missing) + len(obsolete))
        for index in obsolete:
            drop_index(connection, index)
            progress.advance(1)
            self._print(console, "dropped", index)
        for index in missing:
            begun = time.monotonic()
            was_online = create_index(connection, index)
            progress.advance(1)
            note = "" if was_online else " (writers waited)"
            self._print(console, f"made in {time.monotonic() - begun:.1f} s{note}", index)
        if missing:
            gather_statistics(connection)
        console.print(
            f"{len(missing)} made in {time.monotonic() - started:.1f} s, "
            f"{len(LEGACY_INDEXES) - len(missing)} were there before.",
            markup=False,
        )

    def _drop(self, connection: BaseDatabaseWrapper, console: Console, progress: TerminalProgress) -> None:
        present = [*present_indexes(connection), *obsolete_indexes(connection)]
        progress.begin("Indexes", len(present))
        for index in present:
            drop_index(connection, index)
            progress.advance(1)
            self._print(console, "dropped", index)
        console.print(f"{len(present)} dropped.", markup=False)

    def _print(self, console: Console, what: str, index: LegacyIndex) -> None:
        columns = ", ".join(index.columns)
        console.print(f"{index.table_name}, {index.name} ({columns}): {what}; for {index.purpose}", markup=False)
