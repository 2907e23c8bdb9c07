"""Changing what was written, and sending answers again (osticket/tickets.md §10.6).

An entry is never overwritten: the new text is an entry of its own, of which the old one is the parent, and the old one
is hidden. So its history stays in the database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.files.models import Attachment
from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused, ValidationFailed
from helpdesk.legacy.retrying import retried
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.threads.bodies import HTML, attach_files, is_body_file, is_empty, prepare_body
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.html import clean_html
from helpdesk.threads.models import ThreadEntry
from tickets.models import Ticket
from tickets.new_ticket import Signature
from tickets.notices import repeated_reply_mails
from tickets.policies import can, require
from tickets.services.common import lock, log, own_thread, queue, record
from tickets.services.search_index import entry_row, index, unindex

RESENDABLE = EntryType.RESPONSE
_CONTENT_ID = re.compile(r"cid:([\w.@$+-]+)")


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
    text = clean_html(body).html if format == HTML else body
    if is_empty(text, format):
        raise ValidationFailed(_("The text must not be empty."), code="text_required", field="body")
    with transaction.atomic():
        lock(ticket)
        old = _entry_to_edit(ticket, entry, actor, now)
        if resend:
            _require_resendable(old)
        wanted = old.title if title is None else (title.strip() or None)
        prepared = prepare_body(body, format=format)
        if (prepared.body, prepared.format, wanted) == (old.body, old.format, old.title) and not prepared.files:
            if resend:
                _resend(ticket, old, actor, signature, now)
            return Edited(old, is_new=False)
        new = _replacement(old, actor, is_guarded=resend, now=now)
        new.body, new.format, new.title = prepared.body, prepared.format, wanted
        new.save()
        attach_files(new.pk, prepared.files)
        _carry_files(old, new)
        _hide(old, actor)
        index([entry_row(new, body)])
        log("entry_edited", ticket, actor, entry_id=new.pk, replaced=old.pk)
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
    if actor.agent is None or (entry.staff_id is None and entry.user_id is None):
        return False
    if entry.staff_id == actor.agent.pk or access_of(actor.agent).manages(ticket.dept):
        return True
    return can(actor, "thread.edit", ticket)


def _entry_to_edit(ticket: Ticket, entry: ThreadEntry, actor: Actor, now: datetime) -> ThreadEntry:
    """Read the entry again, now that the ticket is locked, and check who may change it."""
    require(actor, None, ticket)
    found = own_thread(ticket, now=now).entries.filter(pk=entry.pk).first()
    if found is None:
        raise NotFound(_("There is no such entry on this ticket."), code="entry_not_found")
    if found.staff_id is None and found.user_id is None:
        raise Conflict(_("What the system wrote cannot be changed."), code="entry_of_system")
    if not may_edit(actor, ticket, found):
        raise PermissionRefused(_("Permission denied"), code="permission_denied")
    if found.flags & EntryFlag.HIDDEN:
        raise Conflict(_("Somebody else has changed this entry meanwhile."), code="entry_replaced")
    return found


def _require_resendable(entry: ThreadEntry) -> None:
    if entry.type != RESENDABLE:
        raise Conflict(_("Only responses can be sent again."), code="not_a_response")


def _replacement(old: ThreadEntry, actor: Actor, *, is_guarded: bool, now: datetime) -> ThreadEntry:
    """Give the new entry without its text: everything else is the old one's, but who wrote it last and from where."""
    flags = old.flags & ~(EntryFlag.HIDDEN | EntryFlag.GUARDED) | EntryFlag.EDITED
    return ThreadEntry(
        thread_id=old.thread_id,
        parent_id=old.parent_id if _is_replaced_entirely(old, actor) else old.pk,
        staff_id=old.staff_id,
        user_id=old.user_id,
        type=old.type,
        flags=flags | EntryFlag.GUARDED if is_guarded else flags,
        poster=old.poster,
        editor=actor.agent.pk if actor.agent else None,
        editor_type=ObjectType.AGENT,
        source=old.source,
        ip_address=actor.ip_address,
        extra=old.extra,
        recipients=old.recipients,
        created=old.created,
        updated=now,
    )


def _is_replaced_entirely(old: ThreadEntry, actor: Actor) -> bool:
    """Whether the old one is itself this agent's correction, and nobody got it by mail."""
    is_own = bool(old.flags & EntryFlag.EDITED) and actor.agent is not None and old.editor == actor.agent.pk
    return is_own and not old.flags & EntryFlag.GUARDED and old.parent_id is not None


def _carry_files(old: ThreadEntry, new: ThreadEntry) -> None:
    """Move the files to the new entry; pictures inside the text stay with the old one and are shown in both."""
    shown = set(_CONTENT_ID.findall(new.body))
    rows = Attachment.objects.filter(type=ObjectType.THREAD_ENTRY, object_id=old.pk).select_related("file")
    for row in rows.order_by("id"):
        if not row.inline:
            row.object_id = new.pk
            row.save(update_fields=["object_id"])
        elif row.file is not None and not is_body_file(row) and row.file.key in shown:
            Attachment.objects.get_or_create(
                file=row.file, object_id=new.pk, type=row.type, defaults={"inline": True, "name": row.name}
            )


def _hide(old: ThreadEntry, actor: Actor) -> None:
    """Hide the old entry, or delete it where it was this agent's own correction."""
    unindex(ObjectType.THREAD_ENTRY, [old.pk])
    if _is_replaced_entirely(old, actor):
        Attachment.objects.filter(type=ObjectType.THREAD_ENTRY, object_id=old.pk).delete()
        old.delete()
        return
    old.flags |= EntryFlag.HIDDEN
    old.save(update_fields=["flags"])


def _resend(ticket: Ticket, entry: ThreadEntry, actor: Actor, signature: Signature, now: datetime) -> None:
    entry.flags |= EntryFlag.RESENT
    entry.save(update_fields=["flags"])
    event = record(ticket, "resent", actor=actor, now=now, data={"entry": entry.pk})
    queue(ticket, repeated_reply_mails(ticket, entry, event_id=event.pk, signature=signature), now=now)
    log("entry_resent", ticket, actor, entry_id=entry.pk)
