"""Everything on the page of one task."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from helpdesk.files.links import LinkMaker
from helpdesk.forms.attached import linked_files
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import AnsweredForm, answered_forms
from helpdesk.people.access import AgentAccess
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.constants import CollaboratorFlag
from helpdesk.threads.models import Collaborator, Thread
from tasks.closing import close_obstacle
from tasks.models import Task
from tasks.policies import permissions_on
from tasks.screens import TaskAction, TaskCollaborator, TaskPage
from tasks.states import find_thread, is_open, is_overdue
from tickets.assignees import may_be_assigned
from tickets.changes import mark_of
from tickets.models import Ticket
from tickets.names import address_of, full_name, shown_user
from tickets.screens import CustomAnswer, Person
from tickets.thread_items import ThreadPart, part_of

_SHOWN_ELSEWHERE = {"title"}
NEEDED = {
    TaskAction.UPDATE: RolePermission.TASK_REPLY,
    TaskAction.ASSIGN: RolePermission.TASK_ASSIGN,
    TaskAction.TRANSFER: RolePermission.TASK_TRANSFER,
    TaskAction.EDIT: RolePermission.TASK_EDIT,
    TaskAction.DUE: RolePermission.TASK_EDIT,
    TaskAction.COLLABORATORS: RolePermission.TICKET_EDIT,
    TaskAction.DELETE: RolePermission.TASK_DELETE,
}
"""What depends on nothing but a permission."""


def task_page(
    access: AgentAccess, task: Task, *, links: LinkMaker, now: datetime, before: int | None = None
) -> TaskPage:
    """Give what the page of a task shows to this agent; `task` comes from `get_task_for_agent`.

    The cost does not depend on the length of the thread.
    """
    thread = find_thread(task)
    mark = mark_of(thread)
    rows = _collaborators(thread) if thread is not None else []
    forms = answered_forms(EntryObject.TASK, task.pk)
    allowed = allowed_actions(access, task)
    part = _conversation(thread, rows, forms, links, before)
    obstacle = close_obstacle(task) if TaskAction.CLOSE in allowed else None
    ticket, may_open_ticket = _ticket(access, task)
    return TaskPage(
        task_id=task.pk,
        number=task.number or "",
        title=_title(forms),
        is_open=is_open(task),
        is_overdue=is_overdue(task, now),
        department_name=task.dept.name if task.dept else "",
        assignee_name=full_name(task.staff) if task.staff else "",
        assignee_id=task.staff_id or 0,
        team_name=task.team.name if task.team else "",
        created=task.created,
        updated=task.updated,
        due=task.duedate,
        closed=task.closed,
        ticket_id=ticket.pk if ticket else 0,
        ticket_number=(ticket.number or "") if ticket else "",
        may_open_ticket=may_open_ticket,
        collaborators=[_collaborator(row) for row in rows if row.user is not None],
        custom_answers=_custom_answers(forms, links),
        items=part.items,
        older=part.older,
        is_newest_part=before is None,
        allowed=allowed,
        close_obstacle=str(obstacle.message) if obstacle else "",
        mark=mark,
    )


def allowed_actions(access: AgentAccess, task: Task) -> frozenset[TaskAction]:
    """Give what the agent may do with a task that he sees, as it is now (osticket/tasks.md §3)."""
    held = permissions_on(access, task)
    possible = {action for action, permission in NEEDED.items() if permission in held}
    possible.add(TaskAction.NOTE)
    if RolePermission.THREAD_EDIT in held or access.manages(task.dept):
        possible.add(TaskAction.EDIT_ENTRY)
    is_own = task.staff_id == access.agent.pk
    may_have = not access.agent.onvacation and may_be_assigned(access.agent, task.dept)
    if RolePermission.TASK_ASSIGN in held and is_open(task) and not is_own and may_have:
        possible.add(TaskAction.CLAIM)
    if is_open(task) and RolePermission.TASK_CLOSE in held:
        possible.add(TaskAction.CLOSE)
    if not is_open(task) and RolePermission.TASK_CREATE in held:
        possible.add(TaskAction.REOPEN)
    return frozenset(possible)


def _conversation(
    thread: Thread | None,
    rows: Sequence[Collaborator],
    forms: Sequence[AnsweredForm],
    links: LinkMaker,
    before: int | None,
) -> ThreadPart:
    if thread is None:
        return ThreadPart([], None)
    users = [row.user for row in rows if row.user is not None]
    labels = {answer.field.pk: answer.label for form in forms for answer in form.answers}
    return part_of(None, thread, links=links, known_users=users, field_labels=labels, before=before)


def _collaborators(thread: Thread) -> list[Collaborator]:
    return list(thread.collaborators.select_related("user__default_email").order_by("id"))


def _collaborator(row: Collaborator) -> TaskCollaborator:
    user = row.user
    if user is None:
        raise ValueError("The collaborator's user is gone.")
    is_active = bool(row.flags & CollaboratorFlag.ACTIVE)
    return TaskCollaborator(row.pk, Person(user.pk, shown_user(user), address_of(user), is_active=is_active))


def _title(forms: Sequence[AnsweredForm]) -> str:
    for form in forms:
        if form.form.type == EntryObject.TASK:
            found = next((answer.text for answer in form.answers if answer.name == "title"), "")
            if found:
                return found
    return _("(no title)")


def _custom_answers(forms: Sequence[AnsweredForm], links: LinkMaker) -> list[CustomAnswer]:
    files = linked_files(forms, links)
    return [
        CustomAnswer(form.form.title, answer.label, files.get((form.entry.pk, answer.field.pk), answer.text))
        for form in forms
        for answer in form.answers
        if not answer.is_empty and not (form.form.type == EntryObject.TASK and answer.name in _SHOWN_ELSEWHERE)
    ]


def _ticket(access: AgentAccess, task: Task) -> tuple[Ticket | None, bool]:
    """Give the ticket of a task, and whether the agent may open it; two statements where it has one."""
    if task.object_type != EntryObject.TICKET or not task.object_id:
        return None, False
    visible = Ticket.objects.accessible_to(access).filter(pk=task.object_id)
    ticket = Ticket.objects.filter(pk=task.object_id).only("ticket_id", "number").first()
    return ticket, ticket is not None and visible.exists()
