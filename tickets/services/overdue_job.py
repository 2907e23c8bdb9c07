"""Marking all tickets that passed their due date (osticket/sla.md §7)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from functools import cache

import structlog
from django.db import connection, transaction
from django.db.models import Count, Value
from django.db.models.expressions import RawSQL
from django.db.models.functions import Coalesce

from helpdesk.mail.outgoing import Recipient, mail_effects
from helpdesk.outbox.services import NewEffect, enqueue
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Team
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.events import record_events_of_system
from helpdesk.threads.models import Thread
from tickets.constants import TicketState
from tickets.intake import by_id, intake
from tickets.models import Ticket, TicketStatus
from tickets.navigation import forget_counts
from tickets.notices import (
    alert_members,
    department_sender,
    overdue_mails,
    overdue_moment,
    overdue_recipients,
    team_members,
    tells_nobody,
)
from tickets.querysets import TicketQuerySet
from tickets.services.common import own_thread
from tickets.signals import send_for_each_after_commit, ticket_overdue

SLICE = 500
"""Tickets of one transaction: on SQLite everybody else waits meanwhile."""
LONGEST_RUN = 2_000
"""Slices of one run, a guard: a million tickets."""

logger = structlog.get_logger("tickets")
Row = tuple[int, int | None, int | None, int | None, int | None]
"""The ids of ticket, department, agent, team and SLA plan."""
Told = tuple[Sequence[Recipient], int]
"""Who is told, and the id of the address that tells them."""
RecipientsOf = Callable[[int | None, int | None, int | None, int | None], Told]


def mark_all_overdue(*, now: datetime, slice_size: int = SLICE) -> int:
    """Mark every open ticket that passed its due date, with event, alerts and signal; give how many.

    In slices, each a transaction of its own, so that a run that ends early has lost nothing and the next one goes on.
    Rows are locked before they are marked: of two workers each takes what the other has not, and what PHP's cron has
    marked is left alone. Tickets that somebody is saving at this moment are for the next run.
    """
    open_status_ids = list(TicketStatus.objects.filter(state=TicketState.OPEN).values_list("pk", flat=True))
    recipients_of, marked = _remembering(), 0
    for due in Ticket.objects.newly_due(now, open_status_ids=open_status_ids):
        if not due[:1].values_list("pk", flat=True):
            continue  # nothing to be locked or written
        for _slice in range(LONGEST_RUN):
            count = _mark_slice(due, slice_size, recipients_of, now)
            marked += count
            if count < slice_size:
                break  # what is left, if anything, is locked by others
    if marked:
        logger.info("tickets_overdue", count=marked)
    return marked


def _mark_slice(due: TicketQuerySet, size: int, recipients_of: RecipientsOf, now: datetime) -> int:
    with transaction.atomic():
        locked = due.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        rows = list(locked.values_list("pk", "dept_id", "staff_id", "team_id", "sla_id")[:size])
        if not rows:
            return 0
        ids = [row[0] for row in rows]
        tickets = Ticket.objects.filter(pk__in=_listed(ids))
        tickets.update(isoverdue=True, updated=now)
        _make_missing_threads(ids, now)
        record_events_of_system(tickets, "overdue", now=now)
        _queue_alerts(rows, recipients_of, now)
        if ticket_overdue.has_listeners():
            send_for_each_after_commit(ticket_overdue, list(tickets), actor=Actor.system())
        forget_counts()
    return len(rows)


def _listed(ids: Iterable[int]) -> RawSQL:
    """Give ids as they stand in a statement: as parameters each of hundreds would be looked at several times."""
    return RawSQL(", ".join(f"{number:d}" for number in ids), ())  # noqa: S611 -- numbers


def _make_missing_threads(ids: Collection[int], now: datetime) -> None:
    """Make a thread for every ticket that has lost its own: events stand in one."""
    # As an expression: SQLite would rather look through all threads of tickets, which have an index, too.
    of_ids = Thread.objects.alias(kind=Coalesce("object_type", Value(""))).filter(object_id__in=_listed(ids))
    threads = of_ids.filter(kind__in=[ObjectType.TICKET, ObjectType.MERGED_TICKET])
    if threads.aggregate(tickets=Count("object_id", distinct=True))["tickets"] == len(ids):
        return
    for ticket_id in set(ids) - set(threads.values_list("object_id", flat=True)):
        own_thread(Ticket.objects.get(pk=ticket_id), now=now)


def _queue_alerts(rows: Iterable[Row], recipients_of: RecipientsOf, now: datetime) -> None:
    effects: list[NewEffect] = []
    moment = overdue_moment(now)
    for ticket_id, *ids in rows:
        told, sender = recipients_of(*ids)
        if told:
            mails = overdue_mails(ticket_id, told, sender, moment)
            effects += mail_effects(mails, object_type="ticket", object_id=ticket_id)
    enqueue(*effects, now=now)


def _remembering() -> RecipientsOf:
    """Give a function that finds out once for all tickets of one department and assignee who is told."""
    known, members_of, members_of_team = intake(), cache(alert_members), cache(team_members)
    silent_plans = {plan_id for plan_id, plan in known.plans.items() if tells_nobody(plan)}
    agent_of = cache(lambda staff_id: Agent.objects.filter(pk=staff_id).first())
    team_of = cache(lambda team_id: Team.objects.filter(pk=team_id).first())

    @cache
    def told_of(dept_id: int | None, staff_id: int | None, team_id: int | None) -> Told:
        ticket = Ticket(dept_id=dept_id, staff_id=staff_id, team_id=team_id)
        ticket.dept = by_id(known.departments, dept_id)
        if staff_id is not None:
            Ticket.staff.field.set_cached_value(ticket, agent_of(staff_id))
        if team_id is not None:
            Ticket.team.field.set_cached_value(ticket, team_of(team_id))
        told = overdue_recipients(ticket, members_of=members_of, members_of_team=members_of_team)
        return told, department_sender(ticket.dept)

    def recipients_of(dept_id: int | None, staff_id: int | None, team_id: int | None, sla_id: int | None) -> Told:
        return ((), 0) if sla_id in silent_plans else told_of(dept_id, staff_id, team_id)

    return recipients_of
