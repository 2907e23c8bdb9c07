"""Every variable that a template may use, for the help of the editor and to find those that do not exist.

The kinds follow what the classes of this package resolve (osticket/mail.md §9.3); a test compares the two.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from helpdesk.forms.models import FormField
from helpdesk.variables.language import find_variables

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TEXT = ""
"""The kind of what has no properties."""


def _texts(names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), TEXT)


KINDS: Mapping[str, Mapping[str, str]] = {
    "name": _texts("first middle last full legal lastfirst formal short shortformal complete original initials"),
    "address": _texts("address mailbox domain host personal"),
    "moment": {**_texts("short long time full humanize"), "system": "zone", "user": "zone"},
    "zone": _texts("short long time full"),
    "people": _texts("names emails full"),
    "agent": {
        "name": "name", "email": "address", "dept": "dept",
        **_texts("id firstname lastname phone mobile signature username timezone"),
    },
    "user": {"name": "name", "email": "address", "organization": "organization", "id": TEXT, "phone": TEXT},
    "participant": {
        "name": "name", "email": "address", "organization": "organization", **_texts("id phone ticket_link"),
    },
    "agent recipient": {
        "name": "name", "email": "address", "dept": "dept",
        **_texts("id firstname lastname phone mobile signature username timezone ticket_link"),
    },
    "organization": {"name": TEXT, "manager": "agent", "members": "people", "contacts": "people"},
    "dept": {"id": TEXT, "name": TEXT, "manager": "agent", "members": "people", "parent": "dept", "signature": TEXT,
             "sla": "sla"},
    "team": {"name": TEXT, "lead": "agent", "members": "people"},
    "topic": {"name": TEXT, "fullname": TEXT, "parent": "topic"},
    "sla": {"name": TEXT, "graceperiod": TEXT},
    "status": {"name": TEXT, "state": TEXT},
    "priority": {"desc": TEXT},
    "entry": {
        **_texts("id type poster title body message ip_address files"),
        "create_date": "moment", "update_date": "moment", "staff": "agent", "user": "user",
    },
    "thread": {"complete": "complete", "original": "entry", "lastmessage": "entry", "lastresponse": "entry"},
    "complete": {"reversed": TEXT},
    "activity": {"title": TEXT, "description": TEXT},
    "company": _texts("name website phone address"),
    "ticket": {
        **_texts("id number subject phone phone_number source assigned client_link staff_link auth_token"),
        "name": "name", "email": "address", "priority": "priority", "status": "status", "dept": "dept",
        "staff": "agent", "team": "team", "topic": "topic", "sla": "sla", "create_date": "moment",
        "due_date": "moment", "close_date": "moment", "last_update": "moment", "user": "user",
        "recipients": "people", "thread": "thread",
    },
    "task": {
        **_texts("id number title subject description status assigned staff_link ticket_link"),
        "dept": "dept", "staff": "agent", "team": "team", "create_date": "moment", "due_date": "moment",
        "close_date": "moment", "last_update": "moment", "thread": "thread", "ticket": "ticket", "recipients": "people",
    },
    "person": {
        "name": "name", "email": "address", "dept": "dept", "organization": "organization",
        **_texts("id firstname lastname phone mobile signature username timezone"),
    },
}  # fmt: skip
"""What can follow a point, by kind; each with the kind of what it gives."""

ROOT_KINDS = {
    "ticket": "ticket", "task": "task", "message": "entry", "response": "entry", "note": "entry", "comments": "entry",
    "poster": "person", "staff": "agent", "assignee": "agent", "assigner": "agent", "activity": "activity",
    "company": "company", "url": TEXT, "signature": TEXT,
}  # fmt: skip
COMMON = ("company", "url")
"""First names that every template knows."""
FORMS = {"ticket": "T", "task": "A", "user": "U", "participant": "U", "organization": "O", "company": "C"}
"""Kinds that also have the answers to the forms of a type."""

TEXTS: Mapping[str, StrOrPromise] = {
    "ticket": _("The ticket: its number"),
    "task": _("The task: its number"),
    "message": _("The message: its text"),
    "response": _("The answer: its text"),
    "note": _("The note: its text"),
    "comments": _("What the agent wrote with the action"),
    "poster": _("Who wrote it"),
    "staff": _("The agent who did it"),
    "assignee": _("The agent or team it was assigned to"),
    "assigner": _("Who assigned it"),
    "activity": _("What happened, in words"),
    "recipient": _("Who gets this mail"),
    "company": _("The company: its name"),
    "url": _("The address of the help desk"),
    "signature": _("The signature that was chosen"),
}


@dataclass(frozen=True)
class Unknown:
    """A variable that does not exist, and where it stands (lines and columns from 1)."""

    name: str
    line: int
    column: int


def kind_of_root(root: str, *, for_agents: bool) -> str:
    """Give the kind of a first name; `recipient` differs with who reads."""
    if root == "recipient":
        return "agent recipient" if for_agents else "participant"
    return ROOT_KINDS.get(root, TEXT)


def variables_of(roots: Collection[str], *, for_agents: bool) -> list[tuple[str, StrOrPromise, list[str]]]:
    """Give each first name with what it stands for and the names one or two steps below it, for people to look up."""
    fields = _field_names()
    found = []
    for root in [*roots, *(one for one in COMMON if one not in roots)]:
        names = list(_below(root, kind_of_root(root, for_agents=for_agents), fields, steps=2))
        found.append((root, TEXTS[root], names))
    return found


def unknown_variables(text: str, roots: Collection[str], *, for_agents: bool) -> list[Unknown]:
    """Give the variables of a text that a message with these first names does not know."""
    fields, known = _field_names(), {*roots, *COMMON}
    return [
        Unknown(name, line=text.count("\n", 0, place) + 1, column=place - text.rfind("\n", 0, place))
        for name, place in find_variables(text)
        if not _is_known(name, known, fields, for_agents=for_agents)
    ]


def _is_known(name: str, known: Collection[str], fields: Mapping[str, set[str]], *, for_agents: bool) -> bool:
    root, *steps = name.split(".")
    if root not in known:
        return False
    kind = kind_of_root(root, for_agents=for_agents)
    for step in (one.lower() for one in steps):
        if step in KINDS.get(kind, {}):
            kind = KINDS[kind][step]
        elif step in fields.get(FORMS.get(kind, ""), ()):
            kind = TEXT
        else:
            return False
    return True


def _below(prefix: str, kind: str, fields: Mapping[str, set[str]], *, steps: int) -> Iterator[str]:
    own = KINDS.get(kind, {})
    for name, below in own.items():
        yield f"{prefix}.{name}"
        if steps > 1 and below not in {TEXT, "ticket"}:
            yield from _below(f"{prefix}.{name}", below, fields, steps=steps - 1)
    for name in sorted(fields.get(FORMS.get(kind, ""), set()) - set(own)):
        yield f"{prefix}.{name}"


def _field_names() -> dict[str, set[str]]:
    """Give the names of the fields of each type of form; tickets also have those of the topics' forms."""
    found: dict[str, set[str]] = {}
    for kind, name in FormField.objects.exclude(name="").values_list("form__type", "name"):
        found.setdefault("T" if kind == "G" else kind or "", set()).add(name.lower())
    return found
