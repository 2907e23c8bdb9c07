"""Flag bits of tasks (osticket/tasks.md)."""

from enum import IntFlag


class TaskFlag(IntFlag):
    """`task.flags`."""

    OPEN = 0x01
    OVERDUE = 0x02
