"""Keys of the HTTP API: made here, shown once, switched off or deleted."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html, strip_tags
from django.utils.translation import gettext_lazy as _

from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.model_admin import ServiceAdmin
from helpdesk.administration.names import call
from helpdesk.administration.site import site
from helpdesk.api.key_services import KeyDraft, change_key, create_key, delete_key
from helpdesk.api.models import ApiKey
from helpdesk.audit.services import ObjectType
from helpdesk.people.actor import Actor

call(
    ApiKey,
    _("API key"),
    _("API keys"),
    ipaddr=_("address"),
    isactive=_("active"),
    can_create_tickets=_("creates tickets"),
    can_exec_cron=_("runs jobs"),
    created=_("since"),
)
SHOWN = 6
"""Characters of a key by which people tell it from others."""


class ApiKeyForm(ServiceForm):
    """Everything that can be said about a key."""

    ipaddr = forms.CharField(
        label=_("Address of the program"),
        max_length=64,
        help_text=_("One IPv4 or IPv6 address. Behind a proxy that of the program itself, with TRUSTED_PROXIES."),
    )
    is_active = forms.BooleanField(label=_("Active"), required=False)
    can_create_tickets = forms.BooleanField(label=_("May create tickets"), required=False)
    can_exec_cron = forms.BooleanField(
        label=_("May run the recurring jobs"), required=False, help_text=_("By /api/tasks/cron.")
    )
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def initial_values(self, row: ApiKey) -> dict[str, Any]:
        """Read the row; a new key may create tickets and nothing else."""
        return {
            "ipaddr": row.ipaddr,
            "is_active": row.isactive,
            "can_create_tickets": row.can_create_tickets,
            "can_exec_cron": row.can_exec_cron if row.pk else False,
            "notes": strip_tags(row.notes or ""),
        }

    def prepare(self, row: ApiKey) -> None:
        """Let the address of a key stay what it is, as osTicket does."""
        if row.pk:
            self.fields["ipaddr"].disabled = True
            self.fields["ipaddr"].help_text = _("It stays: a program that moves gets another key.")

    def perform(self, actor: Actor) -> ApiKey:
        """Store the key. Notes that nobody changed stay as they are stored, with their HTML."""
        data, key = self.cleaned_data, self.instance if self.instance.pk else None
        notes = data["notes"]
        if key is not None and notes == strip_tags(key.notes or ""):
            notes = key.notes or ""
        draft = KeyDraft(
            is_active=data["is_active"],
            can_create_tickets=data["can_create_tickets"],
            can_exec_cron=data["can_exec_cron"],
            notes=notes,
        )
        if key is None:
            return create_key(data["ipaddr"], draft, actor=actor)
        return change_key(key, draft, actor=actor)


@admin.register(ApiKey, site=site)
class ApiKeyAdmin(ServiceAdmin):
    """Keys of programs."""

    form = ApiKeyForm
    object_type = ObjectType.API_KEY
    list_display = ("ipaddr", "shown_key", "isactive", "can_create_tickets", "can_exec_cron", "shown_notes", "created")
    list_filter = ("isactive", "can_create_tickets", "can_exec_cron")
    search_fields = ("ipaddr", "notes")
    ordering = ("ipaddr", "pk")
    readonly_fields = ("shown_key",)
    fieldsets = (
        (None, {"fields": ("ipaddr", "shown_key", "is_active")}),
        (_("What its program may do"), {"fields": ("can_create_tickets", "can_exec_cron")}),
        (_("Internal"), {"fields": ("notes",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the key to keys that exist."""
        if obj is not None:
            return self.fieldsets
        names = [(title, options["fields"]) for title, options in self.fieldsets]
        return [(title, {"fields": [name for name in fields if name != "shown_key"]}) for title, fields in names]

    @admin.display(description=_("key"))
    def shown_key(self, row: ApiKey) -> str:
        """Show how the key begins: the whole one is shown when it is made, and never again."""
        return f"{row.apikey[:SHOWN]}…"

    @admin.display(description=_("notes"))
    def shown_notes(self, row: ApiKey) -> str:
        """Show the beginning of the notes."""
        return strip_tags(row.notes or "")[:80]

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: str | None = None) -> HttpResponse:
        """Show the new key, once."""
        answer: HttpResponse = super().response_add(request, obj, post_url_continue)
        text = _("The key is {}. Copy it now: it is not shown again. The program sends it as X-API-Key.")
        messages.warning(request, format_html(str(text), format_html("<code>{}</code>", obj.apikey)))
        return answer

    def perform_deletion(self, obj: ApiKey, actor: Actor) -> None:
        """Delete the key."""
        delete_key(obj, actor=actor)
