"""Reads of forms and answers."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F
from django.utils.safestring import SafeString

from helpdesk.configuration.versioned import Versioned
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.field_types import StoredAnswer, has_answers, type_of
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField


@dataclass(frozen=True)
class ShownAnswer:
    """An answer as pages show it: `text` plain, `html` safe; `clean` the Python value of its type."""

    field: FormField
    clean: Any
    text: str
    html: SafeString

    @property
    def label(self) -> str:
        """The label of the field."""
        return self.field.label

    @property
    def name(self) -> str:
        """The variable name of the field, '' for a nameless one."""
        return self.field.name

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self.text


@dataclass(frozen=True)
class AnsweredForm:
    """A form filled in for an object, with the answers that its reader may see."""

    form: Form
    entry: FormEntry
    answers: list[ShownAnswer]


def form_for(object_type: str) -> Form | None:
    """Give the built-in form that every object of this type has (the first one of the type)."""
    return Form.objects.filter(type=object_type).order_by("id").first()


@dataclass(frozen=True)
class BuiltInForm:
    """The form that every object of a type has, with its fields in their order."""

    form: Form
    fields: tuple[FormField, ...]


def _read_built_in_forms() -> dict[str, BuiltInForm]:
    fields: dict[int, list[FormField]] = {}
    for field in FormField.objects.filter(form__type__in=[one.value for one in EntryObject]).order_by("sort", "id"):
        fields.setdefault(field.form_id or 0, []).append(field)
    forms = Form.objects.filter(type__in=[one.value for one in EntryObject]).order_by("-id")
    return {form.type: BuiltInForm(form, tuple(fields.get(form.pk, ()))) for form in forms}


_built_in_forms = Versioned("built-in-forms", _read_built_in_forms)
_built_in_forms.forget_with(Form, FormField)


def built_in_form(object_type: str) -> BuiltInForm | None:
    """Give the form of `form_for` with its fields; while warm without a query (`helpdesk.configuration.versioned`)."""
    return _built_in_forms().get(object_type)


def fields_of(form: Form) -> list[FormField]:
    """Give the fields of a form in their order."""
    return list(form.fields.order_by("sort", "id"))


def disabled_field_ids(extra: Any) -> set[int]:
    """Give the fields that `extra` of an entry or of a topic's form switches off: `{"disable":[ids]}`."""
    listed = extra.get("disable") if isinstance(extra, dict) else None
    return {int(field_id) for field_id in listed or [] if str(field_id).isdecimal()}


def answers_of(object_type: str, object_id: int) -> list[FormAnswer]:
    """Give the answers of an object with their fields, entries and forms, in the order of pages, in one query."""
    return answers_of_many(object_type, [object_id]).get(object_id, [])


def answers_of_many(object_type: str, object_ids: Collection[int]) -> dict[int, list[FormAnswer]]:
    """Give what `answers_of` gives for several objects, by their ids, in one query; who has none is absent."""
    answers = FormAnswer.objects.filter(entry__object_type=object_type, entry__object_id__in=object_ids)
    order = ("entry__sort", "entry", "field__sort", "field")
    found: dict[int, list[FormAnswer]] = {}
    for answer in answers.select_related("field", "entry__form").order_by(*order):
        found.setdefault(answer.entry.object_id or 0, []).append(answer)
    return found


def answered_forms(
    object_type: str, object_id: int, *, for_agent: bool = True, answers: Sequence[FormAnswer] | None = None
) -> list[AnsweredForm]:
    """Give the forms of an object in order, with the answers that an agent (else: an end user) may see.

    Costs one query, none with `answers` (of `answers_of`), more only for types that name other rows. Fields that the
    help topic switched off at creation are left out; answers of fields that were removed from their form still show
    (osticket/forms.md §2). A form without a single row of answers is absent.
    """
    forms: dict[int, AnsweredForm] = {}
    for answer in answers_of(object_type, object_id) if answers is None else answers:
        entry = answer.entry
        if entry.form is None:
            continue
        form = forms.setdefault(entry.pk, AnsweredForm(entry.form, entry, []))
        if answer.field and _is_shown(answer.field, form.entry, for_agent=for_agent):
            form.answers.append(shown_answer(answer.field, StoredAnswer(answer.value, answer.value_id)))
    return list(forms.values())


