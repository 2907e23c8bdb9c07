"""Flag bits of forms, fields and lists (osticket/forms.md §1, §2, §9)."""

from enum import IntFlag, StrEnum


class EntryObject(StrEnum):
    """`form_entry.object_type`, and `form.type` of the form that belongs to every such object."""

    TICKET = "T"
    TASK = "A"
    USER = "U"
    ORGANIZATION = "O"
    COMPANY = "C"


class FormFlag(IntFlag):
    """`form.flags`."""

    DELETABLE = 0x01
    DELETED = 0x02


class FieldFlag(IntFlag):
    """`form_field.flags`."""

    ENABLED = 0x00001
    STORED_ELSEWHERE = 0x00002
    CLOSE_REQUIRED = 0x00004
    MASK_CHANGE = 0x00010
    MASK_DELETE = 0x00020
    MASK_EDIT = 0x00040
    MASK_DISABLE = 0x00080
    CLIENT_VIEW = 0x00100
    CLIENT_EDIT = 0x00200
    CLIENT_REQUIRED = 0x00400
    AGENT_VIEW = 0x01000
    AGENT_EDIT = 0x02000
    AGENT_REQUIRED = 0x04000
    MASK_REQUIRE = 0x10000
    MASK_VIEW = 0x20000
    MASK_NAME = 0x40000


class ListMask(IntFlag):
    """`list.masks`: what administrators may not do with the list."""

    NO_EDIT = 0x1
    NO_ADD = 0x2
    NO_DELETE = 0x4
    NO_ABBREVIATION = 0x8


class ListItemStatus(IntFlag):
    """`list_items.status`."""

    ENABLED = 0x01
    INTERNAL = 0x02
