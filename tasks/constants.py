"""Flag bits of tasks (osticket/tasks.md)."""

from enum import IntFlag


class TaskFlag(IntFlag):
    """`task.flags`."""

    OPEN = 0x01
    OVERDUE = 0x02


OPEN_FLAGS = tuple(value for value in range(16) if value & TaskFlag.OPEN)
"""All values of `task.flags` with the bit of an open task, two bits more than osTicket knows: an index finds them."""
