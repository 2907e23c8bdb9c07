"""What a generated help desk looks like: its size, and the people through whose eyes it is measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

FIRST_DEPARTMENT = 101
FIRST_AGENT = 1001
FIRST_TEAM = 101
FILES = 40
YEARS = 10
OPEN_RECENT_PERCENT = 40
"""Of the newest twentieth; with one in a hundred of the others about 3 % of all tickets are open."""

DEPARTMENTS = (
    *(("Front Desk", 300), ("Accounts", 180), ("Shipping", 120), ("Networks", 90), ("Workplace", 70)),
    *(("Telephony", 60), ("Returns", 50), ("Licences", 40), ("Training", 40), ("Facilities", 30)),
    *(("Legal", 15), ("Archive", 5)),
)
"""Names with their share of the tickets, in thousandths."""
TEAMS = ("Early Shift", "Late Shift", "Field Service", "Escalations", "Night Watch", "Key Customers")


@dataclass(frozen=True)
class Persona:
    """An agent whose pages are measured. `departments` are places in `DEPARTMENTS`, the first is the primary one."""

    name: str
    departments: tuple[int, ...]
    teams: tuple[int, ...] = ()
    assigned_only: bool = False
    about: str = ""


PERSONAS = (
    Persona("everything", tuple(range(len(DEPARTMENTS))), (0,), about="all departments"),
    Persona("large", (0,), (1,), about="one department with 30 % of the tickets"),
    Persona("few", (3, 7, 9), (2,), about="three departments with 16 % of the tickets"),
    Persona("small", (10,), about="one department with 1.5 % of the tickets"),
    Persona("assigned", (1,), (3,), assigned_only=True, about="assigned tickets only"),
    Persona("referred", (11,), (4,), about="0.5 % of the tickets, and what is referred"),
)
OTHER_AGENTS = 34


@dataclass(frozen=True)
class Plan:
    """One help desk: `tickets` with `entries` messages each, the same rows for the same seed and `until`.

    `long_thread` is the length of the longest thread; one other ticket has 20 entries.
    """

    tickets: int
    entries: int = 3
    seed: int = 1
    long_thread: int = 2000
    until: datetime = field(
        default_factory=lambda: datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    )

    @property
    def users(self) -> int:
        """The number of end users."""
        return max(self.tickets // 25, 10)

    @property
    def organizations(self) -> int:
        """The number of organizations."""
        return max(self.users // 20, 2)

    @property
    def agents(self) -> int:
        """The number of agents."""
        return len(PERSONAS) + OTHER_AGENTS

    @property
    def seconds_per_ticket(self) -> int:
        """The time between two tickets."""
        return max(int(timedelta(days=365 * YEARS).total_seconds()) // self.tickets, 1)

    @property
    def since(self) -> datetime:
        """When the first ticket was opened, at the earliest."""
        return self.until - timedelta(seconds=self.seconds_per_ticket * (self.tickets + 1))

    @property
    def ordinary_ticket(self) -> int:
        """The id of the open ticket with 20 entries."""
        return self.tickets - 10

    @property
    def long_ticket(self) -> int:
        """The id of the open ticket with the longest thread."""
        return self.tickets - 12


def agent_id(persona: Persona) -> int:
    """Give the id of the agent."""
    return FIRST_AGENT + PERSONAS.index(persona)
