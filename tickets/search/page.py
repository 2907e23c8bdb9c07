"""The search page: what agents typed or put together field by field, and the tickets that it leads to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from helpdesk.legacy.errors import NotFound
from helpdesk.people.access import AgentAccess
from tickets.criteria import KEYWORDS, CriteriaContext, Criterion, checked, compile_criteria, parse_criteria, unfit
from tickets.list_options import RELEVANCE, ListOptions
from tickets.models import Ticket
from tickets.navigation import context_for
from tickets.paging import KeysetPage
from tickets.queue_page import ids_in_queue, page_of_ids, page_size, queue_page
from tickets.queues import QueueDefinition, sees_everything
from tickets.reference_data import ColumnRow, status_ids
from tickets.screens import QueuePage
from tickets.search.hits import Hits
from tickets.search.language import ReadQuery, read_query

MOST_CRITERIA = 30
LONGEST_CRITERIA = 8000
_MOST_RANKED = 2000
SEARCH_COLUMNS = (
    ColumnRow("number", "", "Ticket", 100),
    ColumnRow("lastupdate", "", "Last Updated", 150),
    ColumnRow("cdata__subject", "", "Subject", 300),
    ColumnRow("user__name", "", "From", 185),
    ColumnRow("status__id", "", "Status", 110),
    ColumnRow("assignee", "", "Assigned To", 160),
)


@dataclass(frozen=True)
class SearchPage:
    """A page of results; `page` is None while nothing is asked for."""

    read: ReadQuery
    criteria: tuple[Criterion, ...]
    page: QueuePage | None
    is_ranked: bool = False
    is_slice: bool = False
    is_cut: bool = False

    @property
    def all_criteria(self) -> tuple[Criterion, ...]:
        """What is asked for, typed or chosen."""
        return (*self.criteria, *self.read.criteria)

    @property
    def has_words(self) -> bool:
        """Whether words are looked for, so that results can be ranked."""
        return any(criterion.path == KEYWORDS for criterion in self.all_criteria)


def search_page(
    access: AgentAccess,
    text: str,
    criteria: Sequence[Criterion],
    *,
    now: datetime,
    after: str | None = None,
    before: str | None = None,
    options: ListOptions = ListOptions(),  # noqa: B008 -- immutable
) -> SearchPage:
    """Find tickets for what was typed and chosen, the newest first, or the best (`sort=relevance`).

    What cannot be read is named and left out. Raises NotFound (`cursor_invalid`).
    """
    context = replace(context_for(access, now), is_ranked=options.sort == RELEVANCE)
    read = read_query(text, context)
    found = SearchPage(read, tuple(criteria[:MOST_CRITERIA]), None)
    if not found.all_criteria:
        return found
    queue = search_definition(access, found.all_criteria)
    is_ranked = context.is_ranked and found.has_words
    if is_ranked:
        page = _ranked_page(access, queue, context, after=after, now=now, options=options)
    else:
        page = queue_page(access, queue, now=now, after=after, before=before, options=options, context=context)
    hits: list[Hits] = list(context.hits.values())
    return replace(
        found,
        page=page,
        is_ranked=is_ranked,
        is_slice=any(one.is_slice for one in hits),
        is_cut=any(one.is_cut for one in hits),
    )


def ids_found(
    access: AgentAccess,
    text: str,
    criteria: Sequence[Criterion],
    *,
    now: datetime,
    most: int,
    options: ListOptions,
) -> list[int]:
    """Give the ids of the tickets that a search finds, at most so many, the newest first unless sorted otherwise."""
    found = SearchPage(read_query(text, context_for(access, now)), tuple(criteria[:MOST_CRITERIA]), None)
    if not found.all_criteria:
        return []
    return ids_in_queue(access, search_definition(access, found.all_criteria), now=now, most=most, options=options)


def search_definition(access: AgentAccess, criteria: Sequence[Criterion]) -> QueueDefinition:
    """Give a search of this agent as a queue that is not stored."""
    return QueueDefinition(
        id=0,
        title=_("Search"),
        parent_title="",
        is_queue=False,
        criteria=tuple(criteria),
        columns=SEARCH_COLUMNS,
        sort_paths=("-lastupdate",),
        owner_id=access.agent.pk,
    )


def criteria_in(text: str) -> list[Criterion]:
    """Read the criteria in an address; what is malformed is left out."""
    if not text or len(text) > LONGEST_CRITERIA:
        return []
    try:
        stored: Any = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return parse_criteria(stored)[:MOST_CRITERIA] if isinstance(stored, list) else []


def criteria_text(criteria: Sequence[Criterion]) -> str:
    """Give criteria for an address."""
    return json.dumps([criterion.as_json() for criterion in criteria], separators=(",", ":")) if criteria else ""


def _ranked_page(
    access: AgentAccess,
    queue: QueueDefinition,
    context: CriteriaContext,
    *,
    after: str | None,
    now: datetime,
    options: ListOptions,
) -> QueuePage:
    """Give a page in the order of relevance; the cursor is the place among the hits, which are few."""
    condition = compile_criteria(queue.criteria, context)
    hits: list[Hits] = list(context.hits.values())
    ranked = list(dict.fromkeys(pk for one in hits for pk in one.ticket_ids))[:_MOST_RANKED]
    tickets = Ticket.objects.filter(condition, pk__in=ranked)
    if not sees_everything(queue, access):
        tickets = tickets.visible_to(access, open_status_ids=status_ids("open"))
    seen = set(tickets.values_list("pk", flat=True))
    ids = [pk for pk in ranked if pk in seen]
    to_check = checked(queue.criteria)
    if after and not (after.isascii() and after.isdecimal() and len(after) <= 6):
        raise NotFound(_("This page does not exist."), code="cursor_invalid")
    start, size = int(after or 0), page_size(access)
    shown: list[int] = []
    while start < len(ids) and len(shown) < size:
        some = ids[start : start + size - len(shown)]
        unwanted = unfit(to_check, some)
        shown += [pk for pk in some if pk not in unwanted]
        start += len(some)
    page = KeysetPage(shown, before=None, after=str(start) if start < len(ids) else None)
    return page_of_ids(access, queue, page, now=now, options=options, context=context)
