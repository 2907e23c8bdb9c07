"""In whose name a mail is posted (docs/mail.md has the table).

An address can be forged by anybody, and a mail with our signature forwarded. So an agent is who has an agent's address
and answers a mail that we sent to exactly this agent; where a mail server is trusted with looking at senders
(`MAIL_AUTHENTICATION_SERVER`) it must vouch for the address as well. Who is no agent by that may be a participant by
the address; what the server finds to be forged is nobody's.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.mail.incoming import IncomingMail, Verdict
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser
from helpdesk.people.permissions import RolePermission
from helpdesk.people.selectors import user_of_address
from helpdesk.threads.constants import EntryType
from helpdesk.threads.models import ThreadEntry
from helpdesk.threads.own_rows import is_followed
from tickets.models import Ticket
from tickets.policies import can
from tickets.services.mail_matching import Match
from tickets.states import is_merged_child, thread_of

FOR_AGENTS = "S"
FOR_USERS = frozenset({"U", "C", "M"})
"""Classes of signed mails that go to end users: who answers one was given it by somebody on the ticket."""


@dataclass(frozen=True)
class Author:
    """In whose name a mail is posted: an agent's, a user's, or nobody's. `may_answer` lets an agent's text go out."""

    user: EndUser | None = None
    agent: Agent | None = None
    may_answer: bool = False


NOBODY = Author()


def author_on_ticket(ticket: Ticket, match: Match, mail: IncomingMail) -> Author:
    """Give in whose name a mail is posted on a ticket (osticket/mail.md §4.4)."""
    if mail.sender is None or mail.verdict is Verdict.FAILED:
        return NOBODY
    agent = agent_of_address(mail.sender.address)
    sees = agent is not None and can(Actor.for_agent(agent), None, ticket)
    if agent is not None and sees and is_token_of(agent, match, mail):
        return Author(agent=agent, may_answer=_may_answer(agent, ticket, match, mail))
    user = _participant(ticket, match, mail, is_agent=agent is not None)
    if user is not None:
        return Author(user=user)
    return Author(agent=agent) if sees and mail.verdict is Verdict.PASSED else NOBODY


def is_token_of(agent: Agent, match: Match, mail: IncomingMail) -> bool:
    """Whether the mail answers one that we sent to this agent, and a trusted server, if any, vouches for it."""
    signed = match.signed
    if signed is None or match.entry is None or signed.kind != FOR_AGENTS or signed.person_id != agent.pk:
        return False
    return mail.verdict is Verdict.PASSED or not settings.MAIL_AUTHENTICATION_SERVER


def agent_of_address(address: str) -> Agent | None:
    """Give the active agent with this address."""
    found = _agent_of_address.first(address) if address else None
    return Agent.objects.get(pk=found.pk) if found is not None else None


_agent_of_address = PreparedRead(
    Agent,
    # Most senders are none, and an agent has many columns.
    lambda address: Agent.objects.filter(email=address, isactive=True).order_by("pk").only("pk"),
)


def target_of(ticket: Ticket) -> Ticket:
    """Give where messages on a ticket go: a merged one's parent."""
    return ticket.parent if is_merged_child(ticket) and ticket.parent is not None else ticket


def _may_answer(agent: Agent, ticket: Ticket, match: Match, mail: IncomingMail) -> bool:
    """Whether an agent's text may go out: it answers what a user wrote, a person wrote it, and the settings want it.

    Agents who know osTicket believe that it stays among agents: there an answer to an alert is an internal note.
    """
    chosen = settings.AGENT_ANSWERS_BY_MAIL or ("note" if is_followed() else "response")
    is_about_message = isinstance(match.entry, ThreadEntry) and match.entry.type == EntryType.MESSAGE
    is_written = not (mail.is_automatic or mail.is_bounce)
    return (
        chosen == "response"
        and is_about_message
        and is_written
        and can(Actor.for_agent(agent), RolePermission.TICKET_REPLY, ticket)
    )


def _participant(ticket: Ticket, match: Match, mail: IncomingMail, *, is_agent: bool) -> EndUser | None:
    """Give the user in whose name a mail is posted; None for somebody who has nothing to do with the ticket.

    Owner and collaborators are known by any of their addresses. Another user becomes a collaborator by answering a
    signed mail that went to end users.
    """
    user = user_of_address(mail.sender.address) if mail.sender else None
    if user is None:
        return None
    target = target_of(ticket)
    is_owner = user.pk in {ticket.user_id, target.user_id}
    if is_owner or thread_of(target).collaborators.filter(user=user).exists():
        return user
    is_invited = match.signed is not None and match.signed.kind in FOR_USERS
    return user if is_invited and not is_agent else None
