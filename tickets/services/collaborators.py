"""Who takes part in a ticket besides its owner (osticket/tickets.md §1.11, §10.3, §13)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.constants import OrganizationFlag, UserFlag
from helpdesk.people.models import Agent, EndUser
from helpdesk.people.services import find_or_create_user
from helpdesk.threads import services as threads
from helpdesk.threads.constants import CollaboratorFlag
from helpdesk.threads.events import SYSTEM_NAME
from helpdesk.threads.models import Collaborator
from tickets.models import Ticket
from tickets.policies import UserAction, can, require, require_user
from tickets.services.common import lock, log, own_thread, record

_MEMBER_FLAGS = OrganizationFlag.COLLABORATE_ALL_MEMBERS | OrganizationFlag.COLLABORATE_PRIMARY_CONTACTS
ACTIVE = int(CollaboratorFlag.ACTIVE)
ALL_BUT_ACTIVE = 0x7FFFFFFF ^ ACTIVE


@retried
def add_collaborator(
    ticket: Ticket,
    *,
    actor: Actor,
    user: EndUser | None = None,
    email: str = "",
    name: str = "",
    now: datetime | None = None,
) -> Collaborator:
    """Let a user take part in the ticket: an existing one, or whoever has the address `email`, made when it is new.

    Raises Conflict for the owner (`is_owner`) and for one who takes part already (`is_collaborator`), PermissionRefused
    for agents who may neither edit nor answer the ticket or may not make users, ValidationFailed for an address that is
    none. Source: §13.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        _require(actor, ticket)
        if user is None:
            maker = Actor.system() if actor.agent is None else actor
            user = find_or_create_user(email, name, actor=maker, now=now)
        if user.pk == ticket.user_id:
            raise Conflict(_("Ticket Owner cannot be a Collaborator"), code="is_owner", field="user")
        added = join(ticket, user, actor=actor, now=now)
        if added is None:
            raise Conflict(
                _("%(name)s is a collaborator already.") % {"name": user.name}, code="is_collaborator", field="user"
            )
    return added


@retried
def update_collaborators(
    ticket: Ticket,
    *,
    actor: Actor,
    active: Collection[int],
    removed: Collection[int] = (),
    now: datetime | None = None,
) -> None:
    """Set which collaborators get mail, by the ids of their rows: those in `active`; all others stay without it.

    Those in `removed` go, with an event. Raises NotFound (`collaborator_not_found`) for rows of another ticket, and
    then changes nothing; PermissionRefused as `add_collaborator`. Source: §13.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        _require(actor, ticket)
        rows = {row.pk: row for row in _rows(ticket, now)}
        if not {*active, *removed} <= rows.keys():
            raise NotFound(_("There is no such collaborator on this ticket."), code="collaborator_not_found")
        _remove([rows[pk] for pk in rows if pk in removed], ticket, actor, now)
        kept = Collaborator.objects.filter(pk__in=rows.keys() - set(removed))
        kept.filter(pk__in=active).update(flags=F("flags").bitor(ACTIVE), updated=now)
        kept.exclude(pk__in=active).update(flags=F("flags").bitand(ALL_BUT_ACTIVE), updated=now)
        log("collaborators_updated", ticket, actor, active=len(active), removed=len(removed))


@retried
def remove_collaborator(ticket: Ticket, *, actor: Actor, collaborator_id: int, now: datetime | None = None) -> None:
    """Take one collaborator off the ticket, by the id of the row. Everybody may take himself off.

    Raises NotFound for rows of another ticket, PermissionRefused.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        row = next((row for row in _rows(ticket, now) if row.pk == collaborator_id), None)
        if row is None or actor.user is None or row.user_id != actor.user.pk:
            _require(actor, ticket)
        if row is None:
            raise NotFound(_("There is no such collaborator on this ticket."), code="collaborator_not_found")
        _remove([row], ticket, actor, now)


# --- Parts of other services: the ticket is locked or new, permissions are checked ------------------------------------


def join(ticket: Ticket, user: EndUser, *, actor: Actor, now: datetime, key: str | None = None) -> Collaborator | None:
    """Make a user a collaborator, with the event; None for the owner and for one who is.

    `key` stands in the event in place of the user's id (merges leave it empty). Agents' addresses stay inactive where
    the settings say so and no agent does this.
    """
    thread = own_thread(ticket, now=now)
    if user.pk == ticket.user_id or thread.collaborators.filter(user=user).exists():
        return None
    added = threads.add_collaborator(thread, user, now=now, is_active=_may_be_active(user, actor))
    data = {"add": {str(user.pk) if key is None else key: {"name": user.name}}}
    record(ticket, "collab", actor=actor, now=now, data=data)
    log("collaborator_added", ticket, actor, user_id=user.pk)
    return added


