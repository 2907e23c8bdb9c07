"""What the search box of osTicket takes a text for (osticket/queues.md §8), and the criterion that looks for words."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from tickets.criteria import EVERYTHING, KEYWORDS, CriteriaContext, Criterion, FieldKind
from tickets.search.hits import Hits, find_tickets, tickets_with
from tickets.search.words import WordQuery, any_word

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

ADDRESS_PATH = "user__emails__address"
_ADDRESS = re.compile(r"\S{2,}@|@\S{2,}")
_is_address = EmailValidator(allowlist=[])


def criterion_of(text: str) -> Criterion:
    """Give what a text in the search box asks for: an address or a part of one, a ticket number, else words."""
    text = text.strip()
    if _ADDRESS.search(text) and not re.search(r"\s", text):
        try:
            _is_address(text)
        except ValidationError:
            return Criterion(ADDRESS_PATH, "contains", text)
        return Criterion(ADDRESS_PATH, "equal", text)
    if text.isascii() and text.isdecimal():
        return Criterion("number", "contains", text)
    return Criterion(KEYWORDS, "", text)


class KeywordsKind(FieldKind):
    """Any of the words somewhere in the ticket, or osTicket's boolean mode."""

    methods = ("",)

    def condition(self, method: str, value: Any, context: CriteriaContext) -> Q | None:
        """Look the words up; nothing matches words that no index holds."""
        if not isinstance(value, str) or not value.strip():
            return None
        query = any_word(value)
        if query.is_empty and query.excluded:
            unwanted = self.hits(value, replace(query, optional=query.excluded, excluded=()), context)
            # What lies beyond the limits of a look-up is found by `unfit`.
            context.hits[value] = replace(unwanted, is_cut=False, is_slice=False)
            return ~Q(pk__in=unwanted.ticket_ids)
        hits = self.hits(value, query, context)
        if query.excluded and not context.is_ranked and (hits.is_cut or hits.is_slice):
            # Of the newest matches few may be left: `unfit` finds in every ticket what is wanted, too.
            context.hits[value] = replace(hits, is_cut=False, is_slice=False)
            return EVERYTHING
        return Q(pk__in=hits.ticket_ids)

    def leads_to_few(self, method: str, value: Any) -> bool:
        """Words do, unless there are only those that are not wanted."""
        query = any_word(value) if isinstance(value, str) else WordQuery()
        return not query.is_empty

    def is_checked(self, method: str, value: Any) -> bool:
        """Words that are not wanted may stand in another entry, or in more tickets than are looked up."""
        return isinstance(value, str) and bool(any_word(value).excluded)

    def unfit(self, value: Any, ticket_ids: Collection[int]) -> set[int]:
        """Give those of the tickets that have a word that is not wanted, or none that is."""
        query = any_word(value)
        unwanted = tickets_with(WordQuery(optional=query.excluded), ticket_ids)
        if query.is_empty:
            return unwanted
        rest = set(ticket_ids) - unwanted
        return unwanted | (rest - tickets_with(replace(query, excluded=()), rest))

    def hits(self, text: str, query: WordQuery, context: CriteriaContext) -> Hits:
        """Give what the words lead to, looked up once for each context."""
        known: Hits | None = context.hits.get(text)
        if known is None:
            known = context.hits[text] = find_tickets(query, ranked=context.is_ranked)
        return known

    def problem(self, method: str, value: Any, context: CriteriaContext) -> StrOrPromise:
        """Name words that are not looked for, and say when not all matches were looked at."""
        query = any_word(value) if isinstance(value, str) else None
        if query is None or (query.is_empty and not query.left_out and not query.excluded):
            return _("there are no words to look for")
        if query.left_out:
            return _("too short or too common to be looked for: %(words)s") % {"words": ", ".join(query.left_out)}
        return ""
