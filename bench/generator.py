"""Fills the connected, freshly set-up database with history (bench/plan.py says what it looks like)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.utils import timezone

from bench.history import TABLES, Statements, Step
from bench.indexes_apart import read_indexes
from bench.plan import (
    DEPARTMENTS,
    FILES,
    FIRST_AGENT,
    FIRST_DEPARTMENT,
    FIRST_TEAM,
    OTHER_AGENTS,
    PERSONAS,
    TEAMS,
    Plan,
)
from bench.searching import search_statements
from helpdesk.files.models import FileChunk, StoredFile
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.legacy.copying.progress import Progress
from helpdesk.people.models import Agent, Department, DepartmentAccess, Role, Team, TeamMember
from tickets import ranking
from tickets.models import NumberReservation, ReferredTicket, Ticket, TicketRank
from tickets.number_register import TICKETS
from tickets.search.common_words import note_common_words

BATCH = 50_000
"""Tickets per transaction."""


def generate(plan: Plan, progress: Progress, *, is_whole_database: bool = True) -> None:
    """Write the history of the plan.

    With `is_whole_database` everything that costs time is switched off meanwhile (indexes, waiting for the disk) and
    statistics are gathered at the end; without it the caller's transaction holds all rows. Raises RuntimeError when
    there are tickets already.
    """
    if Ticket.objects.exists():
        raise RuntimeError("This database has tickets already; a history is written into an empty one.")
    tables = [str(model._meta.db_table) for model in TABLES]
    with _unsafe_but_fast() if is_whole_database else nullcontext():
        indexes = read_indexes(tables) if is_whole_database else []
        _run_all("Taking indexes away", [sql for table in indexes for sql in table.drop], progress)
        _write_people(plan)
        _write_files(plan)
        statements = Statements(plan)
        statements.make_words()
        try:
            _write_batches("Users", plan.organizations, statements.organizations, progress)
            _write_batches("Users", plan.users, statements.users, progress)
            _write_batches("Tickets", plan.tickets, statements.tickets, progress)
            with transaction.atomic():
                _execute(statements.long_threads())
        finally:
            statements.drop_words()
        _continue_sequences()
        _run_all("Making indexes", [sql for table in indexes for sql in table.create], progress)
    if is_whole_database:
        with _unsafe_but_fast():
            _catch_up(progress)
        cdata_table = cdata.TABLES[EntryObject.TICKET].prefixed_name
        side_tables = [str(model._meta.db_table) for model in (TicketRank, ReferredTicket, NumberReservation)]
        _run_all("Gathering statistics", list(_statistics([*tables, cdata_table, *side_tables])), progress)


def _catch_up(progress: Progress) -> None:
    """Do what the jobs of every minute would have done meanwhile."""
    _run_all("Indexing words", list(search_statements()), progress)
    progress.begin("Ranks, numbers and common words", 3)
    ranking.keep_up(now=timezone.now())
    progress.advance(1)
    TICKETS.note_all()
    progress.advance(1)
    note_common_words()
    progress.advance(1)


def _write_batches(what: str, total: int, statements: Callable[[int, int], Iterator[Step]], progress: Progress) -> None:
    progress.begin(what, total)
    for first in range(1, total + 1, BATCH):
        last = min(first + BATCH - 1, total)
        with transaction.atomic():
            _execute(statements(first, last))
        progress.advance(last - first + 1)


def _execute(steps: Iterator[Step]) -> None:
    with connection.cursor() as cursor:
        for step in steps:
            cursor.execute(step.sql)


def _run_all(what: str, statements: list[str], progress: Progress) -> None:
    progress.begin(what, len(statements))
    with connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
            progress.advance(1)


def _write_people(plan: Plan) -> None:
    """Departments, teams and agents: those whose pages are measured, and others with one or two departments."""
    made = {"created": plan.since, "updated": plan.since}
    department_ids = [FIRST_DEPARTMENT + place for place in range(len(DEPARTMENTS))]
    Department.objects.bulk_create(
        Department(pk=pk, name=name, path=f"/{pk}/", flags=4, **made)
        for pk, (name, _share) in zip(department_ids, DEPARTMENTS, strict=True)
    )
    Team.objects.bulk_create(Team(pk=FIRST_TEAM + place, name=name, **made) for place, name in enumerate(TEAMS))
    role = Role.objects.order_by("pk")[0]
    agents, access, members = [], [], []
    for place, (name, departments, teams, assigned_only) in enumerate(_agents()):
        pk = FIRST_AGENT + place
        agents.append(
            Agent(
                pk=pk,
                username=f"bench-{name}",
                firstname="Agent",
                lastname=str(pk),
                email=f"{name}@bench.example",
                dept_id=department_ids[departments[0]],
                role=role,
                assigned_only=assigned_only,
                max_page_size=25,
                **made,
            )
        )
        access += [DepartmentAccess(staff_id=pk, dept_id=department_ids[place], role=role) for place in departments[1:]]
        members += [TeamMember(staff_id=pk, team_id=FIRST_TEAM + place) for place in teams]
    Agent.objects.bulk_create(agents)
    DepartmentAccess.objects.bulk_create(access)
    TeamMember.objects.bulk_create(members)


def _agents() -> Iterator[tuple[str, tuple[int, ...], tuple[int, ...], bool]]:
    for persona in PERSONAS:
        yield persona.name, persona.departments, persona.teams, persona.assigned_only
    for place in range(OTHER_AGENTS):
        first = place % len(DEPARTMENTS)
        departments = (first, (first + 5) % len(DEPARTMENTS)) if place % 3 else (first,)
        yield f"other-{place}", departments, (place % len(TEAMS),), False


def _write_files(plan: Plan) -> None:
    ids = range(1000, 1000 + FILES)
    StoredFile.objects.bulk_create(
        StoredFile(
            pk=pk,
            type="text/plain",
            size=11,
            key=f"bench-file-{pk}",
            signature=f"bench-file-{pk}",
            name=f"screenshot-{pk}.txt",
            created=plan.since,
        )
        for pk in ids
    )
    FileChunk.objects.bulk_create(FileChunk(file_id=pk, chunk_id=0, filedata=b"Hello there") for pk in ids)


def _continue_sequences() -> None:
    """Let PostgreSQL's sequences go on behind the explicit ids."""
    written: list[type[models.Model]] = [
        *(model for model in TABLES if not _has_composite_key(model)), Department, Team, Agent, StoredFile,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), written):
            cursor.execute(statement)


