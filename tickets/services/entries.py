"""Changing what was written, and sending answers again (osticket/tickets.md §10.6).

An entry is never overwritten: the new text is an entry of its own, of which the old one is the parent, and the old one
is hidden. So its history stays in the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, PermissionRefused
from helpdesk.legacy.retrying import retried
from helpdesk.people.actor import Actor
from helpdesk.people.permissions import RolePermission
from helpdesk.threads.bodies import HTML
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.corrections import entry_to_correct, may_correct, put_in_place, require_shown, require_text
from helpdesk.threads.models import ThreadEntry
from tickets.models import Ticket
from tickets.new_ticket import Signature
from tickets.notices import repeated_reply_mails
from tickets.policies import can, require
from tickets.services.common import lock, log, own_thread, queue, record
from tickets.services.search_index import entry_row, index, unindex

RESENDABLE = EntryType.RESPONSE


@dataclass(frozen=True)
class Edited:
    """The entry that is shown now. `is_new` says whether anything was changed."""

    entry: ThreadEntry
    is_new: bool


@retried
def edit_entry(
    ticket: Ticket,
    *,
    actor: Actor,
    entry: ThreadEntry,
    body: str,
    title: str | None = None,
    format: str = HTML,  # noqa: A002 -- the column
    resend: bool = False,
    signature: Signature = Signature.NONE,
    now: datetime | None = None,
) -> Edited:
    """Put a corrected text in the place of an entry; the old one is kept and hidden.

    Authors may do so, managers of the department, and whoever holds `thread.edit`. A further correction by the same
    agent takes the place of his earlier one, unless that was mailed. Responses may be sent again with the correction
    (`resend`), to those they were addressed to. Title None keeps the title. Text and title that are the same change
    nothing (but are sent again where that was asked for).

    Raises NotFound (`entry_not_found`) for entries of other tickets, Conflict for entries of the system
    (`entry_of_system`), for such as were changed meanwhile (`entry_replaced`) and when something else than a response
    shall be sent (`not_a_response`), ValidationFailed for an empty text, PermissionRefused.
    """
    now = now or timezone.now()
    require_text(body, format)
    with transaction.atomic():
        lock(ticket)
        old = _entry_to_edit(ticket, entry, actor, now)
        if resend:
            _require_resendable(old)
        replaced = old.pk
        new = put_in_place(old, actor=actor, body=body, title=title, format=format, is_guarded=resend, now=now)
        if new is None:
            if resend:
                _resend(ticket, old, actor, signature, now)
            return Edited(old, is_new=False)
        unindex(ObjectType.THREAD_ENTRY, [replaced])
        index([entry_row(new, body)])
        log("entry_edited", ticket, actor, entry_id=new.pk, replaced=replaced)
        if resend:
            _resend(ticket, new, actor, signature, now)
    return Edited(new, is_new=True)


@retried
def resend_entry(
    ticket: Ticket,
    *,
    actor: Actor,
    entry: ThreadEntry,
    signature: Signature = Signature.NONE,
    now: datetime | None = None,
) -> ThreadEntry:
    """Send a response again to those it was addressed to, with an event.

    Raises Conflict (`not_a_response`) for other entries, else as `edit_entry`.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock(ticket)
        found = _entry_to_edit(ticket, entry, actor, now)
        _require_resendable(found)
        _resend(ticket, found, actor, signature, now)
    return found


def may_edit(actor: Actor, ticket: Ticket, entry: ThreadEntry) -> bool:
    """Whether the agent, who sees the ticket, may change the entry: his own one, as manager, or by `thread.edit`."""
    return may_correct(
        actor, entry, ticket.dept, holds_permission=lambda: can(actor, RolePermission.THREAD_EDIT, ticket)
    )


def _entry_to_edit(ticket: Ticket, entry: ThreadEntry, actor: Actor, now: datetime) -> ThreadEntry:
    """Read the entry again, now that the ticket is locked, and check who may change it."""
    require(actor, None, ticket)
    found = entry_to_correct(own_thread(ticket, now=now), entry)
    if not may_edit(actor, ticket, found):
        raise PermissionRefused(_("Permission denied"), code="permission_denied")
    require_shown(found)
    return found


def _require_resendable(entry: ThreadEntry) -> None:
    if entry.type != RESENDABLE:
        raise Conflict(_("Only responses can be sent again."), code="not_a_response")


def _resend(ticket: Ticket, entry: ThreadEntry, actor: Actor, signature: Signature, now: datetime) -> None:
    entry.flags |= EntryFlag.RESENT
    entry.save(update_fields=["flags"])
    event = record(ticket, "resent", actor=actor, now=now, data={"entry": entry.pk})
    queue(ticket, repeated_reply_mails(ticket, entry, event_id=event.pk, signature=signature), now=now)
    log("entry_resent", ticket, actor, entry_id=entry.pk)
