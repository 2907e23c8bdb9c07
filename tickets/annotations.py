"""Small signs beside the values of a column: counts, flags, where a ticket came from (osticket/queues.md §6).

A column names classes of osTicket with a place in the cell each. Classes that nobody knows show nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from tickets.constants import TicketFlag, TicketSource
from tickets.names import full_name, shown_user
from tickets.reference_data import ColumnRow
from tickets.screens import Annotation, QueueRow
from tickets.ticket_numbers import number_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PLACES: Mapping[str, StrOrPromise] = {
    "<": gettext_lazy("at the start"),
    "b": gettext_lazy("before the text"),
    "a": gettext_lazy("after the text"),
    ">": gettext_lazy("at the end"),
}
AFTER = "a"
"""Where an annotation stands whose place is not known."""
_COUNTED = {"TicketReopenCount": "reopen_count", "TicketTasksCount": "task_count"}
"""Classes that need a number which no list reads otherwise, with the path of its field."""
_SOURCES: Mapping[str, str] = {
    TicketSource.EMAIL: "mail",
    TicketSource.PHONE: "phone",
    TicketSource.WEB: "world",
    TicketSource.API: "code",
}


@dataclass(frozen=True)
class Shown:
    """What an annotation is made of: the row, the ticket behind it, and whether merged tickets stand in the list."""

    row: QueueRow
    ticket: Any
    is_search: bool

    def counted(self, class_name: str) -> int:
        """Give a number of `counted_paths`."""
        return number_of(self.ticket, _COUNTED[class_name]) or 0


def _entries(one: Shown) -> Annotation | None:
    count = one.row.entry_count
    title = ngettext("%(count)d entry", "%(count)d entries", count) % {"count": count}
    return Annotation("messages", title, str(count)) if count > 1 else None


def _reopenings(one: Shown) -> Annotation | None:
    count = one.counted("TicketReopenCount")
    title = ngettext("reopened once", "reopened %(count)d times", count) % {"count": count}
    return Annotation("rotate", title, str(count)) if count else None


def _attachments(one: Shown) -> Annotation | None:
    count = one.row.attachment_count
    title = ngettext("%(count)d attachment", "%(count)d attachments", count) % {"count": count}
    return Annotation("paperclip", title) if count else None


def _tasks(one: Shown) -> Annotation | None:
    count = one.counted("TicketTasksCount")
    title = ngettext("%(count)d task", "%(count)d tasks", count) % {"count": count}
    return Annotation("checks", title, str(count)) if count else None


def _collaborators(one: Shown) -> Annotation | None:
    count = one.row.collaborator_count
    title = ngettext("%(count)d collaborator", "%(count)d collaborators", count) % {"count": count}
    return Annotation("users", title, str(count)) if count else None


def _overdue(one: Shown) -> Annotation | None:
    return Annotation("clock-hour-4", _("Overdue"), css_class="flag-overdue") if one.row.is_overdue else None


def _merged(one: Shown) -> Annotation | None:
    is_merged = one.ticket.flags & (TicketFlag.COMBINE_THREADS | TicketFlag.SEPARATE_THREADS)
    return Annotation("git-merge", _("Merged")) if is_merged else None


def _linked(one: Shown) -> Annotation | None:
    is_linked = one.is_search and one.ticket.flags & TicketFlag.LINKED
    return Annotation("link", _("Linked")) if is_linked else None


def _source(one: Shown) -> Annotation | None:
    name = _SOURCES.get(one.row.source)
    return Annotation(name, one.row.source) if name else None


def _lock(one: Shown) -> Annotation | None:
    title = _("%(name)s is answering it") % {"name": one.row.locked_by}
    return Annotation("lock", title) if one.row.locked_by else None


def _assignee(one: Shown) -> Annotation | None:
    return _avatar(full_name(one.ticket.staff)) if one.ticket.staff is not None else None


def _user(one: Shown) -> Annotation | None:
    return _avatar(shown_user(one.ticket.user)) if one.ticket.user is not None else None


def _avatar(name: str) -> Annotation | None:
    return Annotation("", name, avatar_of=name) if name else None


@dataclass(frozen=True)
class Kind:
    """A class of osTicket: what it is called here, and how it is read."""

    label: StrOrPromise
    read: Callable[[Shown], Annotation | None]


KINDS: Mapping[str, Kind] = {
    "TicketThreadCount": Kind(gettext_lazy("Number of entries"), _entries),
    "ThreadAttachmentCount": Kind(gettext_lazy("Attachments"), _attachments),
    "ThreadCollaboratorCount": Kind(gettext_lazy("Collaborators"), _collaborators),
    "TicketTasksCount": Kind(gettext_lazy("Tasks"), _tasks),
    "TicketReopenCount": Kind(gettext_lazy("Times reopened"), _reopenings),
    "OverdueFlagDecoration": Kind(gettext_lazy("Overdue"), _overdue),
    "LockDecoration": Kind(gettext_lazy("Locked by somebody"), _lock),
    "MergedFlagDecoration": Kind(gettext_lazy("Merged"), _merged),
    "LinkedFlagDecoration": Kind(gettext_lazy("Linked (in searches)"), _linked),
    "TicketSourceDecoration": Kind(gettext_lazy("Source"), _source),
    "AssigneeAvatarDecoration": Kind(gettext_lazy("Initials of the agent"), _assignee),
    "UserAvatarDecoration": Kind(gettext_lazy("Initials of the requester"), _user),
}


def counted_paths(columns: Sequence[ColumnRow]) -> set[str]:
    """Give the paths of the numbers that the annotations of these columns need (`tickets.ticket_numbers`)."""
    classes = {name for column in columns for name, _place in column.annotations}
    return {_COUNTED[name] for name in classes if name in _COUNTED}


def annotations_of(column: ColumnRow, shown: Shown) -> dict[str, tuple[Annotation, ...]]:
    """Give what stands in a cell of this column, by place."""
    found: dict[str, list[Annotation]] = {}
    for name, place in _known(column.annotations):
        annotation = KINDS[name].read(shown)
        if annotation is not None:
            found.setdefault(place, []).append(annotation)
    return {place: tuple(those) for place, those in found.items()}


def _known(annotations: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name, place if place in PLACES else AFTER) for name, place in annotations if name in KINDS)
