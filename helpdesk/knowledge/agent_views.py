"""The knowledge base and canned responses in the agent portal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.audit.meanwhile import Guard
from helpdesk.files.links import LinkMaker
from helpdesk.files.selectors import attachments_of
from helpdesk.forms.field_types import agent_owner
from helpdesk.forms.uploads import message_field
from helpdesk.knowledge import services
from helpdesk.knowledge.agent_forms import CannedForm, CategoryForm, FaqForm, FilesForm, TextForm
from helpdesk.knowledge.constants import AttachmentType
from helpdesk.knowledge.faq_pages import FileLine, category_page, category_sections, faq_page, file_lines, found_faqs
from helpdesk.knowledge.models import CannedResponse, Faq, FaqCategory
from helpdesk.knowledge.policies import may_manage_canned, may_manage_faqs
from helpdesk.knowledge.selectors import editable_html
from helpdesk.legacy.characters import clean_text
from helpdesk.legacy.errors import DomainError

READ_OR_SEND = ["GET", "HEAD", "POST"]
LONGEST_SEARCH = 200
IN_FAQS, IN_CANNED = {"current_area": "agent:kb"}, {"current_area": "agent:canned_responses"}


# --- Knowledge base ---------------------------------------------------------------------------------------------------


@agent_required
@require_safe
def index(request: AgentRequest) -> HttpResponse:
    """Show all categories, or what a search finds (`q`)."""
    words = clean_text(request.GET.get("q", "")).strip()[:LONGEST_SEARCH]
    context: dict[str, Any] = {"words": words, "may_manage": may_manage_faqs(request.actor), **IN_FAQS}
    if words:
        context["faqs"] = found_faqs(words=words, for_agents=True)
    else:
        context["sections"] = category_sections(for_agents=True)
    return render(request, "knowledge/agent/index.html", context)


@agent_required
@require_safe
def category(request: AgentRequest, category_id: int) -> HttpResponse:
    """Show a category with all its FAQs."""
    found = get_object_or_404(FaqCategory, pk=category_id)
    context = {
        "section": category_page(found, for_agents=True),
        "may_manage": may_manage_faqs(request.actor),
        **IN_FAQS,
    }
    return render(request, "knowledge/agent/category.html", context)


@agent_required
@require_safe
def faq(request: AgentRequest, faq_id: int) -> HttpResponse:
    """Show an FAQ."""
    found = get_object_or_404(Faq.objects.select_related("category"), pk=faq_id)
    context = {"faq": faq_page(found, links=_links()), "may_manage": may_manage_faqs(request.actor), **IN_FAQS}
    return render(request, "knowledge/agent/faq.html", context)


@agent_required
@require_http_methods(READ_OR_SEND)
def edit_category(request: AgentRequest, category_id: int | None = None) -> HttpResponse:
    """Make or change a category."""
    _require(may_manage_faqs(request.actor))
    found = get_object_or_404(FaqCategory, pk=category_id) if category_id else None
    initial = CategoryForm.initial_of(found) if found else {"parent": request.GET.get("parent", 0)}
    form = CategoryForm(request.POST if request.method == "POST" else None, initial=initial, category=found)
    guard = Guard(request.POST, found, CategoryForm.initial_of)

    def save() -> str:
        stored = services.store_category(form.draft(), actor=request.actor, category=found)
        messages.success(request, _("The category has been saved."))
        return reverse("agent:kb_category", args=[stored.pk])

    title = _("Edit category") if found else _("New category")
    return _edit(request, form, save, guard, title=title, back=_back(found, "agent:kb_category", "agent:kb"))


@agent_required
@require_http_methods(READ_OR_SEND)
def edit_faq(request: AgentRequest, faq_id: int | None = None) -> HttpResponse:
    """Make or change an FAQ."""
    _require(may_manage_faqs(request.actor))
    found = get_object_or_404(Faq, pk=faq_id) if faq_id else None
    if found is None and not FaqCategory.objects.exists():
        messages.info(request, _("FAQs stand in categories: make the first one."))
        return redirect("agent:kb_category_new")
    initial = FaqForm.initial_of(found) if found else {"category": request.GET.get("category", "")}
    if found:
        initial["answer"] = editable_html(found.answer, AttachmentType.FAQ, found.pk)
    attached = _attached(AttachmentType.FAQ, found)
    form = FaqForm(*_sent(request), initial=initial, attached=attached, owner=agent_owner(request.agent))
    guard = Guard(request.POST, found, FaqForm.initial_of)

    def save() -> str:
        stored = services.store_faq(form.draft(), actor=request.actor, faq=found)
        messages.success(request, _("The FAQ has been saved."))
        return reverse("agent:kb_faq", args=[stored.pk])

    title = _("Edit FAQ") if found else _("New FAQ")
    return _edit(request, form, save, guard, title=title, back=_back(found, "agent:kb_faq", "agent:kb"))


@agent_required
@require_POST
def delete_category(request: AgentRequest, category_id: int) -> HttpResponse:
    """Delete a category with its FAQs."""
    found = get_object_or_404(FaqCategory, pk=category_id)
    done = _("The category has been deleted.")
    return _delete(request, lambda: services.delete_category(found, actor=request.actor), done, "agent:kb")


@agent_required
@require_POST
def delete_faq(request: AgentRequest, faq_id: int) -> HttpResponse:
    """Delete an FAQ."""
    found = get_object_or_404(Faq, pk=faq_id)
    done = _("The FAQ has been deleted.")
    return _delete(request, lambda: services.delete_faq(found, actor=request.actor), done, "agent:kb")


@agent_required
@require_safe
def legacy_faq(request: AgentRequest) -> HttpResponse:
    """Resolve osTicket's addresses `faq.php?id=` and `faq.php?cid=`."""
    for name, address in (("id", "agent:kb_faq"), ("cid", "agent:kb_category")):
        number = request.GET.get(name, "")
        if number.isascii() and number.isdigit() and len(number) <= 9:
            return redirect(address, int(number))
    return redirect("agent:kb")


