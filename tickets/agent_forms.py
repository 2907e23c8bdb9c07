"""The forms below a ticket. Each takes the `TicketPage` that it belongs to and offers only what that page allows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from helpdesk.forms.rich_text_control import format_of, rich_textarea
from helpdesk.forms.uploads import Uploaded, message_field
from helpdesk.knowledge.file_controls import SeveralFilesField
from helpdesk.legacy.errors import DomainError
from tickets.agent_actions.base import CheckboxList
from tickets.models import TicketStatus
from tickets.new_ticket import Signature
from tickets.screens import Action, Choice, TicketPage
from tickets.services import ReplyTo

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def _status_with_id(status_id: str) -> TicketStatus:
    return TicketStatus.objects.get(pk=int(status_id))


class WritingForm(forms.Form):
    """What both forms of the ticket page share: ids that do not collide, files, refusals shown at the right field.

    Both may change the status afterwards.
    """

    action: Action
    placeholder: StrOrPromise = ""

    new_status = forms.TypedChoiceField(
        label=gettext_lazy("then"), required=False, coerce=_status_with_id, empty_value=None
    )

    def __init__(self, page: TicketPage, *args: Any, owner: str = "", **kwargs: Any) -> None:
        """Take the page first, `owner` of uploads where files come in; the rest is what Django's forms take."""
        kwargs["auto_id"] = f"{self.action}_%s"
        super().__init__(*args, **kwargs)
        SeveralFilesField.set_owner(self, owner)
        self.page = page
        self._choices("new_status", self._statuses())
        self.fields["body"].widget = rich_textarea(rows=6, placeholder=str(self.placeholder))
        files = self.fields.get("attachments")
        if files is not None and (field := message_field()) is not None:
            files.widget.attrs["data-upload-url"] = reverse("agent:upload", args=[field.pk])
        self.kept_files: list[Uploaded] = []

    def show_refusal(self, refusal: DomainError) -> None:
        """Show why a service refused: at the field that it names, else above the form."""
        field = refusal.field if refusal.field in self.fields else None
        self.add_error(field, str(refusal.message))

    @property
    def format(self) -> str:
        """The format of the body: HTML from the editor, text from pages without script."""
        return format_of(self)

    def keep_files(self) -> None:
        """Store the files of a form that is shown again."""
        files = self.fields.get("attachments")
        if isinstance(files, SeveralFilesField):
            self.kept_files = files.keep()

    def _choices(self, name: str, choices: list[Any]) -> None:
        cast("forms.ChoiceField", self.fields[name]).choices = choices

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


def _pairs(choices: list[Choice]) -> list[tuple[str, str]]:
    return [(choice.value, choice.label) for choice in choices]


CC_ASKED = "cc_asked"
"""The input that says that the page asked which collaborators get the reply: boxes that are empty send nothing."""


class ReplyForm(WritingForm):
    """A reply to the requester, with an optional change of status after it."""

    action = Action.REPLY

    sender = forms.TypedChoiceField(label=gettext_lazy("From"), required=False, coerce=int, empty_value=None)
    reply_to = forms.TypedChoiceField(label=gettext_lazy("To"), coerce=ReplyTo)
    cc = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Of the collaborators"), required=False, coerce=int, widget=CheckboxList
    )
    signature = forms.TypedChoiceField(label=gettext_lazy("Signature"), required=False, coerce=Signature)
    body = forms.CharField(label=gettext_lazy("Reply"), strip=False)
    attachments = SeveralFilesField(label=gettext_lazy("Attach files"), required=False)

    def __init__(self, page: TicketPage, *args: Any, **kwargs: Any) -> None:
        """Fill recipients and signatures from the page."""
        name = page.requester.name if page.requester else _("the requester")
        self.placeholder = _("Write to %(name)s …") % {"name": name}
        super().__init__(page, *args, **kwargs)
        self._choices("sender", _pairs(page.senders))
        if len(page.senders) < 2:
            del self.fields["sender"]
        self._choices("reply_to", self._recipients(name))
        self._choices("cc", [(str(one.id), one.name) for one in page.collaborators if one.is_active])
        self.initial["cc"] = [one.id for one in page.collaborators if one.is_active]
        self.initial["signature"] = page.signature
        self._choices("signature", _pairs(page.signatures))
        if not any(one.is_active for one in page.collaborators):
            del self.fields["cc"]
        if len(page.signatures) < 2:
            del self.fields["signature"]

    def clean(self) -> dict[str, Any]:
        """Give None as `cc` where nobody was asked whom: then all get the reply."""
        data = super().clean() or {}
        data["cc"] = data.get("cc") if CC_ASKED in self.data else None
        data["signature"] = data.get("signature") or Signature.NONE
        return data

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


class NoteForm(WritingForm):
    """An internal note, with an optional change of status after it."""

    action = Action.NOTE
    placeholder = gettext_lazy("Write to your colleagues …")

    title = forms.CharField(
        label=gettext_lazy("Title"),
        required=False,
        max_length=255,
        widget=forms.TextInput(attrs={"placeholder": gettext_lazy("Title (optional)")}),
    )
    body = forms.CharField(label=gettext_lazy("Internal note"), strip=False)
    attachments = SeveralFilesField(label=gettext_lazy("Attach files"), required=False)
