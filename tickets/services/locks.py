"""Locks: one agent at a time answers a ticket (osticket/tickets.md §15.3).

Only replies and notes ask for a lock; nothing else does. A lock that has expired belongs to nobody.
"""

from __future__ import annotations

import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from helpdesk.threads.models import Lock
from tickets.models import Ticket
from tickets.names import full_name
from tickets.policies import can
from tickets.services.common import lock as lock_row
from tickets.services.common import log, save_changes

CODE_LENGTH = 10
CODE_LETTERS = string.ascii_letters + string.digits
BROKEN = "Ticket lock broken"
"""Title of the line in the system log."""


class LockMode(IntEnum):
    """When a ticket page takes a lock (`ticket_lock`)."""

    NEVER = 0
    ON_VIEW = 1
    ON_ACTIVITY = 2


@dataclass(frozen=True)
class HeldLock:
    """The lock of an agent: its id, the seconds it lasts, and the code that replies and notes bring along."""

    id: int
    seconds: int
    code: str


def lock_mode() -> LockMode:
    """Give when tickets are locked; NEVER also where a lock would last no minute."""
    current = configuration.current()
    mode = current.integer("ticket_lock")
    return LockMode(mode) if mode in set(LockMode) and lock_minutes() > 0 else LockMode.NEVER


def lock_minutes() -> int:
    """Give how many minutes a lock lasts unless it is renewed."""
    return configuration.current().integer("autolock_minutes")


def holder_of(ticket: Ticket, *, now: datetime) -> Agent | None:
    """Give the agent who holds the ticket's lock at the moment; None also where locks are switched off."""
    current = _valid(ticket, now) if lock_mode() else None
    return current.staff if current is not None else None


@retried
def acquire_lock(ticket: Ticket, *, actor: Actor, now: datetime | None = None) -> HeldLock:
    """Take the lock of a ticket that nobody holds, or renew the agent's own; of several who try one gets it.

    Raises PermissionRefused (`lock_denied`) for those who do not see the ticket, Conflict when locks are switched off
    (`locks_disabled`) and when somebody else holds it (`locked_by_other`, the message says who).
    """
    now = now or timezone.now()
    minutes = _minutes_required()
    expire = now + timedelta(minutes=minutes)
    with transaction.atomic():
        try:
            lock_row(ticket)
        except NotFound:
            raise _denied() from None
        agent = _agent_on(actor, ticket)
        current = _valid(ticket, now)
        if current is not None and current.staff_id != agent.pk:
            raise _held_by(current.staff)
        if current is None:
            code = "".join(secrets.choice(CODE_LETTERS) for _letter in range(CODE_LENGTH))
            current = Lock.objects.create(staff=agent, expire=expire, code=code, created=now)
            ticket.lock = current
            ticket.save(update_fields=["lock"])
            log("ticket_locked", ticket, actor, lock_id=current.pk)
        else:
            current.expire = expire
            current.save(update_fields=["expire"])
    return HeldLock(current.pk, minutes * 60, current.code or "")


def lock_code_for(ticket: Ticket, *, actor: Actor, posted: str, now: datetime | None = None) -> str:
    """Give the code for what an agent sends: the one that came along, else that of a lock taken in this moment.

    A form that was sent without script, or faster than the script got its lock, needs no second attempt as long as
    nobody else holds the lock. Raises as `acquire_lock`.
    """
    if posted or lock_mode() is LockMode.NEVER:
        return posted
    return acquire_lock(ticket, actor=actor, now=now).code


@retried
def renew_lock(ticket: Ticket, *, actor: Actor, lock_id: int, now: datetime | None = None) -> HeldLock:
    """Let the agent's lock last longer; one that has expired is taken anew, if nobody else has taken it.

    Raises NotFound (`lock_not_found`) for a lock that is gone, Conflict for one of another ticket (`lock_mismatch`),
    PermissionRefused (`lock_denied`) for one of another agent; else as `acquire_lock`.
    """
    now = now or timezone.now()
    _minutes_required()
    found = Lock.objects.filter(pk=lock_id).first()
    if found is None:
        raise NotFound(_("This lock is gone."), code="lock_not_found")
    if ticket.lock_id != found.pk:
        raise Conflict(_("This lock belongs to another ticket."), code="lock_mismatch")
    if actor.agent is None or found.staff_id != actor.agent.pk:
        raise _denied()
    return acquire_lock(ticket, actor=actor, now=now)


