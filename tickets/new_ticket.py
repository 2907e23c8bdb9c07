"""What is known of a ticket before it exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from helpdesk.knowledge.models import CannedResponse
from helpdesk.mail.incoming import Mailbox
from helpdesk.mail.models import EmailAddress
from helpdesk.people.models import Agent, Department, EndUser, Team
from helpdesk.threads.bodies import HTML, NewFile
from helpdesk.threads.mails import MailFacts
from helpdesk.threads.services import Recipients
from sla.models import SlaPlan
from tickets.constants import TicketSource
from tickets.models import HelpTopic, TicketPriority, TicketStatus


class Origin(StrEnum):
    """By which way a ticket comes in; it decides what is required."""

    WEB = "web"
    STAFF = "staff"
    API = "api"
    EMAIL = "email"


class ReplyTo(StrEnum):
    """Who gets a reply by mail."""

    ALL = "all"
    USER = "user"
    NOBODY = "none"


class Signature(StrEnum):
    """Whose signature stands below a mail."""

    NONE = "none"
    MINE = "mine"
    DEPARTMENT = "dept"


@dataclass(frozen=True)
class Addressee:
    """Somebody to whom a mail was addressed besides the help desk; `header` says where, as the event notes it."""

    address: str
    name: str = ""
    header: str = "Email (cc)"


@dataclass(frozen=True)
class NewTicket:
    """What is known of a ticket before it exists. Everything but origin, requester and message may be left out.

    The requester is `user`, or whoever has the address `email`; a new one is made with `name` and `user_answers`.
    `answers` are those of the ticket form and of the topic's forms; both by variable name or field id. A `message` of
    None was not given at all. `duedate` counts for tickets that agents open, and `reply_to` says whom they tell of it.
    What is not given comes from mailbox, help topic and settings.

    `entry_source` and `entry_ip` are what the first message notes instead of source and address of the ticket, `poster`
    its author's name. `left_out` names files that were refused, with the reason: notes say so. `assign_to` is an
    assignment that was asked for (by an agent with `assign_comments`); `agent` and `team` count as automatic ones.
    `answer_address` is the Reply-To of a mail and `addressees` whom it was sent to besides the help desk: filters look
    at them. `gone` says of which kinds (`agent`, `team`, `status`) one was named that does not exist: nothing else
    stands in for it. `own_addressees` are all addresses of the help desk that it was sent to: their departments see it.
    `alert` and `autorespond` off keep mails back. The same `key` of the same actor gives the same ticket again.
    """

    origin: Origin
    message: str | None
    subject: str = ""
    format: str = HTML
    user: EndUser | None = None
    email: str = ""
    name: str = ""
    user_answers: Mapping[Any, Any] = field(default_factory=dict)
    topic: HelpTopic | None = None
    department: Department | None = None
    status: TicketStatus | None = None
    priority: TicketPriority | None = None
    sla: SlaPlan | None = None
    agent: Agent | None = None
    team: Team | None = None
    gone: frozenset[str] = frozenset()
    assign_to: Agent | Team | None = None
    assign_comments: str = ""
    mailbox: EmailAddress | None = None
    source: TicketSource | None = None
    entry_source: str | None = None
    ip_address: str = ""
    entry_ip: str | None = None
    poster: str = ""
    duedate: datetime | None = None
    answers: Mapping[Any, Any] = field(default_factory=dict)
    files: Sequence[NewFile] = ()
    left_out: Sequence[tuple[str, str]] = ()
    collaborators: Sequence[EndUser] = ()
    reply_to: ReplyTo | None = None
    recipients: Recipients | None = None
    addressed: Sequence[Addressee] = ()
    mail: MailFacts | None = None
    answer_address: Mailbox | None = None
    addressees: Sequence[Mailbox] = ()
    own_addressees: Sequence[EmailAddress] = ()
    canned_response: CannedResponse | None = None
    alert: bool = True
    autorespond: bool = True
    key: str = ""
