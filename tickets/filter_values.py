"""What rules of filters see of a ticket before it exists (osticket/filters.md §3).

Only what the filters in use ask for is found out: contact data of known people cost a query, and so does the
organization of new ones.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from filters.actions import Draft
from filters.matching import Values, trimmed
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import StoredAnswer, has_answers, type_of
from helpdesk.forms.models import FormField
from helpdesk.forms.rich_text import plain_text
from helpdesk.forms.selectors import answers_of
from helpdesk.people.models import EndUser, Organization
from helpdesk.people.selectors import organization_of_address
from helpdesk.threads.bodies import HTML
from tickets.filled_forms import FilledForm, form_of_user
from tickets.intake import FormInUse, intake
from tickets.names import address_of
from tickets.new_ticket import NewTicket

FIELD = "field."


def values_for(
    new: NewTicket, filled: Sequence[FilledForm], draft: Draft, user: EndUser | None, keys: AbstractSet[str]
) -> Values:
    """Give the values of these keys, and always the sender's address.

    Of somebody who is known, default address and stored name count, and go into the draft.
    """
    if user is not None:
        draft.sender, draft.name = address_of(user) or draft.sender, user.name
    text = _text(new) if keys & {"body", *_message_keys(filled)} else ""
    values: dict[str, Any] = {
        "email": draft.sender,
        "name": draft.name,
        "topicId": new.topic.pk if new.topic else "",
        "body": text,
    }
    if new.answer_address is not None:
        values |= {"reply-to": new.answer_address.address, "reply-to-name": new.answer_address.name}
    if new.addressees:
        values["addressee"] = " ".join(part for one in new.addressees for part in (one.name, one.address) if part)
    fields = {key for key in keys if key.startswith(FIELD)}
    if fields:
        for key, value in (
            *_of_ticket(filled, fields, text),
            *_of_user(new, draft, user, fields),
            *_of_organization(draft, user, fields),
        ):
            values.setdefault(key, value)
    return trimmed(values)


def values_of_person(new: NewTicket, draft: Draft, user: EndUser, keys: AbstractSet[str]) -> Values:
    """Give what rules see of somebody known: address, name, contact data and organization, as they are stored."""
    values: dict[str, Any] = {"email": address_of(user) or draft.sender, "name": user.name}
    fields = {key for key in keys if key.startswith(FIELD)}
    if fields:
        known = replace(draft, sender=values["email"], name=user.name)
        values |= dict([*_of_organization(known, user, fields), *_of_user(new, known, user, fields)])
    return trimmed(values)


def _of_ticket(filled: Sequence[FilledForm], keys: Collection[str], text: str) -> Iterable[tuple[str, str]]:
    for one in filled:
        for field in _asked_for(one.form, keys):
            if type_of(field).key == "thread":
                yield f"{FIELD}{field.pk}", text
            else:
                yield from _texts(field, one.clean.get(field.pk))


def _of_user(new: NewTicket, draft: Draft, user: EndUser | None, keys: Collection[str]) -> Iterable[tuple[str, str]]:
    form = intake().user_form
    asked = _asked_for(form, keys) if form else []
    own = {"email": draft.sender, "name": draft.name}
    for field in asked:
        if field.name in own:
            yield f"{FIELD}{field.pk}", own[field.name]
    others = [field for field in asked if field.name not in own]
    if others and user is not None:
        yield from _stored(EntryObject.USER, user.pk, others)
    elif others:
        contact = form_of_user(new.user_answers)
        for field in others:
            yield from _texts(field, contact.clean.get(field.pk) if contact else None)


def _of_organization(draft: Draft, user: EndUser | None, keys: Collection[str]) -> Iterable[tuple[str, str]]:
    """Give the data of the organization; new people belong to the one with the domain of their address."""
    form = intake().forms.get(EntryObject.ORGANIZATION)
    asked = _asked_for(form, keys) if form else []
    organization: Organization | None = None
    if asked:
        organization = user.org if user is not None else organization_of_address(draft.sender)
    if organization is None:
        return
    for field in asked:
        if field.name == "name":
            yield f"{FIELD}{field.pk}", organization.name
    others = [field for field in asked if field.name != "name"]
    if others:
        yield from _stored(EntryObject.ORGANIZATION, organization.pk, others)


def _asked_for(form: FormInUse, keys: Collection[str]) -> list[FormField]:
    """Give the fields of a form that rules ask for: `field.20`, or a property of a chosen item, `field.20.3`."""
    ids = {key.removeprefix(FIELD).partition(".")[0] for key in keys}
    return [field for field in form.fields if str(field.pk) in ids]


def _stored(object_type: str, object_id: int, fields: Sequence[FormField]) -> Iterable[tuple[str, str]]:
    wanted = {field.pk: field for field in fields if has_answers(field)}
    for answer in answers_of(object_type, object_id) if wanted else ():
        field = wanted.get(answer.field_id or 0)
        if field is not None:
            clean = type_of(field).from_database(field, StoredAnswer(answer.value, answer.value_id))
            yield from _texts(field, clean)


def _texts(field: FormField, clean: Any) -> Iterable[tuple[str, str]]:
    for ending, text in type_of(field).filter_values(field, clean).items():
        yield f"{FIELD}{field.pk}{ending}", text


def _message_keys(filled: Sequence[FilledForm]) -> set[str]:
    fields = (field for one in filled for field in one.form.fields)
    return {f"{FIELD}{field.pk}" for field in fields if field.type == "thread"}


def _text(new: NewTicket) -> str:
    message = new.message or ""
    return plain_text(message) if new.format == HTML else message
