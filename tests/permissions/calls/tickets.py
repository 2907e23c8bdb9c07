"""Calls of the services of tickets."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from helpdesk.forms.bound import BoundForm, bind
from helpdesk.forms.field_types import Asked
from helpdesk.forms.models import Form
from helpdesk.forms.submission_services import parts_of
from helpdesk.people.actor import Actor
from sla.models import SlaPlan
from tests.permissions.world import SYSTEM, Call, World
from tickets.constants import TicketSource
from tickets.criteria import Criterion
from tickets.models import Queue, QueueColumn, QueueSort
from tickets.new_ticket import NewTicket, Origin
from tickets.services import (
    access_links,  # noqa: F401 -- its service is unchecked
    answered,
    assignment,
    bulk,
    collaborators,
    deletion,
    editing,
    entries,
    field_edits,
    locks,
    merging,
    opening,
    overdue,
    own_tickets,
    ownership,
    posting,
    queue_columns,
    queues,
    referrals,
    status,
    ticket_forms,
    topic_forms,
    transfer,
)


def _answers(world: World, *, is_agent: bool = True) -> BoundForm:
    parts = parts_of("T", world.ticket.pk)
    subject = next(field for part in parts for field in part.form.fields.all() if field.name == "subject")
    asked = Asked(is_agent=is_agent, agent=world.actor.agent)
    return bind(parts, asked=asked, data={f"field-{subject.pk}": "Another subject"}, only={subject.pk})


def _lock(world: World) -> int:
    return locks.acquire_lock(world.ticket, actor=world.actor).id


def _locked(world: World) -> World:
    locks.acquire_lock(world.ticket, actor=Actor.for_agent(world.agent))
    return world


QUEUE = queues.QueueDraft(
    title="A queue", criteria=[Criterion("isoverdue", "set", None)], is_queue=True, parent_id=None
)


def _queue() -> Queue:
    """Give a queue of everybody's."""
    return queues.create_queue(replace(QUEUE, title="Another queue"), actor=SYSTEM)


COLUMN = queue_columns.ColumnDraft("A column", "number")
SORT = queue_columns.SortDraft("An order", ["-created"])


def _column() -> QueueColumn:
    """Give a column that stands in no queue."""
    return queue_columns.store_column(replace(COLUMN, name="Another column"), actor=SYSTEM)


def _sort() -> QueueSort:
    """Give an order that no queue has."""
    return queue_columns.store_sort(replace(SORT, name="Another order"), actor=SYSTEM)


def _one(results: list[bulk.BulkResult]) -> None:
    """Raise what kept the one ticket of a bulk operation back."""
    for result in results:
        if result.refusal is not None:
            raise result.refusal


