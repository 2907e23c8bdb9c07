"""From words to tickets: a ticket is found by its number and subject, by its entries, and by its owner.

Nothing here asks who may see what: the ids are a condition among others of a list (`tickets.paging`).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

import structlog

from helpdesk.legacy.time_limits import TookTooLong, time_limit
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import ThreadEntry
from tickets.models import Ticket
from tickets.search.common_words import needs_slice
from tickets.search.engines import find_documents_of, matching_of
from tickets.search.words import Term, WordQuery

logger = structlog.get_logger(__name__)

MOST_ENTRIES, MOST_TICKETS, MOST_USERS, MOST_OF_USERS = 2000, 1000, 50, 1000
"""How many documents of a kind a search leads to tickets from; the newest or the best ones."""
MOST_OF_SLICE = 1000
"""The same for entries of the newest slice, whose words MySQL leaves to us to compare."""
SECONDS = 0.8
"""A search that takes longer is answered from the newest entries."""
FEW_TOGETHER = 50
"""With fewer tickets that have all words together, of which an agent may see hardly any, those are looked for that have
them in different places."""
MOST_WORDS_APART = 5
SECONDS_APART = 0.5
"""How long all words together are looked for in different places."""
SHORTEST_LIMIT = 0.005
"""Engines take no shorter ones: of a thousandth of a second PostgreSQL would hear that there is none."""


@dataclass(frozen=True)
class Hits:
    """The tickets that words lead to, the best or newest first.

    `is_slice`: the words are so common that only the newest entries were looked at. `is_cut`: there are more matches
    than were looked at.
    """

    ticket_ids: list[int] = field(default_factory=list)
    is_slice: bool = False
    is_cut: bool = False


def find_tickets(query: WordQuery, *, ranked: bool = False) -> Hits:
    """Give the tickets that match."""
    if query.is_empty:
        return Hits()
    return _with_words_apart(query, _words_together(query, ranked=ranked))


def tickets_with(query: WordQuery, ticket_ids: Collection[int]) -> set[int]:
    """Give those of a few tickets that match by number and subject, an entry, or what their owner is called."""
    threads = (ObjectType.TICKET, ObjectType.MERGED_TICKET)
    entries = ThreadEntry.objects.filter(thread__object_type__in=threads, thread__object_id__in=ticket_ids)
    owners = Ticket.objects.filter(pk__in=ticket_ids, user__isnull=False)
    places: list[tuple[str, Iterable[tuple[int, int]]]] = [
        (ObjectType.TICKET, ((pk, pk) for pk in ticket_ids)),
        (ObjectType.USER, owners.values_list("user_id", "pk")),
        (ObjectType.THREAD_ENTRY, entries.values_list("pk", "thread__object_id")),
    ]
    found: set[int] = set()
    for object_type, leads in places:
        tickets: dict[int, set[int]] = {}
        for object_id, ticket_id in leads:
            if ticket_id not in found:
                tickets.setdefault(object_id, set()).add(ticket_id)
        for object_id in matching_of(query, object_type, list(tickets)):
            found |= tickets[object_id]
    return found


def _words_together(query: WordQuery, *, ranked: bool) -> Hits:
    if not needs_slice(query):
        try:
            with time_limit(SECONDS):
                return _look_up(query, ranked=ranked, newest_slice=False)
        except TookTooLong:
            logger.info("search_took_too_long", terms=sum(1 for _term in query.terms()))
    return _look_up(query, ranked=ranked, newest_slice=True)


def _with_words_apart(query: WordQuery, hits: Hits) -> Hits:
    """Add the tickets that have all words, but not in one entry: each word leads to tickets of its own, and what all
    of them lead to is found. Behind those that have them together, the newest first.

    Only where few have them together; where the words stand in many entries, in the newest of these.
    """
    terms = [part for part in query.required if isinstance(part, Term)]
    is_plain = len(terms) == len(query.required) and not query.excluded
    if not is_plain or not 2 <= len(terms) <= MOST_WORDS_APART or len(hits.ticket_ids) >= FEW_TOGETHER:
        return hits
    common: set[int] | None = None
    is_cut = False
    end = time.monotonic() + SECONDS_APART
    for term in sorted(terms, key=lambda one: -max(map(len, one.words))):
        one, left = WordQuery(required=(term,)), end - time.monotonic()
        if left < SHORTEST_LIMIT:
            return replace(hits, is_cut=True)
        try:
            with time_limit(left):
                found = _look_up(one, ranked=False, newest_slice=needs_slice(one))
        except TookTooLong:
            return replace(hits, is_cut=True)
        common = set(found.ticket_ids) if common is None else common & set(found.ticket_ids)
        is_cut = is_cut or found.is_cut or found.is_slice
        if not common:
            break
    more = sorted((common or set()) - set(hits.ticket_ids), reverse=True)
    return replace(hits, ticket_ids=[*hits.ticket_ids, *more], is_cut=hits.is_cut or is_cut)


def _look_up(query: WordQuery, *, ranked: bool, newest_slice: bool) -> Hits:
    most_entries = MOST_OF_SLICE if newest_slice else MOST_ENTRIES
    limits: dict[str, int] = {ObjectType.TICKET: MOST_TICKETS, ObjectType.THREAD_ENTRY: most_entries}
    if not newest_slice:
        # Nobody is called by a word that stands everywhere; looking him up would read all entries after all.
        limits[ObjectType.USER] = MOST_USERS
    found = find_documents_of(query, limits, ranked=ranked, newest_slice=newest_slice)
    tickets, entries = found[ObjectType.TICKET], found[ObjectType.THREAD_ENTRY]
    users = found.get(ObjectType.USER, [])
    ids = dict.fromkeys(one.ticket_id for one in (*tickets, *entries) if one.ticket_id is not None)
    owned: list[int] = []
    if users:
        rows = Ticket.objects.filter(user__in=[one.object_id for one in users])
        owned = list(rows.order_by("-pk").values_list("pk", flat=True)[:MOST_OF_USERS])
    is_cut = (
        len(tickets) == MOST_TICKETS
        or len(entries) == most_entries
        or len(users) == MOST_USERS
        or len(owned) == MOST_OF_USERS
    )
    return Hits(list(ids | dict.fromkeys(owned)), is_slice=newest_slice, is_cut=is_cut)
