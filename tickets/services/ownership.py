"""Whose ticket it is, and whether that person may write at all (osticket/tickets.md §12.3)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from filters.ban_list import ban, unban
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.people.permissions import RolePermission
from tickets.freshness import check_fresh
from tickets.models import Ticket
from tickets.names import address_of
from tickets.policies import require
from tickets.services.common import lock, log, own_thread, record, save_changes
from tickets.signals import send_after_commit, ticket_edited


@retried
def change_owner(
    ticket: Ticket, *, user: EndUser, actor: Actor, seen: str | None = None, now: datetime | None = None
) -> Ticket:
    """Make somebody else the owner of the ticket, who is a collaborator no more; the former owner does not become one.

    Raises Conflict for the owner it has and (`ticket_changed`) when `seen` is no longer its version, PermissionRefused
    without `ticket.edit`. Source: §12.3.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        require(actor, RolePermission.TICKET_EDIT, ticket)
        check_fresh(ticket, seen)
        if ticket.user_id == user.pk:
            raise Conflict(_("The ticket belongs to this person already."), code="same_owner", field="user")
        save_changes(ticket, now=now, user=user)
        own_thread(ticket, now=now).collaborators.filter(user=user).delete()
        data = {"owner": user.pk, "fields": {"Ticket Owner": user.name}}
        record(ticket, "edited", actor=actor, now=now, data=data)
        log("ticket_owner_changed", ticket, actor, user_id=user.pk)
        send_after_commit(ticket_edited, ticket=ticket, actor=actor, changes=data)
    return ticket


def ban_owner(ticket: Ticket, *, actor: Actor) -> None:
    """Put the owner's address on the ban list: nothing of it is accepted any more.

    Raises ValidationFailed when it is there already, PermissionRefused without the agent permission `emails.banlist`,
    NotFound without access to the ticket.
    """
    require(actor, None, ticket)
    ban(_owner_address(ticket), actor=actor)
    log("ticket_owner_banned", ticket, actor)


def unban_owner(ticket: Ticket, *, actor: Actor) -> None:
    """Take the owner's address off the ban list. Raises like `ban_owner`; ValidationFailed when it is not on it."""
    require(actor, None, ticket)
    unban(_owner_address(ticket), actor=actor)
    log("ticket_owner_unbanned", ticket, actor)


def _owner_address(ticket: Ticket) -> str:
    address = address_of(ticket.user)
    if not address:
        raise ValidationFailed(_("The owner of the ticket has no address."), code="address_missing", field="user")
    return address
