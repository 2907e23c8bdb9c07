"""The forms that a ticket has beside its own, and those that it may get."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, F, Q, QuerySet

from helpdesk.forms.constants import EntryObject, FormFlag
from helpdesk.forms.models import Form, FormEntry
from tickets.intake import TopicForm, intake
from tickets.models import Ticket


def are_there_forms() -> bool:
    """Whether this help desk has forms that tickets may get, or once had; while warm without a query."""
    return bool(intake().general_forms)


def further_entries(ticket: Ticket) -> QuerySet[FormEntry]:
    """Give the entries of forms that the ticket has beside its own, in their order."""
    entries = FormEntry.objects.filter(object_type=EntryObject.TICKET, object_id=ticket.pk)
    return entries.exclude(form__type=EntryObject.TICKET).select_related("form").order_by("sort", "id")


def with_numbers_of_answers(entries: QuerySet[FormEntry]) -> QuerySet[FormEntry]:
    """Add how many fields are answered as `answered`."""
    is_answered = Q(answers__value_id__isnull=False) | (Q(answers__value__isnull=False) & ~Q(answers__value=""))
    return entries.annotate(answered=Count(F("answers__field_id"), filter=is_answered))


def addable_forms(ticket: Ticket) -> list[Form]:
    """Give the forms that the ticket does not have: those of its help topic in their order, then all others."""
    has = set(
        FormEntry.objects.filter(object_type=EntryObject.TICKET, object_id=ticket.pk).values_list("form_id", flat=True)
    )
    usable = {form.pk: form for form in intake().general_forms if not form.flags & FormFlag.DELETED}
    first = [one.form.form.pk for one in _of_topic(ticket)]
    return [usable[pk] for pk in dict.fromkeys([*first, *usable]) if pk in usable and pk not in has]


def is_of_topic(ticket: Ticket, form: Form) -> bool:
    """Whether the help topic of the ticket asks for the form."""
    return any(one.form.form.pk == form.pk for one in _of_topic(ticket))


def disabled_fields(ticket: Ticket, form: Form) -> Collection[int] | None:
    """Give the fields that the help topic of the ticket leaves out; None where the form is none of the topic's."""
    return next((one.disabled for one in _of_topic(ticket) if one.form.form.pk == form.pk), None)


def _of_topic(ticket: Ticket) -> list[TopicForm]:
    return list(intake().forms_of_topics.get(ticket.topic_id or 0, ()))
