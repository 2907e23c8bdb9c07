"""Operations of `lifecycle.json` that merge, link and unlink tickets (osticket/tickets.md §14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.conformance.lifecycle.operations import Step, operation
from tickets.models import Ticket
from tickets.services import MergeKind, Participants, link_tickets, merge_tickets, unlink_ticket

KINDS = {"0": MergeKind.SEPARATE, "1": MergeKind.COMBINE}
LINK = "2"


@operation("ticket.merge")
def merge(step: Step) -> Any:
    return {"parent": _put_together(step, step.args["vars"]).pk}


@operation("POST /scp/ajax.php/tickets/<id>/merge")
def manage(step: Step) -> Any:
    if "dtids" in step.args:
        return [unlink_ticket(step.world.ticket(number), actor=step.actor) for number in step.args["dtids"]]
    return _put_together(step, step.args)


@operation("ticket.unlink")
def unlink(step: Step) -> bool:
    unlink_ticket(step.world.ticket(step.args["ticket"]), actor=step.actor)
    return True


def _put_together(step: Step, values: Mapping[str, Any]) -> Ticket:
    tickets = [Ticket.objects.get(number=number) for number in values["tids"]]
    if str(values["combine"]) == LINK:
        return link_tickets(tickets, actor=step.actor)
    parent_status = values.get("parentStatusId")
    return merge_tickets(
        tickets,
        actor=step.actor,
        kind=KINDS[str(values["combine"])],
        participants=Participants(values["participants"]),
        child_status=step.world.status(values["childStatusId"]),
        parent_status=step.world.status(parent_status) if parent_status else None,
        move_tasks=bool(values.get("move-tasks")),
        delete_children=bool(values.get("delete-child")),
    ).parent
