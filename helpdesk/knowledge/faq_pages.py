"""What the pages of the knowledge base show, to end users and to agents (osticket/kb.md §3)."""

from __future__ import annotations

import html as html_text
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.utils.html import strip_tags
from django.utils.safestring import SafeString

from helpdesk.files.links import LinkMaker
from helpdesk.files.models import Attachment
from helpdesk.files.selectors import attachments_of, display_name
from helpdesk.knowledge.constants import AttachmentType
from helpdesk.knowledge.models import Faq, FaqCategory, FaqTopic
from helpdesk.knowledge.querysets import FaqQuerySet
from helpdesk.knowledge.registries import help_topics
from helpdesk.legacy.folding import fold
from helpdesk.threads.html import displayed_html

SHOWN_OF_A_CATEGORY = 5
FEATURED_QUESTIONS = 5
MOST_SUGGESTIONS = 5
TEASER_LENGTH = 150
SHORTEST_WORD = 3
_WORD = re.compile(r"\w+")
_BLOCK = re.compile(
    r"</?(?:address|blockquote|br|caption|dd|div|dl|dt|figcaption|figure|h[1-6]|hr|img|li|ol|p|pre|table|td|th|tr|ul)\b",
    re.IGNORECASE,
)
"""Marks that part words; others, as bold type, may begin and end within one or before a comma."""


@dataclass(frozen=True)
class FaqLine:
    """An FAQ in a list; `teaser` is the beginning of the answer without markup."""

    id: int
    question: str
    publication: str
    is_featured: bool
    is_public: bool
    teaser: str = ""
    has_files: bool = False


@dataclass(frozen=True)
class CategorySection:
    """A category in a list: published FAQs in it and directly below it, the first of its own, its sub-categories."""

    id: int
    name: str
    description: SafeString
    visibility: str
    is_public: bool
    count: int
    faqs: list[FaqLine] = field(default_factory=list)
    children: list[CategorySection] = field(default_factory=list)


@dataclass(frozen=True)
class FileLine:
    """A file beside an answer, as `components/attachment.html` shows it."""

    url: str
    name: str
    size: int
    id: int


@dataclass(frozen=True)
class FaqPage:
    """An FAQ with everything beside it."""

    id: int
    question: str
    answer: SafeString
    category_id: int
    category_name: str
    publication: str
    is_public: bool
    notes: str
    topics: list[tuple[int, str]]
    files: list[FileLine]
    updated: object


def category_sections(*, for_agents: bool = False) -> list[CategorySection]:
    """Give the categories of the start page of the knowledge base.

    End users get those that are not private, without those whose parent is in the list, sub-categories with published
    FAQs only, and the number of published FAQs, which is none for empty ones. osTicket counts some twice.
    """
    categories = list(FaqCategory.objects.all() if for_agents else FaqCategory.objects.public())
    faqs = Faq.objects.all() if for_agents else Faq.objects.public()
    lines = _lines_by_category(faqs)
    known = {category.pk for category in categories}
    children: dict[int, list[FaqCategory]] = defaultdict(list)
    for category in categories:
        children[category.parent_id if category.parent_id in known else 0].append(category)
    return [
        _section(category, lines, children[category.pk], for_agents=for_agents)
        for category in sorted(children[0], key=_by_name)
    ]


def category_page(category: FaqCategory, *, for_agents: bool = False) -> CategorySection:
    """Give a category with all its FAQs, featured ones first, and its sub-categories."""
    below = FaqCategory.objects.filter(parent=category)
    children = list(below if for_agents else below.public())
    faqs = Faq.objects.all() if for_agents else Faq.objects.public()
    lines = _lines_by_category(faqs.filter(category__in=[category, *children]), with_files=True)
    return _section(category, lines, children, for_agents=for_agents, most=None)


def found_faqs(*, words: str = "", category_id: int = 0, topic_id: int = 0, for_agents: bool = False) -> list[FaqLine]:
    """Give the FAQs that fulfil all of the conditions, by question; end users find public ones only."""
    found: FaqQuerySet = Faq.objects.all() if for_agents else Faq.objects.public()
    if category_id:
        found = found.filter(category=category_id)
    if topic_id:
        found = found.of_topic(topic_id)
    if words.strip():
        found = found.matching(words.strip())
    return _lines(found.order_by("question"), with_teasers=True)


def featured_questions() -> list[FaqLine]:
    """Give the questions that stand out on the end users' start page."""
    return _lines(Faq.objects.featured().order_by("question")[:FEATURED_QUESTIONS])


def featured_categories() -> list[CategorySection]:
    """Give the categories that stand out on the end users' start page, each with its first published FAQs."""
    categories = list(FaqCategory.objects.featured().order_by("name"))
    if not categories:
        return []
    lines = _lines_by_category(Faq.objects.public().filter(category__in=categories), with_teasers=True)
    return [_section(category, lines, [], for_agents=False) for category in categories]


