"""Deleting tickets (osticket/tickets.md §15.1)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.files.models import Attachment
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types.files import ATTACHMENT_TYPE
from helpdesk.forms.models import FormEntry
from helpdesk.forms.services import remove_answers
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Thread, ThreadEntry
from helpdesk.threads.removal import delete_thread
from helpdesk.threads.services import delete_drafts
from tickets.constants import TicketFlag
from tickets.models import Ticket, TicketRank
from tickets.number_register import TICKETS
from tickets.policies import can, require
from tickets.registries import removals
from tickets.services.common import lock, log, own_thread, poster_of, record, save_changes
from tickets.services.search_index import unindex
from tickets.signals import send_after_commit, ticket_deleted
from tickets.states import is_merged_child

_SLICE = 500


@retried
def delete_ticket(ticket: Ticket, *, actor: Actor, comments: str = "", now: datetime | None = None) -> None:
    """Delete the ticket with its thread, files, answers and drafts; what happened to it stays in the statistics.

    Tickets merged into it are on their own again, without what they once said; of a merged ticket the conversation
    stays with its parent. Its tasks stay. Why goes into the system log, at its level Debug. Raises PermissionRefused
    without `ticket.delete`. Source: §15.1.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        _require(actor, ticket)
        ticket_id, number, thread = ticket.pk, ticket.number or "", own_thread(ticket, now=now)
        is_kept = is_merged_child(ticket)
        for remove in removals():
            remove(ticket)
        _leave_family(ticket, now)
        if not is_kept:
            _forget_entries(thread)
            delete_thread(thread)
        # The event comes last and names the thread that was: those before it name none any more.
        record(ticket, "deleted", actor=actor, now=now)
        _remove_answers(ticket_id)
        delete_drafts(f"ticket.%.{ticket_id}")
        unindex(ObjectType.TICKET, [ticket_id])
        TicketRank.objects.filter(ticket_id=ticket_id).delete()
        Ticket.objects.filter(pk=ticket_id).delete()
        TICKETS.release([number])
        said = f"Ticket #{number} deleted by {poster_of(actor)}"
        log_system(LogLevel.DEBUG, f"Ticket #{number} deleted", f"{said}\n{comments}".strip(), actor.ip_address)
        log("ticket_deleted", ticket, actor)
        send_after_commit(ticket_deleted, ticket=ticket, ticket_id=ticket_id, actor=actor)


def _require(actor: Actor, ticket: Ticket) -> None:
    require(actor, None, ticket)
    if not can(actor, RolePermission.TICKET_DELETE, ticket):
        raise PermissionRefused(
            _("You do not have permission to archive/delete tickets"), code="permission_denied", field="status"
        )


def _leave_family(ticket: Ticket, now: datetime) -> None:
    """Let the children of a parent go, and a parent without further children be an ordinary ticket."""
    for child in ticket.family.order_by("pk"):
        lock(child)
        save_changes(child, now=now, parent=None, flags=TicketFlag(0))
        threads = Thread.objects.filter(object_id=child.pk, object_type=ObjectType.MERGED_TICKET)
        threads.update(object_type=ObjectType.TICKET)
    parent = ticket.parent
    if parent is not None and not parent.family.exclude(pk=ticket.pk).exists():
        lock(parent)
        save_changes(parent, now=now, flags=TicketFlag(0))


def _forget_entries(thread: Thread) -> None:
    ids = list(ThreadEntry.objects.filter(thread=thread).values_list("pk", flat=True))
    for start in range(0, len(ids), _SLICE):
        unindex(ObjectType.THREAD_ENTRY, ids[start : start + _SLICE])


def _remove_answers(ticket_id: int) -> None:
    entries = FormEntry.objects.filter(object_type=EntryObject.TICKET, object_id=ticket_id)
    Attachment.objects.filter(type=ATTACHMENT_TYPE, object_id__in=list(entries.values_list("pk", flat=True))).delete()
    remove_answers(EntryObject.TICKET, ticket_id)
