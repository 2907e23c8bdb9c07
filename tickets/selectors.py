"""The reads of the ticket pages, by the names that views use.

navigation_for(access, *, now) -> list[NavigationQueue]
queue_for(access, queue_id) -> Queue                                  (NotFound when it is not for this agent)
queue_page(access, queue, *, after=None, before=None, now) -> QueuePage
get_ticket_for_agent(access, ticket_id) -> Ticket                     (NotFound, whatever the reason)
ticket_page(access, ticket, *, now, links) -> TicketPage
"""

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
    "QueueHeading",
    "QueuePage",
    "QueueRow",
    "RelatedTicket",
    "ThreadItem",
    "TicketPage",
]
