"""Merging tickets into one, linking them, and taking links apart (osticket/tickets.md §14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.threads.constants import EntryFlag, ObjectType
from helpdesk.threads.models import EntryMerge
from helpdesk.threads.services import refer
from tickets.constants import TicketFlag, TicketState
from tickets.models import Ticket, TicketStatus
from tickets.policies import can, require
from tickets.registries import merge_followers
from tickets.services.collaborators import join
from tickets.services.common import lock, log, own_thread, record, save_changes
from tickets.services.deletion import delete_ticket
from tickets.services.status import change_status, close_ticket
from tickets.signals import send_after_commit, ticket_merged
from tickets.states import MERGED, is_merge_parent, is_merged_child

MOST_TICKETS = 100
"""Tickets of one merge or link."""
_SLICE = 500


class MergeKind(StrEnum):
    """How the conversations of merged tickets are shown."""

    COMBINE = "combine"
    """One conversation by time."""
    SEPARATE = "separate"
    """One merged ticket after the other."""


class Participants(StrEnum):
    """Who of a merged ticket takes part in its parent."""

    OWNER = "user"
    EVERYBODY = "all"


@dataclass(frozen=True)
class Merged:
    """The parent. `status_refusal` says why it did not get the wanted status; the merge is done nevertheless."""

    parent: Ticket
    status_refusal: DomainError | None = None


_TYPE_FLAGS = {MergeKind.COMBINE: TicketFlag.COMBINE_THREADS, MergeKind.SEPARATE: TicketFlag.SEPARATE_THREADS}


@retried
def merge_tickets(
    tickets: Sequence[Ticket],
    *,
    actor: Actor,
    kind: MergeKind = MergeKind.COMBINE,
    participants: Participants = Participants.OWNER,
    child_status: TicketStatus | None = None,
    parent_status: TicketStatus | None = None,
    move_tasks: bool = False,
    delete_children: bool = False,
    now: datetime | None = None,
) -> Merged:
    """Merge tickets into the first one: their conversations move there, they are closed, or
    deleted where that is asked for.

    Tickets that were linked are unlinked first. Those that are merged into the first one already only get the new
    `kind`; the first one alone changes how its family is shown. The owners of the others become collaborators, with
    EVERYBODY their collaborators, too. An agent who may not close tickets leaves the status of the others as it is.

    Raises ValidationFailed for too few or too many tickets, for one that is named twice (`merge_with_itself`) and for
    statuses that cannot be set; Conflict for tickets that are part of another merge (`merged_child`, `merge_parent`);
    NotFound and PermissionRefused without `ticket.merge` on each (a referral to the agent replaces it), and without
    `ticket.delete` on what shall be deleted. Nothing is done then.
    """
    now = now or timezone.now()
    child_status = _closed_status(child_status)
    with transaction.atomic():
        parent, children = _locked_family(tickets, actor, "ticket.merge")
        _check_merge(parent, children)
        _unlink_before_merge([parent, *children], actor, now)
        added = [child for child in children if child.parent_id is None]
        _check_deletion(added if delete_children else (), actor)
        flags = _TYPE_FLAGS[kind]
        _bind(parent, children, added, "merged", flags=flags, actor=actor, now=now)
        for child in added:
            _take_in(parent, child, participants, actor, now)
            _close_child(child, child_status, actor, now)
        refusal = _set_status(parent, actor, parent_status, now)
        for child in added if move_tasks or delete_children else ():
            for follow in merge_followers():
                follow(child, parent)
        for child in added if delete_children else ():
            delete_ticket(child, actor=actor, now=now)
        lock(parent)  # it may have lost its last child
        log("tickets_merged", parent, actor, children=[child.pk for child in added])
        send_after_commit(ticket_merged, ticket=parent, actor=actor, children=added)
    return Merged(parent, refusal)


@retried
def link_tickets(tickets: Sequence[Ticket], *, actor: Actor, now: datetime | None = None) -> Ticket:
    """Link tickets with the first one, which is the parent of the family; nothing else of them changes.

    Raises as `merge_tickets`, with the permission `ticket.link`; Conflict also for tickets that are linked with another
    parent (`linked_child`, `link_parent`) or part of a merge (`part_of_merge`).
    """
    now = now or timezone.now()
    with transaction.atomic():
        parent, children = _locked_family(tickets, actor, "ticket.link")
        _check_link(parent, children)
        added = [child for child in children if child.parent_id is None]
        _bind(parent, children, added, "linked", flags=TicketFlag.LINKED, actor=actor, now=now)
        log("tickets_linked", parent, actor, children=[child.pk for child in added])
    return parent


@retried
def unlink_ticket(ticket: Ticket, *, actor: Actor, now: datetime | None = None) -> Ticket:
    """Take a linked ticket out of its family; of a parent all others are taken.

    Raises Conflict (`not_linked`) for a ticket that is not linked, NotFound and PermissionRefused without
    `ticket.link` (a referral to the agent replaces it).
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        _require(actor, "ticket.link", ticket)
        if not ticket.flags & TicketFlag.LINKED:
            raise Conflict(_("The ticket is not linked."), code="not_linked")
        _unlink(ticket, actor, now)
        log("ticket_unlinked", ticket, actor)
    return ticket


