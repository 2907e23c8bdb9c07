"""Flag bits of tickets, statuses, help topics, sequences and queues (osticket/tickets.md §1, osticket/queues.md §1)."""

from enum import IntFlag, StrEnum


class TicketFlag(IntFlag):
    """`ticket.flags`."""

    COMBINE_THREADS = 0x01
    SEPARATE_THREADS = 0x02
    LINKED = 0x08
    PARENT = 0x10


class TicketState(StrEnum):
    """`ticket_status.state`."""

    OPEN = "open"
    CLOSED = "closed"
    ARCHIVED = "archived"
    DELETED = "deleted"


class TicketSource(StrEnum):
    """`ticket.source`."""

    WEB = "Web"
    EMAIL = "Email"
    PHONE = "Phone"
    API = "API"
    OTHER = "Other"


class StatusMode(IntFlag):
    """`ticket_status.mode`."""

    ENABLED = 0x1
    INTERNAL = 0x2


class TopicFlag(IntFlag):
    """`help_topic.flags`."""

    CUSTOM_NUMBERS = 0x01
    ACTIVE = 0x02
    ARCHIVED = 0x04


class SequenceFlag(IntFlag):
    """`sequence.flags`."""

    INTERNAL = 0x1


class QueueFlag(IntFlag):
    """`queue.flags`."""

    PUBLIC = 0x001
    QUEUE = 0x002
    DISABLED = 0x004
    INHERIT_CRITERIA = 0x008
    INHERIT_COLUMNS = 0x010
    INHERIT_SORTING = 0x020
    INHERIT_DEFAULT_SORT = 0x040
    INHERIT_EXPORT = 0x080
