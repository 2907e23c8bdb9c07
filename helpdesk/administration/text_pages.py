"""Pages that administrators write, and the texts of messages that stand beside them (osticket/kb.md §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms.widgets import Script
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.model_admin import ServiceAdmin, is_new
from helpdesk.administration.site import site
from helpdesk.audit.services import ObjectType
from helpdesk.knowledge.agent_forms import rich_text
from helpdesk.knowledge.constants import AttachmentType, PageType
from helpdesk.knowledge.models import Page
from helpdesk.knowledge.selectors import editable_html, page_preview, slug_of
from helpdesk.knowledge.services import PageDraft, delete_page, store_page
from helpdesk.knowledge.services.pages import page_uses
from helpdesk.legacy.ids import id_in
from helpdesk.people.actor import Actor
from tickets.models import Ticket
from tickets.names import address_of, shown_user
from tickets.text_variables import roots_for_visitor

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PURPOSES: dict[str, StrOrPromise] = {
    **dict(PageType.choices),
    "access-link": _("Mail: link to a ticket"),
    "banner-client": _("Above the users' sign-in"),
    "banner-staff": _("Above the agents' sign-in"),
    "email2fa-staff": _("Mail: code for an agent's sign-in"),
    "pwreset-client": _("Mail: new password of a user"),
    "pwreset-staff": _("Mail: new password of an agent"),
    "registration-client": _("Mail: account that an agent made"),
    "registration-confirm": _("Mail: confirmation of a new account"),
    "registration-staff": _("Mail: welcome of an agent"),
    "registration-thanks": _("After the confirmation of an account"),
}
"""What pages are for, and the texts that osTicket keeps beside them (osticket/kb.md §5), by their type."""


class PurposeFilter(admin.SimpleListFilter):
    """What pages and texts are for, in words."""

    title, parameter_name = _("type"), "type"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        """Give the types that are there."""
        found = Page.objects.order_by("type").values_list("type", flat=True).distinct()
        return [(one, PURPOSES.get(one, one)) for one in found]

    def queryset(self, request: Any, queryset: QuerySet[Page]) -> QuerySet[Page]:
        """Narrow down to one type."""
        return queryset.filter(type=self.value()) if self.value() else queryset


class PageForm(ServiceForm):
    """Name, type, text."""

    name = forms.CharField(label=_("Name"), max_length=255, help_text=_("The subject, for texts that are mailed."))
    type = forms.ChoiceField(label=_("Type"), choices=PageType.choices, required=False)
    is_active = forms.BooleanField(label=_("Active"), required=False)
    body = forms.CharField(
        label=_("Text"),
        widget=rich_text(16, source_first=True),
        help_text=_(
            "Variables such as %{company.name} and %{url} are replaced, also as the address of a link."
            " “Preview” shows the text as its readers will see it, in a tab of its own; nothing is saved for that."
        ),
    )
    notes = forms.CharField(label=_("Internal notes"), required=False, widget=forms.Textarea(attrs={"rows": 2}))

    class Media:
        css = {"all": ["ostler/rich-text.css", "ostler/administration-texts.css"]}
        js = [Script("ostler/rich-text.js", type="module")]

    def initial_values(self, row: Page) -> dict[str, Any]:
        """Read the row."""
        return {
            "name": row.name,
            "type": row.type or PageType.OTHER,
            "is_active": row.isactive or is_new(row),
            "body": row.body,
            "notes": row.notes or "",
        }

    def prepare(self, row: Page) -> None:
        """Show the type of an existing page, which cannot change, and its images."""
        if not is_new(row):
            del self.fields["type"]
            self.initial["body"] = editable_html(row.body, AttachmentType.PAGE, row.pk)

    def perform(self, actor: Actor) -> Page:
        """Store the page."""
        data = self.cleaned_data
        draft = PageDraft(
            name=data["name"],
            body=data["body"],
            type=PageType(data.get("type") or PageType.OTHER),
            is_active=data["is_active"],
            notes=data["notes"],
        )
        return store_page(draft, actor=actor, page=None if is_new(self.instance) else self.instance)


@admin.register(Page, site=site)
class PageAdmin(ServiceAdmin):
    """Pages and texts of messages."""

    form = PageForm
    change_form_after_template = "administration/texts/editing.html"
    object_type = ObjectType.PAGE
    list_display = ("name", "shown_type", "isactive", "address", "uses", "updated")
    list_filter = ("isactive", PurposeFilter)
    search_fields = ("name", "body")
    ordering = ("name",)

    def get_fieldsets(self, request: Any, obj: Page | None = None) -> Any:
        """Leave the type out where it cannot change."""
        first = ("name", "type", "is_active", "body") if obj is None else ("name", "is_active", "body")
        return ((None, {"fields": first}), (_("Internal"), {"fields": ("notes",)}))

    @admin.display(description=_("Type"), ordering="type")
    def shown_type(self, row: Page) -> str:
        """Give what the page or text is for; the key of one that nobody knows."""
        return str(PURPOSES.get(row.type, row.type))

    @admin.display(description=_("Address"))
    def address(self, row: Page) -> str:
        """Give the address of a page that has one of its own."""
        if row.type != PageType.OTHER or not row.isactive:
            return ""
        slug = slug_of(row)
        place = reverse("portal:page", args=[slug])
        return format_html('<a class="adm-link" href="{}">/pages/{}</a>', place, slug)

    @admin.display(description=_("In use"))
    def uses(self, row: Page) -> str:
        """Say what shows it."""
        return ", ".join(page_uses(row))

    def perform_deletion(self, obj: Page, actor: Actor) -> None:
        """Delete the page."""
        delete_page(obj, actor=actor)


@require_POST
def page_preview_page(request: AgentRequest) -> HttpResponse:
    """Show the text of a form as its readers would see it, without saving anything."""
    page = Page.objects.filter(pk=id_in(request.GET.get("page", "")) or 0).first()
    kind = page.type if page is not None else request.POST.get("type", "")
    roots = None
    if kind == PageType.THANK_YOU:
        newest = Ticket.objects.accessible_to(request.access).select_related("user").order_by("-pk").first()
        if newest is not None and newest.user is not None:
            roots = roots_for_visitor(newest, name=shown_user(newest.user), email=address_of(newest.user))
    html = page_preview(request.POST.get("body", ""), page_id=page.pk if page is not None else 0, roots=roots)
    context = {"page_name": request.POST.get("name", ""), "html": html, "purpose": PURPOSES.get(kind, "")}
    return render(request, "administration/texts/preview.html", context)


site.add_page("pages/preview/", cast(Any, page_preview_page), name="page_preview")
