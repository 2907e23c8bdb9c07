"""`/admin/forms/…/fields/`: one field, with the options of its type (osticket/forms.md §2, §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.form_pages import add_refusal
from helpdesk.administration.site import site
from helpdesk.audit.meanwhile import Guard
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.field_types import registered, type_for
from helpdesk.forms.field_types.base import LIST_PREFIX
from helpdesk.forms.field_types.options import OptionsForm, initial_options, options_form_of
from helpdesk.forms.form_services import FieldDefinition, add_field, update_field
from helpdesk.forms.models import CustomList, Form, FormField
from helpdesk.legacy.errors import DomainError

SWITCHES = {
    "enabled": (_("In use"), FieldFlag.ENABLED, FieldFlag.MASK_DISABLE),
    "close_required": (_("Needed before a ticket can be closed"), FieldFlag.CLOSE_REQUIRED, None),
    "client_view": (_("End users see it"), FieldFlag.CLIENT_VIEW, FieldFlag.MASK_VIEW),
    "client_edit": (_("End users may change it later"), FieldFlag.CLIENT_EDIT, FieldFlag.MASK_VIEW),
    "client_required": (_("End users must answer"), FieldFlag.CLIENT_REQUIRED, FieldFlag.MASK_REQUIRE),
    "agent_view": (_("Agents see it"), FieldFlag.AGENT_VIEW, FieldFlag.MASK_VIEW),
    "agent_edit": (_("Agents may change it later"), FieldFlag.AGENT_EDIT, FieldFlag.MASK_VIEW),
    "agent_required": (_("Agents must answer"), FieldFlag.AGENT_REQUIRED, FieldFlag.MASK_REQUIRE),
}
NEW_FLAGS = FieldFlag.ENABLED | FieldFlag(0x3300)


class FieldForm(forms.Form):
    """What every field has."""

    type = forms.ChoiceField(label=_("Type"))
    label = forms.CharField(label=_("Label"), max_length=255)
    name = forms.CharField(
        label=_("Variable name"),
        required=False,
        max_length=64,
        help_text=_("For templates, filters and the API: letters, digits, _ and -"),
    )
    hint = forms.CharField(label=_("Help text"), required=False, max_length=512)

    def __init__(self, *args: Any, field: FormField | None, **kwargs: Any) -> None:
        """Offer all types, and lock what the masks of the field protect."""
        super().__init__(*args, **kwargs)
        masks = FieldFlag(field.flags or 0) if field else FieldFlag(0)
        self._select("type").choices = list(_types(field))
        self.fields["type"].disabled = bool(masks & FieldFlag.MASK_CHANGE)
        self.fields["name"].disabled = bool(masks & FieldFlag.MASK_NAME)
        for name, (label, _flag, mask) in SWITCHES.items():
            is_fixed = bool(mask and masks & mask)
            self.fields[name] = forms.BooleanField(label=label, required=False, disabled=is_fixed)

    def _select(self, name: str) -> forms.ChoiceField:
        return cast(forms.ChoiceField, self.fields[name])

    @property
    def texts(self) -> list[forms.BoundField]:
        """The inputs above the switches."""
        return [self[name] for name in ("label", "name", "hint")]

    @property
    def switches(self) -> list[forms.BoundField]:
        """The switches."""
        return [self[name] for name in SWITCHES]

    def definition(self, configuration: Mapping[str, Any]) -> FieldDefinition:
        """Give what the service takes."""
        given = self.cleaned_data
        flags = FieldFlag(0)
        for name, (_label, flag, _mask) in SWITCHES.items():
            flags |= flag if given[name] else FieldFlag(0)
        return FieldDefinition(given["type"], given["label"], given["name"], given["hint"], flags, configuration)


def _types(field: FormField | None) -> Iterator[tuple[str, str]]:
    known = set()
    for key, field_type in registered().items():
        if key == LIST_PREFIX:
            for custom_list in CustomList.objects.exclude(type="ticket-status").order_by("name"):
                known.add(f"{LIST_PREFIX}{custom_list.pk}")
                yield f"{LIST_PREFIX}{custom_list.pk}", str(_("List: %(name)s") % {"name": custom_list.name})
        elif field_type.is_offered:
            known.add(key)
            yield key, str(field_type.label)
    if field is not None and field.type not in known:
        yield field.type, str(_("%(type)s (not known here)") % {"type": field.type})


def field_add(request: AgentRequest, form_id: int) -> HttpResponse:
    """Make a field. `?type=` chooses whose options are asked for."""
    form = get_object_or_404(Form, pk=form_id)
    return _edit(request, form, None)


def field_page(request: AgentRequest, field_id: int) -> HttpResponse:
    """Change a field."""
    field = get_object_or_404(FormField.objects.select_related("form"), pk=field_id, form__isnull=False)
    return _edit(request, field.form, field)


def _edit(request: AgentRequest, form: Form, field: FormField | None) -> HttpResponse:
    is_post = request.method == "POST"
    before = _initial_of(field)
    given = {**before, **_asked_for(request)} if not is_post else before
    fields = FieldForm(request.POST if is_post else None, initial=given, field=field)
    type_key = str(request.POST.get("type") or before["type"]) if is_post else str(given["type"])
    if fields.fields["type"].disabled:
        type_key = str(before["type"])
    options = _options(request, field, type_key)
    guard = Guard(request.POST, field, _shown)
    if is_post and fields.is_valid() and (options is None or options.is_valid()):
        try:
            with guard.saving():
                _save(request, form, field, fields, options)
        except DomainError as error:
            _show(fields, options, error)
        else:
            messages.success(request, _("The field has been saved."))
            return HttpResponseRedirect(reverse("admin:form", args=[form.pk]))
    context = site.page_context(
        request,
        title=field.label if field else _("New field"),
        form=form,
        field=field,
        fields=fields,
        options=options,
        guard=guard,
        type_label=type_for(type_key).label or type_key,
    )
    return TemplateResponse(request, "administration/forms/field.html", context)


def _initial_of(field: FormField | None) -> dict[str, Any]:
    flags = FieldFlag(field.flags or 0) if field else NEW_FLAGS
    switches = {name: bool(flags & flag) for name, (_label, flag, _mask) in SWITCHES.items()}
    if field is None:
        return {"type": "text", **switches}
    return {"type": field.type, "label": field.label, "name": field.name, "hint": field.hint or "", **switches}


def _shown(field: FormField) -> list[Any]:
    return [_initial_of(field), field.configuration]


def _asked_for(request: AgentRequest) -> dict[str, Any]:
    """Give what was typed before another type was chosen: that button sends the page by GET."""
    if "type" not in request.GET:
        return {}
    texts = {name: request.GET[name] for name in ("type", "label", "name", "hint") if name in request.GET}
    if "label" not in request.GET:
        return texts
    return {**texts, **{name: name in request.GET for name in SWITCHES}}


def _options(request: AgentRequest, field: FormField | None, type_key: str) -> OptionsForm | None:
    field_type = type_for(type_key)
    form_class = options_form_of(field_type)
    if form_class is None or (field and (field.flags or 0) & FieldFlag.MASK_EDIT):
        return None
    is_same = field is not None and field.type == type_key
    configuration = field_type.configuration(field) if field is not None and is_same else {}
    data = request.POST if request.method == "POST" else None
    return form_class(data, initial=initial_options(field_type, configuration))


def _save(
    request: AgentRequest, form: Form, field: FormField | None, fields: FieldForm, options: OptionsForm | None
) -> None:
    is_same = field is not None and field.type == fields.cleaned_data["type"]
    before = field.configuration if field is not None and is_same and isinstance(field.configuration, dict) else {}
    definition = fields.definition(options.configuration(before) if options else before)
    if field is None:
        add_field(form, definition, actor=request.actor)
    else:
        update_field(field, definition, actor=request.actor)


def _show(fields: FieldForm, options: OptionsForm | None, error: DomainError) -> None:
    if options is not None and error.field in options.fields:
        add_refusal(options, error)
    else:
        add_refusal(fields, error)


site.add_page("forms/<int:form_id>/fields/add/", field_add, name="form_field_add")
site.add_page("forms/fields/<int:field_id>/", field_page, name="form_field")
