"""Changing one thing of a ticket where it stands: help topic, SLA plan, source, due date, any answer of its forms."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.forms.bound import BoundField, BoundForm, Origin, bind
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked, has_answers, type_of
from helpdesk.forms.field_types.files import FilesType
from helpdesk.forms.models import FormField
from helpdesk.forms.submission_services import parts_of
from helpdesk.forms.uploads import keep_uploads
from helpdesk.legacy.errors import NotFound
from helpdesk.people.access import AgentAccess
from helpdesk.people.actor import Actor
from helpdesk.threads.bodies import TEXT
from sla.models import SlaPlan
from tickets.agent_actions.base import CommentedForm, Group, Subject, TicketAction, pairs
from tickets.constants import TicketSource
from tickets.intake import by_id, intake
from tickets.models import HelpTopic, Ticket
from tickets.reference_data import fields_of_tickets
from tickets.screens import Action
from tickets.services.field_edits import change_answer, change_due_date, change_sla, change_source, change_topic
from tickets.topic_choices import topic_choices, topics_for_agents

NO_PLAN = "0"
SOURCES = (TicketSource.PHONE, TicketSource.EMAIL, TicketSource.WEB, TicketSource.API, TicketSource.OTHER)


def _topic(value: str) -> HelpTopic | None:
    found: HelpTopic | None = by_id(intake().topics, value)
    return found


def _plan(value: str) -> SlaPlan | None:
    found: SlaPlan | None = by_id(intake().plans, value)
    return found


class FactAction(TicketAction):
    """What is changed from the list of facts beside the thread."""

    group = Group.FACT
    icon = "edit"
    submit = gettext_lazy("Save")
    done = gettext_lazy("#%(number)s has been changed.")
    bulk_permissions = ("ticket.edit",)
    bulk_done = gettext_lazy("%(done)d of %(count)d changed")
    has_bulk_shortcut = False


class TopicForm(CommentedForm):
    """The help topic."""

    topic = forms.TypedChoiceField(label=gettext_lazy("Help topic"), coerce=_topic)
    field_order = ["topic", "comments"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer the topics that agents may choose."""
        super().__init__(subject, *args, **kwargs)
        self.offer("topic", [("", _("Choose …")), *pairs(topic_choices(topics_for_agents()))])
        if subject.ticket is not None:
            self.initial["topic"] = str(subject.ticket.topic_id or "")


class EditTopic(FactAction):
    """Give the ticket another help topic."""

    action = Action.EDIT_TOPIC
    path = "edit/topic"
    label = title = gettext_lazy("Help topic")
    form_class = TopicForm

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        change_topic(
            subject.the_ticket,
            topic=data["topic"],
            actor=actor,
            seen=subject.seen,
            comments=data["comments"],
            format=TEXT,
        )


