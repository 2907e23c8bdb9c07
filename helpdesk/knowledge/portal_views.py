"""The knowledge base and the pages of their own, for end users (osticket/kb.md §2, §3 and §5)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from helpdesk.files.links import LinkMaker
from helpdesk.knowledge.faq_pages import (
    category_page,
    category_sections,
    faq_page,
    featured_questions,
    found_faqs,
    suggested_faqs,
)
from helpdesk.knowledge.models import Faq, FaqCategory
from helpdesk.knowledge.readers import knowledge_base_is_open, why_closed
from helpdesk.knowledge.registries import help_topics
from helpdesk.knowledge.selectors import page_at, page_html
from helpdesk.legacy.characters import clean_text

P = ParamSpec("P")
LONGEST_SEARCH = 200


def for_readers(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Send those to the start page for whom there is no knowledge base, and say why."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        reason = why_closed(request)
        if reason:
            messages.info(request, reason)
            return redirect("portal:home")
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@for_readers
def index(request: HttpRequest) -> HttpResponse:
    """Show the categories, or what a search finds (`q`, `cid`, `topicId`: all that are given must hold)."""
    words = clean_text(request.GET.get("q", "")).strip()[:LONGEST_SEARCH]
    category_id, topic_id = _number(request, "cid"), _number(request, "topicId")
    topics = help_topics()
    context = {"words": words, "topic_id": topic_id, "topics": topics, "chosen_category": category_id}
    if words or category_id or topic_id:
        faqs = found_faqs(words=words, category_id=category_id, topic_id=topic_id)
        return render(request, "knowledge/portal/search.html", {**context, "faqs": faqs})
    sections = category_sections()
    return render(
        request, "knowledge/portal/index.html", {**context, "sections": sections, "featured": featured_questions()}
    )


@require_safe
@for_readers
def category(request: HttpRequest, category_id: int) -> HttpResponse:
    """Show a category with its published FAQs."""
    found = get_object_or_404(FaqCategory.objects.public(), pk=category_id)
    return render(request, "knowledge/portal/category.html", {"section": category_page(found)})


@require_safe
@for_readers
def faq(request: HttpRequest, faq_id: int) -> HttpResponse:
    """Show an FAQ."""
    found = get_object_or_404(Faq.objects.public().select_related("category"), pk=faq_id)
    links = LinkMaker(reverse("portal:file"), timezone.now())
    return render(request, "knowledge/portal/faq.html", {"faq": faq_page(found, links=links, language=get_language())})


@require_safe
@for_readers
def legacy_faq(request: HttpRequest) -> HttpResponse:
    """Resolve osTicket's `?id=` (an FAQ) and `?cid=` (a category); what is not public leads to the start page."""
    number = _number(request, "id")
    if number and Faq.objects.public().filter(pk=number).exists():
        return redirect("portal:kb_faq", number)
    number = _number(request, "cid")
    if number and FaqCategory.objects.public().filter(pk=number).exists():
        return redirect("portal:kb_category", number)
    return redirect("portal:kb")


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Give FAQs that may answer what somebody is writing, as a part of the page; nothing without any.

    `field` names the parameter that holds the text: the input of a form that administrators make.
    """
    subject = request.GET.get(request.GET.get("field", "subject"), "")[:LONGEST_SEARCH]
    faqs = suggested_faqs(subject) if subject and knowledge_base_is_open(request) else []
    return render(request, "knowledge/portal/_suggestions.html", {"faqs": faqs})


@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show a page that administrators wrote, by its name."""
    found = page_at(slug)
    if found is None:
        raise Http404("Page Not Found")
    return render(request, "knowledge/portal/page.html", {"page_name": found.name, "html": page_html(found)})


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
