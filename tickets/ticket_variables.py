"""What `%{ticket.…}` says in pages and prepared answers (osticket/mail.md §9): the plain facts of a ticket."""

from __future__ import annotations

from helpdesk.forms.selectors import subject_of
from helpdesk.knowledge.page_variables import Root
from tickets.models import Ticket
from tickets.names import address_of, full_name, shown_user


def ticket_variables(ticket: Ticket, *, name: str | None = None, email: str | None = None) -> dict[str, Root]:
    """Give the root `ticket` for `replace_variables`; names that it does not know say nothing.

    `name` and `email` stand for those of the owner where the reader may not know them.
    """
    owner = shown_user(ticket.user) if name is None else name
    address = address_of(ticket.user) if email is None else email

    def value(rest: str) -> str:
        wanted = rest.casefold()
        if wanted == "subject":
            return subject_of(ticket.pk)
        return {
            "": ticket.number or "",
            "number": ticket.number or "",
            "id": str(ticket.pk),
            "name": owner,
            "name.first": owner.partition(" ")[0],
            "email": address,
            "topic": ticket.topic.topic if ticket.topic else "",
            "dept": ticket.dept.name if ticket.dept else "",
            "dept.name": ticket.dept.name if ticket.dept else "",
            "status": ticket.status.name if ticket.status else "",
            "staff": full_name(ticket.staff) if ticket.staff else "",
            "staff.name": full_name(ticket.staff) if ticket.staff else "",
        }.get(wanted, "")

    return {"ticket": value}