class PlanForm(CommentedForm):
    """The SLA plan; to many tickets "none" is given only by who chooses it."""

    sla = forms.TypedChoiceField(label=gettext_lazy("SLA plan"), coerce=_plan, required=False, empty_value=None)
    field_order = ["sla", "comments"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Offer all plans."""
        super().__init__(subject, *args, **kwargs)
        plans = [(str(pk), plan.name) for pk, plan in intake().plans.items()]
        if subject.ticket is not None:
            self.offer("sla", [("", _("none")), *plans])
            self.initial["sla"] = str(subject.ticket.sla_id or "")
        else:
            self.offer("sla", [("", _("Choose …")), *plans, (NO_PLAN, _("none"))])
            self.fields["sla"].required = True


class EditPlan(FactAction):
    """Give the ticket another SLA plan."""

    action = Action.EDIT_SLA
    path = "edit/sla"
    label = title = gettext_lazy("SLA plan")
    form_class = PlanForm

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        change_sla(
            subject.the_ticket, sla=data["sla"], actor=actor, seen=subject.seen, comments=data["comments"], format=TEXT
        )


class SourceForm(CommentedForm):
    """How the ticket came in."""

    source = forms.TypedChoiceField(
        label=gettext_lazy("Source"), coerce=TicketSource, choices=[(one.value, one.value) for one in SOURCES]
    )
    field_order = ["source", "comments"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Begin with what it is."""
        super().__init__(subject, *args, **kwargs)
        if subject.ticket is not None:
            self.initial["source"] = subject.ticket.source


class EditSource(FactAction):
    """Say anew how the ticket came in."""

    action = Action.EDIT_SOURCE
    path = "edit/source"
    label = title = gettext_lazy("Source")
    form_class = SourceForm

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        change_source(
            subject.the_ticket,
            source=data["source"],
            actor=actor,
            seen=subject.seen,
            comments=data["comments"],
            format=TEXT,
        )


class DueDateForm(CommentedForm):
    """The due date."""

    duedate = forms.DateTimeField(
        label=gettext_lazy("Due date"),
        required=False,
        help_text=gettext_lazy("Counts before the date of the SLA plan. Empty: the SLA plan says when."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    field_order = ["duedate", "comments"]

    def __init__(self, subject: Subject, *args: Any, **kwargs: Any) -> None:
        """Begin with the date that was set by hand."""
        super().__init__(subject, *args, **kwargs)
        if subject.ticket is not None:
            self.initial["duedate"] = subject.ticket.duedate


class EditDueDate(FactAction):
    """Set the due date by hand, or leave it to the SLA plan."""

    action = Action.EDIT_DUE
    path = "edit/due"
    label = title = gettext_lazy("Due date")
    shortcut = "d"
    form_class = DueDateForm

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        change_due_date(
            subject.the_ticket,
            duedate=data["duedate"],
            actor=actor,
            seen=subject.seen,
            comments=data["comments"],
            format=TEXT,
        )


class AnswerForm(CommentedForm):
    """One field of the ticket's forms, as its type asks for it, and a comment."""

    def __init__(self, subject: Subject, data: Any = None, files: Any = None, **kwargs: Any) -> None:
        """Bind the field as well."""
        super().__init__(subject, data, files, **kwargs)
        self.bound = _bound(subject, data=data, files=files)

    def is_multipart(self) -> bool:
        """Fields may hold files."""
        return True

    def is_valid(self) -> bool:
        """Whether both are right; what is wrong stands at its place."""
        is_right = all([super().is_valid(), self.bound.is_valid()])
        keep_uploads(self.bound)  # whoever refuses it, this form or the service
        if is_right:
            is_about_many = self.subject.ticket is None
            self.cleaned_data |= {"answers": None if is_about_many else self.bound, "posted": self.data}
        return is_right


class EditAnswer(FactAction):
    """Change the answer to one field."""

    action = Action.EDIT_ANSWER
    path = "edit/answers/<int:field_id>"
    bulk_path = "answers/<int:field_id>"
    label = title = gettext_lazy("Change answer")
    form_class = AnswerForm
    fields_template = "tickets/agent/_answer_fields.html"

    def part_of(self, ticket: Ticket, **names: Any) -> BoundField:
        """Give the field, where agents may change it. Raises NotFound."""
        parts = parts_of(EntryObject.TICKET, ticket.pk)
        form = bind(parts, asked=Asked(is_agent=True), origin=Origin.AGENT_UPDATE, only=[names["field_id"]])
        bound = next(iter(form), None)
        if bound is None or bound.type.is_presentation:
            raise NotFound(_("No such field"), code="field_not_found")
        return bound

    def address(self, subject: Subject) -> str:
        """Give the address for this field."""
        return reverse(self.url_name, args=[subject.the_ticket.pk, subject.part.field.pk])

    def bulk_part_of(self, access: AgentAccess, **names: Any) -> FormField:
        """Give the field, where agents may change it on many tickets. Raises NotFound."""
        found = next((one for one in common_fields() if one.pk == names["field_id"]), None)
        if found is None:
            raise NotFound(_("No such field"), code="field_not_found")
        return found

    def bulk_subjects(self, access: AgentAccess) -> list[Subject]:
        """Give each field that tickets have in common."""
        return [Subject(access, part=one) for one in common_fields()] if self.is_offered_in_bulk(access) else []

    def bulk_address(self, subject: Subject) -> str:
        """Give the address for this field."""
        return reverse(self.bulk_url_name, args=[_field(subject).pk])

    def bulk_label(self, subject: Subject) -> str:
        """Give the label of the field."""
        return _field(subject).label

    def is_allowed(self, subject: Subject) -> bool:
        """There is no such action without a field."""
        return subject.part is not None and super().is_allowed(subject)

    def form(self, subject: Subject, *args: Any, **kwargs: Any) -> AnswerForm:
        """Give the form."""
        return AnswerForm(subject, *args, prefix_of_ids=self.name, **kwargs)

    def perform(self, subject: Subject, actor: Actor, data: dict[str, Any]) -> None:
        """Call the service."""
        answers: BoundForm | None = data["answers"]
        if answers is None:  # what was said of many tickets, now for this one
            answers = _bound(subject, data=data["posted"])
        change_answer(
            subject.the_ticket, answers, actor=actor, seen=subject.seen, comments=data["comments"], format=TEXT
        )


def common_fields() -> list[FormField]:
    """Give the fields that are changed on many tickets at once: those of the form that all tickets have, then those of
    topics' forms; neither subjects nor files, which belong to one ticket alone."""
    return [
        field
        for field in fields_of_tickets()
        if has_answers(field)
        and Origin.AGENT_UPDATE.accepts(field)
        and field.name != "subject"
        and not isinstance(type_of(field), FilesType)
    ]


def _field(subject: Subject) -> FormField:
    """Give the field that an action is about: bound to a ticket's answers, or for many tickets the field alone."""
    part: BoundField | FormField = subject.part
    return part.field if isinstance(part, BoundField) else part


def _bound(subject: Subject, *, data: Any = None, files: Any = None) -> BoundForm:
    field = _field(subject)
    asked = Asked(is_agent=True, agent=subject.access.agent)
    parts = parts_of(EntryObject.TICKET, subject.ticket.pk) if subject.ticket is not None else [field.form]
    return bind(parts, asked=asked, origin=Origin.AGENT_UPDATE, data=data, files=files, only=[field.pk])
