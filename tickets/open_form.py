"""The form in which a ticket is opened, at both doors: contact, ticket details, and what the help topic asks for."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core import signing
from django.http import HttpRequest

from helpdesk.forms.bound import BoundField, BoundForm, FormPart
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked
from helpdesk.forms.field_types.files import Files
from helpdesk.forms.field_types.presentation import Message
from helpdesk.legacy.errors import DomainError
from helpdesk.threads.bodies import NewFile
from tickets.filled_forms import TicketInvalid
from tickets.intake import intake
from tickets.models import HelpTopic, Ticket

KEY = "form_key"
"""The input that makes a form that is sent twice open one ticket."""
CONTINUE = "continue"
"""The button that shows the fields of another help topic, with what was typed so far."""
_KEY_SALT, _THANKS_SALT = "tickets.open-form", "tickets.thanks"
THANKS_SECONDS = 3600


@dataclass
class OpenForm:
    """A form for a new ticket. `general_errors` belong to no input, `problems` to one beside `bound`, by its name."""

    bound: BoundForm
    topic: HelpTopic | None
    key: str
    general_errors: list[str] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.general_errors or self.problems or self.bound.errors)

    def show_refusal(self, refusal: DomainError) -> None:
        """Show why the service refused, at the fields that it names."""
        if not isinstance(refusal, TicketInvalid):
            self._show(refusal.field or "", str(refusal.message))
            return
        for problem in refusal.problems:
            bound = self._field(problem.form_field.pk if problem.form_field else None) or self.bound.named(problem.name)
            if bound is None or not bound.is_asked:
                self._show(problem.name, problem.message)
            elif problem.message not in bound.errors:
                bound.errors.append(problem.message)
        self.bound.__dict__.pop("errors", None)  # it was gathered before

    def _show(self, name: str, message: str) -> None:
        bound = self.bound.named(name) if name else None
        if bound is not None and bound.is_asked:
            bound.errors.append(message)
            self.bound.__dict__.pop("errors", None)
        elif name == "topic":
            self.problems["topic"] = message
        else:
            self.general_errors.append(message)

    def _field(self, field_id: int | None) -> BoundField | None:
        return next((bound for bound in self.bound if bound.field.pk == field_id), None)

    # --- What create_ticket takes -------------------------------------------------------------------------------------

    @property
    def message(self) -> str:
        """The first message as HTML, '' without one."""
        clean = self.bound.value("message")
        return clean.body if isinstance(clean, Message) else ""

    @property
    def files(self) -> list[NewFile]:
        """The files beside the message."""
        clean = self.bound.value("message")
        if not isinstance(clean, Message):
            return []
        stored = [NewFile(name, file) for file, name in clean.stored]
        uploads = [NewFile(one.name or "", one, media_type=one.content_type or "") for one in clean.uploads]
        return [*stored, *uploads]

    def answers(self) -> dict[Any, Any]:
        """Give the answers of the ticket's forms by field id; files are stored on the way."""
        return self._answers(is_contact=False)

    def contact_answers(self) -> dict[Any, Any]:
        """Give the answers of the contact form by field id."""
        return self._answers(is_contact=True)

    def _answers(self, *, is_contact: bool) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for part in self.bound.parts:
            if (part.form.type == EntryObject.USER) is is_contact:
                fields = [bound for bound in part.fields if bound.type.has_data]
                found |= {bound.field.pk: bound.type.prepare(bound.field, bound.clean) for bound in fields}
        return {key: value for key, value in found.items() if not (isinstance(value, Files) and not value)}


def parts_for(topic: HelpTopic | None, *, with_contact: bool) -> list[FormPart]:
    """Give the forms to ask for: contact first, then those of the topic in their order; the ticket form always."""
    known = intake()
    listed = known.forms_of_topics.get(topic.pk, ()) if topic is not None else ()
    parts = [FormPart(one.form.form, one.position, one.disabled) for one in listed]
    if known.ticket_form and not any(part.form.pk == known.ticket_form.form.pk for part in parts):
        parts.insert(0, FormPart(known.ticket_form.form))
    if with_contact and known.user_form:
        parts.insert(0, FormPart(known.user_form.form))
    return parts


def open_form(
    request: HttpRequest,
    topic: HelpTopic | None,
    *,
    asked: Asked,
    with_contact: bool,
    initial: Mapping[str | int, Any] | None = None,
    is_judged: bool = True,
    parts: Sequence[FormPart] | None = None,
) -> OpenForm:
    """Give the form with what the request has posted, if anything."""
    is_posted = request.method == "POST"
    bound = BoundForm(
        parts_for(topic, with_contact=with_contact) if parts is None else parts,
        asked=asked,
        data=request.POST if is_posted else None,
        files=request.FILES if is_posted else None,
        initial=initial,
        is_judged=is_judged,
    )
    return OpenForm(bound, topic, form_key(request))


def form_key(request: HttpRequest) -> str:
    """Give the signed key that the form came with, a new one for a page that has none of ours."""
    given = request.POST.get(KEY, "")
    try:
        signing.Signer(salt=_KEY_SALT).unsign(given)
    except signing.BadSignature:
        return signing.Signer(salt=_KEY_SALT).sign(secrets.token_urlsafe(18))
    return given


@dataclass(frozen=True)
class Thanks:
    """A ticket that was just opened, with name and address as they were typed.

    A guest may have typed the address of somebody else, whose name is nobody's business.
    """

    ticket: Ticket
    name: str
    email: str


def thanks_sign(ticket: Ticket, *, name: str, email: str) -> str:
    """Give the text by which whoever opened a ticket reads its number, for an hour."""
    return signing.dumps([ticket.pk, name, email], salt=_THANKS_SALT, compress=True)


def thanks_of(sign: str) -> Thanks | None:
    """Give what such a text is about, None for any other."""
    try:
        ticket_id, name, email = signing.loads(sign, salt=_THANKS_SALT, max_age=THANKS_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    related = ("user__default_email", "topic", "dept", "status", "staff")
    ticket = Ticket.objects.select_related(*related).filter(pk=ticket_id).first()
    return Thanks(ticket, name, email) if ticket is not None else None
