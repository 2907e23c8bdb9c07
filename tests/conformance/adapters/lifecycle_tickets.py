"""Operations of `lifecycle.json` on tickets: who has them, where they lie, status, due dates (osticket/tickets.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.models import Agent, Department, Team
from tests.conformance.lifecycle.operations import Step, operation
from tests.conformance.lifecycle.statements import run_statement
from tickets.services import (
    BulkResult,
    assign_automatically,
    assign_ticket,
    assign_tickets,
    ban_owner,
    change_owner,
    change_status,
    change_status_of_family,
    change_status_of_tickets,
    claim_ticket,
    claim_tickets,
    clear_overdue,
    close_ticket,
    delete_ticket,
    delete_tickets,
    mark_answered,
    mark_overdue,
    refer_ticket,
    release_ticket,
    reopen_ticket,
    transfer_ticket,
    transfer_tickets,
    unban_owner,
    withdraw_referrals,
)


@operation("sql", measured=False)
def run_statements(step: Step) -> None:
    for statement in step.args["statements"]:
        run_statement(statement)


def _assignee(step: Step) -> dict[str, Any]:
    """Give whom the form names (`s3`, `t1`); whoever does not exist is nobody, which the service refuses."""
    named = str(step.args.get("assignee") or " ")
    number = int(named[1:]) if named[1:].isdecimal() else 0
    agents, teams = Agent.objects.filter(pk=number), Team.objects.filter(pk=number)
    return {
        "agent": agents.first() if named[0] == "s" else None,
        "team": teams.first() if named[0] == "t" else None,
    }


@operation(
    "POST /scp/ajax.php/tickets/<id>/assign",
    "POST /scp/ajax.php/tickets/<id>/assign/agents",
    "POST /scp/ajax.php/tickets/<id>/assign/teams",
)
def assign(step: Step) -> Any:
    return assign_ticket(
        step.world.ticket(step.ids[0]),
        actor=step.actor,
        **_assignee(step),
        comments=step.args.get("comments", ""),
        refer=str(step.args.get("refer", "0")) == "1",
    )


@operation("POST /scp/ajax.php/tickets/<id>/claim")
def claim(step: Step) -> Any:
    """Claim; our form does not ask for whom, so that nobody else can be named."""
    if step.actor.agent is not None and _assignee(step)["agent"] not in (None, step.actor.agent):
        raise ValidationFailed("Unknown assignee", code="assignee_unknown", field="assignee")
    return claim_ticket(step.world.ticket(step.ids[0]), actor=step.actor, comments=step.args.get("comments", ""))


@operation("POST /scp/ajax.php/tickets/<id>/release")
def release(step: Step) -> Any:
    return release_ticket(
        step.world.ticket(step.ids[0]),
        actor=step.actor,
        agent="sid" in step.args,
        team="tid" in step.args,
        comments=step.args.get("comments", ""),
    )


@operation("ticket.auto_assign_agent", "ticket.auto_assign_team")
def assign_by_system(step: Step) -> bool:
    args, world = step.args, step.world
    agent = world.agent(args["staff"]) if "staff" in args else None
    team = world.team(args["team"]) if "team" in args else None
    ticket = world.ticket(args["ticket"])
    assign_automatically(ticket, agent=agent, team=team, now=timezone.now(), username=args.get("user", "SYSTEM"))
    return (agent is None or ticket.staff_id == agent.pk) and (team is None or ticket.team_id == team.pk)


@operation("POST /scp/ajax.php/tickets/<id>/status")
def set_status(step: Step) -> Any:
    change = change_status_of_family if step.args.get("children") else change_status
    return change(
        step.world.ticket(step.ids[0]),
        actor=step.actor,
        status=step.world.status(step.args["status_id"]),
        comments=step.args.get("comments", ""),
    )


@operation("ticket.set_status")
def set_status_directly(step: Step) -> bool:
    ticket, status = step.world.ticket(step.args["ticket"]), step.world.status(step.args["status"])
    if ticket.status_id == status.pk:  # the routine calls that done
        return True
    if status.state == "closed":
        keep = step.args.get("set_closing_agent", True) is False
        close_ticket(ticket, actor=step.actor, status=status, set_closing_agent=not keep)
    else:
        change_status(ticket, actor=step.actor, status=status)
    return True


@operation("ticket.reopen")
def reopen(step: Step) -> bool:
    reopen_ticket(step.world.ticket(step.args["ticket"]), actor=step.actor)
    return True


@operation("ticket.mark_overdue")
def overdue(step: Step) -> bool:
    return mark_overdue(step.world.ticket(step.args["ticket"]), actor=step.actor)


@operation("ticket.clear_overdue")
def not_overdue(step: Step) -> bool:
    return clear_overdue(step.world.ticket(step.args["ticket"]), actor=step.actor)


@operation("POST /scp/tickets.php?id=<id> do=overdue")
def overdue_by_manager(step: Step) -> bool:
    return mark_overdue(step.world.ticket(step.ids[0]), actor=step.actor)


@operation("POST /scp/ajax.php/tickets/<id>/mark/answered", "POST /scp/ajax.php/tickets/<id>/mark/unanswered")
def answered(step: Step) -> Any:
    is_answered = step.name.endswith("/answered")
    comments = step.args.get("comments", "")
    return mark_answered(step.world.ticket(step.ids[0]), actor=step.actor, answered=is_answered, comments=comments)


def _department(step: Step) -> Department:
    """Give the department that the form names."""
    found = Department.objects.filter(pk=step.args.get("dept") or 0).first()
    if found is None:
        raise ValidationFailed("Department selection required", code="department_required", field="department")
    return found


@operation("POST /scp/ajax.php/tickets/<id>/transfer")
def transfer(step: Step) -> Any:
    return transfer_ticket(
        step.world.ticket(step.ids[0]),
        department=_department(step),
        actor=step.actor,
        comments=step.args.get("comments", ""),
        refer=str(step.args.get("refer", "0")) == "1",
    )


@operation(
    "POST /scp/ajax.php/tickets/<id>/refer/agents",
    "POST /scp/ajax.php/tickets/<id>/refer/teams",
    "POST /scp/ajax.php/tickets/<id>/refer/depts",
)
def refer(step: Step) -> Any:
    finders: dict[str, Callable[[Any], Agent | Team | Department]] = {
        "agent": step.world.agent,
        "team": step.world.team,
        "dept": step.world.department,
    }
    find = finders[step.args["target"]]
    return refer_ticket(
        step.world.ticket(step.ids[0]),
        to=find(step.args[step.args["target"]]),
        actor=step.actor,
        comments=step.args.get("comments", ""),
    )


@operation("POST /scp/ajax.php/tickets/<id>/refer")
def manage_referrals(step: Step) -> Any:
    if step.args.get("do") == "refer":
        return refer(step)
    removed = [-int(number) for number in step.args["referrals"] if int(number) < 0]
    return withdraw_referrals(step.world.ticket(step.ids[0]), removed, actor=step.actor)


@operation("ticket.change_owner")
def owner(step: Step) -> bool:
    args, world = step.args, step.world
    change_owner(world.ticket(args["ticket"]), user=world.user(args["user"]), actor=step.actor)
    return True


@operation("POST /scp/tickets.php?id=<id> do=changeuser")
def owner_on_the_page(step: Step) -> Any:
    return change_owner(step.world.ticket(step.ids[0]), user=step.world.user(step.args["user_id"]), actor=step.actor)


@operation("POST /scp/tickets.php?id=<id> do=banemail")
def ban(step: Step) -> None:
    ban_owner(step.world.ticket(step.ids[0]), actor=step.actor)


@operation("POST /scp/tickets.php?id=<id> do=unbanemail")
def unban(step: Step) -> None:
    unban_owner(step.world.ticket(step.ids[0]), actor=step.actor)


@operation("ticket.delete")
def delete(step: Step) -> bool:
    delete_ticket(step.world.ticket(step.args["ticket"]), actor=step.actor)
    return True


# --- Many at once -----------------------------------------------------------------------------------------------------


def _some_done(results: list[BulkResult]) -> list[BulkResult]:
    """Give the results; where nothing was done at all, raise the first refusal, as the pages say it."""
    refusals = [result.refusal for result in results if result.refusal is not None]
    if len(refusals) == len(results):
        raise refusals[0]
    return results


@operation(
    "POST /scp/ajax.php/tickets/mass/assign",
    "POST /scp/ajax.php/tickets/mass/assign/agents",
    "POST /scp/ajax.php/tickets/mass/assign/teams",
)
def assign_many(step: Step) -> Any:
    comments = step.args.get("comments", "")
    return _some_done(assign_tickets(step.args["tids"], actor=step.actor, **_assignee(step), comments=comments))


@operation("POST /scp/ajax.php/tickets/mass/claim")
def claim_many(step: Step) -> Any:
    return _some_done(claim_tickets(step.args["tids"], actor=step.actor, comments=step.args.get("comments", "")))


@operation("POST /scp/ajax.php/tickets/mass/transfer")
def transfer_many(step: Step) -> Any:
    comments = step.args.get("comments", "")
    return _some_done(
        transfer_tickets(step.args["tids"], department=_department(step), actor=step.actor, comments=comments)
    )


@operation("POST /scp/ajax.php/tickets/mass/delete")
def delete_many(step: Step) -> Any:
    return _some_done(delete_tickets(step.args["tids"], actor=step.actor, comments=step.args.get("comments", "")))


@operation(
    "POST /scp/ajax.php/tickets/status/close",
    "POST /scp/ajax.php/tickets/status/open",
    "POST /scp/ajax.php/tickets/status/reopen",
    "POST /scp/ajax.php/tickets/status/delete",
)
def set_status_of_many(step: Step) -> Any:
    status = step.world.status(step.args["status_id"])
    comments = step.args.get("comments", "")
    return _some_done(change_status_of_tickets(step.args["tids"], status=status, actor=step.actor, comments=comments))