CALLS: dict[str, Call] = {
    "tickets.services.answered.mark_answered": lambda w: answered.mark_answered(w.other_ticket, actor=w.actor),
    "tickets.services.assignment.assign_ticket": lambda w: assignment.assign_ticket(
        w.ticket, actor=w.actor, agent=w.agent
    ),
    "tickets.services.assignment.claim_ticket": lambda w: assignment.claim_ticket(w.ticket, actor=w.actor),
    "tickets.services.assignment.release_ticket": lambda w: assignment.release_ticket(w.ticket, actor=w.actor),
    "tickets.services.bulk.assign_tickets": lambda w: _one(
        bulk.assign_tickets([w.ticket.pk], actor=w.actor, agent=w.agent)
    ),
    "tickets.services.bulk.change_status_of_family": lambda w: _one(
        bulk.change_status_of_family(w.ticket, actor=w.actor, status=w.status("Resolved"))
    ),
    "tickets.services.bulk.change_status_of_tickets": lambda w: _one(
        bulk.change_status_of_tickets([w.ticket.pk], actor=w.actor, status=w.status("Resolved"))
    ),
    "tickets.services.bulk.claim_tickets": lambda w: _one(bulk.claim_tickets([w.ticket.pk], actor=w.actor)),
    "tickets.services.bulk.delete_tickets": lambda w: _one(bulk.delete_tickets([w.ticket.pk], actor=w.actor)),
    "tickets.services.bulk.mark_tickets_answered": lambda w: _one(
        bulk.mark_tickets_answered([w.other_ticket.pk], actor=w.actor)
    ),
    "tickets.services.bulk.release_tickets": lambda w: _one(bulk.release_tickets([w.ticket.pk], actor=w.actor)),
    "tickets.services.bulk.transfer_tickets": lambda w: _one(
        bulk.transfer_tickets([w.ticket.pk], actor=w.actor, department=w.support)
    ),
    "tickets.services.collaborators.add_collaborator": lambda w: collaborators.add_collaborator(
        w.ticket, actor=w.actor, user=w.somebody
    ),
    "tickets.services.collaborators.remove_collaborator": lambda w: collaborators.remove_collaborator(
        w.ticket, actor=w.actor, collaborator_id=w.collaboration.pk
    ),
    "tickets.services.collaborators.update_collaborators": lambda w: collaborators.update_collaborators(
        w.ticket, actor=w.actor, active=[], removed=[w.collaboration.pk]
    ),
    "tickets.services.deletion.delete_ticket": lambda w: deletion.delete_ticket(w.ticket, actor=w.actor),
    "tickets.services.editing.update_ticket": lambda w: editing.update_ticket(
        w.ticket,
        editing.TicketEdit(topic=w.ticket.topic, sla=None, source=TicketSource.PHONE, duedate=None),
        actor=w.actor,
    ),
    "tickets.services.entries.edit_entry": lambda w: entries.edit_entry(
        w.ticket, actor=w.actor, entry=w.answer, body="<p>Better</p>"
    ),
    "tickets.services.entries.resend_entry": lambda w: entries.resend_entry(w.ticket, actor=w.actor, entry=w.answer),
    "tickets.services.field_edits.change_answer": lambda w: field_edits.change_answer(
        w.ticket, _answers(w), actor=w.actor
    ),
    "tickets.services.field_edits.change_due_date": lambda w: field_edits.change_due_date(
        w.ticket, duedate=timezone.now() + timedelta(days=3), actor=w.actor
    ),
    "tickets.services.field_edits.change_sla": lambda w: field_edits.change_sla(
        w.ticket, sla=SlaPlan.objects.order_by("pk")[0], actor=w.actor
    ),
    "tickets.services.field_edits.change_source": lambda w: field_edits.change_source(
        w.ticket, source=TicketSource.PHONE, actor=w.actor
    ),
    "tickets.services.ticket_forms.change_forms": lambda w: ticket_forms.change_forms(
        w.ticket, actor=w.actor, added=[Form.objects.create(title="Rooms", type="G")]
    ),
    "tickets.services.field_edits.change_topic": lambda w: field_edits.change_topic(
        w.ticket, topic=w.topic, actor=w.actor
    ),
    "tickets.services.locks.acquire_lock": lambda w: locks.acquire_lock(w.ticket, actor=w.actor),
    "tickets.services.locks.break_lock": lambda w: locks.break_lock(_locked(w).ticket, actor=w.actor),
    "tickets.services.locks.lock_code_for": lambda w: locks.lock_code_for(w.ticket, actor=w.actor, posted=""),
    "tickets.services.locks.release_lock": lambda w: locks.release_lock(_lock(w), actor=w.actor),
    "tickets.services.locks.renew_lock": lambda w: locks.renew_lock(w.ticket, actor=w.actor, lock_id=_lock(w)),
    "tickets.services.merging.link_tickets": lambda w: merging.link_tickets([w.ticket, w.other_ticket], actor=w.actor),
    "tickets.services.merging.merge_tickets": lambda w: merging.merge_tickets(
        [w.ticket, w.other_ticket], actor=w.actor
    ),
    "tickets.services.merging.unlink_ticket": lambda w: merging.unlink_ticket(w.ticket, actor=w.actor),
    "tickets.services.opening.open_for_user": lambda w: opening.open_for_user(
        NewTicket(
            origin=Origin.STAFF,
            source=TicketSource.PHONE,
            user=w.owner,
            department=w.department,
            topic=w.topic,
            subject="New",
            message="<p>x</p>",
        ),
        actor=w.actor,
    ),
    "tickets.services.overdue.clear_overdue": lambda w: overdue.clear_overdue(w.ticket, actor=w.actor),
    "tickets.services.overdue.mark_overdue": lambda w: overdue.mark_overdue(w.ticket, actor=w.actor),
    "tickets.services.own_tickets.change_own_answers": lambda w: own_tickets.change_own_answers(
        w.ticket, _answers(w, is_agent=False), actor=w.actor
    ),
    "tickets.services.ownership.ban_owner": lambda w: ownership.ban_owner(w.ticket, actor=w.actor),
    "tickets.services.ownership.change_owner": lambda w: ownership.change_owner(
        w.ticket, user=w.somebody, actor=w.actor
    ),
    "tickets.services.ownership.unban_owner": lambda w: ownership.unban_owner(w.ticket, actor=w.actor),
    "tickets.services.posting.post_message": lambda w: posting.post_message(
        w.ticket, actor=w.actor, user=w.actor.user, body="<p>More</p>"
    ),
    "tickets.services.posting.post_note": lambda w: posting.post_note(w.ticket, actor=w.actor, body="<p>A note</p>"),
    "tickets.services.posting.post_reply": lambda w: posting.post_reply(w.ticket, actor=w.actor, body="<p>So</p>"),
    "tickets.services.queue_columns.delete_column": lambda w: queue_columns.delete_column(_column(), actor=w.actor),
    "tickets.services.queue_columns.delete_sort": lambda w: queue_columns.delete_sort(_sort(), actor=w.actor),
    "tickets.services.queue_columns.store_column": lambda w: queue_columns.store_column(COLUMN, actor=w.actor),
    "tickets.services.queue_columns.store_sort": lambda w: queue_columns.store_sort(SORT, actor=w.actor),
    "tickets.services.queues.change_queue": lambda w: queues.change_queue(_queue(), QUEUE, actor=w.actor),
    "tickets.services.queues.create_queue": lambda w: queues.create_queue(QUEUE, actor=w.actor),
    "tickets.services.queues.delete_queue": lambda w: queues.delete_queue(_queue(), actor=w.actor),
    "tickets.services.queues.set_preference": lambda w: queues.set_preference(_queue(), actor=w.actor),
    "tickets.services.referrals.refer_ticket": lambda w: referrals.refer_ticket(w.ticket, to=w.support, actor=w.actor),
    "tickets.services.referrals.withdraw_referrals": lambda w: referrals.withdraw_referrals(
        w.ticket, [], actor=w.actor
    ),
    "tickets.services.status.change_status": lambda w: status.change_status(
        w.ticket, actor=w.actor, status=w.status("Resolved")
    ),
    "tickets.services.status.close_ticket": lambda w: status.close_ticket(
        w.ticket, actor=w.actor, status=w.status("Resolved")
    ),
    "tickets.services.status.reopen_ticket": lambda w: status.reopen_ticket(w.closed_ticket, actor=w.actor),
    "tickets.services.topic_forms.set_topic_forms": lambda w: topic_forms.set_topic_forms(w.topic, [], actor=w.actor),
    "tickets.services.transfer.transfer_ticket": lambda w: transfer.transfer_ticket(
        w.ticket, department=w.support, actor=w.actor
    ),
}
