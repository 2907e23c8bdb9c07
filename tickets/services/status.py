"""Closing, reopening and other changes of status (osticket/tickets.md §9)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.legacy.errors import Conflict, PermissionRefused, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, Department
from helpdesk.threads.constants import EntryType, ObjectType
from helpdesk.threads.services import delete_drafts, refer
from tickets.assignees import is_available
from tickets.closing import close_obstacle, take_read_ahead
from tickets.constants import TicketState, TopicFlag
from tickets.due_dates import cleared, recomputed
from tickets.freshness import check_fresh
from tickets.models import Ticket, TicketStatus
from tickets.notices import activity_alert
from tickets.policies import UserAction, can, require, require_user
from tickets.services.common import lock, log, own_thread, post_note_of, queue, record, save_changes
from tickets.services.deletion import delete_ticket
from tickets.signals import send_after_commit, ticket_closed, ticket_edited, ticket_reopened
from tickets.states import is_closed, is_open, thread_of
from tickets.statuses import is_reopenable, reopen_status


@retried
def change_status(
    ticket: Ticket,
    *,
    actor: Actor,
    status: TicketStatus,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    seen: str | None = None,
    now: datetime | None = None,
) -> Ticket:
    """Give the ticket another status: close it, reopen it, move it between open statuses, or delete it.

    Raises Conflict for the status it has, for what is in the way of closing and (`ticket_changed`) when `seen` is no
    longer its version, PermissionRefused, ValidationFailed for statuses that cannot be set (archived). Source: §9.1.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        if seen is not None or actor.user is not None or ticket.status_id == status.pk:
            require(actor, None, ticket)
        check_fresh(ticket, seen)
        if ticket.status_id == status.pk:
            raise Conflict(
                _("Ticket already set to %(status)s status") % {"status": status.name}, code="status_unchanged"
            )
        if status.state == TicketState.CLOSED:
            _require_close(actor, ticket)
            _close(ticket, actor, status, comments, format, now)
        elif status.state == TicketState.DELETED:
            delete_ticket(ticket, actor=actor, comments=comments, now=now)
        elif status.state != TicketState.OPEN:
            require(actor, None, ticket)
            raise ValidationFailed(_("Unknown or invalid status"), code="status_invalid", field="status")
        else:
            _require_reopen(actor, ticket)
            if is_open(ticket):
                _change_open_status(ticket, actor, status, comments, format, now)
            else:
                reopen_closed(ticket, actor=actor, status=status, now=now)
                _post_comments(ticket, actor, comments, format, now)
    return ticket


@retried
def close_ticket(
    ticket: Ticket,
    *,
    actor: Actor,
    status: TicketStatus,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    set_closing_agent: bool = True,
    force: bool = False,
    now: datetime | None = None,
) -> Ticket:
    """Close the ticket with a closed status; a closed one gets the new status and time.

    The acting agent becomes the ticket's agent (unless `set_closing_agent` is off), the agent it was assigned to keeps
    access by a referral, due dates in the past go. `force` skips the check of what is in the way (merged tickets).
    Raises Conflict (see `tickets.closing`), PermissionRefused without `ticket.close`. Source: §9.2.
    """
    now = now or timezone.now()
    if status.state != TicketState.CLOSED:
        raise ValidationFailed(_("Unknown or invalid status"), code="status_invalid", field="status")
    with transaction.atomic():
        lock(ticket)
        _require_close(actor, ticket)
        _close(ticket, actor, status, comments, format, now, set_closing_agent=set_closing_agent, force=force)
    return ticket


