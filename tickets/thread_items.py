"""The conversation on a ticket page: entries and events in the order in which people read them.

A page shows the newest entries and leads to the older ones, so that a ticket with thousands opens like any other. It
costs a handful of statements: entries, attachments, events, and only where they are needed the origin of merged
entries, long bodies, and names that events mention by id.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import unescape
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from helpdesk.files.links import LinkMaker
from helpdesk.files.models import Attachment
from helpdesk.files.selectors import attachments_of, display_name
from helpdesk.forms.models import FormField
from helpdesk.legacy.errors import NotFound
from helpdesk.legacy.ids import id_in
from helpdesk.people.models import EndUser
from helpdesk.threads.bodies import HTML, is_body_file, offloaded_bodies
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.corrections import correction_of
from helpdesk.threads.html import displayed_html, displayed_text
from helpdesk.threads.mails import entries_with_original
from helpdesk.threads.models import EntryMerge, Thread, ThreadEntry, ThreadEvent
from tickets.constants import TicketFlag
from tickets.event_sentences import Names, actor_name, number_in, sentence
from tickets.intake import intake
from tickets.models import Ticket
from tickets.names import full_name, shown_user
from tickets.reference_data import agent_names, department_names, statuses, team_names
from tickets.screens import AttachedFile, AuthorKind, ItemKind, ThreadItem
from tickets.states import MERGED

if TYPE_CHECKING:
    from django.db.models import QuerySet

_KINDS = {
    EntryType.MESSAGE: ItemKind.MESSAGE,
    EntryType.RESPONSE: ItemKind.RESPONSE,
    EntryType.NOTE: ItemKind.NOTE,
}


SHOWN_TO_USERS = frozenset({EntryType.MESSAGE, EntryType.RESPONSE})
"""What end users see of a conversation: no internal notes."""
BY_MAIL = "Email"
SHOWN_VERSIONS = 50
SHOWN_ENTRIES = 30
"""Entries on a page; what happened between them comes on top."""


@dataclass(frozen=True)
class ThreadPart:
    """A part of a conversation, oldest first. `older` is the entry before which the next older part ends, else None."""

    items: list[ThreadItem]
    older: int | None


@dataclass(frozen=True)
class _Entries:
    """The entries of a part, where merged ones came from, and the last entry that is left out before them."""

    shown: list[ThreadEntry]
    origins: Mapping[int, str]
    left_out: ThreadEntry | None


def part_of(
    ticket: Ticket | None,
    thread: Thread,
    *,
    links: LinkMaker,
    known_users: Sequence[EndUser],
    field_labels: Mapping[int, str],
    before: int | None = None,
) -> ThreadPart:
    """Give the newest visible entries, or those before the entry with the id `before`, and the events around them.

    `ticket` is None for the thread of a task. `known_users` are those whose names are at hand (owner, collaborators);
    `field_labels` are labels by field id.
    """
    entries = _entries(ticket, thread, before)
    attachments = attachments_of(ObjectType.THREAD_ENTRY, [entry.pk for entry in entries.shown])
    bodies = offloaded_bodies(attachments, [entry.pk for entry in entries.shown if not entry.body])
    by_mail = [entry.pk for entry in entries.shown if entry.source == BY_MAIL and ticket is not None]
    originals = entries_with_original(by_mail) if by_mail else frozenset()
    shown = [
        replace(
            _entry_item(
                entry, attachments.get(entry.pk, []), bodies.get(entry.pk), links, entries.origins.get(entry.pk, "")
            ),
            has_original=entry.pk in originals,
        )
        for entry in entries.shown
    ]
    events = list(_events_around(thread, entries, is_newest=before is None))
    names = names_for(events, known_users, field_labels)
    items = _interleaved(shown, [_event_item(event, names) for event in events])
    return ThreadPart(items, older=entries.shown[0].pk if entries.left_out is not None else None)


def public_part_of(ticket: Ticket, thread: Thread, *, links: LinkMaker, before: int | None = None) -> ThreadPart:
    """Give what end users see of the newest entries, or of those before the entry with the id `before`: no events."""
    entries = _entries(ticket, thread, before, types=SHOWN_TO_USERS)
    ids = [entry.pk for entry in entries.shown]
    attachments = attachments_of(ObjectType.THREAD_ENTRY, ids)
    bodies = offloaded_bodies(attachments, [entry.pk for entry in entries.shown if not entry.body])
    items = [
        _entry_item(entry, attachments.get(entry.pk, []), bodies.get(entry.pk), links, "") for entry in entries.shown
    ]
    return ThreadPart(items, older=entries.shown[0].pk if entries.left_out is not None else None)


def _entries(
    ticket: Ticket | None, thread: Thread, before: int | None, *, types: Collection[EntryType] | None = None
) -> _Entries:
    """Read one entry more than the part shows: whether there are older ones, and when the last of them was written."""
    visible = visible_entries(thread)
    if types is not None:
        visible = visible.filter(type__in=types)
    if ticket is not None and ticket.flags & MERGED:
        ids = _ids_in_family_order(ticket, visible)
        end = ids.index(before) if before in ids else len(ids)
        wanted = ids[max(end - SHOWN_ENTRIES - 1, 0) : end]
        found = visible.in_bulk(wanted)
        entries = [found[pk] for pk in wanted if pk in found]
    else:
        older = visible.filter(pk__lt=before) if before is not None else visible
        entries = list(older.order_by("-id")[: SHOWN_ENTRIES + 1])[::-1]
    left_out = entries.pop(0) if len(entries) > SHOWN_ENTRIES else None
    return _Entries(entries, _origins_of(entries)[1], left_out)


def _events_around(thread: Thread, entries: _Entries, *, is_newest: bool) -> QuerySet[ThreadEvent]:
    """Give what happened after the last entry left out, up to the last one shown (in the newest part: up to now).

    Every event is in one part at least, also where clocks went backwards between two entries.
    """
    events = thread.events.select_related("event").order_by("id")
    if entries.left_out is not None and entries.left_out.created is not None:
        events = events.filter(timestamp__gt=entries.left_out.created)
    if not is_newest and entries.shown and entries.shown[-1].created is not None:
        events = events.filter(timestamp__lte=entries.shown[-1].created)
    return events


def full_body(entry: ThreadEntry) -> str:
    """Give the text of an entry as it was written, also where it is so long that it lies in a file."""
    if entry.body:
        return entry.body
    attachments = attachments_of(ObjectType.THREAD_ENTRY, [entry.pk])
    return offloaded_bodies(attachments, [entry.pk]).get(entry.pk) or ""


@dataclass(frozen=True)
class EntryVersion:
    """How an entry is or was; `editor_name` is who made it so, '' for its author's first text."""

    title: str
    body_html: SafeString
    editor_name: str
    updated: datetime | None


