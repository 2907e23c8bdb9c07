"""Which categories and FAQs end users see, and which ones words find (osticket/kb.md §2 and §3)."""

from __future__ import annotations

import functools
import operator
from typing import TYPE_CHECKING, Any

from django.db.models import Case, F, Q, QuerySet, Value, When

from helpdesk.knowledge.constants import CategoryVisibility, FaqPublication
from helpdesk.legacy.characters import clean_text

if TYPE_CHECKING:
    from helpdesk.knowledge.models import CannedResponse, Faq, FaqCategory  # noqa: F401 -- type arguments


class FaqCategoryQuerySet(QuerySet["FaqCategory"]):
    """Categories of the knowledge base."""

    def public(self) -> FaqCategoryQuerySet:
        """Give the categories that end users see; only the category itself counts, not those above it."""
        return self.exclude(ispublic=CategoryVisibility.PRIVATE)

    def featured(self) -> FaqCategoryQuerySet:
        """Give the categories of the start page."""
        return self.filter(ispublic=CategoryVisibility.FEATURED)

    def beside(self, parent_id: int) -> FaqCategoryQuerySet:
        """Give the categories directly below another one; 0: the topmost (stored as NULL or 0)."""
        return self.filter(parent=parent_id) if parent_id else self.filter(Q(parent=None) | Q(parent=0))


class FaqQuerySet(QuerySet["Faq"]):
    """FAQs."""

    def public(self) -> FaqQuerySet:
        """Give the FAQs that end users see: published ones in a category that is not private."""
        return self.exclude(ispublished=FaqPublication.INTERNAL).filter(
            category__ispublic__in=[CategoryVisibility.PUBLIC, CategoryVisibility.FEATURED]
        )

    def featured(self) -> FaqQuerySet:
        """Give the public FAQs that stand out."""
        return self.public().filter(ispublished=FaqPublication.FEATURED)

    def in_reading_order(self) -> FaqQuerySet:
        """Put featured FAQs first, then order by question."""
        return self.order_by(F("ispublished").desc(), "question")

    def matching(self, words: str) -> FaqQuerySet:
        """Give the FAQs that contain the text in question, answer, keywords, name or description of the category.

        Case and accents do not count.
        """
        places = ("question", "answer", "keywords", "category__name", "category__description")
        condition = Q()
        for place in places:
            condition |= Q(**{f"{place}__folded_contains": clean_text(words)})
        return self.filter(condition)

    def suggested_for(self, words: list[str], *, at_least: int) -> FaqQuerySet:
        """Give the FAQs whose questions contain at least so many of the words, those with most of them first."""
        hits = [Case(When(question__folded_contains=word, then=1), default=0) for word in words]
        score = functools.reduce(operator.add, hits, Value(0))
        return self.alias(score=score).filter(score__gte=at_least).order_by("-score", "question")

    def of_topic(self, topic_id: int) -> FaqQuerySet:
        """Give the FAQs that belong to a help topic."""
        return self.filter(topics__topic_id=topic_id)


class CannedResponseQuerySet(QuerySet["CannedResponse"]):
    """Canned responses."""

    def usable_in(self, department_ids: Any, *, ticket_department_id: int | None = None) -> CannedResponseQuerySet:
        """Give the enabled ones for all departments and for these; for a ticket only for all and for its own.

        Source: osticket/kb.md §4.
        """
        departments = set(department_ids)
        if ticket_department_id is not None:
            departments &= {ticket_department_id}
        return self.filter(Q(dept=None) | Q(dept__in=departments), isenabled=True).order_by("title")
