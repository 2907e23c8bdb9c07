"""Questions of `lifecycle.json`: who sees which tickets and may do what; numbers of sequences."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from helpdesk.legacy.errors import NotFound
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from tests.conformance.lifecycle.operations import Step, operation
from tests.sign_in import agent_client
from tickets.models import Ticket
from tickets.number_register import TICKETS
from tickets.numbers import next_number
from tickets.policies import can


@operation("query.visible_tickets")
def visible_tickets(step: Step) -> dict[str, Any]:
    return {
        agent.username: sorted(Ticket.objects.visible_to(agent).values_list("pk", flat=True)) for agent in _agents(step)
    }


@operation("query.check_staff_permission")
def permissions_on_a_ticket(step: Step) -> dict[str, Any]:
    ticket = step.world.ticket(step.args["id"])

    def held(agent: Agent) -> dict[str, bool]:
        actor = Actor.for_agent(agent)
        return {key or "(view)": can(actor, key, ticket) for key in step.args["perms"]}

    return {agent.username: held(agent) for agent in _agents(step)}


@operation("query.user_access")
def tickets_that_users_may_open(step: Step) -> dict[str, Any]:
    def reach(user_id: int) -> dict[str, bool]:
        open_to_him = set(Ticket.objects.accessible_to_user(step.world.user(user_id)).values_list("pk", flat=True))
        return {str(pk): pk in open_to_him for pk in step.args["tickets"]}

    return {str(user_id): reach(user_id) for user_id in step.args["users"]}


@operation("GET /scp/tickets.php?id=<id>")
def ticket_page(step: Step) -> None:
    """Fetch the page as this agent: osTicket says in a page that it refuses, we with the status."""
    assert step.actor.agent is not None
    answer = agent_client(step.actor.agent).get(f"/scp/tickets/{step.ids[0]}/")
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise NotFound("No such ticket.", code="ticket_not_found")
    assert answer.status_code == HTTPStatus.OK


@operation("sequence.next")
def numbers_of_a_sequence(step: Step) -> list[str]:
    args = step.args
    return [next_number(args["sequence"], args["format"], TICKETS) for _ in range(args["count"])]


def _agents(step: Step) -> list[Agent]:
    return list(Agent.objects.filter(pk__in=step.args["staff"]))
