"""The form in which agents make a task: the task form that administrators make, and where the task goes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.forms.bound import BoundForm, FormPart
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked
from helpdesk.forms.field_types.files import Files
from helpdesk.forms.field_types.presentation import Message
from helpdesk.forms.selectors import form_for
from helpdesk.legacy.errors import DomainError
from helpdesk.people.access import AgentAccess
from helpdesk.people.models import Agent, Department, Team
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.models import ThreadEntry
from tasks.agent_forms import DUE_FORMAT, grouped_assignees
from tasks.choices import agent_choices, chosen_assignee, department_choices, team_choices
from tasks.new_task import NewTask
from tasks.services import TaskInvalid
from tickets.models import Ticket


def _department(value: str) -> Department:
    return Department.objects.get(pk=int(value))


def _assignee(value: str) -> Agent | Team:
    return next(iter(chosen_assignee(value).values()))


class WhereForm(forms.Form):
    """Department, assignee and due date of a new task. Offers what the agent may choose."""

    department = forms.TypedChoiceField(label=gettext_lazy("Department"), coerce=_department)
    assignee = forms.TypedChoiceField(
        label=gettext_lazy("Assign to"), required=False, coerce=_assignee, empty_value=None
    )
    duedate = forms.DateTimeField(
        label=gettext_lazy("Due date"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=DUE_FORMAT),
    )

    def __init__(self, access: AgentAccess, *args: Any, ticket: Ticket | None = None, **kwargs: Any) -> None:
        """Offer departments and, where the agent may assign at all, agents and teams."""
        own = ticket.dept_id if ticket is not None else access.agent.dept_id
        kwargs.setdefault("initial", {"department": str(own or "")})
        super().__init__(*args, **kwargs)
        choices = [("", _("Choose …")), *((one.value, one.label) for one in department_choices(access))]
        self.fields["department"].choices = choices  # type: ignore[attr-defined]
        if access.has_permission_anywhere("task.assign"):
            groups = grouped_assignees(agent_choices(access, None), team_choices())
            self.fields["assignee"].choices = [("", _("nobody yet")), *groups[1:]]  # type: ignore[attr-defined]
        else:
            del self.fields["assignee"]


class NewTaskForm:
    """Both parts together, as the page shows and judges them."""

    def __init__(
        self,
        access: AgentAccess,
        *,
        data: Any = None,
        files: Any = None,
        ticket: Ticket | None = None,
        initial: dict[str | int, Any] | None = None,
    ) -> None:
        """Bind what was posted, or begin with `initial` answers by name."""
        form = form_for(EntryObject.TASK)
        self.ticket = ticket
        self.where = WhereForm(access, data, ticket=ticket) if data is not None else WhereForm(access, ticket=ticket)
        self.bound = BoundForm(
            [FormPart(form)] if form is not None else [],
            asked=Asked(is_agent=True, agent=access.agent),
            data=data,
            files=files,
            initial=initial,
        )
        self.general_errors: list[str] = []

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.general_errors or self.where.errors or self.bound.errors)

    def is_valid(self) -> bool:
        """Whether everything is there; what is wrong is told at its place."""
        return all([self.where.is_valid(), self.bound.is_valid()])

    def new_task(self, *, from_entry: ThreadEntry | None = None) -> NewTask:
        """Give what `create_task` takes; uploads are stored on the way."""
        clean = self.bound.value("description")
        message = clean if isinstance(clean, Message) else None
        where = self.where.cleaned_data
        return NewTask(
            department=where["department"],
            answers=self._answers(),
            ticket=self.ticket,
            description=message.body if message is not None else "",
            files=_files(message) if message is not None else [],
            duedate=where["duedate"],
            assign_to=where.get("assignee"),
            from_entry=from_entry,
        )

    def show_refusal(self, refusal: DomainError) -> None:
        """Show why the service refused, at the input that it names."""
        if isinstance(refusal, TaskInvalid):
            for problem in refusal.problems:
                self._show(problem.name, problem.message)
        else:
            self._show(refusal.field or "", str(refusal.message))

    def _show(self, name: str, message: str) -> None:
        bound = self.bound.named(name) if name else None
        if name in self.where.fields:
            self.where.add_error(name, message)
        elif bound is not None and bound.is_asked:
            bound.errors.append(message)
            self.bound.__dict__.pop("errors", None)  # it was gathered before
        else:
            self.general_errors.append(message)

    def _answers(self) -> dict[str | int, Any]:
        fields = [bound for part in self.bound.parts for bound in part.fields if bound.type.has_data]
        found = {bound.field.pk: bound.type.prepare(bound.field, bound.clean) for bound in fields}
        return {key: value for key, value in found.items() if not (isinstance(value, Files) and not value)}


def _files(message: Message) -> list[NewFile]:
    stored = [NewFile(name, file) for file, name in message.stored]
    uploads = [NewFile(one.name or "", one, media_type=one.content_type or "") for one in message.uploads]
    return [*stored, *uploads]
