"""What becomes of filters when a row that they name is deleted or switched off (osticket/filters.md §8).

osTicket means this and breaks down instead: the row is gone, the filter keeps its number, and the clean-up that should
follow is lost.
"""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from django.db import transaction
from django.utils import timezone

from filters.actions import registered_actions
from filters.constants import FilterFlag
from filters.models import FilterAction, TicketFilter
from filters.selectors import configuration_of
from helpdesk.configuration.services import LogLevel, log_system

log = structlog.get_logger(__name__)

WARNINGS = {"department": FilterFlag.INACTIVE_DEPARTMENT, "topic": FilterFlag.INACTIVE_TOPIC}
"""Bits that say that an action names a row which is switched off."""


@transaction.atomic
def retire_filters(kind: str, pk: int) -> list[TicketFilter]:
    """Switch off the filters that name a row which is being deleted, mark them, and give them.

    A line of the system log says so. Filters for mails to an address that goes are switched off as well.
    """
    found = {one.pk: one for one in _filters_naming(kind, pk)}
    if kind == "mailbox":
        found |= {one.pk: one for one in TicketFilter.objects.filter(email_id=pk)}
    for one in found.values():
        was_active = one.isactive
        one.isactive, one.flags = False, FilterFlag((one.flags or 0) | FilterFlag.DELETED_OBJECT)
        one.updated = timezone.now()
        one.save(update_fields=["isactive", "flags", "updated"])
        if was_active:
            text = f'Filter "{one.name}" was switched off: what it names was deleted ({kind.replace("_", " ")} {pk}).'
            log_system(LogLevel.WARNING, "Ticket filter", text, "")
        log.info("filter_retired", filter=one.pk, kind=kind, object_id=pk)
    return list(found.values())


def note_usability(kind: str, pk: int, *, is_usable: bool) -> None:
    """Set or take away the mark on filters which name a department or help topic that is switched off or on."""
    bit = WARNINGS[kind]
    for one in _filters_naming(kind, pk):
        flags = FilterFlag(one.flags or 0)
        marked = FilterFlag(flags & ~bit) if is_usable else flags | bit
        if marked != flags:
            one.flags = marked
            one.save(update_fields=["flags"])


def _filters_naming(kind: str, pk: int) -> Iterator[TicketFilter]:
    """Give the filters with an action that names a row, each once; some do by the number of another action."""
    actions = registered_actions()
    types = [key for key, action in actions.items() if any(option.row == kind for option in action.options())]
    naming = [
        row
        for row in FilterAction.objects.filter(type__in=types).select_related("filter").order_by("id")
        if actions[row.type].named_rows(configuration_of(row.configuration)).get(kind) == pk
    ]
    if naming:
        numbers = [str(row.pk) for row in naming]
        naming += FilterAction.objects.filter(type__in=numbers).select_related("filter").order_by("id")
    yield from {row.filter.pk: row.filter for row in naming if row.filter is not None}.values()
