"""`/admin/lists/`: custom lists, their items, and their way through spreadsheets (osticket/forms.md §9)."""

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
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.form_pages import add_refusal
from helpdesk.administration.site import site
from helpdesk.audit.meanwhile import Guard
from helpdesk.forms.bound import BoundForm
from helpdesk.forms.constants import FieldFlag, ListItemStatus
from helpdesk.forms.field_types import Asked, type_of
from helpdesk.forms.field_types.choices import items_of, property_answer
from helpdesk.forms.form_services import LIST_PROPERTIES
from helpdesk.forms.list_services import (
    TICKET_STATUSES,
    ItemDefinition,
    add_item,
    create_list,
    delete_list,
    export_items,
    import_items,
    order_items,
    property_fields,
    remove_item,
    update_item,
    update_list,
)
from helpdesk.forms.models import CustomList, Form, FormField, ListItem
from helpdesk.legacy.errors import DomainError, ValidationFailed
from helpdesk.legacy.ids import id_in, ids_in
from helpdesk.people.models import Agent

LARGEST_IMPORT = 5 * 1024 * 1024
MOST_SHOWN = 500


class ListForm(forms.Form):
    """What a list is called, and its order."""

    name = forms.CharField(label=_("Name"), max_length=255)
    name_plural = forms.CharField(label=_("Name of several"), required=False, max_length=255)
    sort_mode = forms.ChoiceField(
        label=_("Order"),
        choices=[("Alpha", _("Alphabetical")), ("-Alpha", _("Alphabetical, backwards")), ("SortCol", _("By hand"))],
    )
    notes = forms.CharField(label=_("Internal notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))


class ItemForm(forms.Form):
    """What every item has."""

    value = forms.CharField(label=_("Value"), max_length=255)
    extra = forms.CharField(label=_("Abbreviation"), required=False, max_length=255)
    is_enabled = forms.BooleanField(label=_("Offered"), required=False, initial=True)


class ImportForm(forms.Form):
    """A file with items."""

    file = forms.FileField(
        label=_("CSV file"), help_text=_("Columns: value, abbreviation, enabled, names of properties")
    )


@require_safe
def list_list(request: AgentRequest) -> HttpResponse:
    """Show all lists."""
    found = CustomList.objects.annotate(item_count=Count("items")).order_by("name", "id")
    context = site.page_context(request, title=_("Lists"), lists=found, statuses=TICKET_STATUSES)
    return TemplateResponse(request, "administration/forms/lists.html", context)


def list_add(request: AgentRequest) -> HttpResponse:
    """Make a list."""
    texts = ListForm(request.POST or None)
    if request.method == "POST" and texts.is_valid():
        try:
            made = create_list(**texts.cleaned_data, actor=request.actor)
        except DomainError as error:
            add_refusal(texts, error)
        else:
            return HttpResponseRedirect(reverse("admin:list", args=[made.pk]))
    context = site.page_context(request, title=_("New list"), texts=texts)
    return TemplateResponse(request, "administration/forms/add.html", context)


def list_page(request: AgentRequest, list_id: int) -> HttpResponse:
    """Show a list with its items; every button posts an `action`."""
    custom_list = get_object_or_404(CustomList, pk=list_id)
    action, _dash, argument = request.POST.get("action", "").partition("-")
    texts = ListForm(request.POST if action == "texts" else None, initial=_texts_of(custom_list))
    guard = Guard(request.POST if action == "texts" else {}, custom_list, _texts_of)
    upload = ImportForm(request.POST, request.FILES) if action == "import" else ImportForm()
    shown: forms.Form = upload if action == "import" else texts
    if request.method == "POST" and (action not in {"texts", "import"} or shown.is_valid()):
        try:
            with guard.saving() if action == "texts" else nullcontext():
                return _act(request, custom_list, action, argument, shown)
        except DomainError as error:
            if action in {"texts", "import"}:
                add_refusal(shown, error)
            else:
                messages.error(request, str(error.message))
    items = items_of(custom_list)
    context = site.page_context(
        request,
        title=custom_list.name,
        list=custom_list,
        texts=texts,
        guard=guard,
        upload=upload,
        items=items[:MOST_SHOWN],
        hidden=max(len(items) - MOST_SHOWN, 0),
        by_hand=custom_list.sort_mode == "SortCol" and len(items) <= MOST_SHOWN,
        properties=Form.objects.filter(type=f"{LIST_PROPERTIES}{custom_list.pk}").first(),
        has_items=custom_list.type != TICKET_STATUSES,
        moved=request.GET.get("moved", ""),
    )
    return TemplateResponse(request, "administration/forms/list_page.html", context)


def _texts_of(custom_list: CustomList) -> dict[str, str]:
    return {name: getattr(custom_list, name) or "" for name in ListForm.base_fields}


def _act(request: AgentRequest, custom_list: CustomList, action: str, argument: str, shown: forms.Form) -> HttpResponse:
    here = reverse("admin:list", args=[custom_list.pk])
    if action == "texts":
        update_list(custom_list, **shown.cleaned_data, actor=request.actor)
        messages.success(request, _("The list has been saved."))
    elif action == "import":
        done = import_items(custom_list, _text_of(shown.cleaned_data["file"]), actor=request.actor)
        message = _("%(added)d items added, %(changed)d changed.")
        messages.success(request, message % {"added": done.added, "changed": done.changed})
    elif action in {"up", "down"}:
        order, item_id = [item.pk for item in items_of(custom_list)], id_in(argument) or 0
        if item_id in order:
            at = order.index(item_id)
            other = at - 1 if action == "up" else at + 1
            if 0 <= other < len(order):
                order[at], order[other] = order[other], order[at]
            order_items(custom_list, order, actor=request.actor)
            here = f"{here}?moved={action}-{item_id}"
    elif action == "order":
        order_items(custom_list, ids_in(request.POST.getlist("order")), actor=request.actor)
    elif action == "remove":
        remove_item(get_object_or_404(ListItem, pk=id_in(argument), list=custom_list), actor=request.actor)
        messages.success(request, _("The item has been removed. Answers that hold it stay as they are."))
    elif action == "delete":
        delete_list(custom_list, actor=request.actor)
        messages.success(request, _("The list has been deleted."))
        here = reverse("admin:lists")
    return HttpResponseRedirect(here)


def _text_of(upload: Any) -> str:
    if upload.size > LARGEST_IMPORT:
        raise ValidationFailed(_("The file is too large: at most 5 MB."), code="too_large", field="file")
    try:
        return str(upload.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ValidationFailed(_("The file is not encoded in UTF-8."), code="encoding", field="file") from None


@require_safe
def list_export(request: AgentRequest, list_id: int) -> HttpResponse:
    """Give the items as a file."""
    custom_list = get_object_or_404(CustomList, pk=list_id)
    answer = HttpResponse(export_items(custom_list), content_type="text/csv; charset=utf-8")
    name = slugify(custom_list.name) or f"list-{custom_list.pk}"
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def item_add(request: AgentRequest, list_id: int) -> HttpResponse:
    """Make an item."""
    return _edit_item(request, get_object_or_404(CustomList, pk=list_id), None)


def item_page(request: AgentRequest, item_id: int) -> HttpResponse:
    """Change an item."""
    item = get_object_or_404(ListItem, pk=item_id)
    custom_list = get_object_or_404(CustomList, pk=item.list_id)
    return _edit_item(request, custom_list, item)


def _edit_item(request: AgentRequest, custom_list: CustomList, item: ListItem | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    texts = ItemForm(data, initial=_values_of(item) if item else None)
    guard = Guard(request.POST, item, lambda row: [_values_of(row), row.properties])
    properties = _properties(request.agent, custom_list, item, data)
    if data is not None and texts.is_valid() and properties.is_valid():
        given = texts.cleaned_data
        values = {bound.field.pk: bound.submitted for bound in properties if not bound.type.is_presentation}
        definition = ItemDefinition(given["value"], given["extra"], given["is_enabled"], values)
        try:
            with guard.saving():
                if item is None:
                    add_item(custom_list, definition, actor=request.actor)
                else:
                    update_item(item, definition, actor=request.actor)
        except DomainError as error:
            add_refusal(texts, error)
        else:
            messages.success(request, _("The item has been saved."))
            return HttpResponseRedirect(reverse("admin:list", args=[custom_list.pk]))
    context = site.page_context(
        request,
        title=item.value if item else _("New item"),
        list=custom_list,
        texts=texts,
        properties=properties,
        guard=guard,
    )
    return TemplateResponse(request, "administration/forms/item.html", context)


def _values_of(item: ListItem) -> dict[str, Any]:
    return {"value": item.value, "extra": item.extra, "is_enabled": bool(item.status & ListItemStatus.ENABLED)}


def _properties(agent: Agent, custom_list: CustomList, item: ListItem | None, data: Any) -> BoundForm:
    fields = property_fields(custom_list)
    initial: dict[str | int, Any] = {each.pk: _property(item, each) for each in fields} if item else {}
    forms_of_list = Form.objects.filter(type=f"{LIST_PROPERTIES}{custom_list.pk}")
    asked = Asked(is_agent=True, agent=agent)
    return BoundForm(forms_of_list, asked=asked, data=data, initial=initial, accepts=_is_enabled)


def _property(item: ListItem, field: FormField) -> Any:
    field_type = type_of(field)
    return field_type.submitted_form(field, field_type.from_database(field, property_answer(item, field)))


def _is_enabled(field: FormField) -> bool:
    return bool((field.flags or 0) & FieldFlag.ENABLED)


site.add_page("lists/", list_list, name="lists")
site.add_page("lists/add/", list_add, name="list_add")
site.add_page("lists/<int:list_id>/", list_page, name="list")
site.add_page("lists/<int:list_id>/items.csv", list_export, name="list_export")
site.add_page("lists/<int:list_id>/items/add/", item_add, name="list_item_add")
site.add_page("lists/items/<int:item_id>/", item_page, name="list_item")
