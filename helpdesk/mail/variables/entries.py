"""Variables that are thread entries or threads (osticket/mail.md §9.3)."""

from __future__ import annotations

import html as html_text
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db.models import F
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from helpdesk.files.models import Attachment
from helpdesk.files.selectors import attachments_of
from helpdesk.legacy.prepared_reads import PreparedRead
from helpdesk.mail.ahead import ReadAhead
from helpdesk.mail.variables.people import AgentVariable, MomentVariable, UserVariable, shown_html
from helpdesk.threads.bodies import HTML, NOTHING, is_body_file, offloaded_bodies
from helpdesk.threads.constants import EntryFlag, EntryType, ObjectType
from helpdesk.threads.models import Thread, ThreadEntry
from helpdesk.variables.language import VariableObject

EMPTY = "(empty)"
"""What osTicket writes for an entry without text."""


def entry_by_id(entry_id: int) -> ThreadEntry | None:
    """Give an entry with the agent who wrote it; None when it is gone."""
    return _entries.of(entry_id)


_with_writer = PreparedRead(
    ThreadEntry,
    lambda entry_id: ThreadEntry.objects.filter(pk=entry_id).select_related("staff"),
)


ENTRIES = ("message", "response", "note", "comments")
"""Roots whose value is a thread entry, by its id."""
_entries: ReadAhead[ThreadEntry | None] = ReadAhead(
    ENTRIES,
    lambda ids: ThreadEntry.objects.select_related("staff").in_bulk(ids),
    _with_writer.first,
    missing=None,
)
_attachments: ReadAhead[list[Attachment]] = ReadAhead(
    ENTRIES,
    lambda ids: attachments_of(ObjectType.THREAD_ENTRY, ids),
    lambda entry_id: attachments_of(ObjectType.THREAD_ENTRY, [entry_id]).get(entry_id, []),
    missing=[],
)


class EntryVariable(VariableObject):
    """A message, a response or a note: its text."""

    def __init__(self, entry: ThreadEntry) -> None:
        """Take the row with its writer."""
        self.entry = entry

    def shown(self) -> SafeString:
        """Give the text as HTML."""
        return body_html(self.body, self.entry.format)

    @cached_property
    def attachments(self) -> list[Attachment]:
        """Its files."""
        return _attachments.of(self.entry.pk)

    @cached_property
    def body(self) -> str:
        """The stored text, also where it is too long for its column."""
        if self.entry.body:
            return self.entry.body
        return offloaded_bodies({self.entry.pk: self.attachments}, [self.entry.pk]).get(self.entry.pk, "")

    def properties(self) -> Mapping[str, Callable[[], Any]]:
        """Give what templates may say of an entry."""
        entry = self.entry
        return {
            "poster": lambda: entry.poster,
            "title": lambda: html_text.unescape(entry.title or ""),
            "body": self.shown,
            "message": self.shown,
            "create_date": lambda: MomentVariable(entry.created),
            "update_date": lambda: MomentVariable(entry.updated),
            "staff": lambda: AgentVariable(entry.staff) if entry.staff else None,
            "user": lambda: UserVariable(entry.user) if entry.user else None,
            "type": lambda: entry.type,
            "id": lambda: str(entry.pk),
            "ip_address": lambda: entry.ip_address,
        }

    def files(self) -> Sequence[Attachment]:
        """Give the files beside the text."""
        return [one for one in self.attachments if not is_body_file(one) and not one.inline]


class TextVariable(VariableObject):
    """A text that is no entry: comments on an operation, as HTML."""

    def __init__(self, html: str) -> None:
        """Take the HTML."""
        self.html = html

    def shown(self) -> SafeString:
        """Give it cleaned."""
        return shown_html(self.html)

    def other(self, name: str) -> SafeString:
        """Ignore whatever follows, as for any text."""
        return self.shown()


class ThreadVariable(VariableObject):
    """A conversation: all of it as a table, or a part."""

    def __init__(self, thread: Thread) -> None:
        """Take the row."""
        self.thread = thread

    def shown(self) -> SafeString:
        """Give all messages and responses, oldest first."""
        return self._table(self._entries())

    def properties(self) -> Mapping[str, Callable[[], Any]]:
        """Give the parts."""
        return {
            "complete": lambda: _Complete(self),
            "original": lambda: self._first(EntryType.MESSAGE),
            "lastmessage": lambda: self._last(EntryType.MESSAGE),
            "lastresponse": lambda: self._last(EntryType.RESPONSE),
        }

    def reversed(self) -> SafeString:
        """Give all messages and responses, newest first."""
        return self._table(self._entries()[::-1])

    def _visible(self) -> Any:
        rows = ThreadEntry.objects.filter(thread=self.thread).select_related("staff", "user__default_email")
        return rows.alias(hidden=F("flags").bitand(int(EntryFlag.HIDDEN))).filter(hidden=0)

    def _entries(self) -> list[ThreadEntry]:
        return list(self._visible().filter(type__in=[EntryType.MESSAGE, EntryType.RESPONSE]).order_by("id"))

    def _first(self, kind: EntryType) -> EntryVariable | None:
        found = self._visible().filter(type=kind).order_by("id").first()
        return EntryVariable(found) if found else None

    def _last(self, kind: EntryType) -> EntryVariable | None:
        found = self._visible().filter(type=kind).order_by("-id").first()
        return EntryVariable(found) if found else None

    def _table(self, entries: Sequence[ThreadEntry]) -> SafeString:
        rows = format_html_join(
            "",
            "<tr><td><strong>{}</strong> {}</td></tr><tr><td>{}</td></tr>",
            ((entry.poster, MomentVariable(entry.created).shown(), EntryVariable(entry).shown()) for entry in entries),
        )
        return format_html("<table>{}</table>", rows)


class _Complete(VariableObject):
    """The whole conversation, in either order."""

    def __init__(self, thread: ThreadVariable) -> None:
        self.thread = thread

    def shown(self) -> SafeString:
        return self.thread.shown()

    def properties(self) -> Mapping[str, Callable[[], Any]]:
        return {"reversed": self.thread.reversed}


def body_html(body: str, body_format: str) -> SafeString:
    """Give a stored body as HTML for a mail; plain text keeps its lines (it is stored escaped)."""
    if not body or body == NOTHING:
        return mark_safe(EMPTY)  # noqa: S308 -- a constant
    if body_format == HTML:
        return shown_html(body)
    text = html_text.escape(html_text.unescape(body), quote=False)
    return mark_safe(f'<div style="white-space:pre-wrap">{text}</div>')  # noqa: S308 -- escaped just above
