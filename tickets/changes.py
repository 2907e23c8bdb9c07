"""What happened to a ticket since somebody looked at it, so that nobody acts on a page that is no longer true.

A page carries a mark: the newest entry and the newest event of the ticket's thread. A form that comes back with it
learns what others did meanwhile.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Max, OuterRef, Q, Subquery
from django.utils.translation import gettext as _

from helpdesk.forms.models import FormField
from helpdesk.legacy.ids import id_in
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.models import Thread, ThreadEntry, ThreadEvent
from tickets.event_sentences import sentence
from tickets.models import Ticket
from tickets.reference_data import agent_names
from tickets.states import find_thread
from tickets.thread_items import author_name_of, names_for, visible_entries
from tickets.ticket_counts import of_type

SHOWN_CHANGES = 8


@dataclass(frozen=True)
class Change:
    """One thing that happened, as a sentence."""

    text: str
    moment: datetime | None


def mark_of(thread: Thread | None) -> str:
    """Give the mark of a thread as it is now, in one statement."""
    if thread is None:
        return ""
    entries = ThreadEntry.objects.filter(thread=OuterRef("pk")).order_by().values("thread")
    events = ThreadEvent.objects.filter(thread=OuterRef("pk")).order_by().values("thread")
    threads = Thread.objects.filter(pk=thread.pk).annotate(
        newest_entry=Subquery(entries.annotate(newest=Max("pk")).values("newest")),
        newest_event=Subquery(events.annotate(newest=Max("pk")).values("newest")),
    )
    row = threads.values_list("newest_entry", "newest_event").first()
    return "-".join(str(pk or 0) for pk in row or ())


def changes_since(ticket: Ticket, mark: str, *, agent: Agent) -> list[Change]:
    """Give what others than this agent did to a ticket since the mark was made; see `changes_of`."""
    return changes_of(find_thread(ticket), mark, agent=agent, users=[ticket.user] if ticket.user is not None else [])


def changes_among(
    object_ids: Collection[int], since: datetime, *, agent: Agent, object_type: str = ObjectType.TICKET
) -> dict[int, list[Change]]:
    """Give what others than this agent did to some tickets (or tasks) after a moment, by its id and in its order."""
    found = of_type(Thread.objects.filter(object_id__in=list(object_ids)), "object_type", object_type)
    threads = dict(found.values_list("pk", "object_id"))
    entries = ThreadEntry.objects.alias(hidden=F("flags").bitand(int(EntryFlag.HIDDEN))).filter(hidden=0)
    written = entries.filter(thread__in=list(threads), created__gt=since).exclude(staff=agent)
    events = ThreadEvent.objects.filter(thread__in=list(threads), timestamp__gt=since)
    happened = list(events.exclude(uid=agent.pk, uid_type=ObjectType.AGENT).select_related("event"))
    names = names_for(happened, [], _labels_in(happened)) if happened else None
    said = [(one.thread_id, Change(_said(one), one.created)) for one in written.select_related("staff", "user")]
    if names is not None:
        said += [(one.thread_id, Change(sentence(one, names), one.timestamp)) for one in happened]
    changes: dict[int, list[Change]] = {}
    for thread_id, change in sorted(said, key=lambda pair: _seconds(pair[1])):
        changes.setdefault(threads[thread_id or 0], []).append(change)
    return changes


def changes_of(thread: Thread | None, mark: str, *, agent: Agent, users: Sequence[EndUser] = ()) -> list[Change]:
    """Give what others than this agent did in a thread since the mark was made, the newest ones, in their order.

    A mark that is none ("" where a form came without) means that nothing is known, and nothing is told. `users` are
    those whose names are at hand.
    """
    seen = _parsed(mark)
    if seen is None or thread is None:
        return []
    entry_id, event_id = seen
    corrected_by_agent = Q(editor=agent.pk, editor_type=ObjectType.AGENT)
    written_by_agent = Q(staff=agent, editor__isnull=True)
    entries = visible_entries(thread).filter(pk__gt=entry_id).exclude(corrected_by_agent | written_by_agent)
    events = thread.events.filter(pk__gt=event_id).exclude(uid=agent.pk, uid_type=ObjectType.AGENT)
    written = list(entries.order_by("-id")[:SHOWN_CHANGES])
    happened = list(events.select_related("event").order_by("-id")[:SHOWN_CHANGES])
    if not written and not happened:
        return []
    names = names_for(happened, users, _labels_in(happened))
    changes = [Change(_said(entry), entry.updated or entry.created) for entry in written]
    changes += [Change(sentence(event, names), event.timestamp) for event in happened]
    changes.sort(key=_seconds)
    return changes[-SHOWN_CHANGES:]


def _labels_in(events: Sequence[ThreadEvent]) -> dict[int, str]:
    """Give the labels of the form fields that events of edits name by their ids."""
    fields = [event.data.get("fields") for event in events if isinstance(event.data, dict)]
    ids = {number for one in fields if isinstance(one, dict) for key in one if (number := id_in(str(key)))}
    return dict(FormField.objects.filter(pk__in=ids).values_list("pk", "label")) if ids else {}


def _seconds(change: Change) -> float:
    return change.moment.timestamp() if change.moment else 0.0


def _said(entry: ThreadEntry) -> str:
    if entry.flags & EntryFlag.EDITED:
        editor = agent_names().get(entry.editor or 0, "") if entry.editor_type == ObjectType.AGENT else ""
        names = {"editor": editor or _("Somebody"), "name": author_name_of(entry)}
        return _("%(editor)s corrected what %(name)s wrote") % names
    sentences = {
        EntryType.MESSAGE.value: _("%(name)s wrote a message"),
        EntryType.RESPONSE.value: _("%(name)s replied"),
    }
    return sentences.get(entry.type, _("%(name)s wrote a note")) % {"name": author_name_of(entry)}


def _parsed(mark: str) -> tuple[int, int] | None:
    parts = mark.split("-")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) <= 10 for part in parts):
        return None
    return int(parts[0]), int(parts[1])
