"""The reads of the ticket pages, by the names that views use.

- `navigation_for(access, now=…)`: the queues beside every page, with their numbers of tickets.
- `queue_for(access, queue_id)`: a queue that is offered to the agent, else NotFound.
- `queue_page(access, queue, now=…, after=…, before=…)`: one page of it.
- `get_ticket_for_agent(access, ticket_id)`: a ticket that the agent may open, else NotFound, whatever the reason.
- `ticket_page(access, ticket, links=…)`: everything on its page.
"""

from tickets.navigation import navigation_for
from tickets.policies import get_ticket_for_agent
from tickets.queue_page import queue_page
from tickets.queues import QueueDefinition, queue_for
from tickets.screens import (
    Action,
    AttachedFile,
    AuthorKind,
    Choice,
    ColumnHeading,
    CustomAnswer,
    ItemKind,
    NavigationQueue,
    Person,
    QueueCell,
    QueueHeading,
    QueuePage,
    QueueRow,
    RelatedTicket,
    ThreadItem,
    TicketPage,
)
from tickets.ticket_page import ticket_page

__all__ = [
    "Action",
    "AttachedFile",
    "AuthorKind",
    "Choice",
    "ColumnHeading",
    "CustomAnswer",
    "ItemKind",
    "NavigationQueue",
    "Person",
    "QueueCell",
    "QueueDefinition",
    "QueueHeading",
    "QueuePage",
    "QueueRow",
    "RelatedTicket",
    "ThreadItem",
    "TicketPage",
    "get_ticket_for_agent",
    "navigation_for",
    "queue_for",
    "queue_page",
    "ticket_page",
]
