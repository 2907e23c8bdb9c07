"""Correct an entry of the thread, send a response again, and look at how an entry was before."""

from __future__ import annotations

from html import unescape
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.forms.rich_text import html_as_typed, typed_as_html
from helpdesk.people.actor import Actor
from helpdesk.threads.bodies import HTML
from helpdesk.threads.constants import EntryType
from helpdesk.threads.models import ThreadEntry
from tickets import services
from tickets.agent_actions.base import ActionForm, Group, Subject, TicketAction
from tickets.models import Ticket
from tickets.new_ticket import Signature
from tickets.screens import Action
from tickets.services.entries import may_edit
from tickets.states import find_thread
from tickets.thread_items import full_body, shown_entry

SIGNATURES = [
    (Signature.NONE.value, gettext_lazy("none")),
    (Signature.MINE.value, gettext_lazy("mine")),
    (Signature.DEPARTMENT.value, gettext_lazy("of the department")),
]


class EntryAction(TicketAction):
    """What is done to one entry. Its author may, the department's manager, and whoever holds `thread.edit`."""

    group = Group.ENTRY

    def part_of(self, ticket: Ticket, **names: Any) -> ThreadEntry:
        """Give the entry, or the one that took its place since the page was made."""
        return entry_of(ticket, names["entry_id"], is_followed=True)

    def address(self, subject: Subject) -> str:
        """Give the address for this entry."""
        return reverse(self.url_name, args=[subject.the_ticket.pk, subject.part.pk])

    def is_allowed(self, subject: Subject) -> bool:
        """Whether the agent may change the entry."""
        entry = subject.part
        return entry is not None and may_edit(Actor.for_agent(subject.access.agent), subject.the_ticket, entry)


class EditEntryForm(ActionForm):
    """The text, as HTML where it is more than paragraphs."""

    title = forms.CharField(label=gettext_lazy("Title"), required=False, max_length=255)
    body = forms.CharField(label=gettext_lazy("Text"), strip=False, widget=forms.Textarea(attrs={"rows": 10}))
    resend = forms.BooleanField(
        label=gettext_lazy("Send it again"),
        required=False,
        help_text=gettext_lazy("To those that it was addressed to."),
    )
    signature = forms.TypedChoiceField(label=gettext_lazy("Signature"), coerce=Signature, choices=SIGNATURES)

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Show the entry as it is; only responses are sent again."""
        super().__init__(subject, *args, **kwargs)
        entry: ThreadEntry | None = subject.part
        if entry is None:
            return
        text = full_body(entry)
        self.initial["title"] = entry.title or ""
        self.initial["body"] = html_as_typed(text) if entry.format == HTML else unescape(text)
        if entry.format == HTML and self.initial["body"] == text and "<" in text:
            self.fields["body"].help_text = _("This text has formatting: you see its HTML.")
        if entry.type != EntryType.RESPONSE:
            del self.fields["resend"], self.fields["signature"]


class EditEntry(EntryAction):
    """Put a corrected text in the place of an entry; the old one stays in its history."""

    action = Action.EDIT_ENTRY
    label = gettext_lazy("Edit")
    title = gettext_lazy("Edit entry")
    submit = gettext_lazy("Save")
    done = gettext_lazy("The entry has been changed.")
    icon = "edit"
    path = "entries/<int:entry_id>/edit"
    form_class = EditEntryForm
    is_wide = True

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        entry: ThreadEntry = subject.part
        services.edit_entry(
            subject.the_ticket,
            actor=actor,
            entry=entry,
            body=typed_as_html(data["body"]) if entry.format == HTML else data["body"],
            title=data["title"],
            format=entry.format,
            resend=data.get("resend", False),
            signature=data.get("signature") or Signature.NONE,
        )


class ResendForm(ActionForm):
    """The signature below the mail."""

    signature = forms.TypedChoiceField(label=gettext_lazy("Signature"), coerce=Signature, choices=SIGNATURES)


class ResendEntry(EntryAction):
    """Send a response again as it is."""

    action = Action.RESEND_ENTRY
    label = gettext_lazy("Send again")
    title = gettext_lazy("Send the reply again")
    submit = gettext_lazy("Send again")
    done = gettext_lazy("The reply goes out again.")
    icon = "send"
    path = "entries/<int:entry_id>/resend"
    form_class = ResendForm

    def is_allowed(self, subject: Subject) -> bool:
        """Only responses have recipients."""
        return super().is_allowed(subject) and subject.part.type == EntryType.RESPONSE

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.resend_entry(subject.the_ticket, actor=actor, entry=subject.part, signature=data["signature"])


def entry_of(ticket: Ticket, entry_id: int, *, is_followed: bool = False) -> ThreadEntry:
    """Give an entry that the ticket's page shows; `is_followed` for one that was corrected, too. Raises NotFound."""
    return shown_entry(find_thread(ticket), entry_id, is_followed=is_followed)