# --- What is checked --------------------------------------------------------------------------------------------------


def _locked_family(tickets: Sequence[Ticket], actor: Actor, permission: str) -> tuple[Ticket, list[Ticket]]:
    """Lock the tickets in the order of their ids, so that two merges do not wait for each other."""
    if not tickets:
        raise ValidationFailed(_("Please choose tickets."), code="tickets_required", field="tickets")
    if len(tickets) > MOST_TICKETS:
        raise ValidationFailed(
            _("Please choose at most %(most)d tickets.") % {"most": MOST_TICKETS},
            code="too_many_tickets",
            field="tickets",
        )
    if len({ticket.pk for ticket in tickets}) < len(tickets):
        raise ValidationFailed(
            _("A ticket cannot be merged or linked with itself."), code="merge_with_itself", field="tickets"
        )
    for ticket in sorted(tickets, key=lambda one: one.pk):
        lock(ticket)
    for ticket in tickets:
        _require(actor, permission, ticket)
    return tickets[0], list(tickets[1:])


def _check_merge(parent: Ticket, children: Sequence[Ticket]) -> None:
    if not children and not is_merge_parent(parent):
        raise ValidationFailed(_("Please choose at least two tickets."), code="tickets_required", field="tickets")
    if is_merged_child(parent):
        raise _is_merged_child(parent)
    for child in children:
        if is_merged_child(child) and child.parent_id != parent.pk:
            raise _is_merged_child(child)
        if is_merge_parent(child):
            raise _is_parent("merge_parent")


def _check_deletion(tickets: Sequence[Ticket], actor: Actor) -> None:
    for ticket in tickets:
        if not can(actor, "ticket.delete", ticket):
            raise PermissionRefused(
                _("You do not have permission to delete Ticket #%(number)s.") % {"number": ticket.number},
                code="permission_denied",
                field="delete_children",
            )


def _check_link(parent: Ticket, children: Sequence[Ticket]) -> None:
    if not children:
        raise ValidationFailed(_("Please choose at least two tickets."), code="tickets_required", field="tickets")
    if any(ticket.flags & MERGED for ticket in (parent, *children)):
        raise Conflict(
            _("One or more Tickets selected is part of a merge. Merged Tickets cannot be linked."),
            code="part_of_merge",
            field="tickets",
        )
    for ticket in (parent, *children):
        if ticket.parent_id is not None and (ticket is parent or ticket.parent_id != parent.pk):
            raise Conflict(
                _("Ticket #%(number)s is linked with another ticket: unlink it first.") % {"number": ticket.number},
                code="linked_child",
                field="tickets",
            )
    if any(child.family.exists() for child in children):
        raise _is_parent("link_parent")


def _is_merged_child(ticket: Ticket) -> Conflict:
    return Conflict(
        _("Ticket #%(number)s was merged into another ticket.") % {"number": ticket.number},
        code="merged_child",
        field="tickets",
    )


def _is_parent(code: str) -> Conflict:
    return Conflict(
        _("More than one Parent Ticket selected. Put the one that the others go to first."), code=code, field="tickets"
    )


def _require(actor: Actor, permission: str, ticket: Ticket) -> None:
    """Ask for the permission, or for a referral of the ticket to the agent.

    osTicket takes any referral of the ticket, also one to somebody else (§14, step 1).
    """
    require(actor, None, ticket)
    if can(actor, permission, ticket):
        return
    if (
        actor.agent is None
        or not Ticket.objects.referred_to_agent(access_of(actor.agent)).filter(pk=ticket.pk).exists()
    ):
        raise PermissionRefused(
            _("You do not have permission to merge or link Ticket #%(number)s.") % {"number": ticket.number},
            code="permission_denied",
            field="tickets",
        )


def _closed_status(status: TicketStatus | None) -> TicketStatus:
    """Give the status for merged tickets: the given one, else the last closed one in osTicket's order (Closed)."""
    if status is None:
        status = TicketStatus.objects.filter(state=TicketState.CLOSED).order_by("-sort", "-id").first()
    if status is None:
        raise NotFound(_("There is no closed status."), code="closed_status_missing")
    if status.state != TicketState.CLOSED:
        raise ValidationFailed(_("Unknown or invalid status"), code="status_invalid", field="child_status")
    return status


