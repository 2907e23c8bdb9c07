"""Flag bits of ticket filters (osticket/schema.md §3.14)."""

from enum import IntFlag


class FilterFlag(IntFlag):
    """`filter.flags`: what an action of the filter refers to no longer works."""

    INACTIVE_TOPIC = 0x1
    INACTIVE_DEPARTMENT = 0x2
    DELETED_OBJECT = 0x4