def _is_shown(field: FormField, entry: FormEntry, *, for_agent: bool) -> bool:
    needed = FieldFlag.ENABLED | (FieldFlag.AGENT_VIEW if for_agent else FieldFlag.CLIENT_VIEW)
    is_visible = (field.flags or 0) & needed == needed
    return is_visible and has_answers(field) and field.pk not in disabled_field_ids(entry.extra)


def shown_answer(field: FormField, stored: StoredAnswer) -> ShownAnswer:
    """Give an answer as pages show it."""
    field_type = type_of(field)
    clean = field_type.from_database(field, stored)
    return ShownAnswer(field, clean, field_type.to_string(field, clean), field_type.display(field, clean))


def answer_of(object_type: str, object_id: int, name: str) -> StoredAnswer | None:
    """Give the stored answer to the field with this name in the built-in form of the object; None without a row."""
    answer = (
        FormAnswer.objects.filter(
            entry__object_type=object_type, entry__object_id=object_id, field__form__type=object_type, field__name=name
        )
        .order_by("entry_id")
        .first()
    )
    return StoredAnswer(answer.value, answer.value_id) if answer else None


def subject_of(ticket_id: int) -> str:
    """Give the subject of a ticket, '' without one."""
    answer = answer_of(EntryObject.TICKET, ticket_id, "subject")
    return (answer.value or "") if answer else ""


def subjects_of(ticket_ids: Collection[int]) -> dict[int, str]:
    """Give the subjects of several tickets by ticket id."""
    rows = cdata.fetch(EntryObject.TICKET, ticket_ids, ["subject"])
    return {ticket_id: rows.get(ticket_id, {}).get("subject") or "" for ticket_id in ticket_ids}


def priority_of(ticket_id: int) -> int | None:
    """Give the priority id of a ticket; None without one."""
    answer = answer_of(EntryObject.TICKET, ticket_id, "priority")
    return answer.value_id if answer else None


def company_answers() -> dict[str, str]:
    """Give the answers of the company form by field name (`name`, `website`, `phone`, `address` …)."""
    answers = FormAnswer.objects.filter(entry__object_type=EntryObject.COMPANY).select_related("field")
    shown = (shown_answer(answer.field, StoredAnswer(answer.value, answer.value_id)) for answer in answers)
    return {answer.name: answer.text for answer in shown if answer.name}


def missing_required_for_close(
    ticket_id: int, topic_id: int | None, *, answers: Sequence[FormAnswer] | None = None
) -> list[FormField]:
    """Give the fields that must be answered before the ticket may be closed and are not (osticket/forms.md §7).

    What counts is the list of switched-off fields of the ticket's topic; without topic (None or 0), that of its
    entries. An empty text counts as an answer, and so does a missing answer row. `answers` (of `answers_of`) spares
    the query.
    """
    if answers is None:
        answers = unanswered_for_close([ticket_id]).get(ticket_id, [])
    missing = [
        answer
        for answer in answers
        if answer.value is None and answer.field and (answer.field.flags or 0) & FieldFlag.CLOSE_REQUIRED
    ]
    if missing and topic_id:
        disabled = _disabled_by_topic(topic_id)
        return [answer.field for answer in missing if answer.field_id not in disabled]
    return [answer.field for answer in missing if answer.field_id not in disabled_field_ids(answer.entry.extra)]


def unanswered_for_close(ticket_ids: Collection[int]) -> dict[int, list[FormAnswer]]:
    """Give the answers that `missing_required_for_close` has to look at, by ticket, in one query for all of them."""
    unanswered = FormAnswer.objects.filter(
        value=None, entry__object_type=EntryObject.TICKET, entry__object_id__in=ticket_ids
    )
    is_required = F("field__flags").bitand(FieldFlag.CLOSE_REQUIRED)
    found: dict[int, list[FormAnswer]] = {}
    for answer in unanswered.alias(is_required=is_required).filter(is_required__gt=0).select_related("field", "entry"):
        found.setdefault(answer.entry.object_id or 0, []).append(answer)
    return found


def _disabled_by_topic(topic_id: int) -> set[int]:
    extras = Form.objects.filter(help_topics__topic=topic_id).values_list("help_topics__extra", flat=True)
    return {field_id for extra in extras for field_id in disabled_field_ids(extra)}
