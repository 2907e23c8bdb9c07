"""Makes an empty database into a help desk that one can sign in to: the work of `manage.py quickstart`.

What is done is remembered in the data directory, so that the next start costs one query. Everything is safe to repeat:
a first start that was interrupted goes on where it stopped.
"""

import hashlib
import json
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from io import TextIOBase
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from helpdesk.accounts.services import create_administrator
from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.models import Installation
from helpdesk.people.models import Agent
from tickets.models import Ticket

MEMORY_FILE = "quickstart.json"


@dataclass(frozen=True)
class SignIn:
    """The administrator made by this start; `password` is empty when it came from ADMIN_PASSWORD."""

    username: str
    password: str


@dataclass
class Memory:
    """What earlier starts did to this database with this program. `sample_data`: due, loaded or declined."""

    program: str = ""
    database: str = ""
    migrations: int = 0
    sample_data: str = "declined"

    @classmethod
    def read(cls) -> "Memory":
        """Give what is remembered of the configured database; of another one nothing is."""
        path = settings.DATA_DIR / MEMORY_FILE
        try:
            memory = cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return cls(database=database_identity())
        return memory if memory.database == database_identity() else cls(database=database_identity())

    def write(self) -> None:
        """Keep it for the next start (whole or not at all)."""
        path = settings.DATA_DIR / MEMORY_FILE
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)


def database_identity() -> str:
    """Name the database and the prefix in one word that contains no secret."""
    parts = [str(connection.settings_dict[key]) for key in ("ENGINE", "NAME", "HOST", "PORT")]
    return hashlib.sha256("\0".join([*parts, settings.TABLE_PREFIX]).encode()).hexdigest()


def program_fingerprint() -> str:
    """Name the set of migrations that this program has, without importing them."""
    names = [
        f"{app.label}/{entry.name}"
        for app in apps.get_app_configs()
        if (folder := Path(app.path) / "migrations").is_dir()
        for entry in os.scandir(folder)
        if entry.name.endswith(".py")
    ]
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def applied_migrations() -> int:
    """Give the number of migrations that the database records; 0 when it is new."""
    recorder = MigrationRecorder(connection)
    return recorder.migration_qs.count() if recorder.has_table() else 0


def is_prepared(memory: Memory) -> bool:
    """Tell whether an earlier start of this program finished everything with this database."""
    return (
        memory.program == program_fingerprint()
        and memory.sample_data != "due"
        and memory.migrations == applied_migrations()
    )


@dataclass
class FirstStart:
    """One preparation. `say` gets a line for each step; `sample_data` tells whether a new help desk shall be filled."""

    say: Callable[[str], None]
    sample_data: bool
    sign_in: SignIn | None = field(default=None, init=False)

    def prepare(self) -> None:
        """Do what is missing: tables, first rows, an administrator, sample data.

        Raises Conflict for a database that belongs to an osTicket and was not adopted.
        """
        memory = Memory.read()
        if is_prepared(memory):
            return
        if not applied_migrations():
            refuse_foreign_tables()
            memory.sample_data = "due"
            memory.write()
        if memory.sample_data == "due" and not self.sample_data:
            memory.sample_data = "declined"
        self._migrate()
        self._write_first_rows()
        self._create_administrator()
        if memory.sample_data == "due":
            self._load_sample_data()
            memory.sample_data = "loaded"
        memory.program, memory.migrations = program_fingerprint(), applied_migrations()
        memory.write()

    def _migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.say(f"Preparing the database ({connection.vendor}: {len(plan)} steps)")
            with closing(_ProgressBar(len(plan))) as bar:
                call_command("migrate", interactive=False, verbosity=1, stdout=bar)

    def _write_first_rows(self) -> None:
        if not Installation.objects.exists():
            self.say("Writing the first rows: departments, roles, forms, queues, templates")
            with _no_log_lines():
                call_command("setup")

    def _create_administrator(self) -> None:
        if Agent.objects.exists():
            return
        password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
        create_administrator(settings.ADMIN_USERNAME, password, settings.ADMIN_EMAIL)
        self.sign_in = SignIn(settings.ADMIN_USERNAME, "" if settings.ADMIN_PASSWORD else password)

    def _load_sample_data(self) -> None:
        if Ticket.objects.exists():
            return  # loaded by a start that was interrupted before it could remember
        self.say("Filling a sample help desk (leave it out with DEMO=0)")
        call_command("load_sample_data")


def refuse_foreign_tables() -> None:
    """Raise Conflict when the database holds osTicket's tables without having been adopted."""
    if Agent._meta.db_table in connection.introspection.table_names():
        raise Conflict(
            "This database belongs to an osTicket. Let Ostler adopt it: manage.py adopt (--dry-run writes nothing).",
            code="not_adopted",
        )


@contextmanager
def _no_log_lines() -> Iterator[None]:
    """Keep what services log of every step out of the terminal; warnings still show."""
    former = logging.root.manager.disable
    logging.disable(max(former, logging.INFO))
    try:
        yield
    finally:
        logging.disable(former)


class _ProgressBar(TextIOBase):
    """Takes the lines of `manage.py migrate` and shows how far it is."""

    def __init__(self, steps: int) -> None:
        from rich.progress import Progress  # only a first start pays for this import

        self.bar = Progress(transient=True)
        self.task = self.bar.add_task("  migrations", total=steps)
        self.bar.start()

    def write(self, text: str) -> int:
        self.bar.advance(self.task, text.count(" OK"))
        return len(text)

    def close(self) -> None:
        """Take the bar away."""
        self.bar.stop()
        super().close()
