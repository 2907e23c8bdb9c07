"""A small help desk at work: what tests of pages need, made through the services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Role
from helpdesk.people.services.agents import create_agent
from helpdesk.threads.bodies import NewFile
from tickets.models import HelpTopic, Ticket, TicketStatus
from tickets.services import close_ticket, post_note, post_reply
from tickets.services.creation import NewTicket, Origin, create_ticket

PASSWORD = "a long enough password"
SYSTEM = Actor.system()
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c63f8cfc0f01f0005000201a5a6a5d60000000049454e44ae426082"
)


@dataclass(frozen=True)
class Desk:
    """Grace and Alan work in Support with every permission, Vera there may only look; Sam works in Sales."""

    grace: Agent
    alan: Agent
    vera: Agent
    sam: Agent


def set_up_desk() -> Desk:
    """Make the agents; all sign in with PASSWORD."""
    support, sales = Department.objects.get(name="Support"), Department.objects.get(name="Sales")
    everything, nothing = Role.objects.get(name="All Access"), Role.objects.get(name="View only")

    def agent(first: str, last: str, department: Department, role: Role) -> Agent:
        return create_agent(
            first.lower(),
            email=f"{first.lower()}@acme.test",
            department=department,
            role=role,
            actor=SYSTEM,
            firstname=first,
            lastname=last,
            password=PASSWORD,
        )

    return Desk(
        grace=agent("Grace", "Hopper", support, everything),
        alan=agent("Alan", "Kay", support, everything),
        vera=agent("Vera", "Rubin", support, nothing),
        sam=agent("Sam", "Hill", sales, everything),
    )


def open_ticket(subject: str = "Printer prints blank pages", **values: Any) -> Ticket:
    """Open a ticket of Maria Silva's in Support."""
    new = {
        "origin": Origin.WEB,
        "email": "maria@customer.test",
        "name": "Maria Silva",
        "subject": subject,
        "message": "<p>Since this morning every page is blank.</p>",
        "topic": HelpTopic.objects.order_by("pk").first(),
        "department": Department.objects.get(name="Support"),
        **values,
    }
    return create_ticket(NewTicket(**new), actor=SYSTEM)


def busy_ticket(desk: Desk) -> Ticket:
    """Open a ticket with a message, a note, a reply, an inline image and an attachment."""
    ticket = open_ticket(
        message='<p>See the picture <img src="cid:photo" alt="Blank page"> and the log.</p>',
        files=[
            NewFile("photo.png", PIXEL, media_type="image/png", content_id="photo"),
            NewFile("driver-log.txt", b"61.250 installed", media_type="text/plain"),
        ],
    )
    post_note(ticket, actor=Actor.for_agent(desk.alan), title="Driver rollout", body="<p>Roll back to 61.218.</p>")
    post_reply(ticket, actor=Actor.for_agent(desk.grace), body="<p>Please choose version <b>61.218</b>.</p>")
    return ticket


def closed_ticket(desk: Desk, subject: str = "Solved long ago") -> Ticket:
    """Open a ticket and close it as Grace."""
    ticket = open_ticket(subject)
    status = TicketStatus.objects.get(name="Resolved")
    return close_ticket(ticket, actor=Actor.for_agent(desk.grace), status=status)
