"""Further forms of a ticket: take some off, add an empty one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from helpdesk.forms.models import Form, FormEntry
from helpdesk.people.actor import Actor
from helpdesk.threads.bodies import TEXT
from tickets import services
from tickets.agent_actions.base import CheckboxList, CommentedForm, Group, Subject, TicketAction
from tickets.further_forms import addable_forms, are_there_forms, further_entries, is_of_topic, with_numbers_of_answers
from tickets.screens import Action


class FormsForm(CommentedForm):
    """What goes, and what comes."""

    taken_off = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Take off the ticket"), required=False, coerce=int, widget=CheckboxList
    )
    added = forms.TypedChoiceField(
        label=gettext_lazy("Add a form"),
        required=False,
        coerce=int,
        empty_value=None,
        help_text=gettext_lazy("It comes with nothing answered; its answers are given beside the conversation."),
    )
    field_order = ["taken_off", "added", "comments"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer the forms that the ticket has, with how much of each is answered, and those that it may get."""
        super().__init__(subject, *args, **kwargs)
        entries = list(with_numbers_of_answers(further_entries(subject.the_ticket)))
        self.addable = {form.pk: form for form in addable_forms(subject.the_ticket)}
        self.offer("taken_off", [(str(entry.pk), _described(entry)) for entry in entries])
        self.offer("added", [("", _("none")), *self._groups(subject)])
        if not entries:
            del self.fields["taken_off"]
        if not self.addable:
            del self.fields["added"]

    def clean(self) -> dict[str, Any]:
        """Give the forms themselves; says that nothing was chosen."""
        data = super().clean() or {}
        chosen = self.addable.get(data.get("added") or 0)
        data |= {"taken_off": data.get("taken_off") or [], "added": [chosen] if chosen is not None else []}
        if not (data["taken_off"] or data["added"] or self.errors):
            raise forms.ValidationError(_("Choose a form to take off or to add."))
        return data

    def _groups(self, subject: Subject) -> list[Any]:
        of_topic = [form for form in self.addable.values() if is_of_topic(subject.the_ticket, form)]
        others = [form for form in self.addable.values() if form not in of_topic]
        groups = ((_("Of the help topic"), of_topic), (_("Others"), others))
        return [(title, [_pair(form) for form in group]) for title, group in groups if group]


class Forms(TicketAction):
    """Take further forms off the ticket, or add one."""

    action = Action.FORMS
    label = gettext_lazy("Forms")
    title = gettext_lazy("Forms of the ticket")
    submit = gettext_lazy("Save")
    done = gettext_lazy("The forms of #%(number)s have changed.")
    icon = "list"
    group = Group.EDIT
    form_class = FormsForm

    def is_allowed(self, subject: Subject) -> bool:
        """There is no such action in a help desk that has no further forms."""
        return super().is_allowed(subject) and are_there_forms()

    def obstacle(self, subject: Subject) -> str:
        """Say that there is nothing to choose."""
        if further_entries(subject.the_ticket).exists() or addable_forms(subject.the_ticket):
            return ""
        return _("There are no further forms, neither on this ticket nor for it.")

    def warning(self, subject: Subject) -> str:
        """Say what goes with a form."""
        if not further_entries(subject.the_ticket).exists():
            return ""
        return _("A form that is taken off goes with all its answers and files. Nobody can bring them back.")

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        services.change_forms(
            subject.the_ticket,
            actor=actor,
            taken_off=data["taken_off"],
            added=data["added"],
            note=data["comments"],
            format=TEXT,
            seen=subject.seen,
        )


def _pair(form: Form) -> tuple[str, str]:
    return str(form.pk), form.title


def _described(entry: FormEntry) -> str:
    title = entry.form.title if entry.form is not None else _("a form that is gone")
    number: int = getattr(entry, "answered", 0)
    if not number:
        return _("%(form)s (nothing answered)") % {"form": title}
    answers = ngettext("%(form)s (%(count)d answer)", "%(form)s (%(count)d answers)", number)
    return answers % {"form": title, "count": number}
