"""`/admin/templates/`: sets of e-mail templates, their languages and departments, the editor with preview."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk import configuration
from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.form_pages import add_refusal
from helpdesk.administration.site import site
from helpdesk.administration.template_preview import preview
from helpdesk.audit.meanwhile import Guard
from helpdesk.legacy.errors import DomainError
from helpdesk.mail.message_types import MESSAGE_TYPES, Audience, MessageType
from helpdesk.mail.models import TemplateSet
from helpdesk.mail.shipped import LANGUAGES, shipped_template
from helpdesk.mail.template import Template
from helpdesk.mail.template_services import (
    LONGEST_BODY,
    SetDraft,
    UnknownVariables,
    delete_set,
    install_set,
    is_in_use,
    reset_template,
    store_set,
    store_template,
)
from helpdesk.mail.variables.catalogue import variables_of
from helpdesk.people.models import Department

AUDIENCES = {Audience.USER: _("To end users"), Audience.AGENT: _("To agents"), Audience.TASK: _("About tasks")}


class SetInput(forms.Form):
    """Name, language and state of a set."""

    name = forms.CharField(label=_("Name"), max_length=32)
    language = forms.CharField(
        label=_("Language"),
        max_length=16,
        widget=forms.TextInput(attrs={"list": "languages"}),
        help_text=_("osTicket's code: en_US, de, fr, es_ES … Messages without a text of their own speak it."),
    )
    is_active = forms.BooleanField(label=_("Active"), required=False)
    notes = forms.CharField(label=_("Internal notes"), required=False, widget=forms.Textarea(attrs={"rows": 2}))


class NewSetInput(SetInput):
    """A new set, empty or a copy."""

    copy_of = forms.ModelChoiceField(
        label=_("Copy the texts of"),
        queryset=TemplateSet.objects.order_by("name"),
        required=False,
        empty_label=_("none: what comes with the program"),
    )


class TextInput(forms.Form):
    """Subject and body."""

    subject = forms.CharField(label=_("Subject"), max_length=255)
    body = forms.CharField(
        label=_("Text (HTML)"),
        max_length=LONGEST_BODY,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "true", "class": "adm-code"}),
    )
    keeps_unknown = forms.BooleanField(
        label=_("Save with unknown variables"), required=False, widget=forms.HiddenInput()
    )
    number = forms.CharField(label=_("Ticket or task number"), max_length=30, required=False)


@require_safe
def set_list(request: AgentRequest) -> HttpResponse:
    """Show every set with its language and those who use it."""
    users: dict[int, list[str]] = {}
    for tpl_id, name in Department.objects.filter(tpl_id__gt=0).order_by("name").values_list("tpl_id", "name"):
        users.setdefault(tpl_id, []).append(name)
    default = configuration.current().integer("default_template_id")
    rows = [
        {"set": one, "departments": users.get(one.pk, []), "is_default": one.pk == default, "page": _page_of(one)}
        for one in TemplateSet.objects.order_by("name", "pk")
    ]
    context = site.page_context(request, title=_("E-mail templates"), rows=rows, languages=LANGUAGES)
    return TemplateResponse(request, "administration/mail/sets.html", context)


def set_add(request: AgentRequest) -> HttpResponse:
    """Make a set, empty or as a copy."""
    form = NewSetInput(request.POST or None, initial={"language": "en_US", "is_active": True})
    if request.method == "POST" and form.is_valid():
        copy_of = form.cleaned_data.pop("copy_of")
        try:
            row = store_set(SetDraft(**form.cleaned_data), actor=request.actor, copy_of=copy_of)
        except DomainError as error:
            add_refusal(form, error)
        else:
            return HttpResponseRedirect(_page_of(row))
    context = site.page_context(request, title=_("New set of templates"), form=form, languages=LANGUAGES)
    return TemplateResponse(request, "administration/mail/set_add.html", context)


@require_POST
def set_install(request: AgentRequest) -> HttpResponse:
    """Make a set of the texts that come with the program."""
    try:
        row = install_set(request.POST.get("language", ""), actor=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(reverse("admin:template_sets"))
    messages.success(request, _("The texts are installed. Choose the set for departments, or as the default."))
    return HttpResponseRedirect(_page_of(row))


def set_page(request: AgentRequest, set_id: int) -> HttpResponse:
    """Show the messages of a set; change its name, language and state."""
    row = get_object_or_404(TemplateSet, pk=set_id)
    form, guard = SetInput(request.POST or None, initial=_facts_of(row)), Guard(request.POST, row, _facts_of)
    if request.method == "POST" and form.is_valid():
        try:
            with guard.saving():
                store_set(SetDraft(**form.cleaned_data), actor=request.actor, template_set=row)
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("Saved."))
            return HttpResponseRedirect(request.path)
    own = {text.code_name: text for text in row.templates.all()}
    groups = [
        {
            "title": title,
            "messages": [_listed(row, kind, own) for kind in MESSAGE_TYPES.values() if kind.audience is one],
        }
        for one, title in AUDIENCES.items()
    ]
    context = site.page_context(
        request,
        title=row.name,
        set=row,
        form=form,
        guard=guard,
        groups=groups,
        is_in_use=is_in_use(row),
        languages=LANGUAGES,
    )
    return TemplateResponse(request, "administration/mail/set.html", context)


@require_POST
def set_delete(request: AgentRequest, set_id: int) -> HttpResponse:
    """Delete a set that nobody uses."""
    row = get_object_or_404(TemplateSet, pk=set_id)
    try:
        delete_set(row, actor=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(_page_of(row))
    messages.success(request, _("The set is deleted."))
    return HttpResponseRedirect(reverse("admin:template_sets"))


def text_page(request: AgentRequest, set_id: int, code: str) -> HttpResponse:
    """Edit a message: save it, look at it with a real ticket, or go back to what comes with the program."""
    row, kind = get_object_or_404(TemplateSet, pk=set_id), MESSAGE_TYPES.get(code)
    if kind is None:
        raise Http404
    form = TextInput(request.POST or None, initial=_initial(row, kind))
    guard = Guard(request.POST, row, lambda one: _initial(one, kind))
    wish, shown = request.POST.get("do", ""), None
    if request.method == "POST" and wish == "reset":
        reset_template(row, code, actor=request.actor)
        messages.success(request, _("This message says what comes with the program again."))
        return HttpResponseRedirect(request.path)
    if request.method == "POST" and form.is_valid():
        text = Template(form.cleaned_data["subject"], form.cleaned_data["body"])
        try:
            if wish == "preview":
                number = form.cleaned_data["number"]
                shown = preview(kind, text, number, access=request.access, agent=request.agent)
            else:
                keeps = form.cleaned_data["keeps_unknown"]
                with guard.saving():
                    store_template(row, code, text, actor=request.actor, keeps_unknown=keeps)
        except UnknownVariables as error:
            add_refusal(form, error)
            form.fields["keeps_unknown"].widget = forms.CheckboxInput()
        except DomainError as error:
            _show(form, error, wish)
        else:
            if shown is None:
                messages.success(request, _("Saved."))
                return HttpResponseRedirect(request.path)
    context = site.page_context(
        request,
        title=f"{row.name}: {kind.title}",
        set=row,
        kind=kind,
        form=form,
        guard=guard,
        preview=shown,
        is_own=row.templates.filter(code_name=code).exists(),
        variables=variables_of(kind.roots, for_agents=kind.audience is not Audience.USER),
        back=_page_of(row),
    )
    return TemplateResponse(request, "administration/mail/text.html", context)


def _show(form: TextInput, error: DomainError, wish: str) -> None:
    if wish == "preview" and error.field not in form.fields:
        form.add_error("number", str(error.message))
    else:
        add_refusal(form, error)


def _listed(row: TemplateSet, kind: MessageType, own: dict[str, Any]) -> dict[str, Any]:
    text = own.get(kind.code)
    shipped = shipped_template(kind.code, row.lang)
    return {
        "kind": kind,
        "subject": text.subject if text is not None else shipped.subject if shipped is not None else "",
        "is_own": text is not None,
        "page": reverse("admin:template_text", args=[row.pk, kind.code]),
    }


def _facts_of(row: TemplateSet) -> dict[str, Any]:
    return {"name": row.name, "language": row.lang, "is_active": row.isactive, "notes": row.notes or ""}


def _initial(row: TemplateSet, kind: MessageType) -> dict[str, str]:
    text = row.templates.filter(code_name=kind.code).first() or shipped_template(kind.code, row.lang)
    return {"subject": text.subject, "body": text.body} if text is not None else {}


def _page_of(row: TemplateSet) -> str:
    return reverse("admin:template_set", args=[row.pk])


site.add_page("templates/", cast(Any, set_list), name="template_sets")
site.add_page("templates/new/", cast(Any, set_add), name="template_set_add")
site.add_page("templates/install/", cast(Any, set_install), name="template_set_install")
site.add_page("templates/<int:set_id>/", cast(Any, set_page), name="template_set")
site.add_page("templates/<int:set_id>/delete/", cast(Any, set_delete), name="template_set_delete")
site.add_page("templates/<int:set_id>/<str:code>/", cast(Any, text_page), name="template_text")
