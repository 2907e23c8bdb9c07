"""Adapters for `lifecycle.json`: who sees which tickets; numbers of sequences."""

from __future__ import annotations

from typing import Any

from helpdesk.people.models import Agent
from tests.conformance.comparison import DATABASE_TIME
from tests.conformance.lifecycle_world import LifecycleWorld
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter
from tickets.models import Sequence, Ticket
from tickets.numbers import is_ticket_number, next_number

FILE = "lifecycle.json"


@adapter(FILE, "query.visible_tickets", uses_database=True)
def visible_tickets(case: RecordedCase) -> dict[str, Any]:
    world = LifecycleWorld(case)

    def seen(agent: Agent) -> list[int]:
        ids = Ticket.objects.visible_to(agent).values_list("pk", flat=True)
        return sorted(world.number_of(ticket_id) for ticket_id in ids)

    return _by_agent(case, seen)


@adapter(FILE, "sequence.next", uses_database=True)
def numbers_of_a_sequence(case: RecordedCase) -> dict[str, Any]:
    LifecycleWorld(case)
    args = case.input["args"]
    drawn = [next_number(args["sequence"], args["format"], is_ticket_number) for _ in range(args["count"])]
    sequence = Sequence.objects.get(pk=args["sequence"])
    columns = {"next": sequence.next, "updated": sequence.updated.strftime(DATABASE_TIME) if sequence.updated else None}
    change = {"table": "sequence", "action": "update", "pk": sequence.pk, "columns": columns}
    return {"result": drawn, "changes": [change], "mails": []}


def _by_agent(case: RecordedCase, answer: Any) -> dict[str, Any]:
    agents = Agent.objects.filter(pk__in=case.input["args"]["staff"])
    return {"result": {agent.username: answer(agent) for agent in agents}, "changes": [], "mails": []}