# --- Canned responses -------------------------------------------------------------------------------------------------


@agent_required
@require_safe
def canned_responses(request: AgentRequest) -> HttpResponse:
    """Show the canned responses, all of them to those who manage them."""
    _require(may_manage_canned(request.actor))
    words = clean_text(request.GET.get("q", "")).strip()[:LONGEST_SEARCH]
    found = CannedResponse.objects.select_related("dept").order_by("title").defer("response")
    if words:
        found = found.filter(models.Q(title__folded_contains=words) | models.Q(response__folded_contains=words))
    return render(
        request, "knowledge/agent/canned_responses.html", {"canned_responses": found, "words": words, **IN_CANNED}
    )


@agent_required
@require_http_methods(READ_OR_SEND)
def edit_canned_response(request: AgentRequest, canned_id: int | None = None) -> HttpResponse:
    """Make or change a canned response."""
    _require(may_manage_canned(request.actor))
    found = get_object_or_404(CannedResponse, pk=canned_id) if canned_id else None
    initial = CannedForm.initial_of(found) if found else {}
    if found:
        initial["response"] = editable_html(found.response, AttachmentType.CANNED_RESPONSE, found.pk)
    attached = _attached(AttachmentType.CANNED_RESPONSE, found)
    form = CannedForm(*_sent(request), initial=initial, attached=attached, owner=agent_owner(request.agent))
    guard = Guard(request.POST, found, CannedForm.initial_of)

    def save() -> str:
        services.store_canned_response(form.draft(), actor=request.actor, canned=found)
        messages.success(request, _("The canned response has been saved."))
        return reverse("agent:canned_responses")

    title = _("Edit canned response") if found else _("New canned response")
    delete = reverse("agent:canned_delete", args=[found.pk]) if found else ""
    return _edit(request, form, save, guard, title=title, back=reverse("agent:canned_responses"), delete=delete)


@agent_required
@require_POST
def delete_canned_response(request: AgentRequest, canned_id: int) -> HttpResponse:
    """Delete a canned response."""
    found = get_object_or_404(CannedResponse, pk=canned_id)
    done = _("The canned response has been deleted.")

    def delete() -> None:
        services.delete_canned_response(found, actor=request.actor)

    return _delete(request, delete, done, "agent:canned_responses")


# --- Both -------------------------------------------------------------------------------------------------------------


def _edit(
    request: AgentRequest,
    form: TextForm,
    save: Callable[[], str],
    guard: Guard[Any],
    *,
    title: str,
    back: str,
    delete: str = "",
) -> HttpResponse:
    """Show a form, or save what it says and go on."""
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                with guard.saving():
                    return redirect(save())
            except DomainError as refusal:
                form.show_refusal(refusal)
        if isinstance(form, FilesForm):
            form.keep_files()
    field = message_field()
    if field is not None and "attachments" in form.fields:
        form.fields["attachments"].widget.attrs["data-upload-url"] = reverse("agent:upload", args=[field.pk])
    area = IN_CANNED if isinstance(form, CannedForm) else IN_FAQS
    context = {"form": form, "guard": guard, "title": title, "back": back, "delete": delete, **area}
    return render(request, "knowledge/agent/edit.html", context, status=status)


def _delete(request: AgentRequest, delete: Callable[[], None], done: str, address: str) -> HttpResponse:
    try:
        delete()
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect(address)


def _require(may: bool) -> None:
    if not may:
        raise PermissionDenied


def _sent(request: AgentRequest) -> tuple[Any, Any]:
    return (request.POST, request.FILES) if request.method == "POST" else (None, None)


def _back(found: models.Model | None, page: str, otherwise: str) -> str:
    return reverse(page, args=[found.pk]) if found else reverse(otherwise)


def _attached(object_type: str, row: models.Model | None) -> list[FileLine]:
    if row is None:
        return []
    return file_lines(attachments_of(object_type, [row.pk]).get(row.pk, []), _links())


def _links() -> LinkMaker:
    return LinkMaker(reverse("agent:file"), timezone.now())
