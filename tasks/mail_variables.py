"""`%{task…}` in e-mail templates (osticket/mail.md §9.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from helpdesk import configuration
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import ShownAnswer, answered_forms
from helpdesk.mail.variables import Roots, VariableObject
from helpdesk.mail.variables.entries import EntryVariable, ThreadVariable
from helpdesk.mail.variables.people import (
    AgentVariable,
    DepartmentVariable,
    MomentVariable,
    PeopleVariable,
    TeamVariable,
)
from helpdesk.people.models import Department
from helpdesk.threads.constants import CollaboratorFlag, EntryType
from helpdesk.threads.models import ThreadEntry
from tasks.models import Task
from tasks.states import find_thread, is_open
from tickets.mail_variables import ticket_root
from tickets.names import address_of, full_name, shown_user

Getter = Callable[[], Any]


class TaskVariable(VariableObject):
    """A task: its number, and everything that templates may say of it."""

    leaves_unknown = True

    def __init__(self, task: Task) -> None:
        """Take the row with what belongs to it."""
        self.task = task

    @property
    def department(self) -> Department | None:
        """The department, whose signature a mail may carry."""
        return self.task.dept

    def shown(self) -> str:
        """Give the number."""
        return self.task.number or ""

    def properties(self) -> Mapping[str, Getter]:
        """Give what is always known; answers of the task's form come by the names of their fields."""
        task = self.task
        return {
            "id": lambda: str(task.pk),
            "number": self.shown,
            "title": self._title,
            "subject": self._title,
            "description": self._description,
            "dept": lambda: DepartmentVariable(task.dept) if task.dept else None,
            "staff": lambda: AgentVariable(task.staff) if task.staff else None,
            "team": lambda: TeamVariable(task.team) if task.team else None,
            "assigned": self._assigned,
            "status": lambda: _("Open") if is_open(task) else _("Completed"),
            "create_date": lambda: MomentVariable(task.created),
            "due_date": lambda: MomentVariable(task.duedate),
            "close_date": lambda: MomentVariable(task.closed),
            "last_update": lambda: MomentVariable(task.updated),
            "staff_link": lambda: f"{_base()}/scp/tasks.php?id={task.pk}",
            "ticket_link": lambda: f"{_base()}/scp/tickets.php?id={task.object_id}#tasks" if task.object_id else "",
            "ticket": lambda: ticket_root(task.object_id, Roots({})) if task.object_id else None,
            "thread": lambda: ThreadVariable(thread) if (thread := find_thread(task)) else None,
            "recipients": self._recipients,
        }

    def other(self, name: str) -> Any:
        """Give the answer to a field of the task's form."""
        answer = self._answers.get(name)
        return answer.text if answer is not None else None

    @cached_property
    def _answers(self) -> dict[str, ShownAnswer]:
        forms = answered_forms(EntryObject.TASK, self.task.pk)
        return {answer.name.lower(): answer for form in forms for answer in form.answers if answer.name}

    def _title(self) -> str:
        answer = self._answers.get("title")
        return answer.text if answer is not None else ""

    def _description(self) -> EntryVariable | str:
        thread = find_thread(self.task)
        entries = ThreadEntry.objects.filter(thread=thread, type=EntryType.MESSAGE).order_by("id") if thread else None
        first = entries.first() if entries is not None else None
        return EntryVariable(first) if first is not None else ""

    def _assigned(self) -> str:
        agent = full_name(self.task.staff) if self.task.staff else ""
        team = self.task.team.name if self.task.team else ""
        return "/".join(one for one in (agent, team) if one)

    def _recipients(self) -> PeopleVariable:
        thread = find_thread(self.task)
        rows = thread.collaborators.select_related("user__default_email").order_by("id") if thread else []
        active = [row.user for row in rows if row.flags & CollaboratorFlag.ACTIVE and row.user is not None]
        return PeopleVariable([(shown_user(user), address_of(user)) for user in active])


def task_root(task_id: Any, roots: Roots) -> TaskVariable | None:
    """Make `%{task}` from an id; None when the task is gone."""
    task = Task.objects.select_related("dept__manager", "staff__dept", "team").filter(pk=task_id).first()
    return TaskVariable(task) if task is not None else None


def _base() -> str:
    return configuration.current().text("helpdesk_url").rstrip("/")
