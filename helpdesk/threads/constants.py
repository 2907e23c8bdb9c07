"""Letters and flag bits of threads (osticket/tickets.md §1.6, §1.7, §1.11)."""

from enum import IntFlag, StrEnum


class ObjectType(StrEnum):
    """The letters by which rows name what they belong to."""

    TICKET = "T"
    TASK = "A"
    MERGED_TICKET = "C"
    THREAD_ENTRY = "H"
    USER = "U"
    ORGANIZATION = "O"
    FAQ = "K"
    FILE = "F"
    TEAM = "E"
    DEPARTMENT = "D"
    AGENT = "S"


class EntryType(StrEnum):
    """`thread_entry.type`."""

    MESSAGE = "M"
    RESPONSE = "R"
    NOTE = "N"


class EntryFlag(IntFlag):
    """`thread_entry.flags`."""

    ORIGINAL_MESSAGE = 0x001
    EDITED = 0x002
    HIDDEN = 0x004
    GUARDED = 0x008
    RESENT = 0x010
    COLLABORATOR = 0x020
    BALANCED = 0x040
    SYSTEM = 0x080
    REPLY_ALL = 0x100
    REPLY_USER = 0x200
    CHILD = 0x400


class CollaboratorFlag(IntFlag):
    """`thread_collaborator.flags`."""

    ACTIVE = 0x01
    CC = 0x02
