"""The lists of tasks: open, mine, overdue, closed, and what a search finds (osticket/tasks.md §2).

Two steps: order and limit on the tasks alone, then read what the rows show. The number of statements is the same for
every list and every size.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from django.db.models import F, OrderBy, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk import configuration
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.errors import NotFound
from helpdesk.legacy.ids import LARGEST_ID
from helpdesk.people.access import AgentAccess
from helpdesk.threads.constants import ObjectType
from tasks.models import Task
from tasks.querysets import TaskQuerySet
from tasks.screens import TaskList, TaskRow
from tasks.states import is_open, is_overdue
from tickets.models import Ticket
from tickets.names import full_name

DEFAULT_PAGE_SIZE = 25
LARGEST_PAGE_SIZE = 200
LONGEST_QUERY = 100


class ListKey(StrEnum):
    """The lists by the names in their addresses."""

    OPEN = "open"
    MINE = "mine"
    OVERDUE = "overdue"
    CLOSED = "closed"
    SEARCH = "search"


TITLES = {
    ListKey.OPEN: gettext_lazy("Open tasks"),
    ListKey.MINE: gettext_lazy("My tasks"),
    ListKey.OVERDUE: gettext_lazy("Overdue tasks"),
    ListKey.CLOSED: gettext_lazy("Completed tasks"),
    ListKey.SEARCH: gettext_lazy("Search in tasks"),
}


@dataclass(frozen=True)
class Order:
    """How a list is sorted: by due date, the earliest first and those without last; or the newest first."""

    by_due_date: bool

    def clauses(self, *, backwards: bool) -> list[OrderBy]:
        """Give what `order_by` takes."""
        if not self.by_due_date:
            return [F("pk").asc() if backwards else F("pk").desc()]
        if backwards:
            return [F("duedate").desc(nulls_first=True), F("pk").desc()]
        return [F("duedate").asc(nulls_last=True), F("pk").asc()]

    def beyond(self, cursor: tuple[datetime | None, int], *, backwards: bool) -> Q:
        """Give the condition for what follows a place, or precedes it."""
        due, pk = cursor
        if not self.by_due_date:
            return Q(pk__gt=pk) if backwards else Q(pk__lt=pk)
        if backwards:
            same = Q(duedate=due, pk__lt=pk) if due is not None else Q(duedate__isnull=True, pk__lt=pk)
            return same | (Q(duedate__lt=due) if due is not None else Q(duedate__isnull=False))
        if due is None:
            return Q(duedate__isnull=True, pk__gt=pk)
        return Q(duedate__gt=due) | Q(duedate=due, pk__gt=pk) | Q(duedate__isnull=True)


def tasks_of_list(access: AgentAccess, key: ListKey, *, now: datetime, query: str = "") -> TaskQuerySet:
    """Give the tasks of a list that the agent sees."""
    visible = Task.objects.visible_to(access)
    wanted: dict[ListKey, Callable[[], TaskQuerySet]] = {
        ListKey.OPEN: lambda: visible.open(),
        ListKey.MINE: lambda: visible.open().filter(staff=access.agent.pk),
        ListKey.OVERDUE: lambda: visible.overdue(now),
        ListKey.CLOSED: lambda: visible.closed(),
        ListKey.SEARCH: lambda: _found(visible, query),
    }
    return wanted[key]()


def task_list(
    access: AgentAccess,
    key: ListKey,
    *,
    now: datetime,
    query: str = "",
    after: str | None = None,
    before: str | None = None,
) -> TaskList:
    """Give one page of a list. Raises NotFound (`cursor_invalid`) for a cursor that is none of ours."""
    order = Order(by_due_date=key in {ListKey.OPEN, ListKey.MINE, ListKey.OVERDUE})
    cursor, backwards = (before, True) if before else (after, False)
    tasks = tasks_of_list(access, key, now=now, query=query)
    if cursor:
        tasks = tasks.filter(order.beyond(_read(cursor), backwards=backwards))
    size = _page_size(access)
    places = list(tasks.order_by(*order.clauses(backwards=backwards)).values_list("duedate", "pk")[: size + 1])
    has_more, places = len(places) > size, places[:size]
    if backwards:
        places.reverse()
    has_before, has_after = (has_more, True) if backwards else (bool(cursor), has_more)
    return TaskList(
        key=key,
        title=str(TITLES[key]),
        rows=task_rows([pk for _due, pk in places], now=now),
        before=_written(places[0]) if places and has_before else None,
        after=_written(places[-1]) if places and has_after else None,
        query=query,
    )


def task_rows(
    ids: Sequence[int],
    *,
    now: datetime,
    visible: frozenset[int] | None = None,
    numbers: dict[int, str | None] | None = None,
) -> list[TaskRow]:
    """Read what rows show, in three statements; `visible` are those that the agent may open, None for all.

    `numbers` of the tickets by id spare one of them.
    """
    if not ids:
        return []
    found = Task.objects.select_related("dept", "staff", "team").in_bulk(ids)
    titles = cdata.fetch(EntryObject.TASK, ids, {"title"})
    if numbers is None:
        of_tickets = {task.object_id for task in found.values() if task.object_type == ObjectType.TICKET}
        numbers = dict(Ticket.objects.filter(pk__in=of_tickets).values_list("pk", "number"))
    return [
        _row(
            found[pk],
            titles.get(pk, {}).get("title") or "",
            numbers,
            now,
            is_visible=visible is None or pk in visible,
        )
        for pk in ids
        if pk in found
    ]


def _row(task: Task, title: str, numbers: dict[int, str | None], now: datetime, *, is_visible: bool) -> TaskRow:
    on_ticket = task.object_type == ObjectType.TICKET and task.object_id in numbers
    return TaskRow(
        task_id=task.pk,
        number=task.number or "",
        title=_title(task, title, is_visible=is_visible),
        is_open=is_open(task),
        is_overdue=is_overdue(task, now),
        department_name=task.dept.name if task.dept else "",
        assignee_name=full_name(task.staff) if task.staff else task.team.name if task.team else "",
        team_name=task.team.name if task.team else "",
        created=task.created,
        due=task.duedate,
        closed=task.closed,
        ticket_id=task.object_id if on_ticket else 0,
        ticket_number=(numbers.get(task.object_id) or "") if on_ticket else "",
        is_visible=is_visible,
    )


def _title(task: Task, title: str, *, is_visible: bool) -> str:
    """What a task is about is for those who may open it."""
    if is_visible:
        return title or _("(no title)")
    return _("A task of %(department)s") % {"department": task.dept.name if task.dept else _("another department")}


def _found(visible: TaskQuerySet, query: str) -> TaskQuerySet:
    """Tasks whose number begins with the text, or whose title contains it."""
    query = clean_text(query).strip()[:LONGEST_QUERY]
    if not query:
        return visible.none()
    fields = FormField.objects.filter(form__type=EntryObject.TASK, name="title")
    answers = FormAnswer.objects.filter(
        field__in=list(fields.values_list("pk", flat=True)),
        value__icontains=query,
        entry__object_type=EntryObject.TASK,
    )
    by_number = Q(number__istartswith=query.removeprefix("#"))
    return visible.filter(by_number | Q(pk__in=answers.values("entry__object_id")))


def _page_size(access: AgentAccess) -> int:
    wanted = access.agent.max_page_size or configuration.current().integer("max_page_size", DEFAULT_PAGE_SIZE)
    return min(max(wanted, 1), LARGEST_PAGE_SIZE) if wanted > 0 else DEFAULT_PAGE_SIZE


def _written(place: tuple[datetime | None, int]) -> str:
    due, pk = place
    moment = due.astimezone(UTC).isoformat() if due is not None else None
    return base64.urlsafe_b64encode(json.dumps([moment, pk]).encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime | None, int]:
    try:
        moment, pk = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        due = datetime.fromisoformat(moment).astimezone(UTC) if moment is not None else None
        place = (due, int(pk))
    except (ValueError, TypeError, OverflowError, RecursionError):
        place = (None, -1)
    if not 0 <= place[1] <= LARGEST_ID:
        raise NotFound(_("This page of the list does not exist."), code="cursor_invalid")
    return place