# --- What is done -----------------------------------------------------------------------------------------------------


def _bind(
    parent: Ticket,
    children: Sequence[Ticket],
    added: Sequence[Ticket],
    event: str,
    *,
    flags: TicketFlag,
    actor: Actor,
    now: datetime,
) -> None:
    """Make the tickets one family, with the events on both sides, and let the children's departments see a merge."""
    save_changes(parent, now=now, flags=flags | TicketFlag.PARENT)
    for position, child in enumerate(children, start=1):
        if child not in added:
            save_changes(child, now=now, flags=flags)
            continue
        save_changes(child, now=now, parent=parent, flags=flags, sort=position)
        record(parent, event, actor=actor, now=now, data=_naming(child))
        record(child, event, actor=actor, now=now, data=_naming(parent))
        if event == "merged" and child.dept_id != parent.dept_id and child.dept_id is not None:
            refer(own_thread(parent, now=now), ObjectType.DEPARTMENT, child.dept_id, now=now)
            record(parent, "referred", actor=actor, now=now, data={"dept": child.dept_id})


def _take_in(parent: Ticket, child: Ticket, participants: Participants, actor: Actor, now: datetime) -> None:
    """Move people and conversation of a child to its parent; its thread becomes that of a merged ticket."""
    thread, target = own_thread(child, now=now), own_thread(parent, now=now)
    if participants is Participants.EVERYBODY:
        for row in thread.collaborators.select_related("user").order_by("id"):
            if row.user is not None:
                join(parent, row.user, actor=actor, now=now)
    if child.user is not None:
        join(parent, child.user, actor=actor, now=now, key="")  # osTicket names no user in this event (§2)
    ids = list(thread.entries.order_by("id").values_list("pk", flat=True))
    for start in range(0, len(ids), _SLICE):
        piece = ids[start : start + _SLICE]
        EntryMerge.objects.bulk_create(EntryMerge(entry_id=pk, data={"thread": thread.pk}) for pk in piece)
        thread.entries.filter(pk__in=piece).update(thread=target, flags=F("flags").bitor(int(EntryFlag.CHILD)))
    thread.object_type = ObjectType.MERGED_TICKET
    thread.extra = {"ticket_id": parent.pk, "number": child.number or ""}
    thread.save(update_fields=["object_type", "extra"])


def _close_child(child: Ticket, status: TicketStatus, actor: Actor, now: datetime) -> None:
    """Close a merged ticket, whatever else stands in the way; without permission it keeps its status (§9.1)."""
    if child.status_id != status.pk and can(actor, "ticket.close", child):
        close_ticket(child, actor=actor, status=status, force=True, now=now)


def _set_status(parent: Ticket, actor: Actor, status: TicketStatus | None, now: datetime) -> DomainError | None:
    if status is None or status.pk == parent.status_id:
        return None
    try:
        with transaction.atomic():
            change_status(parent, actor=actor, status=status, now=now)
    except DomainError as refusal:
        return refusal
    return None


def _unlink_before_merge(tickets: Sequence[Ticket], actor: Actor, now: datetime) -> None:
    """Take links apart; the rows of the tickets at hand are read again, for they may be each other's family."""
    for ticket in tickets:
        if ticket.flags & TicketFlag.LINKED:
            _unlink(ticket, actor, now)
            for other in tickets:
                lock(other)


def _unlink(ticket: Ticket, actor: Actor, now: datetime) -> None:
    """Unlink a child from its parent, or all children of a parent.

    A parent whose last child was unlinked keeps its flags, as osTicket leaves them.
    """
    if ticket.parent_id is not None:
        if ticket.parent is not None:
            _separate(ticket, ticket.parent, actor, now)
        return
    for child in ticket.family.order_by("sort", "pk"):
        _separate(lock(child), ticket, actor, now)
    save_changes(ticket, now=now, flags=ticket.flags & ~(TicketFlag.LINKED | TicketFlag.PARENT))


def _separate(child: Ticket, parent: Ticket, actor: Actor, now: datetime) -> None:
    save_changes(child, now=now, parent=None, sort=1, flags=child.flags & ~TicketFlag.LINKED)
    record(child, "unlinked", actor=actor, now=now, data=_naming(parent))
    record(parent, "unlinked", actor=actor, now=now, data=_naming(child))


def _naming(other: Ticket) -> dict[str, object]:
    return {"ticket": f"Ticket #{other.number}", "id": other.pk}
