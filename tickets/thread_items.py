"""The conversation on a ticket page: entries and events in the order in which people read them.

A handful of statements, however long the thread is: entries, attachments, events, and only where they are needed the
origin of merged entries, long bodies, and names that events mention by id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import unescape
from typing import TYPE_CHECKING

from django.db.models import F
from django.utils.safestring import SafeString

from helpdesk.files.links import LinkMaker
from helpdesk.files.models import Attachment
from helpdesk.files.selectors import attachments_of, display_name
from helpdesk.people.models import EndUser
from helpdesk.threads.bodies import HTML, is_body_file, offloaded_bodies
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.html import displayed_html, displayed_text
from helpdesk.threads.models import EntryMerge, Thread, ThreadEntry, ThreadEvent
from tickets.constants import TicketFlag
from tickets.event_sentences import Names, actor_name, number_in, sentence
from tickets.models import Ticket
from tickets.names import full_name, shown_user
from tickets.reference_data import agent_names, department_names, statuses, team_names
from tickets.screens import AttachedFile, AuthorKind, ItemKind, ThreadItem

if TYPE_CHECKING:
    from django.db.models import QuerySet

_KINDS = {
    EntryType.MESSAGE: ItemKind.MESSAGE,
    EntryType.RESPONSE: ItemKind.RESPONSE,
    EntryType.NOTE: ItemKind.NOTE,
}


def items_of(
    ticket: Ticket, thread: Thread, *, links: LinkMaker, known_users: Sequence[EndUser], field_labels: Mapping[int, str]
) -> list[ThreadItem]:
    """Give the visible entries and the events of the thread, oldest first.

    `known_users` are those whose names are at hand (owner, collaborators); `field_labels` are labels by field id.
    """
    entries = list(visible_entries(thread))
    entries, origins = _in_family_order(ticket, entries)
    attachments = attachments_of(ObjectType.THREAD_ENTRY, [entry.pk for entry in entries])
    bodies = offloaded_bodies(attachments, [entry.pk for entry in entries if not entry.body])
    shown = [
        _entry_item(entry, attachments.get(entry.pk, []), bodies.get(entry.pk), links, origins.get(entry.pk, ""))
        for entry in entries
    ]
    events = list(thread.events.select_related("event").order_by("id"))
    names = _names_for(events, known_users, field_labels)
    return _interleaved(shown, [_event_item(event, names) for event in events])


def visible_entries(thread: Thread) -> QuerySet[ThreadEntry]:
    """Give the entries that anybody may ever see, with their authors, in the order in which they were written."""
    shown = thread.entries.alias(hidden=F("flags").bitand(int(EntryFlag.HIDDEN))).filter(hidden=0)
    return shown.select_related("staff", "user").order_by("id")


def _in_family_order(ticket: Ticket, entries: list[ThreadEntry]) -> tuple[list[ThreadEntry], dict[int, str]]:
    """Put the entries of merged tickets where the kind of merge wants them, and give the numbers they came from.

    Combined threads are one conversation by time; separate ones follow the ticket's own, one merged ticket after the
    other (osticket/tickets.md §14).
    """
    if not any(entry.flags & EntryFlag.CHILD for entry in entries):
        return entries, {}
    thread_ids, numbers = _origins(entries)
    origins = {entry.pk: numbers.get(thread_ids.get(entry.pk, 0), "") for entry in entries}
    if ticket.flags & TicketFlag.COMBINE_THREADS:
        return sorted(entries, key=lambda entry: (_seconds(entry.created), entry.pk)), origins
    return sorted(entries, key=lambda entry: (thread_ids.get(entry.pk, 0), entry.pk)), origins


def _origins(entries: Sequence[ThreadEntry]) -> tuple[dict[int, int], dict[int, str]]:
    """Give the original thread of each merged entry, and the ticket number of each such thread."""
    moved = [entry.pk for entry in entries if entry.flags & EntryFlag.CHILD]
    thread_ids = {}
    for merge in EntryMerge.objects.filter(entry__in=moved).order_by("id"):
        data = merge.data if isinstance(merge.data, dict) else {}
        thread_ids[merge.entry_id or 0] = number_in(data.get("thread")) or 0
    threads = Thread.objects.filter(pk__in=set(thread_ids.values()))
    extras = {thread.pk: thread.extra for thread in threads if isinstance(thread.extra, dict)}
    return thread_ids, {pk: str(extra.get("number") or "") for pk, extra in extras.items()}


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
        author_name=_author_name(entry),
        author_kind=_author_kind(entry),
        created=entry.created,
        title=unescape(entry.title or ""),  # osTicket stores titles escaped and shows them so
        body_html=shown,
        attachments=[_attached_file(attachment, links) for attachment in listed],
        is_edited=bool(entry.flags & EntryFlag.EDITED),
        origin=origin,
    )


def _attached_file(attachment: Attachment, links: LinkMaker) -> AttachedFile:
    file = attachment.file
    if file is None:
        raise ValueError("The attachment was read without its file.")
    return AttachedFile(attachment.pk, display_name(attachment), file.size, file.type, links.url(attachment))


def _author_name(entry: ThreadEntry) -> str:
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


def _names_for(events: Sequence[ThreadEvent], known_users: Sequence[EndUser], field_labels: Mapping[int, str]) -> Names:
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
        fields=field_labels,
    )


def _interleaved(entries: Sequence[ThreadItem], events: Sequence[ThreadItem]) -> list[ThreadItem]:
    """Merge both lists by time without reordering either; what happens in the same second begins with the event.

    Each list has its own order (of ids, or of merged conversations), which clocks must not disturb.
    """
    merged: list[ThreadItem] = []
    waiting = list(events)
    for entry in entries:
        while waiting and _seconds(waiting[0].created) <= _seconds(entry.created):
            merged.append(waiting.pop(0))
        merged.append(entry)
    return merged + waiting


def _seconds(moment: object) -> float:
    return moment.timestamp() if hasattr(moment, "timestamp") else 0.0
