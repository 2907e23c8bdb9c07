"""What variables stand for in texts beside mails: prepared answers, and the thanks for a new ticket.

Objects and properties are those of the e-mail templates (osticket/mail.md §9.3). What opens the ticket for its owner
goes by mail to the owner alone, so here it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from helpdesk.mail.variables.people import AddressVariable, NameVariable, PeopleVariable
from helpdesk.people.names import parse_name, user_name
from helpdesk.variables import VariableObject, common_roots, expand
from tickets.mail_variables import TicketVariable
from tickets.models import Ticket

Getter = Callable[[], Any]


def with_values(html: str, ticket: Ticket) -> str:
    """Put the values of its variables into an answer to a ticket; to be cleaned afterwards.

    What a value holds is data: escaped, and never expanded again.
    """
    return expand(html, {**common_roots(), "ticket": _AgentsTicket(ticket)}).text


def roots_for_visitor(ticket: Ticket, *, name: str, email: str) -> dict[str, Any]:
    """Give the values for somebody who has just opened a ticket, and of the owner only what was typed."""
    person = _Stranger(name, email)
    return {**common_roots(), "ticket": _StrangersTicket(ticket, person), "user": person}


class _AgentsTicket(TicketVariable):
    """A ticket as its agents may speak of it."""

    def _auth_token(self) -> str:
        return ""


class _Stranger(VariableObject):
    """Somebody of whom nothing counts but what he typed."""

    def __init__(self, name: str, email: str) -> None:
        self.name, self.email = name, email

    def shown(self) -> str:
        return user_name(self.name)

    def properties(self) -> Mapping[str, Getter]:
        return {
            "name": lambda: NameVariable(parse_name(self.name), self.shown()),
            "email": lambda: AddressVariable(self.email, self.name),
        }


class _StrangersTicket(_AgentsTicket):
    """A ticket whose owner may be somebody else than who opened it."""

    def __init__(self, ticket: Ticket, person: _Stranger) -> None:
        super().__init__(ticket)
        self.person = person

    def properties(self) -> Mapping[str, Getter]:
        own = self.person.properties()
        people = [(self.person.shown(), self.person.email)]
        return {
            **super().properties(),
            **own,
            "user": lambda: self.person,
            "recipients": lambda: PeopleVariable(people),
            "phone": lambda: "",
            "phone_number": lambda: "",
            "thread": lambda: None,
        }
