"""`/admin/forms/`: the forms, what they say, the order of their fields, a preview (osticket/forms.md §1)."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import strip_tags
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.site import site
from helpdesk.audit.meanwhile import Guard
from helpdesk.forms.bound import BoundForm
from helpdesk.forms.constants import FieldFlag, FormFlag
from helpdesk.forms.field_types import Asked, type_of
from helpdesk.forms.form_services import (
    CUSTOM,
    create_form,
    delete_form,
    move_field,
    order_fields,
    remove_field,
    update_form,
)
from helpdesk.forms.models import Form, FormField
from helpdesk.forms.selectors import fields_of
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.ids import id_in, ids_in

PURPOSES = {
    "T": _("Every ticket"),
    "U": _("Every end user"),
    "O": _("Every organization"),
    "C": _("This help desk's company"),
    "A": _("Every task"),
    CUSTOM: _("Tickets of the help topics that use it"),
}


class FormTexts(forms.Form):
    """What a form is called and says."""

    title = forms.CharField(label=_("Title"), max_length=255)
    instructions = forms.CharField(
        label=_("Instructions"), required=False, max_length=512, widget=forms.Textarea(attrs={"rows": 2})
    )
    notes = forms.CharField(label=_("Internal notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


def add_refusal(form: forms.Form, error: DomainError) -> None:
    """Show a refusal at the input that it names, else above the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error.message))


@require_safe
def form_list(request: AgentRequest) -> HttpResponse:
    """Show all forms that are in use."""
    found = Form.objects.exclude(flags__has=FormFlag.DELETED).annotate(field_count=Count("fields"))
    rows = [
        {"form": form, "purpose": _purpose(form), "fields": form.field_count}
        for form in found.order_by("type", "title", "id")
        if form.type in PURPOSES
    ]
    rows.sort(key=lambda row: row["form"].type == CUSTOM)
    context = site.page_context(request, title=_("Forms"), rows=rows)
    return TemplateResponse(request, "administration/forms/list.html", context)


def form_add(request: AgentRequest) -> HttpResponse:
    """Make a custom form."""
    texts = FormTexts(request.POST or None)
    if request.method == "POST" and texts.is_valid():
        try:
            made = create_form(**texts.cleaned_data, actor=request.actor)
        except DomainError as error:
            add_refusal(texts, error)
        else:
            return HttpResponseRedirect(reverse("admin:form", args=[made.pk]))
    context = site.page_context(request, title=_("New form"), texts=texts)
    return TemplateResponse(request, "administration/forms/add.html", context)


def form_page(request: AgentRequest, form_id: int) -> HttpResponse:
    """Show a form with its fields; every button posts an `action`."""
    form = get_object_or_404(Form.objects.exclude(flags__has=FormFlag.DELETED), pk=form_id)
    action, _dash, argument = request.POST.get("action", "").partition("-")
    texts = FormTexts(request.POST if action == "texts" else None, initial=_texts_of(form))
    guard = Guard(request.POST if action == "texts" else {}, form, _texts_of)
    if request.method == "POST":
        try:
            with guard.saving() if action == "texts" else nullcontext():
                answer = _act(request, form, texts, action, argument)
        except DomainError as error:
            if action == "texts":
                add_refusal(texts, error)
            else:
                messages.error(request, str(error.message))
            answer = None
        if answer is not None:
            return answer
    context = site.page_context(
        request,
        title=form.title,
        form=form,
        purpose=_purpose(form),
        texts=texts,
        guard=guard,
        rows=[_row(field) for field in fields_of(form)],
        moved=request.GET.get("moved", ""),
        is_deletable=form.type == CUSTOM,
    )
    return TemplateResponse(request, "administration/forms/form.html", context)


def _act(request: AgentRequest, form: Form, texts: FormTexts, action: str, argument: str) -> HttpResponse | None:
    """Do what the button says; None when the page has to be shown again."""
    here = reverse("admin:form", args=[form.pk])
    if action == "texts":
        if not texts.is_valid():
            return None
        update_form(form, **texts.cleaned_data, actor=request.actor)
        messages.success(request, _("The form has been saved."))
    elif action in {"up", "down"}:
        field = get_object_or_404(form.fields, pk=id_in(argument))
        move_field(field, up=action == "up", actor=request.actor)
        here = f"{here}?moved={action}-{field.pk}"
    elif action == "order":
        order_fields(form, ids_in(request.POST.getlist("order")), actor=request.actor)
    elif action == "remove":
        remove_field(get_object_or_404(form.fields, pk=id_in(argument)), actor=request.actor)
        messages.success(request, _("The field has been removed. Answers that exist stay readable."))
    elif action == "delete":
        delete_form(form, actor=request.actor)
        messages.success(request, _("The form has been deleted. Answers that exist stay readable."))
        here = reverse("admin:forms")
    return HttpResponseRedirect(here)


def _texts_of(form: Form) -> dict[str, str]:
    return {"title": form.title, "instructions": form.instructions or "", "notes": strip_tags(form.notes or "")}


def _purpose(form: Form) -> Any:
    if form.type.startswith("L"):
        return _("Items of a list")
    return PURPOSES.get(form.type, form.type)


def _row(field: FormField) -> dict[str, Any]:
    flags = FieldFlag(field.flags or 0)
    return {
        "field": field,
        "type": type_of(field).label or field.type,
        "is_enabled": bool(flags & FieldFlag.ENABLED),
        "is_removable": not flags & FieldFlag.MASK_DELETE,
        "users": _audience(flags, FieldFlag.CLIENT_VIEW, FieldFlag.CLIENT_EDIT, FieldFlag.CLIENT_REQUIRED),
        "agents": _audience(flags, FieldFlag.AGENT_VIEW, FieldFlag.AGENT_EDIT, FieldFlag.AGENT_REQUIRED),
    }


def _audience(flags: FieldFlag, view: FieldFlag, edit: FieldFlag, required: FieldFlag) -> Any:
    if not flags & view:
        return _("hidden")
    if flags & required:
        return _("required")
    return _("optional") if flags & edit else _("asked at creation only")


@require_safe
def form_preview(request: AgentRequest, form_id: int) -> HttpResponse:
    """Show a form as it is asked for, to end users or to agents."""
    form = get_object_or_404(Form, pk=form_id)
    for_agents = request.GET.get("for") == "agents"
    bound = BoundForm([form], asked=Asked(is_agent=for_agents, agent=request.agent if for_agents else None))
    context = {"shown_form": form, "form": bound, "for_agents": for_agents, "is_empty": not list(bound)}
    return TemplateResponse(request, "administration/forms/preview.html", context)


site.add_page("forms/", form_list, name="forms")
site.add_page("forms/add/", form_add, name="form_add")
site.add_page("forms/<int:form_id>/", form_page, name="form")
site.add_page("forms/<int:form_id>/preview/", form_preview, name="form_preview")
