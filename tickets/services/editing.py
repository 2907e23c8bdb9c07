"""Changing a ticket by one form with everything that can be edited (osticket/tickets.md §12.1)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from helpdesk import configuration
from helpdesk.forms.bound import BoundForm
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.submission_services import save_submission
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.people.permissions import RolePermission
from sla.constants import SlaFlag
from sla.models import SlaPlan
from tickets.constants import TicketSource
from tickets.due_dates import recomputed
from tickets.filled_forms import Part, Problem, TicketInvalid
from tickets.freshness import check_fresh
from tickets.further_forms import further_entries
from tickets.intake import by_id, intake
from tickets.models import HelpTopic, Ticket
from tickets.notices import activity_alert
from tickets.policies import require
from tickets.services.common import lock, log, own_thread, post_note_of, queue, record, save_changes
from tickets.services.field_edits import check_due_date, check_topic, recorded_time
from tickets.services.search_index import index_ticket
from tickets.services.ticket_forms import drop_entries
from tickets.signals import send_after_commit, ticket_edited


@dataclass(frozen=True)
class TicketEdit:
    """What the form says. A `user` of None keeps the owner, a `duedate` of None takes the date away.

    `form` holds the answers (`parts_of`), None for unchanged ones. `kept_forms` are the ids of those form entries that
    stay: further forms of the ticket go with their answers; None keeps all. The ticket's own form always stays.
    """

    topic: HelpTopic | None
    sla: SlaPlan | None
    source: TicketSource
    duedate: datetime | None = None
    user: EndUser | None = None
    form: BoundForm | None = None
    kept_forms: Collection[int] | None = None


@retried
def update_ticket(
    ticket: Ticket,
    edit: TicketEdit,
    *,
    actor: Actor,
    note: str = "",
    format: str = "html",  # noqa: A002 -- the column
    seen: str | None = None,
    now: datetime | None = None,
) -> bool:
    """Save the form and give whether anything was changed; the event says what, from which value to which.

    A ticket whose SLA plan was not changed and is transient, or that has none, gets the plan of its department, topic
    or the settings. When it is due is computed anew. The note is an internal one, `Ticket Updated`.

    Raises TicketInvalid with everything that is wrong (no or an inactive topic, a due date that has passed or on a
    closed ticket), ValidationFailed for a wrong answer, Conflict (`ticket_changed`) when `seen` is no longer the
    ticket's version, PermissionRefused without `ticket.edit`. Source: §12.1.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        require(actor, RolePermission.TICKET_EDIT, ticket)
        check_fresh(ticket, seen)
        _check(ticket, edit, now)
        changes, columns = _changed_columns(ticket, edit)
        save_changes(ticket, now=now, **columns)
        if "user_id" in changes:
            own_thread(ticket, now=now).collaborators.filter(user=ticket.user).delete()
        _post_note(ticket, actor, note, format, now)
        if edit.form is not None:
            answers = save_submission(edit.form, EntryObject.TICKET, ticket.pk, actor=actor, now=now)
            changes |= {"fields": answers} if answers else {}
        has_dropped = edit.kept_forms is not None and _drop_forms(ticket, edit.kept_forms)
        if "fields" in changes or has_dropped:
            index_ticket(ticket)
        if changes:
            record(ticket, "edited", actor=actor, now=now, data=changes)
            log("ticket_edited", ticket, actor, changed=sorted(changes))
            send_after_commit(ticket_edited, ticket=ticket, actor=actor, changes=changes)
        plan = {"sla": _plan_of(ticket)} if "sla_id" not in changes and _may_be_replaced(ticket.sla) else {}
        save_changes(ticket, now=now, **plan, **recomputed(ticket, now=now, **plan))
    return bool(changes) or has_dropped


def _check(ticket: Ticket, edit: TicketEdit, now: datetime) -> None:
    problems: list[Problem] = []
    is_new_date = edit.duedate is not None and edit.duedate != ticket.duedate
    checks: tuple[Callable[[], None], ...] = (
        partial(check_topic, edit.topic),
        partial(check_due_date, ticket, edit.duedate if is_new_date else None, now),
    )
    for check in checks:
        try:
            check()
        except DomainError as refusal:
            problems.append(Problem(Part.REQUEST, refusal.field or "", str(refusal)))
    if problems:
        raise TicketInvalid(problems)


def _changed_columns(ticket: Ticket, edit: TicketEdit) -> tuple[dict[str, Any], dict[str, Any]]:
    """Give what the event says of the columns, and the columns to be saved."""
    duedate = edit.duedate.replace(microsecond=0) if edit.duedate is not None else None
    source, user = str(edit.source), edit.user or ticket.user
    before_and_after: dict[str, list[Any]] = {
        "topic_id": [ticket.topic_id or 0, edit.topic.pk if edit.topic else 0],
        "sla_id": [ticket.sla_id or 0, edit.sla.pk if edit.sla else 0],
        "source": [ticket.source, source],
        "duedate": [recorded_time(ticket.duedate), recorded_time(duedate)],
        "user_id": [ticket.user_id or 0, user.pk if user else 0],
    }
    changes = {name: values for name, values in before_and_after.items() if values[0] != values[1]}
    columns = {"topic": edit.topic, "sla": edit.sla, "source": source, "duedate": duedate, "user": user}
    return changes, columns


def _post_note(ticket: Ticket, actor: Actor, note: str, body_format: str, now: datetime) -> None:
    if note.strip():
        entry = post_note_of(ticket, actor=actor, title="Ticket Updated", body=note, format=body_format, now=now)
        queue(ticket, activity_alert(ticket, entry, assigned_before=ticket.staff), now=now)


def _drop_forms(ticket: Ticket, kept: Collection[int]) -> bool:
    """Delete the forms of help topics that were taken off the ticket, with their answers."""
    gone = list(further_entries(ticket).exclude(pk__in=kept).values_list("pk", flat=True))
    drop_entries(gone)
    return bool(gone)


def _may_be_replaced(plan: SlaPlan | None) -> bool:
    return plan is None or bool(plan.flags & SlaFlag.TRANSIENT)


def _plan_of(ticket: Ticket) -> SlaPlan | None:
    """Give the plan of the department, else of the topic, else of the settings (§11.5)."""
    plans = intake().plans
    of_department: SlaPlan | None = by_id(plans, ticket.dept.sla_id) if ticket.dept else None
    of_topic = ticket.topic.sla if ticket.topic else None
    default: SlaPlan | None = by_id(plans, configuration.current().integer("default_sla_id"))
    return of_department or of_topic or default
