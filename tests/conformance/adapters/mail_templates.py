"""Adapters for `mail-templates.json`: one template, expanded once for a context (cases/README §11)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from helpdesk.configuration.services import set_settings
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import form_for
from helpdesk.forms.services import save_answers
from helpdesk.mail.outgoing import Recipient, RecipientKind
from helpdesk.mail.variables import Part, expand, roots_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, EndUser, Organization, Role, UserEmail
from helpdesk.threads.constants import CollaboratorFlag, EntryType, ObjectType
from helpdesk.threads.models import Collaborator, Thread, ThreadEntry
from tasks.constants import TaskFlag
from tasks.models import Task
from tests.conformance.comparison import differences
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter
from tickets.constants import TicketSource
from tickets.models import HelpTopic, Ticket, TicketStatus

FILE = "mail-templates.json"
SYSTEM = Actor.system("tests")
TICKET = 1
OWNER = Recipient(RecipientKind.USER, "jane@example.com", "Dr. Jane M. Doe", 1)
AGENT = Recipient(RecipientKind.AGENT, "bob@acme.test", "Bob Agent", 2)
ADMINISTRATOR = Recipient(RecipientKind.ADDRESS, "admin@acme.test")
OVER = "Please take <b>over</b>"

CONTEXTS: Mapping[str, tuple[Mapping[str, Any], Recipient | None]] = {
    "ticket": (
        {
            "ticket": TICKET,
            "message": 1,
            "response": 2,
            "note": 3,
            "comments": OVER,
            "signature": "dept",
            "staff": {"agent": 2},
            "poster": {"user": 1},
            "activity": "",
            "assignee": {"agent": 2},
            "assigner": {"agent": 1},
        },
        OWNER,
    ),
    "recur": ({"ticket": TICKET, "comments": "see %{ticket.number}"}, None),
    "string": ({"ticket": TICKET, "poster": "Zed <b>"}, ADMINISTRATOR),
    "staff": ({"ticket": TICKET, "message": 1, "comments": 3, "assigner": "SYSTEM (Auto Assignment)"}, AGENT),
    "task": ({"task": 1, "comments": "Do it", "activity": "plain text"}, AGENT),
    "bare": ({}, None),
    "text": ({"ticket": TICKET, "message": 11, "response": 12, "comments": 13}, None),
    "act": (
        {"ticket": TICKET, "activity": {"title": "New Response", "description": "New response posted"}},
        None,
    ),
}
MORE_ROOTS: Mapping[str, Mapping[str, Any]] = {"string": {"note": {"a": "1", "b": {"c": "2"}}}}


def _compare(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    result = differences(_plain_blanks(expected["output"]), _plain_blanks(found["output"]), at="$.output", exact=True)
    return result + differences(expected.get("errors", []), found["errors"], at="$.errors", exact=True)


def _plain_blanks(output: Any) -> Any:
    if isinstance(output, Mapping):
        return {key: _plain_blanks(text) for key, text in output.items()}
    return str(output).replace("\u202f", " ")


@adapter(FILE, *(f"context {name}" for name in CONTEXTS), compare=_compare, uses_database=True)
def expanded(case: RecordedCase) -> dict[str, Any]:
    build(case.given["fixture"])
    set_settings("core", dict(case.given.get("config") or {}), SYSTEM)
    context, recipient = CONTEXTS[case.given["context"]]
    roots = {**roots_of(context, recipient), **MORE_ROOTS.get(case.given["context"], {})}
    template = case.input["template"]
    if isinstance(template, str):
        done = expand(template, roots)
        return {"output": done.text, "errors": [f'Unknown object for "{name}" tag' for name in done.unknown]}
    parts = {"subj": Part.SUBJECT, "body": Part.HTML}
    return {"output": {key: expand(text, roots, part=parts[key]).text for key, text in template.items()}, "errors": []}


# --- The objects ------------------------------------------------------------------------------------------------------


def build(fixture: Mapping[str, Any]) -> None:
    """Write the rows that the cases speak of, ids as given."""
    settings = {**fixture["settings"], "allow_auth_tokens": "1"}
    set_settings("core", settings, SYSTEM)
    _people(fixture)
    _ticket(fixture["ticket"])
    _entries(fixture["entries"])
    _task(fixture["task"])


def _people(fixture: Mapping[str, Any]) -> None:
    department, given = Department.objects.get(pk=1), fixture["dept"]
    for key, agent in fixture["agents"].items():
        first, _blank, last = agent["name"].partition(" ")
        fields = {name: agent[name] for name in ("phone", "mobile", "signature", "timezone", "locale") if name in agent}
        Agent.objects.create(
            pk=int(key),
            username=agent.get("username", first.lower()),
            firstname=first,
            lastname=last,
            email=agent["email"],
            dept=department,
            role=Role.objects.order_by("pk").first(),
            **fields,
        )
    Department.objects.filter(pk=1).update(name=given["name"], manager=3, signature=given["signature"], ispublic=True)
    owner, organization = fixture["owner"], fixture["owner"]["organization"]
    Organization.objects.create(pk=90, name=organization["name"], manager="s3")
    people = [{**owner, "org_id": 90}, *({**one, "id": 2} for one in fixture["collaborators"])]
    EndUser.objects.filter(pk__in=[1, 2]).delete()
    UserEmail.objects.filter(pk__in=[1, 2]).delete()
    for person in people:
        user = EndUser.objects.create(pk=person["id"], name=person["name"], org_id=person.get("org_id"))
        email = UserEmail.objects.create(pk=person["id"], user=user, address=person["email"])
        EndUser.objects.filter(pk=user.pk).update(default_email=email)
    _answer(EntryObject.USER, 1, {"phone": owner["phone"]})
    Thread.objects.filter(pk=1).delete()
    Thread.objects.create(pk=1, object_id=TICKET, object_type=ObjectType.TICKET)
    Collaborator.objects.create(thread_id=1, user_id=2, flags=CollaboratorFlag.ACTIVE | CollaboratorFlag.CC)


def _answer(kind: EntryObject, object_id: int, answers: Mapping[str, Any]) -> None:
    form = form_for(kind)
    assert form is not None
    save_answers(kind, object_id, form, answers, SYSTEM)


def _ticket(given: Mapping[str, Any]) -> None:
    Ticket.objects.create(
        pk=TICKET,
        number=given["number"],
        user_id=1,
        dept_id=given["dept_id"],
        topic=HelpTopic.objects.get(pk=given["topic_id"]),
        status=TicketStatus.objects.get(name=given["status"]),
        sla_id=1,
        staff_id=given["staff_id"],
        team_id=1,
        source=TicketSource(given["source"]),
        created=_moment(given["created_utc"]),
        lastupdate=_moment(given["lastupdate_utc"]),
        duedate=_moment(given["duedate_utc"]),
    )
    _answer(EntryObject.TICKET, TICKET, {"subject": given["subject_stored"], "priority": 2})


def _entries(given: Mapping[str, Mapping[str, Any]]) -> None:
    texts: dict[int, Mapping[str, Any]] = {int(key): entry for key, entry in given.items()}
    texts |= {
        11: {"type": "M", "format": "text", "body": "a &lt; b &amp; c\nline two http://x.test/"},
        12: {"type": "R", "format": "html", "body": "<p>x <b>y</b></p>"},
        13: {"type": "N", "format": "text", "body": " "},
    }
    thread_of_texts = Thread.objects.create(object_id=0, object_type=ObjectType.TICKET)
    ThreadEntry.objects.filter(pk__in=texts).delete()
    for key, entry in texts.items():
        title = 'Printer "X" &amp; smoking' if key == 1 else entry.get("title")
        ThreadEntry.objects.create(
            pk=key,
            thread_id=1 if key < 10 else thread_of_texts.pk,
            type=EntryType(entry["type"]),
            format=entry["format"],
            body=entry["body"],
            title=title,
            poster=entry.get("poster", "Bob Agent" if entry.get("staff") else ""),
            staff_id=entry.get("staff"),
            user_id=1 if key == 1 else None,
            created=_moment(entry.get("created_utc", "2026-03-05 14:07:09")),
        )


def _task(given: Mapping[str, Any]) -> None:
    Task.objects.create(
        pk=given["id"],
        object_id=given["on_ticket"],
        object_type=ObjectType.TICKET,
        number=given["number"],
        dept_id=given["dept_id"],
        staff_id=given["staff_id"],
        flags=TaskFlag.OPEN,
        duedate=_moment(given["duedate_utc"]),
        created=_moment(given["created_utc"]),
        updated=_moment(given["updated_utc"]),
    )
    _answer(EntryObject.TASK, given["id"], {"title": given["title_entered"]})
    thread = Thread.objects.create(object_id=given["id"], object_type=ObjectType.TASK)
    ThreadEntry.objects.create(thread=thread, type=EntryType.MESSAGE, format="html", body=given["description"])


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