def versions_of(entry: ThreadEntry, *, links: LinkMaker) -> list[EntryVersion]:
    """Give the entry and the texts that stood in its place before, the newest first."""
    versions, current = [entry], entry
    while current.flags & EntryFlag.EDITED and len(versions) < SHOWN_VERSIONS:
        before = current.parent
        if before is None or not before.flags & EntryFlag.HIDDEN:
            break
        versions.append(before)
        current = before
    names = agent_names()
    shown = []
    for version in versions:
        attachments = attachments_of(ObjectType.THREAD_ENTRY, [version.pk]).get(version.pk, [])
        item = _entry_item(version, attachments, full_body(version), links, "")
        editor = names.get(version.editor or 0, "") if version.flags & EntryFlag.EDITED else ""
        shown.append(EntryVersion(item.title, item.body_html, editor, version.updated))
    return shown


def visible_entries(thread: Thread) -> QuerySet[ThreadEntry]:
    """Give the entries that anybody may ever see, with their authors, in the order in which they were written."""
    shown = thread.entries.alias(hidden=F("flags").bitand(int(EntryFlag.HIDDEN))).filter(hidden=0)
    return shown.select_related("staff", "user").order_by("id")


def shown_entry(thread: Thread | None, entry_id: int, *, is_followed: bool = False) -> ThreadEntry:
    """Give an entry that the page of the thread shows; `is_followed` for what took the place of a corrected one, too.

    Raises NotFound (`entry_not_found`).
    """
    entry = visible_entries(thread).filter(pk=entry_id).first() if thread is not None else None
    if entry is None and thread is not None and is_followed:
        entry = correction_of(thread, entry_id)
    if entry is None:
        raise NotFound(_("There is no such entry here."), code="entry_not_found")
    return entry


def _ids_in_family_order(ticket: Ticket, entries: QuerySet[ThreadEntry]) -> list[int]:
    """Give the ids of the entries of merged tickets in the order that the kind of merge wants.

    Combined threads are one conversation by time; separate ones follow the ticket's own, one merged ticket after the
    other (osticket/tickets.md §14).
    """
    rows = list(entries.only("id", "flags", "created").select_related(None))
    if ticket.flags & TicketFlag.COMBINE_THREADS:
        return [entry.pk for entry in sorted(rows, key=lambda entry: (_seconds(entry.created), entry.pk))]
    thread_ids, _numbers = _origins_of(rows)
    return [entry.pk for entry in sorted(rows, key=lambda entry: (thread_ids.get(entry.pk, 0), entry.pk))]


def _origins_of(entries: Sequence[ThreadEntry]) -> tuple[dict[int, int], dict[int, str]]:
    """Give by merged entry the thread that it came from, and the number of the ticket of that thread."""
    moved = [entry.pk for entry in entries if entry.flags & EntryFlag.CHILD]
    if not moved:
        return {}, {}
    thread_ids = {}
    for merge in EntryMerge.objects.filter(entry__in=moved).order_by("id"):
        data = merge.data if isinstance(merge.data, dict) else {}
        thread_ids[merge.entry_id or 0] = number_in(data.get("thread")) or 0
    threads = Thread.objects.filter(pk__in=set(thread_ids.values()))
    extras = {thread.pk: thread.extra for thread in threads if isinstance(thread.extra, dict)}
    numbers = {pk: str(extra.get("number") or "") for pk, extra in extras.items()}
    return thread_ids, {entry_id: numbers.get(thread_id, "") for entry_id, thread_id in thread_ids.items()}


