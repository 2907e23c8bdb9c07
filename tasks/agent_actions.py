"""What agents do with a task in a dialog: the form of each action, the service behind it, its words and its key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.legacy.errors import DomainError
from helpdesk.people.access import AgentAccess
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department, EndUser
from helpdesk.people.selectors import user_of_address
from helpdesk.threads.bodies import TEXT
from tasks import services
from tasks.agent_forms import DUE_FORMAT, grouped_assignees, pairs, set_choices
from tasks.choices import assignees_of, chosen_assignee, department_choices
from tasks.closing import close_obstacle
from tasks.models import Task
from tasks.screens import TaskAction
from tasks.states import find_thread
from tickets.names import shown_user

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class DialogForm(forms.Form):
    """What all dialogs share: refusals shown at the right field."""

    def __init__(self, access: AgentAccess, task: Task, *args: Any, **kwargs: Any) -> None:
        """Take whose form it is and about what; the rest is what Django's forms take."""
        super().__init__(*args, **kwargs)
        self.access, self.task = access, task

    def show_refusal(self, refusal: DomainError) -> None:
        """Show why a service refused: at the field that it names, else above the form."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal.message))


class CommentedForm(DialogForm):
    """An action that may be explained; the comment becomes an internal note."""

    comments = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        help_text=gettext_lazy("Becomes an internal note."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AssignForm(CommentedForm):
    """The agent (`s<id>`) or team (`t<id>`) that the task goes to."""

    assignee = forms.TypedChoiceField(label=gettext_lazy("Assign to"), coerce=chosen_assignee)
    field_order = ["assignee", "comments"]

    def __init__(self, access: AgentAccess, task: Task, *args: Any, **kwargs: Any) -> None:
        """Offer the agents and teams that the agent may choose."""
        super().__init__(access, task, *args, **kwargs)
        set_choices(self, "assignee", grouped_assignees(*assignees_of(access, task)))


def _department(value: str) -> Department:
    return Department.objects.get(pk=int(value))


class TransferForm(CommentedForm):
    """The department that the task goes to."""

    department = forms.TypedChoiceField(label=gettext_lazy("Transfer to"), coerce=_department)
    field_order = ["department", "comments"]

    def __init__(self, access: AgentAccess, task: Task, *args: Any, **kwargs: Any) -> None:
        """Offer the departments that the agent may choose."""
        super().__init__(access, task, *args, **kwargs)
        choices = department_choices(access, without=task.dept_id)
        set_choices(self, "department", [("", _("Choose …")), *pairs(choices)])


class DeleteForm(DialogForm):
    """Deleting, with the reason for the system log."""

    comments = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        help_text=gettext_lazy("Goes into the system log."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class DueForm(CommentedForm):
    """The due date; empty for none."""

    duedate = forms.DateTimeField(
        label=gettext_lazy("Due date"),
        required=False,
        help_text=gettext_lazy("Empty for none."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=DUE_FORMAT),
    )
    field_order = ["duedate", "comments"]

    def __init__(self, access: AgentAccess, task: Task, *args: Any, **kwargs: Any) -> None:
        """Begin with the present one."""
        kwargs.setdefault("initial", {"duedate": task.duedate})
        super().__init__(access, task, *args, **kwargs)


class CollaboratorsForm(DialogForm):
    """Who gets mail (the ids of the rows), who goes, and the address of somebody who comes."""

    active = forms.MultipleChoiceField(
        label=gettext_lazy("Receive mail"), required=False, widget=forms.CheckboxSelectMultiple
    )
    removed = forms.MultipleChoiceField(
        label=gettext_lazy("Remove"), required=False, widget=forms.CheckboxSelectMultiple
    )
    address = forms.EmailField(
        label=gettext_lazy("Add somebody"),
        required=False,
        help_text=gettext_lazy("The e-mail address of an end user."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, access: AgentAccess, task: Task, *args: Any, **kwargs: Any) -> None:
        """Offer those who are there."""
        thread = find_thread(task)
        rows = list(thread.collaborators.select_related("user").order_by("id")) if thread is not None else []
        kwargs.setdefault("initial", {"active": [str(row.pk) for row in rows if row.flags & 1]})
        super().__init__(access, task, *args, **kwargs)
        names = [(str(row.pk), shown_user(row.user)) for row in rows]
        for name in ("active", "removed"):
            if names:
                set_choices(self, name, names)
            else:
                del self.fields[name]

    def clean_address(self) -> EndUser | None:
        """Give the end user with the address."""
        address = self.cleaned_data["address"]
        if not address:
            return None
        user = user_of_address(address)
        if user is None:
            raise forms.ValidationError(_("Nobody with this address is known."))
        return user


Perform = Callable[[Task, Actor, dict[str, Any]], object]


@dataclass(frozen=True)
class TaskDialog:
    """An action: `action` decides whether it is offered, `done` says that it was done, with a place for `number`."""

    action: TaskAction
    form: type[DialogForm]
    perform: Perform
    icon: str
    key: str
    label: str | _StrPromise
    title: str | _StrPromise
    submit: str | _StrPromise
    done: str | _StrPromise
    is_dangerous: bool = False
    in_toolbar: bool = True

    @property
    def name(self) -> str:
        """The name in ids and addresses."""
        return self.action.value

    @property
    def url_name(self) -> str:
        """The name of the address."""
        return f"agent:task_{self.name}"

    def obstacle(self, task: Task) -> str:
        """Say what is in the way at present, '' when nothing is."""
        refusal = close_obstacle(task) if self.action is TaskAction.CLOSE else None
        return str(refusal.message) if refusal is not None else ""


def _assign(task: Task, actor: Actor, data: dict[str, Any]) -> object:
    return services.assign_task(task, actor=actor, comments=data["comments"], format=TEXT, **data["assignee"])


def _transfer(task: Task, actor: Actor, data: dict[str, Any]) -> object:
    return services.transfer_task(
        task, actor=actor, department=data["department"], comments=data["comments"], format=TEXT
    )


def _close(task: Task, actor: Actor, data: dict[str, Any]) -> object:
    return services.close_task(task, actor=actor, comments=data["comments"], format=TEXT)


def _reopen(task: Task, actor: Actor, data: dict[str, Any]) -> object:
    return services.reopen_task(task, actor=actor, comments=data["comments"], format=TEXT)


def _set_due(task: Task, actor: Actor, data: dict[str, Any]) -> object:
    return services.change_due_date(task, data["duedate"], actor=actor, comments=data["comments"], format=TEXT)


def _delete(task: Task, actor: Actor, data: dict[str, Any]) -> None:
    services.delete_task(task, actor=actor, comments=data["comments"])


def _change_collaborators(task: Task, actor: Actor, data: dict[str, Any]) -> None:
    if "active" in data:
        services.update_task_collaborators(
            task,
            actor=actor,
            active=[int(one) for one in data["active"]],
            removed=[int(one) for one in data["removed"]],
        )
    if data["address"] is not None:
        services.add_task_collaborator(task, data["address"], actor=actor)


DIALOGS: tuple[TaskDialog, ...] = (
    TaskDialog(
        TaskAction.ASSIGN,
        AssignForm,
        _assign,
        icon="user-plus",
        key="a",
        label=gettext_lazy("Assign"),
        title=gettext_lazy("Assign task"),
        submit=gettext_lazy("Assign"),
        done=gettext_lazy("Task #%(number)s assigned."),
    ),
    TaskDialog(
        TaskAction.CLOSE,
        CommentedForm,
        _close,
        icon="circle-check",
        key="c",
        label=gettext_lazy("Complete"),
        title=gettext_lazy("Complete task"),
        submit=gettext_lazy("Complete the task"),
        done=gettext_lazy("Task #%(number)s completed."),
    ),
    TaskDialog(
        TaskAction.REOPEN,
        CommentedForm,
        _reopen,
        icon="refresh",
        key="c",
        label=gettext_lazy("Reopen"),
        title=gettext_lazy("Reopen task"),
        submit=gettext_lazy("Reopen the task"),
        done=gettext_lazy("Task #%(number)s reopened."),
    ),
    TaskDialog(
        TaskAction.DUE,
        DueForm,
        _set_due,
        icon="calendar-due",
        key="d",
        label=gettext_lazy("Due date"),
        title=gettext_lazy("Due date of task"),
        submit=gettext_lazy("Set the due date"),
        done=gettext_lazy("Due date of task #%(number)s changed."),
    ),
    TaskDialog(
        TaskAction.TRANSFER,
        TransferForm,
        _transfer,
        icon="switch-horizontal",
        key="f",
        label=gettext_lazy("Transfer"),
        title=gettext_lazy("Transfer task"),
        submit=gettext_lazy("Transfer"),
        done=gettext_lazy("Task #%(number)s transferred."),
    ),
    TaskDialog(
        TaskAction.COLLABORATORS,
        CollaboratorsForm,
        _change_collaborators,
        icon="users",
        key="",
        label=gettext_lazy("Change"),
        title=gettext_lazy("Collaborators of task"),
        submit=gettext_lazy("Save"),
        done=gettext_lazy("Collaborators of task #%(number)s changed."),
        in_toolbar=False,
    ),
    TaskDialog(
        TaskAction.DELETE,
        DeleteForm,
        _delete,
        icon="trash",
        key="",
        label=gettext_lazy("Delete"),
        title=gettext_lazy("Delete task"),
        submit=gettext_lazy("Delete the task for good"),
        done=gettext_lazy("Task #%(number)s deleted successfully"),
        is_dangerous=True,
    ),
)