def release_lock(lock_id: int, *, actor: Actor) -> bool:
    """Give a lock back; False when it is another agent's. One that is gone already needs nothing.

    The ticket goes on naming a lock that does not exist, as in osTicket.
    """
    found = Lock.objects.filter(pk=lock_id).first()
    if found is None:
        return True
    if actor.agent is None or found.staff_id != actor.agent.pk:
        return False
    found.delete()
    return True


@retried
def break_lock(ticket: Ticket, *, actor: Actor, now: datetime | None = None) -> None:
    """Take the lock from another agent. Only administrators may, and the system log says so.

    Raises Conflict (`not_locked`) when nobody holds it, PermissionRefused.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock_row(ticket)
        agent = _agent_on(actor, ticket)
        if not agent.isadmin:
            raise PermissionRefused(_("Only administrators may break a lock."), code="permission_denied")
        current = _valid(ticket, now)
        if current is None:
            raise Conflict(_("The ticket is not locked."), code="not_locked")
        holder = full_name(current.staff) if current.staff else ""
        end_lock(ticket, now=now)
        text = f"{agent.username} took the lock of ticket #{ticket.number} from {holder}"
        log_system(LogLevel.WARNING, BROKEN, text, actor.ip_address)
        log("lock_broken", ticket, actor, lock_id=current.pk)


# --- Parts of posting: the ticket is locked by the caller -------------------------------------------------------------


def check_lock(ticket: Ticket, *, actor: Actor, code: str | None, now: datetime) -> None:
    """Refuse what an agent posts without a valid lock of his own; `code` is what he brings along, None asks for none.

    Raises Conflict: `lock_required`, `locked_by_other`, `lock_expired`.
    """
    if code is None or actor.agent is None or lock_mode() is LockMode.NEVER:
        return
    named = ticket.lock
    is_valid = named is not None and _is_valid(named, now)
    if named is not None and named.staff_id != actor.agent.pk and is_valid:
        raise Conflict(_("Action Denied. Ticket is locked by someone else!"), code="locked_by_other")
    if named is None or named.staff_id != actor.agent.pk:
        raise Conflict(_("This action requires a lock. Please try again!"), code="lock_required")
    if not is_valid or not secrets.compare_digest((named.code or "").encode(), code.encode()):
        raise Conflict(_("Your lock has expired. Please try again!"), code="lock_expired")


def end_lock(ticket: Ticket, *, now: datetime) -> None:
    """Delete the lock of the ticket, and let the ticket forget it."""
    held = ticket.lock if lock_mode() else None
    if held is not None:
        Lock.objects.filter(pk=held.pk).delete()
        save_changes(ticket, now=now, lock=None)


def _minutes_required() -> int:
    if lock_mode() is LockMode.NEVER:
        raise Conflict(_("Tickets are not locked here."), code="locks_disabled")
    return lock_minutes()


def _valid(ticket: Ticket, now: datetime) -> Lock | None:
    return ticket.lock if ticket.lock is not None and _is_valid(ticket.lock, now) else None


def _is_valid(lock: Lock, now: datetime) -> bool:
    return lock.expire is not None and lock.expire >= now


def _agent_on(actor: Actor, ticket: Ticket) -> Agent:
    if actor.agent is None or not can(actor, None, ticket):
        raise _denied()
    return actor.agent


def _denied() -> DomainError:
    return PermissionRefused(_("Lock denied!"), code="lock_denied")


def _held_by(agent: Agent | None) -> DomainError:
    name = full_name(agent) if agent is not None else ""
    return Conflict(_("Currently locked by %(name)s") % {"name": name}, code="locked_by_other")
