"""Making, changing and deleting queues and saved searches; what agents set for themselves (osticket/queues.md §1)."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.legacy.errors import NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.models import Agent
from tickets.constants import QueueFlag
from tickets.criteria import Criterion, parse_criteria
from tickets.criteria_checks import problems
from tickets.models import (
    Queue,
    QueueColumnPlacement,
    QueueExportField,
    QueuePreference,
    QueueSort,
    QueueSortChoice,
)
from tickets.navigation import context_for
from tickets.queues import SUPPLEMENTAL, is_inherited
from tickets.quick_filters import INHERITED, filter_field
from tickets.reference_data import StyleCondition, forget_reference_data
from tickets.row_styles import check_marks
from tickets.services.queue_parts import PlacedColumn, export_fields, offer_sorts, place_columns

LONGEST_TITLE = 60
LONGEST_PATH = 80
NEWEST_FIRST = 0
"""As `sort_id`: the newest first, whatever the queue above says."""


@dataclass(frozen=True)
class QueueDraft:
    """What a queue or saved search is to be.

    A queue stands in everybody's navigation; a search is its owner's, or everybody's when it is shared. Without
    `columns`, `sort_ids` or `export` it has those of the parent or the standard ones; `sort_id` None is the order of
    the parent, NEWEST_FIRST none. `marks` are the styles of whole rows.
    """

    title: str
    criteria: Sequence[Criterion]
    is_queue: bool = False
    is_shared: bool = False
    is_enabled: bool = True
    parent_id: int | None = None
    sort_id: int | None = None
    filter: str = ""
    columns: Sequence[PlacedColumn] = ()
    sort: int = 0
    sort_ids: Sequence[int] = field(default=())
    export: Sequence[tuple[str, str]] = ()
    """Path and heading of each field."""
    marks: Sequence[StyleCondition] = ()

    @property
    def is_public(self) -> bool:
        """Whether everybody has it."""
        return self.is_queue or self.is_shared


def may_change_queue(actor: Actor, queue: Queue) -> bool:
    """Whether the actor may change a queue: administrators the public ones, everybody his own searches."""
    if actor.kind == ActorKind.SYSTEM:
        return True
    if actor.agent is None:
        return False
    if queue.flags & (QueueFlag.PUBLIC | QueueFlag.QUEUE):
        return bool(actor.agent.isadmin)
    return queue.staff_id == actor.agent.pk


@transaction.atomic
def create_queue(draft: QueueDraft, *, actor: Actor, now: datetime | None = None) -> Queue:
    """Make a queue or saved search.

    Raises PermissionRefused for public ones of others than administrators, ValidationFailed naming the field: no title,
    a title that is taken, no conditions, conditions that cannot be read or contradict, a parent that cannot be one.
    """
    return _store(Queue(root="T"), draft, actor=actor, now=now or timezone.now(), is_new=True)


@transaction.atomic
def change_queue(queue: Queue, draft: QueueDraft, *, actor: Actor, now: datetime | None = None) -> Queue:
    """Change a queue or saved search. Raises as `create_queue`, and NotFound for one that was deleted meanwhile."""
    found = Queue.objects.select_for_update().filter(pk=queue.pk).first()
    if found is None:
        raise _missing()
    if not may_change_queue(actor, found):
        raise _refused()
    return _store(found, draft, actor=actor, now=now or timezone.now(), is_new=False)


@transaction.atomic
def delete_queue(queue: Queue, *, actor: Actor) -> None:
    """Delete a queue or saved search with its columns, sorts and everybody's settings.

    Queues and searches below it move up and go on listing what they listed: what they had from it becomes their own.

    Raises PermissionRefused, NotFound.
    """
    found = Queue.objects.select_for_update().filter(pk=queue.pk).first()
    if found is None:
        raise _missing()
    if not may_change_queue(actor, found):
        raise _refused()
    before = values_of(found)
    for child in Queue.objects.filter(parent=found):
        _hand_down(found, child)
        child.parent = found.parent
        child.path = _path(found.parent, child.pk)
        child.save(update_fields=["parent", "path", "config", "filter", "default_sort", "flags"])
        _write_paths_below(child)
    for rows in (QueueColumnPlacement, QueueSortChoice, QueuePreference, QueueExportField):
        rows.objects.filter(queue=found).delete()
    Queue.objects.filter(columns_of=found).update(columns_of=None)
    if found.flags & QueueFlag.PUBLIC:
        record_change(actor, Action.DELETED, ObjectType.QUEUE, found.pk, _title_of(found), row_difference(before, {}))
    found.delete()
    forget_reference_data()


@transaction.atomic
def set_preference(
    queue: Queue,
    *,
    actor: Actor,
    sort_id: int | None = None,
    quick_filter: str = "",
    criteria: Sequence[Criterion] = (),
    columns: Sequence[PlacedColumn] | None = None,
    now: datetime | None = None,
) -> None:
    """Set what an agent wants of a queue for himself: another order, quick filter, a few more conditions, columns.

    `columns` None leaves the columns as they are, empty ones go back to those of the queue. Raises PermissionRefused,
    ValidationFailed.
    """
    agent = _agent(actor)
    if sort_id is not None and not QueueSort.objects.filter(pk=sort_id).exists():
        raise ValidationFailed(_("There is no such order."), code="sort_unknown", field="sort")
    if quick_filter and filter_field(quick_filter) is None:
        raise ValidationFailed(_("This field cannot be a quick filter."), code="filter_unknown", field="filter")
    extra = [criterion for criterion in criteria if criterion.path in SUPPLEMENTAL]
    mine = QueuePreference.objects.filter(queue_id=queue.pk, staff_id=agent.pk)
    before = mine.values_list("setting", flat=True).first()
    placements = QueueColumnPlacement.objects.filter(queue=queue, staff_id=agent.pk)
    inherits = not columns if columns is not None else is_inherited(before, "columns") or not placements.exists()
    setting = {
        "sort_id": sort_id or 0,
        "filter": quick_filter,
        "inherit-sort": not sort_id,
        "inherit-columns": inherits,
        "criteria": [criterion.as_json() for criterion in extra],
    }
    moment = now or timezone.now()
    if not mine.update(setting=setting, updated=moment):
        QueuePreference.objects.create(queue_id=queue.pk, staff_id=agent.pk, setting=setting, updated=moment)
    if columns is not None:
        place_columns(queue, columns, staff_id=agent.pk)
    forget_reference_data()


# --- Storing ----------------------------------------------------------------------------------------------------------


def _store(queue: Queue, draft: QueueDraft, *, actor: Actor, now: datetime, is_new: bool) -> Queue:
    if draft.is_public and not _may_publish(actor):
        raise _refused()
    title = " ".join(draft.title.split())
    parent = _parent(queue, draft)
    owner = None if draft.is_public else _agent(actor)
    _check(queue, draft, title, parent, owner, actor, now)
    before = {} if is_new else values_of(queue)
    queue.title = html.escape(title, quote=True)[:255]
    queue.parent_id = parent.pk if parent else None
    queue.staff_id = owner.pk if owner else None
    queue.flags = _flags(queue, draft, parent)
    queue.config = {
        "criteria": [criterion.as_json() for criterion in draft.criteria],
        "conditions": [mark.as_json() for mark in draft.marks],
    }
    queue.default_sort = QueueSort.objects.filter(pk=draft.sort_id).first() if draft.sort_id else None
    queue.filter = draft.filter or None
    if draft.columns:
        queue.columns_of = None  # which would win over its own
    queue.sort = draft.sort
    queue.updated = now
    if is_new:
        queue.created = now
    queue.save()
    path_before, queue.path = queue.path, _path(parent, queue.pk)
    queue.save(update_fields=["path"])
    if queue.path != path_before and not is_new:
        _write_paths_below(queue)
    _write_parts(queue, draft, parent)
    if draft.is_public:
        action = Action.CREATED if is_new else Action.CHANGED
        changes = row_difference(before, values_of(queue))
        record_change(actor, action, ObjectType.QUEUE, queue.pk, title, changes)
    forget_reference_data()
    return queue


def _check(
    queue: Queue,
    draft: QueueDraft,
    title: str,
    parent: Queue | None,
    owner: Agent | None,
    actor: Actor,
    now: datetime,
) -> None:
    if not title:
        raise ValidationFailed(_("A title is required"), code="title_required", field="title")
    if len(html.escape(title, quote=True)) > LONGEST_TITLE:
        raise ValidationFailed(
            _("The title may have at most %(number)s characters.") % {"number": LONGEST_TITLE},
            code="title_too_long",
            field="title",
        )
    same = Queue.objects.filter(title=html.escape(title, quote=True), parent=parent, staff=owner).exclude(pk=queue.pk)
    if same.exists():
        raise ValidationFailed(_("Saved queue with same name exists"), code="title_taken", field="title")
    if not draft.criteria and parent is None:
        raise ValidationFailed(_("No fields selected for searching"), code="criteria_required", field="criteria")
    if actor.agent is not None:
        context = context_for(access_of(actor.agent), now)
        found = problems(list(draft.criteria), context)
        if found:
            raise ValidationFailed("; ".join(found), code="criteria_unusable", field="criteria")
        check_marks(draft.marks, context)
    if draft.filter and draft.filter != INHERITED and filter_field(draft.filter) is None:
        raise ValidationFailed(_("This field cannot be a quick filter."), code="filter_unknown", field="filter")


def _parent(queue: Queue, draft: QueueDraft) -> Queue | None:
    if draft.parent_id is None:
        return None
    parent = Queue.objects.filter(pk=draft.parent_id).first()
    if parent is None or not parent.flags & QueueFlag.PUBLIC:
        raise ValidationFailed(_("Select a valid queue"), code="parent_unknown", field="parent")
    above: Queue | None = parent
    seen: set[int] = set()
    while above is not None and above.pk not in seen:
        if queue.pk is not None and above.pk == queue.pk:
            raise ValidationFailed(_("Cannot be a descendent of itself"), code="parent_below", field="parent")
        seen.add(above.pk)
        above = above.parent
    return parent


def _flags(queue: Queue, draft: QueueDraft, parent: Queue | None) -> QueueFlag:
    flags = QueueFlag(0)
    if draft.is_public:
        flags |= QueueFlag.PUBLIC
    if draft.is_queue:
        flags |= QueueFlag.QUEUE
    if not draft.is_enabled:
        flags |= QueueFlag.DISABLED
    if parent is not None:
        flags |= QueueFlag.INHERIT_CRITERIA
        flags |= QueueFlag(0) if draft.columns else QueueFlag.INHERIT_COLUMNS
        flags |= QueueFlag(0) if draft.sort_id is not None else QueueFlag.INHERIT_DEFAULT_SORT
        flags |= QueueFlag(0) if draft.sort_ids else QueueFlag.INHERIT_SORTING
        flags |= QueueFlag(0) if draft.export else QueueFlag.INHERIT_EXPORT
    return flags


def _write_parts(queue: Queue, draft: QueueDraft, parent: Queue | None) -> None:
    """Write the rows of other tables; what the queue inherits leaves its own rows as they are, as in osTicket."""
    if draft.columns or parent is None:
        place_columns(queue, draft.columns, staff_id=0)
    if draft.sort_ids or parent is None:
        offer_sorts(queue, draft.sort_ids)
    if draft.export or parent is None:
        export_fields(queue, draft.export)


def _hand_down(above: Queue, child: Queue) -> None:
    """Make what a queue has from the one above its own; its row is left for the caller to save."""
    kept = child.config if isinstance(child.config, dict) and "criteria" in child.config else {}
    criteria = [*parse_criteria(above.config), *parse_criteria(child.config)]
    child.config = {"conditions": [], **kept, "criteria": [criterion.as_json() for criterion in criteria]}
    if child.filter == INHERITED:
        child.filter = above.filter
    if child.flags & QueueFlag.INHERIT_DEFAULT_SORT:
        child.default_sort = above.default_sort
        if not above.flags & QueueFlag.INHERIT_DEFAULT_SORT or above.parent_id is None:
            child.flags &= ~QueueFlag.INHERIT_DEFAULT_SORT
    shared = (
        (QueueFlag.INHERIT_COLUMNS, QueueColumnPlacement.objects.filter(staff_id=0)),
        (QueueFlag.INHERIT_SORTING, QueueSortChoice.objects.all()),
        (QueueFlag.INHERIT_EXPORT, QueueExportField.objects.all()),
    )
    for flag, rows in shared:
        handed: list[Any] = list(rows.filter(queue=above))
        if not child.flags & flag or not handed:
            continue  # its own, or from further above still
        rows.filter(queue=child).delete()
        for row in handed:
            row.queue = child
            if isinstance(row, QueueExportField):
                row.pk = None
        rows.model._default_manager.bulk_create(handed)
        child.flags &= ~flag


def _path(parent: Queue | None, queue_id: int) -> str:
    """Give the ids of the ancestry, the own one last; from the rows, as seeded paths are just a slash."""
    ids, above = [queue_id], parent
    while above is not None and above.pk not in ids:
        ids.append(above.pk)
        above = above.parent
    path = "".join(f"/{pk}" for pk in reversed(ids)) + "/"
    if len(path) > LONGEST_PATH:
        raise ValidationFailed(_("Queues cannot stand any deeper below each other."), code="too_deep", field="parent")
    return path


def _write_paths_below(queue: Queue) -> None:
    """Write the paths of the queues and searches at every level below one whose own path has changed."""
    level, known = [queue], {queue.pk}
    while level:
        below = list(Queue.objects.filter(parent__in=level).exclude(pk__in=known).select_related("parent"))
        for child in below:
            child.path = _path(child.parent, child.pk)
            child.save(update_fields=["path"])
        known |= {child.pk for child in below}
        level = below


def _may_publish(actor: Actor) -> bool:
    return actor.kind == ActorKind.SYSTEM or (actor.agent is not None and bool(actor.agent.isadmin))


def _agent(actor: Actor) -> Agent:
    if actor.agent is None:
        raise _refused()
    return actor.agent


def _title_of(queue: Queue) -> str:
    return html.unescape(queue.title or "")


def _refused() -> PermissionRefused:
    return PermissionRefused(_("Only administrators change what everybody sees."), code="permission_denied")


def _missing() -> NotFound:
    return NotFound(_("No such queue."), code="queue_not_found")