def _entry_item(
    entry: ThreadEntry, attachments: Sequence[Attachment], long_body: str | None, links: LinkMaker, origin: str
) -> ThreadItem:
    body = entry.body if long_body is None else long_body
    inline = {a.file.key.lower(): a for a in attachments if a.file is not None and not is_body_file(a)}
    used: set[int] = set()

    def image_url(key: str) -> str | None:
        attachment = inline.get(key)
        if attachment is None:
            return None
        used.add(attachment.pk)
        return links.url(attachment, inline=True)

    shown = displayed_html(body, image_url=image_url) if entry.format == HTML else displayed_text(body)
    listed = [a for a in attachments if not is_body_file(a) and not (a.inline and a.pk in used)]
    return ThreadItem(
        kind=_KINDS.get(EntryType(entry.type), ItemKind.NOTE) if entry.type in set(EntryType) else ItemKind.NOTE,
        id=entry.pk,
        author_name=author_name_of(entry),
        author_kind=_author_kind(entry),
        created=entry.created,
        title=unescape(entry.title or ""),  # osTicket stores titles escaped and shows them so
        body_html=shown,
        attachments=[_attached_file(attachment, links) for attachment in listed],
        is_edited=bool(entry.flags & EntryFlag.EDITED),
        origin=origin,
        author_id=entry.staff_id or entry.user_id or 0,
    )


def _attached_file(attachment: Attachment, links: LinkMaker) -> AttachedFile:
    file = attachment.file
    if file is None:
        raise ValueError("The attachment was read without its file.")
    return AttachedFile(attachment.pk, display_name(attachment), file.size, file.type, links.url(attachment))


def author_name_of(entry: ThreadEntry) -> str:
    """Give who wrote an entry, as it was then where the entry says so."""
    if entry.poster:
        return entry.poster
    if entry.staff is not None:
        return full_name(entry.staff)
    return shown_user(entry.user)


def _author_kind(entry: ThreadEntry) -> AuthorKind:
    if entry.staff_id is not None:
        return AuthorKind.AGENT
    return AuthorKind.USER if entry.user_id is not None else AuthorKind.SYSTEM


def _event_item(event: ThreadEvent, names: Names) -> ThreadItem:
    author_kind = AuthorKind.SYSTEM
    if event.uid:
        author_kind = AuthorKind.USER if event.uid_type == ObjectType.USER else AuthorKind.AGENT
    return ThreadItem(
        kind=ItemKind.EVENT,
        id=event.pk,
        author_name=actor_name(event, names),
        author_kind=author_kind,
        created=event.timestamp,
        title=sentence(event, names),
        body_html=SafeString(),
    )


def names_for(events: Sequence[ThreadEvent], known_users: Sequence[EndUser], field_labels: Mapping[int, str]) -> Names:
    """Give the names that the sentences of events need; `known_users` and `field_labels` are at hand."""
    users = {user.pk: shown_user(user) for user in known_users}
    asked = {event.uid for event in events if event.uid and event.uid_type == ObjectType.USER}
    if asked - users.keys():
        missing = EndUser.objects.filter(pk__in=asked - users.keys())
        users |= {user.pk: shown_user(user) for user in missing}
    return Names(
        agents=agent_names(),
        users=users,
        teams=team_names(),
        departments=department_names(),
        statuses={row.id: row.name for row in statuses().values()},
        fields=_labels(events, field_labels),
        topics={pk: topic.topic for pk, topic in intake().topics.items()},
        plans={pk: plan.name for pk, plan in intake().plans.items()},
    )


def _labels(events: Sequence[ThreadEvent], known: Mapping[int, str]) -> Mapping[int, str]:
    """Add the labels of fields that events name and no form has any more: a form was taken off the ticket."""
    edits = [event.data["fields"] for event in events if isinstance(event.data, dict) and "fields" in event.data]
    named = {number for fields in edits if isinstance(fields, dict) for key in fields if (number := id_in(str(key)))}
    if not named - known.keys():
        return known
    return {**known, **dict(FormField.objects.filter(pk__in=named - known.keys()).values_list("pk", "label"))}


def _interleaved(entries: Sequence[ThreadItem], events: Sequence[ThreadItem]) -> list[ThreadItem]:
    """Merge both lists by time without reordering either; what happens in the same second begins with the event.

    Each list has its own order (of ids, or of merged conversations), which clocks must not disturb.
    """
    merged: list[ThreadItem] = []
    waiting = deque(events)
    for entry in entries:
        while waiting and _seconds(waiting[0].created) <= _seconds(entry.created):
            merged.append(waiting.popleft())
        merged.append(entry)
    return [*merged, *waiting]


def _seconds(moment: object) -> float:
    return moment.timestamp() if hasattr(moment, "timestamp") else 0.0
