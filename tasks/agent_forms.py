"""The texts that agents write on a task. Each form takes the `TaskPage` that it belongs to."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.forms.rich_text_control import format_of, rich_textarea
from helpdesk.forms.uploads import Uploaded, message_field
from helpdesk.knowledge.file_controls import SeveralFilesField
from helpdesk.legacy.errors import DomainError
from tasks.screens import TaskAction, TaskPage
from tasks.services import TaskState
from tickets.screens import Choice

DUE_FORMAT = "%Y-%m-%dT%H:%M"


class TaskForm(forms.Form):
    """What both forms share: ids that do not collide, files, and refusals shown at the right field."""

    action: TaskAction

    def __init__(self, page: TaskPage, *args: Any, owner: str = "", **kwargs: Any) -> None:
        """Take the page first, `owner` of uploads where files come in; the rest is what Django's forms take."""
        kwargs["auto_id"] = f"{self.action}_%s"
        super().__init__(*args, **kwargs)
        SeveralFilesField.set_owner(self, owner)
        self.page = page
        files = self.fields.get("attachments")
        if files is not None and (field := message_field()) is not None:
            files.widget.attrs["data-upload-url"] = reverse("agent:upload", args=[field.pk])
        self.kept_files: list[Uploaded] = []

    def show_refusal(self, refusal: DomainError) -> None:
        """Show why a service refused: at the field that it names, else above the form."""
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal.message))

    def keep_files(self) -> None:
        """Store the files of a form that is shown again."""
        files = self.fields.get("attachments")
        if isinstance(files, SeveralFilesField):
            self.kept_files = files.keep()


def set_choices(form: forms.Form, name: str, choices: list[Any]) -> None:
    """Offer these choices in a field of the form."""
    cast("forms.ChoiceField", form.fields[name]).choices = choices


def pairs(choices: list[Choice]) -> list[tuple[str, str]]:
    """Give choices as Django's select boxes take them."""
    return [(choice.value, choice.label) for choice in choices]


class TextForm(TaskForm):
    """A text with files, and what becomes of the task with it; `draft_kind` is the middle of its drafts' name."""

    draft_kind: str

    body = forms.CharField(strip=False)
    attachments = SeveralFilesField(label=gettext_lazy("Attach files"), required=False)
    new_state = forms.TypedChoiceField(label=gettext_lazy("then"), required=False, coerce=TaskState, empty_value=None)

    def __init__(self, page: TaskPage, *args: Any, **kwargs: Any) -> None:
        """Offer the other state where the agent may set it."""
        super().__init__(page, *args, **kwargs)
        choices = [("", _("keep it open") if page.is_open else _("keep it completed"))]
        if TaskAction.CLOSE in page.allowed and not page.close_obstacle:
            choices.append((TaskState.CLOSED.value, _("complete it")))
        if TaskAction.REOPEN in page.allowed:
            choices.append((TaskState.OPEN.value, _("reopen it")))
        set_choices(self, "new_state", choices)

    def clean(self) -> dict[str, Any]:
        """Add the `format` of the body: HTML from the editor, text from pages without script."""
        return {**(super().clean() or {}), "format": format_of(self)}

    @property
    def draft_namespace(self) -> str:
        """Under which name the text is kept while it is written (osticket/tickets.md §15.4)."""
        return f"task.{self.draft_kind}.{self.page.task_id}"


class UpdateForm(TextForm):
    """An update, which the active collaborators may get by mail."""

    action = TaskAction.UPDATE
    draft_kind = "response"

    tell_collaborators = forms.BooleanField(
        label=gettext_lazy("Mail it to the collaborators"), required=False, initial=True
    )

    def __init__(self, page: TaskPage, *args: Any, **kwargs: Any) -> None:
        """Ask about mails only where somebody would get one."""
        super().__init__(page, *args, **kwargs)
        self.fields["body"].label = _("Update")
        self.fields["body"].widget = rich_textarea(rows=6, placeholder=_("Write what is new …"))
        if not any(one.person.is_active for one in page.collaborators):
            del self.fields["tell_collaborators"]


class NoteForm(TextForm):
    """An internal note."""

    action = TaskAction.NOTE
    draft_kind = "note"

    title = forms.CharField(
        label=gettext_lazy("Title"),
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Title (optional)")}),
    )

    def __init__(self, page: TaskPage, *args: Any, **kwargs: Any) -> None:
        """Say what it is for."""
        super().__init__(page, *args, **kwargs)
        self.fields["body"].label = _("Internal note")
        self.fields["body"].widget = rich_textarea(rows=6, placeholder=_("Write to your colleagues …"))


def grouped_assignees(agents: list[Choice], teams: list[Choice]) -> list[Any]:
    """Give agents and teams as the choices of a select box."""
    groups = ((_("Agents"), agents), (_("Teams"), teams))
    return [("", _("Choose …")), *((title, pairs(group)) for title, group in groups if group)]
