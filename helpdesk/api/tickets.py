"""`POST /api/tickets.json` and `.xml`: a program opens a ticket (osticket/api.md §5, §9)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from helpdesk.api import attachments
from helpdesk.api.documents.php import id_of
from helpdesk.api.refusals import ApiRefusal
from helpdesk.api.structure import MOST_NOTED, structure_of_ticket, unexpected
from helpdesk.api.ticket_document import TicketDocument
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.forms.field_types.dates import parse_date
from helpdesk.forms.models import FormField
from helpdesk.knowledge.models import CannedResponse
from helpdesk.legacy.errors import Conflict, DomainError, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser, Team
from tickets.constants import TicketSource
from tickets.filled_forms import Part, Problem, TicketInvalid
from tickets.intake import FormInUse, by_id, intake
from tickets.models import Ticket
from tickets.new_ticket import NewTicket, Origin
from tickets.services import create_ticket

REFUSAL = "Unable to create new ticket :"
GENERAL = ("err", "Missing or invalid data — Correct any errors below and try again")
MOST_COLLABORATORS = 100
Errors = list[tuple[str, str]]


def open_ticket(document: TicketDocument, *, actor: Actor, key: str, request_key: str = "") -> Ticket:
    """Open the ticket that a document describes; raises ApiRefusal with osTicket's status and text.

    `key` is the API key, which the system log names. A request that comes again with the same `request_key` gives the
    ticket that it made the first time.
    """
    topic = by_id(intake().topics, document.id("topicId"))
    _note_unexpected(document.members, structure_of_ticket(topic), key, actor.ip_address)
    source = _source(document)
    errors = _early_errors(document, source)
    if errors:
        raise refusal_of(errors)
    new = _new_ticket(document, source, request_key)
    try:
        return create_ticket(new, actor=actor)
    except DomainError as error:
        raise as_refusal(error, new.email) from error


def as_refusal(error: DomainError, address: str) -> ApiRefusal:
    """Give the answer for a ticket that was refused; a mistake that osTicket does not know is 400."""
    if isinstance(error, TicketInvalid):
        return refusal_of(_errors(error.problems))
    if isinstance(error, PermissionRefused) and error.code == "denied":
        return ApiRefusal(403, f"{REFUSAL}Ticket denied: {address}\n\n{error.message}")
    if isinstance(error, Conflict):
        return refusal_of([("err", str(error.message))])
    field = f"{error.field}\n" if error.field else ""
    return ApiRefusal(400 if isinstance(error, ValidationFailed) else 403, f"{REFUSAL}{field}{error.message}")


def refusal_of(errors: Errors) -> ApiRefusal:
    """Give the answer for mistakes: every key in a line of its own, its text below."""
    return ApiRefusal(500, REFUSAL + "\n".join(f"{key}\n{text}" for key, text in errors))


def _errors(problems: list[Problem]) -> Errors:
    """Name the mistakes as osTicket does: one word for all about the user, fields by id, those of topics by number."""
    errors: Errors = []
    for problem in problems:
        if problem.part is Part.USER:
            if not any(key == "user" for key, _text in errors):
                errors.append(("user", _("Incomplete client information")))
        elif problem.part is Part.TOPIC_FORM:
            number = sum(1 for key, _text in errors if key.startswith("\0"))
            errors.append((f"\0{number}", problem.message))
        else:
            errors.append((str(problem.form_field.pk) if problem.form_field else problem.name, problem.message))
    return [(key.removeprefix("\0"), text) for key, text in errors]


# --- Before the ticket ------------------------------------------------------------------------------------------------


def _note_unexpected(members: Mapping[str, Any], structure: Mapping[str, Any], key: str, address: str) -> None:
    """Write a line of the system log for every unexpected name, at most some; the names count all the same."""
    checked = {name: value for name, value in members.items() if not _is_understood(name, value)}
    paths = list(unexpected(checked, structure))
    for path in paths[:MOST_NOTED]:
        text = f"{path[:200]}: Unexpected data received in API request\n[{key}]\n"
        log_system(LogLevel.ERROR, "Unexpected Data (400)", text, address)
    if len(paths) > MOST_NOTED:
        text = f"{len(paths) - MOST_NOTED} more names in the same API request\n[{key}]\n"
        log_system(LogLevel.ERROR, "Unexpected Data (400)", text, address)


def _is_understood(name: str, value: Any) -> bool:
    """Whether a list or object has been read already: files, and a message with its type."""
    if name == "attachments":
        return isinstance(value, list) or (isinstance(value, dict) and "file" in value)
    return name == "message" and isinstance(value, dict)


def _source(document: TicketDocument) -> str:
    """Give the source as it was sent; only a missing one is `API`."""
    return "API" if document.members.get("source") is None else document.text("source")


def _early_errors(document: TicketDocument, source: str) -> Errors:
    """Give the mistakes that osTicket finds before it looks at sender and forms (osticket/api.md §9.1)."""
    errors: Errors = []
    match source.lower():
        case "api":
            pass
        case "web" | "staff":
            if document.id("topicId") is None:
                text = _("Select a Help Topic") if source.lower() == "web" else _("Help topic selection is required")
                errors += [("topicId", text), GENERAL]
                errors += [(str(field.pk), _required(field)) for field in _message_fields(intake().ticket_form)]
        case "email":
            if by_id(intake().mailboxes, document.id("emailId")) is None:
                errors += [("emailId", _("Unknown system email")), GENERAL]
        case _:
            errors += [("origin", _("Invalid ticket origin given")), ("err", _("No fields set up"))]
    due = document.text("duedate")
    if due:
        moment = parse_date(due)
        if moment is None:
            errors.append(("duedate", _("Invalid due date")))
        elif moment <= timezone.now():
            errors.append(("duedate", _("Due date must be in the future")))
    return errors


def _message_fields(form: FormInUse | None) -> list[FormField]:
    return [field for field in form.fields if field.type == "thread"] if form else []


def _required(field: FormField) -> str:
    return _("%(label)s is a required field") % {"label": field.label}


# --- The ticket -------------------------------------------------------------------------------------------------------


def _new_ticket(document: TicketDocument, source: str, request_key: str) -> NewTicket:
    known = intake()
    named = {
        "status": by_id(known.statuses, document.id("statusId")),
        "agent": _row(Agent, document.members.get("staffId")),
        "team": _row(Team, document.members.get("teamId")),
    }
    origin = {"api": Origin.API, "email": Origin.EMAIL}.get(source.lower(), Origin.WEB)
    is_web = origin is Origin.WEB  # its fields have names that no document can know: nothing is filled in
    files = attachments.judge(document.files)
    email, name = document.text("email").strip(), _lenient_text(document.members.get("name"))
    ip_address = document.text("ip")
    return NewTicket(
        origin=origin,
        source=TicketSource.API if origin is Origin.API else None,
        entry_source=source,
        user=_user(document),
        email=email,
        name=name,
        user_answers=_of_user_form(document.members),
        subject="" if is_web else document.text("subject"),
        message=None if is_web else document.message,
        format=document.format,
        answers={} if is_web else _answers(document.members),
        topic=by_id(known.topics, document.id("topicId")),
        department=by_id(known.departments, document.id("deptId")),
        status=named["status"],
        priority=by_id(known.priorities, document.id("priorityId")),
        sla=by_id(known.plans, document.id("slaId")),
        agent=named["agent"],
        team=named["team"],
        gone=frozenset(kind for kind, row in named.items() if row is None and document.id(_MEMBERS[kind])),
        assign_to=_assignee(document.members.get("assignId")),
        mailbox=by_id(known.mailboxes, document.id("emailId")),
        ip_address=ip_address,
        entry_ip=ip_address if document.members.get("ip") is not None else None,
        poster=_lenient_text(document.members.get("poster")),
        files=files.accepted,
        left_out=files.left_out,
        collaborators=_collaborators(document.members.get("ccs")),
        canned_response=_row(CannedResponse, document.members.get("cannedResponseId")),
        alert=document.alert,
        autorespond=document.autorespond,
        key=request_key,
    )


_MEMBERS = {"status": "statusId", "agent": "staffId", "team": "teamId"}


def _lenient_text(value: Any) -> str:
    """Give a text, '' for what is none."""
    return "" if value is None or isinstance(value, dict | list | bool) else str(value)


def _user(document: TicketDocument) -> EndUser | None:
    """Give the user whom `uid` names; an unknown number names nobody."""
    pk = document.id("uid")
    users = EndUser.objects.select_related("org", "default_email")
    return users.filter(pk=pk).first() if pk else None


def _of_user_form(members: Mapping[str, Any]) -> dict[str, Any]:
    """Give the answers of the form for contact information; name and address are kept elsewhere."""
    form = intake().user_form
    names = {field.name.casefold() for field in form.fields} if form else set()
    known = {name: value for name, value in members.items() if name.casefold() in names}
    return {name: _first(value) for name, value in known.items() if name.casefold() not in {"name", "email"}}


def _answers(members: Mapping[str, Any]) -> dict[str, Any]:
    """Give all members: those with the name or number of a field are its answers."""
    texts = _names_of_texts()
    return {name: _first(value) if name.casefold() in texts else value for name, value in members.items()}


def _names_of_texts() -> set[str]:
    """Give the names of all fields for one line of text, for which osTicket takes the first item of a list."""
    known = intake()
    forms = [*known.forms.values(), *(place.form for places in known.forms_of_topics.values() for place in places)]
    return {field.name.casefold() for form in forms for field in form.fields if field.type == "text"} - {"subject"}


def _first(value: Any) -> Any:
    return (value[0] if value else None) if isinstance(value, list) else value


def _row(model: type[Any], value: Any) -> Any:
    pk = id_of(value)
    return model._default_manager.filter(pk=pk).first() if pk else None


def _assignee(value: Any) -> Agent | Team | None:
    """Give the agent (`s3`) or team (`t1`) that is asked for."""
    if not isinstance(value, str) or value[:1] not in {"s", "t"}:
        return None
    found: Agent | Team | None = _row(Agent if value[0] == "s" else Team, value[1:])
    return found


def _collaborators(value: Any) -> list[EndUser]:
    ids = [pk for pk in map(id_of, value[:MOST_COLLABORATORS]) if pk] if isinstance(value, list) else []
    users = EndUser.objects.select_related("default_email").in_bulk(ids) if ids else {}
    return [users[pk] for pk in ids if pk in users]
