"""Outgoing mails as effects: who gets which one is decided when it happens, its text when it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from helpdesk.outbox.services import NewEffect, enqueue

KIND = "mail"


class RecipientKind(StrEnum):
    """What is known of a recipient; templates show `recipient` accordingly."""

    AGENT = "agent"
    USER = "user"
    COLLABORATOR = "collaborator"
    ADDRESS = "address"
    """An address from the settings."""


@dataclass(frozen=True)
class Recipient:
    """Somebody who gets a mail; `id` is that of the agent, the user or the collaborator's row, 0 for an address."""

    kind: RecipientKind
    address: str
    name: str = ""
    id: int = 0


@dataclass(frozen=True)
class NewMail:
    """A mail to be made from a template (osticket/mail.md §8) or, with `subject`, from `text` or `html`.

    Subject and `html` (of a filter) may hold variables of the ticket in `context`.

    `sender` is the id of the help desk's address, 0 for the default one. `context` names what the template speaks of
    (`ticket`, `entry`, `assignee` …) by id, or by text where there is none. `key` makes it unique for its recipients.
    """

    to: Sequence[Recipient]
    key: str
    template: str = ""
    sender: int = 0
    cc: Sequence[Recipient] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    subject: str = ""
    text: str = ""
    html: str = ""


def mail_effects(mails: Iterable[NewMail], *, object_type: str, object_id: int) -> list[NewEffect]:
    """Give the effects of mails about one object; a mail without recipient is none."""
    return [
        NewEffect(KIND, _key(mail), _payload(mail), object_type=object_type, object_id=object_id)
        for mail in mails
        if mail.to
    ]


def queue_mails(mails: Iterable[NewMail], *, object_type: str, object_id: int, now: datetime) -> None:
    """Write mails down in the running transaction."""
    enqueue(*mail_effects(mails, object_type=object_type, object_id=object_id), now=now)


def _payload(mail: NewMail) -> dict[str, Any]:
    """Give the fields as JSON will hold them; `dataclasses.asdict` copies deeply, which bulk work would feel."""
    people = {"to": [vars(one).copy() for one in mail.to], "cc": [vars(one).copy() for one in mail.cc]}
    return {**vars(mail), **people, "context": dict(mail.context)}


def _key(mail: NewMail) -> str:
    addresses = ",".join(one.address.lower() for one in (*mail.to, *mail.cc))
    return f"{mail.template or 'text'}:{mail.key}:{addresses}"
