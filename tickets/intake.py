"""What opening a ticket must know of forms, help topics, departments, filters and the like, kept in memory.

Reading it costs no query while warm (`configuration/versioned.py`). The rows are shared between threads and must not be
changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from filters.models import FilterAction, FilterRule, TicketFilter
from filters.selectors import active_filter_rows
from helpdesk.configuration.versioned import Versioned
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import Form, FormField
from helpdesk.forms.selectors import disabled_field_ids
from helpdesk.mail.models import EmailAddress
from helpdesk.people.models import Department
from sla.models import SlaPlan
from tickets.filter_world import FiltersInUse, filters_in_use, known_rows
from tickets.models import HelpTopic, HelpTopicForm, TicketPriority, TicketStatus

TABLES = (
    *(Department, EmailAddress, Form, FormField, HelpTopic, HelpTopicForm, SlaPlan, TicketPriority, TicketStatus),
    *(TicketFilter, FilterRule, FilterAction),
)
"""The models whose changes make this module read anew."""


GENERAL_FORM = "G"
"""`form.type` of those that are nobody's own."""


@dataclass(frozen=True)
class FormInUse:
    """A form with its fields in their order."""

    form: Form
    fields: Sequence[FormField]

    def field_named(self, name: str) -> FormField | None:
        """Give the field with this variable name."""
        return next((field for field in self.fields if field.name == name), None)


@dataclass(frozen=True)
class TopicForm:
    """A form of a help topic: its place in the topic's list and the fields that the topic switches off."""

    form: FormInUse
    position: int
    disabled: frozenset[int]


@dataclass(frozen=True)
class Intake:
    """The rows by id; `forms` by type, for the built-in ones; `forms_of_topics` by topic, in their order."""

    forms: Mapping[str, FormInUse]
    topics: Mapping[int, HelpTopic]
    forms_of_topics: Mapping[int, Sequence[TopicForm]]
    departments: Mapping[int, Department]
    statuses: Mapping[int, TicketStatus]
    priorities: Mapping[int, TicketPriority]
    plans: Mapping[int, SlaPlan]
    mailboxes: Mapping[int, EmailAddress]
    own_addresses: frozenset[str] = field(default_factory=frozenset)
    """The addresses of the help desk itself, in lower case."""
    filters: FiltersInUse = field(default_factory=FiltersInUse)
    """The filters that are switched on, ready to run."""
    general_forms: Sequence[Form] = ()
    """The forms that are nobody's own, those that were deleted among them, by title."""

    @property
    def ticket_form(self) -> FormInUse | None:
        """The form that every ticket has."""
        return self.forms.get(EntryObject.TICKET)

    @property
    def user_form(self) -> FormInUse | None:
        """The form that every end user has."""
        return self.forms.get(EntryObject.USER)


def intake() -> Intake:
    """Give the rows as they are, or were a moment ago."""
    return _intake()


def forget_intake(**_: object) -> None:
    """Make every process read anew, now and after the commit."""
    _intake.forget()


def forget_with_changes() -> None:
    """Read anew whenever one of the tables changes."""
    _intake.forget_with(*TABLES)


def by_id(rows: Mapping[int, Any], key: object) -> Any:
    """Give the row with this id; None for 0, None, what is no number, and ids without row."""
    if isinstance(key, bool) or key is None:
        return None
    text = str(key)
    return rows.get(int(text)) if text.isascii() and text.isdecimal() and len(text) <= 10 else None


def _read() -> Intake:
    fields: dict[int, list[FormField]] = {}
    for form_field in FormField.objects.order_by("sort", "id"):
        fields.setdefault(form_field.form_id or 0, []).append(form_field)
    forms = {form.pk: FormInUse(form, tuple(fields.get(form.pk, ()))) for form in Form.objects.order_by("-id")}
    mailboxes = {row.pk: row for row in EmailAddress.objects.select_related("dept")}
    topics = {row.pk: row for row in HelpTopic.objects.select_related("parent", "dept", "status", "priority", "sla")}
    departments = {row.pk: row for row in Department.objects.select_related("manager")}
    statuses = {row.pk: row for row in TicketStatus.objects.order_by("sort", "id")}
    priorities = {row.pk: row for row in TicketPriority.objects.all()}
    plans = {row.pk: row for row in SlaPlan.objects.all()}
    filters = active_filter_rows()
    rows = known_rows(
        filters,
        departments=departments.values(),
        topics=topics.values(),
        statuses=statuses.values(),
        priorities=priorities.values(),
        plans=plans.values(),
        mailboxes=mailboxes.values(),
    )
    return Intake(
        forms={str(used.form.type): used for used in forms.values()},  # the first of each type comes last
        topics=topics,
        forms_of_topics=_forms_of_topics(forms),
        departments=departments,
        statuses=statuses,
        priorities=priorities,
        plans=plans,
        mailboxes=mailboxes,
        own_addresses=frozenset(str(row.email).lower() for row in mailboxes.values()),
        filters=filters_in_use(filters, rows),
        general_forms=sorted(
            (used.form for used in forms.values() if used.form.type == GENERAL_FORM),
            key=lambda form: form.title.casefold(),
        ),
    )


def _forms_of_topics(forms: Mapping[int, FormInUse]) -> dict[int, list[TopicForm]]:
    listed: dict[int, list[TopicForm]] = {}
    for row in HelpTopicForm.objects.order_by("topic_id", "sort", "id"):
        form = forms.get(row.form_id or 0)
        if form is not None and row.topic_id is not None:
            places = listed.setdefault(row.topic_id, [])
            places.append(TopicForm(form, len(places), frozenset(disabled_field_ids(row.extra))))
    return listed


_intake = Versioned("tickets.intake", _read)
