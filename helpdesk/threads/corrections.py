"""A corrected entry takes the place of the old one, which is kept and hidden (osticket/tickets.md §10.6).

What ticket and task have in common; who may correct what is decided by their services.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from helpdesk.files.models import Attachment
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from helpdesk.threads.bodies import HTML, attach_files, is_body_file, is_empty, prepare_body
from helpdesk.threads.constants import EntryFlag, ObjectType
from helpdesk.threads.html import clean_html
from helpdesk.threads.models import Thread, ThreadEntry

_CONTENT_ID = re.compile(r"cid:([\w.@$+-]+)")


def require_text(body: str, format: str) -> None:  # noqa: A002 -- the column
    """Raise ValidationFailed (`text_required`) for a text that says and shows nothing."""
    if is_empty(clean_html(body).html if format == HTML else body, format):
        raise ValidationFailed(_("The text must not be empty."), code="text_required", field="body")


def may_correct(
    actor: Actor, entry: ThreadEntry, department: Department | None, *, holds_permission: Callable[[], bool]
) -> bool:
    """Whether the agent may correct the entry: his own one, as manager of the department, or by the permission.

    Nobody corrects what the system wrote.
    """
    if actor.agent is None or (entry.staff_id is None and entry.user_id is None):
        return False
    return entry.staff_id == actor.agent.pk or access_of(actor.agent).manages(department) or holds_permission()


def entry_to_correct(thread: Thread, entry: ThreadEntry) -> ThreadEntry:
    """Read the entry again within the transaction that has locked its ticket or task.

    Raises NotFound (`entry_not_found`) for entries of other threads, Conflict for entries of the system
    (`entry_of_system`).
    """
    found = thread.entries.filter(pk=entry.pk).first()
    if found is None:
        raise NotFound(_("There is no such entry here."), code="entry_not_found")
    if found.staff_id is None and found.user_id is None:
        raise Conflict(_("What the system wrote cannot be changed."), code="entry_of_system")
    return found


def require_shown(entry: ThreadEntry) -> None:
    """Raise Conflict (`entry_replaced`) where another one has taken the entry's place."""
    if entry.flags & EntryFlag.HIDDEN:
        raise Conflict(_("Somebody else has changed this entry meanwhile."), code="entry_replaced")


def put_in_place(
    old: ThreadEntry,
    *,
    actor: Actor,
    body: str,
    title: str | None,
    format: str,  # noqa: A002 -- the column
    is_guarded: bool,
    now: datetime,
) -> ThreadEntry | None:
    """Write the corrected entry and hide the old one; None where text and title are the same.

    `title` None keeps the title. A further correction by the same agent takes the place of his earlier one, which is
    deleted, unless that was mailed (`is_guarded`).
    """
    wanted = old.title if title is None else (title.strip() or None)
    prepared = prepare_body(body, format=format)
    if (prepared.body, prepared.format, wanted) == (old.body, old.format, old.title) and not prepared.files:
        return None
    new = _replacement(old, actor, is_guarded=is_guarded, now=now)
    new.body, new.format, new.title = prepared.body, prepared.format, wanted
    new.save()
    attach_files(new.pk, prepared.files)
    _carry_files(old, new)
    _hide(old, actor)
    return new


def correction_of(thread: Thread, entry_id: int) -> ThreadEntry | None:
    """Give what is shown in the place of an entry that was corrected; replies name what they answer as parent, too."""
    entry = thread.entries.filter(pk=entry_id).first()
    while entry is not None and entry.flags & EntryFlag.HIDDEN:
        later = thread.entries.alias(edited=F("flags").bitand(int(EntryFlag.EDITED))).exclude(edited=0)
        entry = later.filter(parent=entry, type=entry.type, pk__gt=entry.pk).select_related("staff", "user").first()
    return entry


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
    if _is_replaced_entirely(old, actor):
        Attachment.objects.filter(type=ObjectType.THREAD_ENTRY, object_id=old.pk).delete()
        old.delete()
        return
    old.flags |= EntryFlag.HIDDEN
    old.save(update_fields=["flags"])
