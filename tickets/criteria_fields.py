"""All paths that queue criteria can ask for (osticket/queues.md §3): the fixed ones, and the fields of forms.

Imported by the app when it starts. The tasks app adds the number of tasks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject, FieldFlag, FormFlag
from helpdesk.forms.field_types import Asked, has_answers, type_of
from helpdesk.forms.field_types.choices import CheckboxType, KeyedType
from helpdesk.forms.field_types.dates import DateTimeType
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.people.models import Department, EndUser, Organization, UserEmail
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Thread
from sla.models import SlaPlan
from tickets import ticket_counts
from tickets.constants import TicketFlag
from tickets.criteria import CriteriaContext, Field, FieldKind, TicketGroup, register_family, register_field
from tickets.criteria_kinds import (
    AssignedKind,
    AssigneeKind,
    BooleanKind,
    FlagKind,
    IdKind,
    ReferenceKind,
    SourceKind,
    StatusKind,
)
from tickets.criteria_operands import Answer, Column, Hanging, Operand, Related, of_outer_ticket
from tickets.criteria_values import ChoiceKind, CountKind, DateKind, Range, TextKind, TickKind
from tickets.models import HelpTopic
from tickets.reference_data import agent_names, department_names, form_fields, kept, priorities, statuses, team_names

LONGEST_FIELD_NAME = 64
CUSTOM_FORM = "G"
"""`form.type` of the forms that help topics add to tickets."""
_CUSTOM = re.compile(r"entries__answers!(\d{1,9})__value")


def _topic_names() -> dict[int, str]:
    return kept("topic_names", lambda: dict(HelpTopic.objects.order_by("topic").values_list("pk", "topic")))


def _sla_names() -> dict[int, str]:
    return kept("sla_names", lambda: dict(SlaPlan.objects.order_by("name").values_list("pk", "name")))


class ManagerKind(ReferenceKind):
    """The manager of the ticket's department."""

    def lasts(self, method: str) -> bool:
        """None of them, as it asks another table."""
        return False

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Ask for the departments that have such a manager."""
        found = ReferenceKind("manager", agent_names, letter="M").condition(method, value, context)
        return None if found is None else Q(dept__in=Department.objects.filter(found).values("pk"))

    def matches(self, group: TicketGroup, method: str, value: Any, context: CriteriaContext) -> bool | None:
        """Groups know departments, not their managers."""
        return None


class DueKind(DateKind):
    """When a ticket is due: the date that an agent set, else that of the SLA plan (osticket/sla.md §5)."""

    def leads_to_few(self, method: str, value: Any) -> bool:
        """Two indexes do."""
        return True

    def present(self) -> Q:
        """One of them is set."""
        return Q(duedate__isnull=False) | Q(est_duedate__isnull=False)

    def within(self, bounds: Range) -> Q:
        """Give two ranges, so that engines join what two indexes find: `hd_ticket_due` begins with columns that are of
        no interest here, and is of use where all their values are named."""
        by_agent, by_plan = DateKind(Column("duedate")).within(bounds), DateKind(Column("est_duedate")).within(bounds)
        any_value = Q(isoverdue__in=(False, True), status__in=sorted(statuses()))
        return by_agent | (any_value & Q(duedate__isnull=True) & by_plan)


@dataclass(frozen=True)
class AnsweredDate:
    """A date among the answers, stored as text in UTC."""

    answer: Operand

    def test(self, lookup: str, value: datetime) -> Q:
        """Compare the texts, which sort as the dates do."""
        return self.answer.test(lookup, value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"))

    def lacks(self, lookup: str, value: datetime) -> Q:
        """The date is not so, or there is none."""
        return ~self.test(lookup, value) | ~self.present()

    def present(self) -> Q:
        """There is a date: osTicket writes 0 for none."""
        return self.answer.test("gt", "1")


# --- Columns of tickets and of what they refer to ---------------------------------------------------------------------

register_field("status__state", StatusKind(by_state=True), _("State"))
register_field("status__id", StatusKind(by_state=False), _("Status"))
register_field("assignee", AssigneeKind(), _("Assignee"))
register_field("dept_id", ReferenceKind("dept", department_names), _("Department"))
register_field("topic_id", ReferenceKind("topic", _topic_names, is_grouped=False), _("Help topic"))
register_field("sla_id", ReferenceKind("sla", _sla_names, is_grouped=False), _("SLA plan"))
register_field("source", SourceKind(), _("Source"))
register_field("number", TextKind(Column("number"), has_index=True), _("Ticket number"))
register_field("created", DateKind(Column("created")), _("Created"))
register_field("lastupdate", DateKind(Column("lastupdate")), _("Last update"))
register_field("duedate", DateKind(Column("duedate"), is_past_only=False), _("Due date"))
register_field("est_duedate", DateKind(Column("est_duedate"), is_past_only=False), _("SLA due date"))
register_field("due", DueKind(Column("est_duedate"), is_past_only=False), _("Due"))
register_field("closed", DateKind(Column("closed")), _("Closed"))
register_field("reopened", DateKind(Column("reopened")), _("Reopened"))
register_field("isoverdue", BooleanKind("isoverdue"), _("Overdue"))
register_field("isanswered", BooleanKind("isanswered"), _("Answered"))
register_field("isassigned", AssignedKind(), _("Assigned"))
register_field("staff_id", ReferenceKind("staff", agent_names, letter="M"), _("Assigned agent"))
register_field("team_id", ReferenceKind("team", team_names, letter="T"), _("Assigned team"))
register_field("merged", FlagKind(int(TicketFlag.COMBINE_THREADS | TicketFlag.SEPARATE_THREADS)), _("Merged"))
register_field("linked", FlagKind(int(TicketFlag.LINKED)), _("Linked"))
register_field("thread_count", CountKind(ticket_counts.entry_count), _("Number of entries"))
register_field("attachment_count", CountKind(ticket_counts.attachment_count), _("Number of attachments"))
register_field("collaborator_count", CountKind(ticket_counts.collaborator_count), _("Number of collaborators"))
register_field("reopen_count", CountKind(ticket_counts.reopen_count), _("Times reopened"))
register_field("ip_address", TextKind(Column("ip_address")), _("IP address"))
register_field("user__name", TextKind(Related("user", EndUser.objects.all, "name")), _("Requester / name"))
register_field(
    "user__emails__address",
    TextKind(Related("user", UserEmail.objects.all, "address", key="user")),
    _("Requester / e-mail address"),
)
register_field(
    "user__org__name", TextKind(Related("user__org", Organization.objects.all, "name")), _("Organization / name")
)
register_field("dept__name", TextKind(Related("dept", Department.objects.all, "name")), _("Department / name"))
register_field("dept__manager", ManagerKind("manager", agent_names, letter="M"), _("Department / manager"))
register_field("dept__manager_id", ManagerKind("manager", agent_names, letter="M"), _("Department / manager"))
register_field("topic__topic", TextKind(Related("topic", HelpTopic.objects.all, "topic")), _("Help topic / name"))
register_field("user_id", IdKind("user"), _("Requester"))
register_field("user__org_id", IdKind("user__org"), _("Organization"))
for _path, _label in (("lastmessage", _("Last message")), ("lastresponse", _("Last response"))):
    _thread = Hanging(of_outer_ticket(Thread, object_id="outer", object_type=ObjectType.TICKET), _path)
    register_field(f"thread__{_path}", DateKind(_thread), _label)

UNOFFERED = frozenset({"isassigned", "dept__manager_id", "user_id", "user__org_id", "due"})
"""Paths that stored criteria may have but forms do not offer: others say the same, they take a bare id, or osTicket
does not have them."""


# --- Fields of forms --------------------------------------------------------------------------------------------------

_OBJECTS = (
    ("cdata__", EntryObject.TICKET, "pk", ""),
    ("user__org__cdata__", EntryObject.ORGANIZATION, "user__org", _("Organization")),
    ("user__cdata__", EntryObject.USER, "user", _("Requester")),
)


def answered_fields() -> list[Field]:
    """Give the fields of the built-in forms that criteria can ask for."""
    found = []
    for prefix, object_type, _reference, _owner in _OBJECTS:
        paths = [f"{prefix}{name}" for name in cdata.fields_by_column(object_type)]
        found += [field for path in paths if (field := _answered(path)) is not None]
    return found


def custom_fields() -> list[Field]:
    """Give the fields that the forms of help topics add to tickets, without those that are switched off."""
    found = []
    for row in form_fields().values():
        form = row.form
        if form is None or form.type != CUSTOM_FORM or (form.flags or 0) & FormFlag.DELETED:
            continue
        if (row.flags or 0) & FieldFlag.ENABLED and has_answers(row):
            field = _of_other_form(f"entries__answers!{row.pk}__value")
            found += [field] if field is not None else []
    return found


def answer_at(path: str) -> tuple[EntryObject, FormField] | None:
    """Give whose answer a path leads to, and the field; None for other paths."""
    found = _CUSTOM.fullmatch(path)
    if found:
        field = form_fields().get(int(found[1]))
        return None if field is None else (EntryObject.TICKET, field)
    for prefix, object_type, _reference, _owner in _OBJECTS:
        if path.startswith(prefix):
            field = cdata.fields_by_column(object_type).get(path.removeprefix(prefix))
            return None if field is None else (object_type, field)
    return None


def _answered(path: str) -> Field | None:
    """Give the field of a path that leads to an answer."""
    for prefix, object_type, reference, owner in _OBJECTS:
        if path.startswith(prefix):
            name = path.removeprefix(prefix)
            field = cdata.fields_by_column(object_type).get(name)
            if field is None or len(name) > LONGEST_FIELD_NAME:
                return None
            label = f"{owner} / {field.label}" if owner else field.label or name
            return Field(path, label, kind_for(field, Answer(object_type, name, reference)))
    return None


def _of_other_form(path: str) -> Field | None:
    """Give the field of a form that a help topic adds to tickets."""
    found = _CUSTOM.fullmatch(path)
    field = form_fields().get(int(found[1])) if found else None
    if field is None or field.form is None:
        return None
    answers = of_outer_ticket(
        FormAnswer, entry__object_type=EntryObject.TICKET, entry__object_id="outer", field_id=field.pk
    )
    return Field(path, f"{field.form.title} / {field.label}", kind_for(field, Hanging(answers, "value")))


def kind_for(field: FormField, operand: Operand) -> FieldKind:
    """Give what a field of a form can be asked for."""
    field_type = type_of(field)
    if field.type == "priority":
        return ChoiceKind(operand, lambda: [(str(row.id), row.name) for row in priorities().values()])
    if isinstance(field_type, KeyedType):
        return ChoiceKind(operand, partial(_choices_of, field))
    if isinstance(field_type, CheckboxType):
        return TickKind(operand)
    if isinstance(field_type, DateTimeType):
        return DateKind(AnsweredDate(operand), is_past_only=False)
    return TextKind(operand)


def _choices_of(field: FormField) -> list[tuple[str, str]]:
    field_type = type_of(field)
    choices = field_type.choices(field, Asked()) if isinstance(field_type, KeyedType) else {}
    return [(str(key), str(label)) for key, label in choices.items()]


register_family(_answered)
register_family(_of_other_form)
