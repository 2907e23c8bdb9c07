"""Forms filled in for a new ticket and a new end user: what was submitted, judged, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext_lazy as _

from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.field_types import Clean, StoredAnswer, has_answers, type_of
from helpdesk.forms.models import FormField
from helpdesk.legacy.characters import storable_html
from helpdesk.legacy.errors import ValidationFailed
from tickets.constants import TopicFlag
from tickets.intake import FormInUse, intake
from tickets.models import HelpTopic

Submitted = Mapping[str | int, Any]


class Part(StrEnum):
    """Which part of a new ticket a problem is in."""

    USER = "user"
    TICKET_FORM = "ticket form"
    TOPIC_FORM = "topic form"
    REQUEST = "request"


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a new ticket; `name` is the input, `form_field` the field of a form."""

    part: Part
    name: str
    message: str
    form_field: FormField | None = None


class TicketInvalid(ValidationFailed):
    """A ticket that cannot be opened as it is; `problems` says everything that is wrong, in the order of the forms."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(problems[0].message, code="ticket_invalid", field=problems[0].name)
        self.problems = problems


class Asked(StrEnum):
    """Who fills in the form: that decides what is required and which mistakes count (osticket/forms.md §2)."""

    END_USER = "web"
    AGENT = "staff"
    PROGRAM = "api"
    NOBODY = "email"


@dataclass
class FilledForm:
    """A form with clean answers by field id. `disabled` is None where no help topic lists the form."""

    form: FormInUse
    object_type: str
    position: int = 1
    disabled: frozenset[int] | None = None
    is_ignored: bool = False
    """Whether it is kept, but nobody answers it: a form of a help topic that is switched off."""
    clean: dict[int, Any] = field(default_factory=dict)

    def prepare(self) -> None:
        """Do what must be done before the transaction that writes the answers: uploads are stored."""
        for one in self.form.fields:
            if one.pk in self.clean and has_answers(one):
                self.clean[one.pk] = type_of(one).prepare(one, self.clean[one.pk])

    def saved(self, entry_id: int) -> None:
        """Do what belongs to the answers beside their rows, in that transaction: files become attachments."""
        for one in self.form.fields:
            if one.pk in self.clean and has_answers(one):
                type_of(one).saved(one, entry_id, self.clean[one.pk])

    def stored(self) -> dict[int, StoredAnswer]:
        """Give the columns of every field that stores answers; those that were not given are empty."""
        return {
            field.pk: type_of(field).to_database(field, self.clean[field.pk])
            if field.pk in self.clean
            else StoredAnswer()
            for field in self.form.fields
            if has_answers(field)
        }

    def search_texts(self) -> list[str]:
        """Give what the full-text search finds the answers by."""
        return [text for _place, text in self._placed_texts()]

    def _placed_texts(self) -> list[tuple[int, str]]:
        found = (field for field in self.form.fields if field.pk in self.clean and has_answers(field))
        texts = ((field.sort or 0, type_of(field).search_text(field, self.clean[field.pk])) for field in found)
        return [(place, text) for place, text in texts if text]


def search_texts_of(filled: Sequence[FilledForm]) -> list[str]:
    """Give what the search finds a ticket by, of all its forms: by the places of fields, as osTicket stores it."""
    placed = [found for form in filled for found in form._placed_texts()]  # noqa: SLF001 -- of this module
    return [text for _place, text in sorted(placed, key=lambda found: found[0])]


def forms_of_ticket(topic: HelpTopic | None, values: Submitted) -> list[FilledForm]:
    """Give the forms of a ticket with this topic in their order, filled in with what was submitted.

    Values are found by the variable name of a field (in any case) or its id. A topic that is switched off keeps its
    forms, but nobody answers them (osticket/routing.md §5).
    """
    known = intake()
    by_key = {str(key).casefold(): value for key, value in values.items()}
    filled: list[FilledForm] = []
    if topic is not None:
        for place in known.forms_of_topics.get(topic.pk, ()):
            is_ignored = place.form.form.type != EntryObject.TICKET and not is_active(topic)
            one = FilledForm(place.form, EntryObject.TICKET, place.position, place.disabled, is_ignored)
            filled.append(fill(one, {} if is_ignored else by_key))
    if known.ticket_form and not any(one.form.form.pk == known.ticket_form.form.pk for one in filled):
        filled.append(fill(FilledForm(known.ticket_form, EntryObject.TICKET), by_key))
    return filled


def is_active(topic: HelpTopic) -> bool:
    """Whether the help topic is switched on."""
    return bool((topic.flags or 0) & TopicFlag.ACTIVE)


def form_of_user(values: Submitted) -> FilledForm | None:
    """Give the form of a new end user, filled in with what was submitted."""
    form = intake().user_form
    by_key = {str(key).casefold(): value for key, value in values.items()}
    return fill(FilledForm(form, EntryObject.USER), by_key) if form else None


def fill(filled: FilledForm, by_key: Mapping[str, Any]) -> FilledForm:
    """Read the answers of one form; `by_key` has case-folded names and ids."""
    for one in filled.form.fields:
        found = [key for key in (one.name.casefold(), str(one.pk)) if key and key in by_key]
        if found and type_of(one).has_data:
            value = by_key[found[0]]
            is_clean = isinstance(value, Clean)
            filled.clean[one.pk] = value.value if is_clean else type_of(one).parse(one, _storable(one, value))
    return filled


def problems_of(filled: FilledForm, asked: Asked, part: Part) -> list[Problem]:
    """Give what is wrong with the answers of one form, in the order of its fields.

    Programs are told of every field, even one that is switched off; people of those that they see; mails of none.
    """
    if asked is Asked.NOBODY or filled.is_ignored:
        return []
    return [
        Problem(part, one.name or str(one.pk), message, one)
        for one in filled.form.fields
        if _counts(one, asked) and one.pk not in (filled.disabled or ()) and type_of(one).has_data
        for message in type_of(one).errors(one, filled.clean.get(one.pk), required=is_required(one, asked))
    ]


def is_required(one: FormField, asked: Asked) -> bool:
    """Whether a field must be answered: agents have a flag of their own, everybody else shares one."""
    flag = FieldFlag.AGENT_REQUIRED if asked is Asked.AGENT else FieldFlag.CLIENT_REQUIRED
    return bool((one.flags or 0) & flag)


def missing(one: FormField, part: Part) -> Problem:
    """Give the problem of a required field without answer."""
    message = str(_("%(label)s is a required field") % {"label": one.label})
    return Problem(part, one.name or str(one.pk), message, one)


def _counts(one: FormField, asked: Asked) -> bool:
    if asked is Asked.PROGRAM:
        return True
    seen = FieldFlag.AGENT_VIEW if asked is Asked.AGENT else FieldFlag.CLIENT_VIEW
    return (one.flags or 0) & (FieldFlag.ENABLED | seen) == FieldFlag.ENABLED | seen


def _storable(one: FormField, submitted: Any) -> Any:
    """Give submitted HTML as the tables of this installation can hold it; columns see to plain text themselves."""
    return storable_html(submitted) if one.type == "memo" and isinstance(submitted, str) else submitted
