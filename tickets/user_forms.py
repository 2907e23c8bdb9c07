"""The forms of the end users' pages that no administrator makes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from helpdesk.forms.field_types import type_of
from helpdesk.forms.field_types.presentation import ThreadEntryType
from helpdesk.forms.uploads import Uploaded, message_field
from helpdesk.knowledge.file_controls import SeveralFilesField


class AccessForm(forms.Form):
    """Address and number of a ticket; the names of the inputs are osTicket's (osticket/auth.md §6.1)."""

    lemail = forms.EmailField(
        label=_("E-mail address"), max_length=255, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    lticket = forms.CharField(
        label=_("Ticket number"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class UserReplyForm(forms.Form):
    """What an end user writes on a ticket. `token` makes a form that is sent twice one message."""

    body = forms.CharField(
        label=_("Your message"),
        strip=False,
        error_messages={"required": _("Please write something.")},
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    attachments = SeveralFilesField(label=_("Attach files"), required=False)
    token = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, owner: str = "", **kwargs: Any) -> None:
        """Offer files where messages take them; `owner` is whose uploads are taken."""
        super().__init__(*args, **kwargs)
        SeveralFilesField.set_owner(self, owner)
        self.kept_files: list[Uploaded] = []
        message = message_field()
        kind = type_of(message) if message is not None else None
        if message is None or (isinstance(kind, ThreadEntryType) and not kind.takes_files(message)):
            del self.fields["attachments"]
        else:
            self.fields["attachments"].widget.attrs["data-upload-url"] = reverse("portal:upload", args=[message.pk])

    def keep_files(self) -> None:
        """Store the files of a form that is shown again."""
        files = self.fields.get("attachments")
        if isinstance(files, SeveralFilesField):
            self.kept_files = files.keep()


class CollaboratorForm(forms.Form):
    """Somebody who shall take part in a ticket."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=255,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("Whoever has this address can read and write on this ticket."),
    )
    name = forms.CharField(label=_("Name"), max_length=128, required=False)
