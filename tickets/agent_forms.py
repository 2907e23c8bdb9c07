"""The forms below a ticket. Each takes the `TicketPage` that it belongs to and offers only what that page allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from helpdesk.legacy.errors import DomainError
from helpdesk.people.models import Agent, Team
from helpdesk.threads.bodies import NewFile
from tickets.models import TicketStatus
from tickets.screens import Action, Choice, TicketPage
from tickets.services import ReplyTo

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile


class SeveralFilesInput(forms.ClearableFileInput):
    """A file control that takes several files at once."""

    allow_multiple_selected = True


class SeveralFilesField(forms.FileField):
    """Several uploaded files; cleans to a list, empty when nothing was chosen."""

    widget = SeveralFilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile[Any]]:
        """Clean each file with the rules of a single one."""
        files = data if isinstance(data, list | tuple) else [data]
        return [cleaned for file in files if (cleaned := super(SeveralFilesField, self).clean(file, initial))]


def _status_with_id(status_id: str) -> TicketStatus:
    return TicketStatus.objects.get(pk=int(status_id))


def _assignee(value: str) -> dict[str, Agent | Team]:
    """Give the choice as the argument of `assign_ticket` that it is: `agent` or `team`."""
    kind, pk = value[0], int(value[1:])
    return {"agent": Agent.objects.get(pk=pk)} if kind == "s" else {"team": Team.objects.get(pk=pk)}


class TicketActionForm(forms.Form):
    """What all forms of the ticket page share: ids that do not collide, and refusals shown at the right field."""

    action: Action

    def __init__(self, page: TicketPage, *args: Any, **kwargs: Any) -> None:
        """Take the page first; the rest is what Django's forms take."""
        kwargs["auto_id"] = f"{self.action}_%s"
        super().__init__(*args, **kwargs)
        self.page = page

    def show_refusal(self, refusal: DomainError) -> None:
        """Show why a service refused: at the field that it names, else above the form."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, str(refusal.message))

    def ask_for_files_again(self) -> None:
        """Say that chosen files are gone: a browser never fills a file control in again."""
        if self.files:
            self.add_error("attachments", _("Please choose the files again."))

    def _choices(self, name: str, choices: list[Any]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices


def new_files(uploads: list[UploadedFile[Any]]) -> list[NewFile]:
    """Turn uploads into what the services take; nothing is read into memory here."""
    return [NewFile(upload.name or "", upload.chunks(), media_type=upload.content_type or "") for upload in uploads]


def _pairs(choices: list[Choice]) -> list[tuple[str, str]]:
    return [(choice.value, choice.label) for choice in choices]


class ReplyForm(TicketActionForm):
    """A reply to the requester, with an optional change of status after it."""

    action = Action.REPLY

    reply_to = forms.TypedChoiceField(label=gettext_lazy("To"), coerce=ReplyTo)
    body = forms.CharField(label=gettext_lazy("Reply"), strip=False)
    attachments = SeveralFilesField(label=gettext_lazy("Attach files"), required=False)
    new_status = forms.TypedChoiceField(
        label=gettext_lazy("then"), required=False, coerce=_status_with_id, empty_value=None
    )

    def __init__(self, page: TicketPage, *args: Any, **kwargs: Any) -> None:
        """Fill recipients and statuses from the page."""
        super().__init__(page, *args, **kwargs)
        name = page.requester.name if page.requester else _("the requester")
        self.fields["body"].widget = forms.Textarea(
            attrs={"rows": 6, "placeholder": _("Write to %(name)s …") % {"name": name}}
        )
        self._choices("reply_to", self._recipients(name))
        self._choices("new_status", self._statuses())

    def _recipients(self, name: str) -> list[tuple[str, str]]:
        others = sum(person.is_active for person in self.page.collaborators)
        everybody = name
        if others:
            everybody = ngettext(
                "%(name)s and %(count)d collaborator", "%(name)s and %(count)d collaborators", others
            ) % {"name": name, "count": others}
        choices = [(ReplyTo.ALL.value, everybody)]
        if others:
            choices.append((ReplyTo.USER.value, _("%(name)s only") % {"name": name}))
        return [*choices, (ReplyTo.NOBODY.value, _("nobody (keep it on the ticket)"))]

    def _statuses(self) -> list[tuple[str, str]]:
        allowed = self.page.allowed
        statuses = list(self.page.open_statuses)
        if Action.CLOSE in allowed and not self.page.close_obstacle:
            statuses += self.page.closing_statuses
        keep = _("keep %(status)s") % {"status": self.page.status_name}
        change = [
            (choice.value, _("set %(status)s") % {"status": choice.label})
            for choice in statuses
            if choice.label != self.page.status_name
        ]
        return [("", keep), *change]


class NoteForm(TicketActionForm):
    """An internal note."""

    action = Action.NOTE

    title = forms.CharField(
        label=gettext_lazy("Title"),
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Title (optional)")}),
    )
    body = forms.CharField(
        label=gettext_lazy("Internal note"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "placeholder": gettext_lazy("Write to your colleagues …")}),
    )
    attachments = SeveralFilesField(label=gettext_lazy("Attach files"), required=False)


class CommentedForm(TicketActionForm):
    """An action that may be explained; the comment becomes an internal note."""

    comments = forms.CharField(
        label=gettext_lazy("Comment"),
        required=False,
        help_text=gettext_lazy("Becomes an internal note."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class AssignForm(CommentedForm):
    """The agent (`s<id>`) or team (`t<id>`) that the ticket goes to."""

    action = Action.ASSIGN

    assignee = forms.TypedChoiceField(label=gettext_lazy("Assign to"), coerce=_assignee)
    field_order = ["assignee", "comments"]

    def __init__(self, page: TicketPage, *args: Any, **kwargs: Any) -> None:
        """Offer the agents and teams of the page."""
        super().__init__(page, *args, **kwargs)
        groups = ((_("Agents"), page.assignable_agents), (_("Teams"), page.assignable_teams))
        self._choices("assignee", [("", _("Choose …")), *((title, _pairs(group)) for title, group in groups if group)])


class CloseForm(CommentedForm):
    """The closed status that the ticket gets."""

    action = Action.CLOSE

    status = forms.TypedChoiceField(label=gettext_lazy("Status"), coerce=_status_with_id)
    field_order = ["status", "comments"]

    def __init__(self, page: TicketPage, *args: Any, **kwargs: Any) -> None:
        """Offer the closed statuses of the page."""
        super().__init__(page, *args, **kwargs)
        self._choices("status", _pairs(page.closing_statuses))


class ReopenForm(CommentedForm):
    """Opening a closed ticket again."""

    action = Action.REOPEN