def suggested_faqs(text: str, *, for_agents: bool = False) -> list[FaqLine]:
    """Give the FAQs whose questions have most words in common with what somebody is writing, best first."""
    words = [word for word in dict.fromkeys(_WORD.findall(fold(text))) if len(word) >= SHORTEST_WORD][:12]
    if not words:
        return []
    base = Faq.objects.all() if for_agents else Faq.objects.public()
    best = base.suggested_for(words, at_least=2 if len(words) > 2 else 1)[:MOST_SUGGESTIONS]
    return _lines(best, with_teasers=True)


def faq_page(faq: Faq, *, links: LinkMaker, language: str | None = None) -> FaqPage:
    """Give an FAQ; who may read it was decided by who looked it up.

    With `language` without the files that are for readers of another one.
    """
    attachments = attachments_of(AttachmentType.FAQ, [faq.pk]).get(faq.pk, [])
    wanted = set(FaqTopic.objects.filter(faq=faq).values_list("topic_id", flat=True))
    return FaqPage(
        id=faq.pk,
        question=faq.question,
        answer=displayed_html(faq.answer, image_url=_image_urls(attachments, links)),
        category_id=faq.category_id or 0,
        category_name=str(faq.category) if faq.category else "",
        publication=str(faq.get_ispublished_display()),
        is_public=bool(faq.ispublished) and faq.category is not None and bool(faq.category.ispublic),
        notes=faq.notes or "",
        topics=[topic for topic in help_topics() if topic[0] in wanted] if wanted else [],
        files=file_lines([one for one in attachments if language is None or _is_for(one, language)], links),
        updated=faq.updated,
    )


def file_lines(attachments: Iterable[Attachment], links: LinkMaker) -> list[FileLine]:
    """Give the files that are listed beside a text."""
    return [FileLine(links.url(one), display_name(one), one.file.size, one.pk) for one in attachments if not one.inline]


def _is_for(attachment: Attachment, language: str) -> bool:
    """Whether a file is for readers of a language (`de`, `pt-br`); osTicket notes `de`, `pt_BR`, or nothing for all."""
    of_file, wanted = (name.lower().replace("_", "-") for name in (attachment.lang or "", language))
    return of_file in {"", wanted, wanted.partition("-")[0]} or of_file.partition("-")[0] == wanted


def teaser_of(html: str) -> str:
    """Give the beginning of an answer without markup."""
    text = " ".join(html_text.unescape(strip_tags(_BLOCK.sub(r" \g<0>", html))).split())
    return text if len(text) <= TEASER_LENGTH else f"{text[:TEASER_LENGTH].rstrip()}…"


def _image_urls(attachments: Iterable[Attachment], links: LinkMaker) -> Callable[[str], str | None]:
    urls = {one.file.key.lower(): links.url(one, inline=True) for one in attachments if one.inline}
    return urls.get


def _section(
    category: FaqCategory,
    lines: dict[int, list[FaqLine]],
    children: list[FaqCategory],
    *,
    for_agents: bool,
    most: int | None = SHOWN_OF_A_CATEGORY,
) -> CategorySection:
    below = [
        _section(child, lines, [], for_agents=for_agents, most=0)
        for child in sorted(children, key=_by_name)
        if for_agents or lines.get(child.pk)
    ]
    own = lines.get(category.pk, [])
    return CategorySection(
        id=category.pk,
        name=str(category),
        description=displayed_html(category.description),
        visibility=str(category.get_ispublic_display()),
        is_public=bool(category.ispublic),
        count=len(own) + sum(child.count for child in below),
        faqs=own[:most],
        children=below,
    )


def _by_name(category: FaqCategory) -> str:
    return fold(str(category))


def _lines_by_category(
    faqs: FaqQuerySet, *, with_teasers: bool = False, with_files: bool = False
) -> dict[int, list[FaqLine]]:
    faqs = faqs.in_reading_order()
    category_of = dict(faqs.values_list("pk", "category_id"))
    grouped: dict[int, list[FaqLine]] = defaultdict(list)
    for line in _lines(faqs, with_teasers=with_teasers, with_files=with_files):
        grouped[category_of[line.id] or 0].append(line)
    return grouped


def _lines(faqs: FaqQuerySet, *, with_teasers: bool = False, with_files: bool = False) -> list[FaqLine]:
    rows = list(faqs.select_related("category") if with_teasers else faqs.select_related("category").defer("answer"))
    files = attachments_of(AttachmentType.FAQ, [row.pk for row in rows]) if with_files else {}
    return [
        FaqLine(
            id=row.pk,
            question=row.question,
            publication=str(row.get_ispublished_display()),
            is_featured=row.ispublished == 2,
            is_public=bool(row.ispublished) and row.category is not None and bool(row.category.ispublic),
            teaser=teaser_of(row.answer) if with_teasers else "",
            has_files=any(not one.inline for one in files.get(row.pk, ())),
        )
        for row in rows
    ]
