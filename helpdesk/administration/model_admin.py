"""What all tables of the administration share: who may, writing by services, the trail as history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin import SimpleListFilter
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import get_fields_from_path, unquote
from django.db.models import DateField, ForeignKey, Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from helpdesk.accounts.gate import is_administrators
from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.theme import ThemedModelAdmin
from helpdesk.audit.meanwhile import changed_meanwhile, locked
from helpdesk.audit.models import AdministrativeChange
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.ids import ids_in
from helpdesk.people.actor import Actor

if TYPE_CHECKING:
    BaseAdmin = ThemedModelAdmin[Any]
else:
    BaseAdmin = ThemedModelAdmin

MOST_CHANGES_SHOWN = 200


class AdministrationModelAdmin(BaseAdmin):
    """A table that administrators see. Django's own permissions and its own log are not asked."""

    list_per_page = 50
    show_full_result_count = False
    actions_on_top = True

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Administrators may."""
        return is_administrators(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators may."""
        return is_administrators(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Administrators may."""
        return is_administrators(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators may."""
        return is_administrators(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators may, one at a time."""
        return is_administrators(request)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Leave Django's deletion of many rows out: it would write past the services."""
        found: dict[str, Any] = super().get_actions(request)
        found.pop("delete_selected", None)
        return found

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """Allow what the filters beside the list write into its address, and nothing else.

        Django would allow every column of the table itself: a hash could be guessed character by character. No text has
        NUL characters, which PostgreSQL does not even compare.
        """
        if "\0" in str(value):
            return False
        offered = self.list_filter if request is None else self.get_list_filter(request)
        return any(lookup in _lookups_of(self.model, one) for one in offered)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Name the page after what it lists. Leave out of the ticked rows what is no id: Django would look for it."""
        if request.method == "POST" and ACTION_CHECKBOX_NAME in request.POST:
            posted = request.POST.copy()
            posted.setlist(ACTION_CHECKBOX_NAME, [str(one) for one in ids_in(posted.getlist(ACTION_CHECKBOX_NAME))])
            request.POST = posted  # type: ignore[assignment]
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with nothing from the address: no link gives any, and fields of several cells could not read it."""
        return {}

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Leave the log to the services."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Leave the log to the services."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Leave the log to the services."""


class ReadOnlyAdmin(AdministrationModelAdmin):
    """A table that can only be read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody adds rows here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes rows here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes rows here."""
        return False


class DecidableAdmin(ReadOnlyAdmin):
    """A table that can only be read, but for what is decided about its rows: in the list and on the page of each."""

    change_form_outer_before_template = "administration/decide.html"

    def decisions_about(self, row: Any) -> Sequence[str]:
        """Give the names of the actions that make sense for a row as it is."""
        raise NotImplementedError

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Show one row with what can be decided about it; a posted form decides."""
        row = self.get_object(request, unquote(object_id)) if self.has_view_permission(request) else None
        if row is None:
            return super().change_view(request, object_id, form_url, extra_context)
        actions = self.get_actions(request)
        if request.method == "POST":
            if request.POST.get("decision") not in actions:
                raise Http404
            decide = actions[request.POST["decision"]][0]
            decide(self, request, self.get_queryset(request).filter(pk=row.pk))
            return HttpResponseRedirect(request.path)
        decisions = {name: actions[name][2] for name in self.decisions_about(row)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "decisions": decisions})


class ServiceAdmin(AdministrationModelAdmin):
    """A table whose forms call services; a refusal is shown at its field and nothing is half done."""

    form: type[ServiceForm]
    object_type: AdministrativeChange.ObjectType
    change_form_before_template = "administration/seen.html"

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Give the form as it is declared, with what the service said to the same input."""
        refusal = getattr(request, "service_refusal", None)
        return type(self.form.__name__, (self.form,), {"refusal": refusal, "Meta": self._form_meta()})

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Give the declared fields."""
        return list(self.form.base_fields)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Call the service; where it refuses, show the form again with the reason (Django has rolled back by then)."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except DomainError as refusal:
            request.service_refusal = refusal  # type: ignore[attr-defined]
            return super().changeform_view(request, object_id, form_url, extra_context)

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Let the service write, and give the row; not over what somebody else saved while the form was filled in."""
        if change:
            now = type(form)(instance=locked(form.instance))
            if form.mark != now.mark:
                raise changed_meanwhile()
        return form.perform(actor_of(request))

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Do nothing: `save_form` has."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Do nothing: `save_form` has."""

    def perform_deletion(self, obj: Any, actor: Actor) -> None:
        """Call the service that deletes a row. Raises DomainError."""
        raise NotImplementedError

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Let the service delete."""
        self.perform_deletion(obj, actor_of(request))

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Ask first; say why where the service refuses."""
        try:
            return super().delete_view(request, object_id, extra_context)
        except DomainError as refusal:
            messages.error(request, str(refusal))
            return HttpResponseRedirect(reverse(self._address("change"), args=[object_id]))

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show what administrators did to this row, newest first."""
        obj = self.get_object(request, object_id)
        if obj is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[no-any-return, attr-defined]
        changes = AdministrativeChange.objects.filter(object_type=self.object_type, object_id=str(obj.pk))
        site: Any = self.admin_site
        context = site.page_context(
            request,
            title=_("History: %(name)s") % {"name": obj},
            changes=changes.order_by("-pk")[:MOST_CHANGES_SHOWN],
            back=reverse(self._address("change"), args=[obj.pk]),
        )
        return TemplateResponse(request, "administration/history.html", context)

    def _address(self, page: str) -> str:
        return f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{page}"

    def _form_meta(self) -> type:
        return type("Meta", (), {"model": self.model, "fields": []})


def actor_of(request: HttpRequest) -> Actor:
    """Give the administrator who passed the door."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def _lookups_of(model: type[Model], offered: Any) -> set[str]:
    if isinstance(offered, type):
        return {offered.parameter_name} if issubclass(offered, SimpleListFilter) and offered.parameter_name else set()
    path = offered[0] if isinstance(offered, tuple | list) else offered
    field = get_fields_from_path(model, path)[-1]
    lookups = {"", "__exact", "__isnull"}
    if isinstance(field, ForeignKey):
        lookups = {f"__{field.target_field.name}__exact", "__isnull"}
    elif isinstance(field, DateField):
        lookups = {"__gte", "__lt", "__isnull"}
    return {f"{path}{lookup}" for lookup in lookups}


def is_new(row: Model) -> bool:
    """Whether a form shows a row that is not there yet."""
    return row.pk is None