def _has_composite_key(model: type[models.Model]) -> bool:
    return isinstance(model._meta.pk, models.CompositePrimaryKey)


def _statistics(tables: list[str]) -> Iterator[str]:
    names = [connection.ops.quote_name(table) for table in tables]
    if connection.vendor == "mysql":
        yield from (f"ANALYZE TABLE {name}" for name in names)
    elif connection.vendor == "postgresql":
        yield from (f"VACUUM ANALYZE {name}" for name in names)
    else:
        yield "PRAGMA analysis_limit = 1000"
        yield "ANALYZE"


@contextmanager
def _unsafe_but_fast() -> Iterator[None]:
    """Trade safety for speed in this session: a database that was not finished is thrown away anyway."""
    before, after = _SETTINGS[connection.vendor]
    with connection.cursor() as cursor:
        for sql in before:
            cursor.execute(sql)
        try:
            yield
        finally:
            for sql in after:
                cursor.execute(sql)


_SETTINGS: dict[str, Any] = {
    "mysql": (
        ["SET SESSION unique_checks = 0, foreign_key_checks = 0"],
        ["SET SESSION unique_checks = 1, foreign_key_checks = 1"],
    ),
    "postgresql": (
        ["SET synchronous_commit = off", "SET maintenance_work_mem = '512MB'", "SET work_mem = '64MB'"],
        ["RESET synchronous_commit", "RESET maintenance_work_mem", "RESET work_mem"],
    ),
    "sqlite": (
        ["PRAGMA journal_mode = MEMORY", "PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000"],
        ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = NORMAL", "PRAGMA cache_size = -2000"],
    ),
}
