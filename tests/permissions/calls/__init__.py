"""How each service is called, by its full name; one module for each area."""

from tests.permissions.calls import directory, people, structure, tasks, tickets
from tests.permissions.world import Call

CALLS: dict[str, Call] = {**tickets.CALLS, **tasks.CALLS, **people.CALLS, **structure.CALLS, **directory.CALLS}
