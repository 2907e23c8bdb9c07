"""Importing users from a list: slice after slice, so that it may be interrupted at any row and gone on with later.

A short list is imported by the page that shows it; a long one, and one whose page was closed, by a worker.

A slice is one transaction: its users, what became of each row, and the new position stand together or not at all. So
nothing is done twice, whoever goes on. A row that is refused says why and changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.directory.columns import EMAIL, NOTHING, found_columns, targets
from helpdesk.directory.csv_table import MOST_COLUMNS, Line, decoded, lines_of, separator_of
from helpdesk.directory.models import UserImport, UserImportRow
from helpdesk.directory.services.rows import RowReader, RowRefused
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.models import Agent, Organization
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.policies import check_agent_permission

logger = structlog.get_logger(__name__)

ROWS_PER_SLICE = 20
MOST_SECONDS = 1.5
"""How long one call works by default, until the slice after which this is over."""
SECONDS_IN_TURN = 3.0
"""How long a worker goes on with one list before the next one has its turn."""
MOST_ROWS_OF_A_PAGE = 200
"""Longer lists are left to a worker, where one is there."""
KEPT_DAYS = 30
LONGEST_FILE_NAME = 255
State = UserImport.State


@dataclass(frozen=True, kw_only=True)
class ImportPlan:
    """How a list is to be read: what each column holds, whether the first row has headings, what with known users.

    `organization_id` is where new users belong who have no other organization.
    """

    columns: Sequence[str]
    has_headings: bool
    updates_known: bool = True
    organization_id: int | None = None


def prepare_import(
    data: bytes,
    *,
    actor: Actor,
    file_name: str = "",
    encoding: str = "",
    separator: str = "",
    organization: Organization | None = None,
    now: datetime | None = None,
) -> UserImport:
    """Take a list in, with a guess of how it is to be read; nothing is imported yet.

    Raises PermissionRefused without `user.create`; ValidationFailed for a file that is empty, too large or no text, and
    for one with too many columns.
    """
    check_agent_permission(actor, AgentPermission.USER_CREATE)
    if actor.kind is ActorKind.API_KEY:  # it opens tickets for new users, one at a time
        raise PermissionRefused(_("Permission denied"), code="agents_only")
    text, found = decoded(data, encoding=encoding)
    separator = separator or separator_of(text)
    rows = [line for line in islice(lines_of(text, separator), 2) if not line.problem]
    cells = [line.cells for line in rows] + [(), ()]
    if len(cells[0]) > MOST_COLUMNS:
        message = _("The first row has more than %(count)d columns.") % {"count": MOST_COLUMNS}
        raise ValidationFailed(message, code="too_many_columns", field="file")
    columns, has_headings = found_columns(cells[0], cells[1], targets())
    total = sum(1 for _line in lines_of(text, separator)) - has_headings
    return UserImport.objects.create(
        created=now or timezone.now(),
        agent_id=actor.agent.pk if actor.agent else None,
        actor_name=actor.name[:128],
        file_name=file_name[:LONGEST_FILE_NAME],
        content=text,
        encoding=found,
        separator=separator,
        has_headings=has_headings,
        columns=columns,
        organization_id=organization.pk if organization else None,
        total=max(total, 0),
    )


@transaction.atomic
def start_import(found: UserImport, plan: ImportPlan, *, actor: Actor) -> UserImport:
    """Say how the list is to be read, and let it begin.

    Raises PermissionRefused for somebody else's list; Conflict for one that has begun; ValidationFailed for a plan
    without a column for addresses, with an unknown one or the same twice.
    """
    row = _locked(found, actor)
    if row.state != State.PREPARED:
        raise Conflict(_("This list has been started already."), code="import_started")
    known = {target.key for target in targets()}
    used = [key for key in plan.columns if key != NOTHING]
    if not known >= set(used):
        raise ValidationFailed(_("A column holds something unknown."), code="column_unknown", field="columns")
    if len(set(used)) != len(used):
        raise ValidationFailed(_("Two columns hold the same."), code="column_twice", field="columns")
    if EMAIL not in used:
        message = _("Say which column holds the e-mail addresses: users are known by them.")
        raise ValidationFailed(message, code="column_missing", field="columns")
    if plan.organization_id and not Organization.objects.filter(pk=plan.organization_id).exists():
        message = _("This organization no longer exists.")
        raise ValidationFailed(message, code="organization_unknown", field="organization")
    row.total += row.has_headings - plan.has_headings
    row.columns, row.has_headings = list(plan.columns), plan.has_headings
    row.updates_known, row.organization_id = plan.updates_known, plan.organization_id
    row.state = State.RUNNING
    row.save()
    return row


def go_on_with_import(
    found: UserImport, *, actor: Actor, seconds: float = MOST_SECONDS, now: datetime | None = None
) -> UserImport:
    """Import the next rows, for about so many seconds, and give how far it is.

    Raises PermissionRefused; Conflict for a list that has not been started.
    """
    until = time.monotonic() + seconds
    place = _Place()
    while True:
        row = _import_slice(found, actor, now or timezone.now(), place)
        if row.state != State.RUNNING or time.monotonic() >= until:
            return row


def go_on_with_all(*, now: datetime, seconds: float) -> int:
    """Go on with the lists of agents that are running, in turn, for about so many seconds; gives how many rows it read.

    Each list is imported in the name of who brought it: of an agent who may not import any more it is stopped. A list
    on which the database failed does not keep the others waiting; the failure is raised when all had their turn.
    Lists of the command line belong to whoever waits there.
    """
    until = time.monotonic() + seconds
    rows, failures = 0, list[DatabaseError]()
    running = list(UserImport.objects.filter(state=State.RUNNING, agent_id__isnull=False).order_by("pk"))
    while running and time.monotonic() < until:
        found = running.pop(0)
        try:
            after = _go_on_for_its_agent(found, now)
        except DatabaseError as failure:
            logger.warning("user_import_failed", user_import=found.pk, reason=type(failure).__name__)
            failures.append(failure)
            continue
        rows += after.position - found.position
        if after.state == State.RUNNING:
            running.append(after)
    if failures:
        raise failures[0]
    return rows


def _go_on_for_its_agent(found: UserImport, now: datetime) -> UserImport:
    agent = Agent.objects.select_related("role").filter(pk=found.agent_id or 0, isactive=True).first()
    try:
        if agent is None:
            return cancel_import(found, actor=Actor.system(), now=now)
        try:
            return go_on_with_import(found, actor=Actor.for_agent(agent), seconds=SECONDS_IN_TURN, now=now)
        except PermissionRefused:
            return cancel_import(found, actor=Actor.system(), now=now)
    except (Conflict, NotFound):  # stopped or finished by somebody else meanwhile
        found.state = State.CANCELLED
        return found


@transaction.atomic
def cancel_import(found: UserImport, *, actor: Actor, now: datetime | None = None) -> UserImport:
    """Stop a list for good: what is imported stays. Raises PermissionRefused; Conflict for one that is over."""
    row = _locked(found, actor)
    if row.state not in (State.PREPARED, State.RUNNING):
        raise Conflict(_("This list is over already."), code="import_over")
    return _finish(row, State.CANCELLED, now or timezone.now())


def purge_imports(*, now: datetime) -> int:
    """Forget lists, and what became of their rows, after a month; gives how many."""
    old = UserImport.objects.filter(created__lt=now - timedelta(days=KEPT_DAYS))
    ids = list(old.values_list("pk", flat=True))
    UserImportRow.objects.filter(list__in=ids).delete()
    UserImport.objects.filter(pk__in=ids).delete()
    return len(ids)


class _Place:
    """Where in a list the last slice ended, so that the next one need not read it from the beginning."""

    def __init__(self) -> None:
        self._at = -1
        self._lines: Iterator[Line] = iter(())

    def next_lines(self, row: UserImport) -> list[Line]:
        """Give the lines of the next slice."""
        if self._at != row.position:
            begin = row.position + row.has_headings
            self._lines = islice(lines_of(row.content, row.separator), begin, None)
        lines = list(islice(self._lines, ROWS_PER_SLICE))
        self._at = row.position + len(lines)
        return lines


@transaction.atomic
def _import_slice(found: UserImport, actor: Actor, now: datetime, place: _Place) -> UserImport:
    row = _locked(found, actor)
    check_agent_permission(actor, AgentPermission.USER_CREATE)
    if row.state == State.PREPARED:
        raise Conflict(_("Start the import first."), code="import_not_started")
    if row.state != State.RUNNING:
        return row
    lines = place.next_lines(row)
    reader = RowReader(row, actor=actor, now=now)
    UserImportRow.objects.bulk_create(_import_line(line, row, reader) for line in lines)
    row.position += len(lines)
    if len(lines) < ROWS_PER_SLICE:
        return _finish(row, State.DONE, now)
    row.save(update_fields=["position"])
    return row


def _import_line(line: Line, row: UserImport, reader: RowReader) -> UserImportRow:
    """Import one row in a savepoint and tell what became of it."""
    told = UserImportRow(list=row, number=line.number, outcome=UserImportRow.Outcome.REFUSED)
    if line.problem:
        told.reason = line.problem[:500]
        return told
    try:
        with transaction.atomic():
            imported = reader.read(line.cells)
    except RowRefused as refusal:
        told.reason, told.column, told.address = str(refusal)[:500], refusal.column[:128], refusal.address[:255]
    except DomainError as refusal:
        told.reason, told.column = str(refusal)[:500], reader.label_of(refusal.field)[:128]
        told.address = reader.address_in(line.cells)[:255]
    else:
        told.outcome, told.user_id, told.address = imported.outcome, imported.user_id, imported.address[:255]
    return told


def _finish(row: UserImport, state: str, now: datetime) -> UserImport:
    """End a list; its text is needed no more."""
    row.state, row.finished, row.content = state, now, ""
    row.save(update_fields=["state", "finished", "content", "position"])
    return row


def _locked(found: UserImport, actor: Actor) -> UserImport:
    row = UserImport.objects.select_for_update().filter(pk=found.pk).first()
    if row is None:
        raise NotFound(_("This list no longer exists."), code="import_unknown")
    is_own = actor.agent is not None and actor.agent.pk == row.agent_id
    if actor.kind is not ActorKind.SYSTEM and not is_own:
        raise PermissionRefused(_("This is the list of somebody else."), code="import_of_another")
    return row