def join_from_mail(ticket: Ticket, users: Iterable[tuple[EndUser, str]], *, actor: Actor, now: datetime) -> None:
    """Make the other recipients of a mail collaborators, each with the header that named him (`to`, `cc`).

    One event names all of them (§10.1, step 5).
    """
    thread = own_thread(ticket, now=now)
    known = {ticket.user_id, *thread.collaborators.values_list("user_id", flat=True)}
    added: dict[str, Any] = {}
    for user, header in users:
        if user.pk not in known:
            known.add(user.pk)
            threads.add_collaborator(thread, user, now=now, is_active=_may_be_active(user, actor))
            added[str(user.pk)] = {"name": user.name, "src": header}
    if added:
        record(ticket, "collab", actor=actor, now=now, data={"add": added}, username=SYSTEM_NAME)


def join_members(ticket: Ticket, *, actor: Actor, now: datetime) -> bool:
    """Add those whom the owner's organization wants on its tickets; gives whether anybody came (§6.1 step 14)."""
    organization = ticket.user.org if ticket.user else None
    if organization is None or not organization.status & _MEMBER_FLAGS:
        return False
    members = list(organization.members.exclude(pk=ticket.user_id or 0).order_by("id"))
    if not organization.status & OrganizationFlag.COLLABORATE_ALL_MEMBERS:
        members = [member for member in members if member.status & UserFlag.PRIMARY_CONTACT]
    added = [member for member in members if join(ticket, member, actor=actor, now=now)]
    if added:
        record(ticket, "collab", actor=actor, now=now, data={"org": organization.pk})
    return bool(added)


def name_in_reply(ticket: Ticket, users: Iterable[EndUser], *, actor: Actor, now: datetime) -> None:
    """Let exactly these users take part from this reply on: new ones come, named ones are active, others are not.

    The owner may be among them and stays what he is (§10.3).
    """
    named = {user.pk: user for user in users if user.pk != ticket.user_id}
    rows = _rows(ticket, now)
    for row in rows:
        is_active = bool(row.flags & CollaboratorFlag.ACTIVE)
        if is_active != (row.user_id in named):
            row.flags ^= CollaboratorFlag.ACTIVE
            row.updated = now
            row.save(update_fields=["flags", "updated"])
    known = {row.user_id for row in rows}
    for pk, user in named.items():
        if pk not in known:
            join(ticket, user, actor=actor, now=now)


def _rows(ticket: Ticket, now: datetime) -> list[Collaborator]:
    return list(own_thread(ticket, now=now).collaborators.select_related("user").order_by("id"))


def _remove(rows: list[Collaborator], ticket: Ticket, actor: Actor, now: datetime) -> None:
    if not rows:
        return
    names = {str(row.user_id or ""): {"name": row.user.name if row.user else ""} for row in rows}
    Collaborator.objects.filter(pk__in=[row.pk for row in rows]).delete()
    record(ticket, "collab", actor=actor, now=now, data={"del": names})
    log("collaborators_removed", ticket, actor, count=len(rows))


def _require(actor: Actor, ticket: Ticket) -> None:
    """Who decides who takes part: agents who edit or answer the ticket, and end users as the policy says.

    osTicket asks agents for `ticket.edit` on the ticket page and lets everybody who may look change its lists of
    collaborators (osticket/tickets.md §3.4): that gave tickets away to any address.
    """
    if actor.user is not None:
        require_user(actor.user, UserAction.MANAGE_COLLABORATORS, ticket)
        return
    require(actor, None, ticket)
    if not (can(actor, "ticket.edit", ticket) or can(actor, "ticket.reply", ticket)):
        raise PermissionRefused(_("Permission denied"), code="permission_denied")


def _may_be_active(user: EndUser, actor: Actor) -> bool:
    if actor.agent is not None or not configuration.current().boolean("disable_agent_collabs"):
        return True
    addresses = [address.lower() for address in user.emails.values_list("address", flat=True)]
    return not Agent.objects.filter(email__in=addresses).exists()