@retried
def reopen_ticket(
    ticket: Ticket,
    *,
    actor: Actor,
    status: TicketStatus | None = None,
    comments: str = "",
    format: str = "html",  # noqa: A002 -- the column
    now: datetime | None = None,
) -> Ticket:
    """Open a closed ticket again, with the given open status or the one that its closed status names.

    It goes back to its agent, or else to the agent who answered last, when that agent is available and has access to
    the department; else nobody has it. Its due date by SLA counts from now. Raises Conflict for an open ticket,
    PermissionRefused without `ticket.close` or `ticket.create`. Source: §9.4.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        _require_reopen(actor, ticket)
        if is_open(ticket):
            raise Conflict(_("The ticket is open already."), code="already_open")
        reopen_closed(ticket, actor=actor, status=status, now=now)
        _post_comments(ticket, actor, comments, format, now)
    return ticket


def reopen_closed(ticket: Ticket, *, actor: Actor, now: datetime, status: TicketStatus | None = None) -> None:
    """Open a closed ticket as part of another operation (a message, an assignment), which has checked who may.

    The ticket is locked by the caller.
    """
    former = ticket.status
    status = status or reopen_status(former)
    if status.state != TicketState.OPEN:
        raise ValidationFailed(_("Unknown or invalid status"), code="status_invalid", field="status")
    columns: dict[str, Any] = {
        "status": status,
        "closed": None,
        "lastupdate": now,
        "reopened": now,
        "isanswered": False,
    }
    if is_reopenable(former) and not _is_archived(ticket):
        columns["staff"] = _agent_after_reopening(ticket)
    columns |= recomputed(ticket, now=now, reopened=now)
    save_changes(ticket, now=now, **columns)
    record(ticket, "reopened", actor=actor, now=now, annul="closed")
    log("ticket_reopened", ticket, actor, status_id=status.pk)
    send_after_commit(ticket_reopened, ticket=ticket, actor=actor, status=status)


def may_reopen_by_itself(ticket: Ticket) -> bool:
    """Whether a message of an end user opens this closed ticket again (§1.4, §10.1)."""
    return is_closed(ticket) and is_reopenable(ticket.status) and not _is_archived(ticket)


def _close(
    ticket: Ticket,
    actor: Actor,
    status: TicketStatus,
    comments: str,
    body_format: str,
    now: datetime,
    *,
    set_closing_agent: bool = True,
    force: bool = False,
) -> None:
    """Close a locked ticket for somebody who may (§9.2)."""
    read = take_read_ahead(ticket)
    obstacle = None if force else close_obstacle(ticket, answers=read.unanswered if read else None)
    if obstacle is not None:
        raise obstacle
    referee = ticket.staff_id or (actor.agent.pk if actor.agent else None)
    save_changes(ticket, now=now, **_closed_columns(ticket, actor, status, set_closing_agent, now))
    if referee and configuration.current().boolean("auto_refer_closed"):
        refer(own_thread(ticket, now=now), ObjectType.AGENT, referee, now=now)
    _post_comments(ticket, actor, comments, body_format, now)
    annul = "closed" if read is None or read.was_closed else None
    record(ticket, "closed", actor=actor, now=now, data={"status": [status.pk, status.name]}, annul=annul)
    if read is None or read.has_drafts:
        delete_drafts(f"ticket.%.{ticket.pk}")
    log("ticket_closed", ticket, actor, status_id=status.pk)
    send_after_commit(ticket_closed, ticket=ticket, actor=actor, status=status)


def _change_open_status(
    ticket: Ticket, actor: Actor, status: TicketStatus, comments: str, body_format: str, now: datetime
) -> None:
    """Move an open ticket to another open status (§9.3)."""
    save_changes(ticket, now=now, status=status)
    _post_comments(ticket, actor, comments, body_format, now)
    record(ticket, "edited", actor=actor, now=now, data={"status": status.pk})
    log("ticket_status_changed", ticket, actor, status_id=status.pk)
    send_after_commit(ticket_edited, ticket=ticket, actor=actor, changes={"status": status.pk})


def _closed_columns(
    ticket: Ticket, actor: Actor, status: TicketStatus, set_closing_agent: bool, now: datetime
) -> dict[str, Any]:
    columns: dict[str, Any] = {"status": status, "closed": now, "lastupdate": now, **cleared(ticket, now=now)}
    if actor.agent is not None and set_closing_agent:
        columns["staff"] = actor.agent
    return columns


def _require_close(actor: Actor, ticket: Ticket) -> None:
    if actor.user is not None:
        require_user(actor.user, UserAction.CLOSE, ticket)
        return
    if can(actor, "ticket.close", ticket):
        return
    require(actor, None, ticket)
    raise PermissionRefused(
        _("You do not have permission to resolve/close tickets"), code="permission_denied", field="status"
    )


def _require_reopen(actor: Actor, ticket: Ticket) -> None:
    if actor.user is not None:
        require_user(actor.user, UserAction.CLOSE, ticket)
        if is_closed(ticket) and not may_reopen_by_itself(ticket):
            raise Conflict(_("This ticket cannot be opened again. Please open a new one."), code="not_reopenable")
        return
    if can(actor, "ticket.close", ticket) or can(actor, "ticket.create", ticket):
        return
    require(actor, None, ticket)
    raise PermissionRefused(_("You do not have permission to reopen tickets"), code="permission_denied", field="status")


def _post_comments(ticket: Ticket, actor: Actor, comments: str, body_format: str, now: datetime) -> None:
    """Write why the status changed, and tell those who want to know of notes (§9.2 step 6)."""
    if comments.strip():
        assigned = ticket.staff
        note = post_note_of(ticket, actor=actor, title="Status Changed", body=comments, format=body_format, now=now)
        queue(ticket, activity_alert(ticket, note, assigned_before=assigned), now=now)


def _is_archived(ticket: Ticket) -> bool:
    """Whether the ticket's department or help topic is archived."""
    department_flags = ticket.dept.flags if ticket.dept else DepartmentFlag(0)
    topic_flags = (ticket.topic.flags if ticket.topic else None) or TopicFlag(0)
    return bool(department_flags & DepartmentFlag.ARCHIVED or topic_flags & TopicFlag.ARCHIVED)


def _agent_after_reopening(ticket: Ticket) -> Agent | None:
    candidate = ticket.staff or last_respondent(ticket)
    department = ticket.dept
    if candidate is None or not is_available(candidate) or _does_not_reassign(department):
        return None
    return candidate if _works_in(candidate, department) else None


def last_respondent(ticket: Ticket) -> Agent | None:
    """Give the agent who answered last.

    osTicket means this and takes the author of the second oldest response instead (§9.5).
    """
    responses = thread_of(ticket).entries.filter(type=EntryType.RESPONSE, staff__isnull=False)
    newest = responses.select_related("staff").order_by("-id").first()
    return newest.staff if newest else None


def _does_not_reassign(department: Department | None) -> bool:
    return department is not None and bool(department.flags & DepartmentFlag.DISABLE_REOPEN_AUTO_ASSIGN)


def _works_in(agent: Agent, department: Department | None) -> bool:
    if department is None or agent.assigned_only:
        return False
    return department.pk in access_of(agent).department_ids
