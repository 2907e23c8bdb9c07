"""The help desk's own e-mail addresses; their accounts have pages of their own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join, strip_tags
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.administration import choices
from helpdesk.administration.forms import ServiceForm
from helpdesk.administration.model_admin import ServiceAdmin
from helpdesk.administration.names import call
from helpdesk.administration.services import AddressDraft, delete_address, store_address
from helpdesk.administration.services.email_addresses import LONGEST
from helpdesk.administration.site import site
from helpdesk.audit.services import ObjectType
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.people.actor import Actor
from tickets.models import HelpTopic, TicketPriority

call(EmailAddress, _("e-mail address"), _("e-mail addresses"), email=_("address"), dept=_("department"))
KINDS = {"mailbox": _("Mailbox"), "smtp": _("Sending (SMTP)")}


class EmailAddressForm(ServiceForm):
    """Everything that can be said about an address."""

    email = forms.CharField(
        label=_("Address"), max_length=LONGEST, help_text=_("Not that of an agent, and not the administrator's.")
    )
    name = forms.CharField(label=_("Name"), max_length=LONGEST, help_text=_("Stands before the address in mails."))
    department = forms.ChoiceField(label=_("Department"), required=False)
    priority = forms.ChoiceField(label=_("Priority"), required=False)
    topic = forms.ChoiceField(label=_("Help topic"), required=False)
    sends_confirmation = forms.BooleanField(
        label=_("Confirm new tickets by mail"),
        required=False,
        help_text=_("Where settings, department and topic want it, too."),
    )
    notes = forms.CharField(label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def initial_values(self, row: EmailAddress) -> dict[str, Any]:
        """Read the row; a new address decides nothing about tickets."""
        is_new = row.pk is None
        return {
            "email": row.email,
            "name": row.name,
            "department": row.dept_id or 0,
            "priority": 0 if is_new else row.priority_id,
            "topic": row.topic_id or 0,
            "sends_confirmation": not row.noautoresp,
            "notes": strip_tags(row.notes or ""),
        }

    def prepare(self, row: EmailAddress) -> None:
        """Offer what there is."""
        default = str(_("— as for all tickets —"))
        current = row if row.pk else EmailAddress(priority_id=0)
        self.choose("department", choices.departments(none=default, current=current.dept_id))
        priorities = choices.rows(TicketPriority, none=default, current=current.priority_id, order="-priority_urgency")
        self.choose("priority", priorities)
        self.choose("topic", choices.rows(HelpTopic, none=default, current=current.topic_id, order="topic"))

    def perform(self, actor: Actor) -> EmailAddress:
        """Store the address. Notes that nobody changed stay as they are stored, with their HTML."""
        data, address = self.cleaned_data, self.instance if self.instance.pk else None
        notes = data["notes"]
        if address is not None and notes == strip_tags(address.notes or ""):
            notes = address.notes or ""
        draft = AddressDraft(
            email=data["email"],
            name=data["name"],
            department_id=self.number("department"),
            priority_id=self.number("priority"),
            topic_id=self.number("topic"),
            sends_confirmation=data["sends_confirmation"],
            notes=notes,
        )
        return store_address(draft, actor=actor, address=address)


@admin.register(EmailAddress, site=site)
class EmailAddressAdmin(ServiceAdmin):
    """Addresses."""

    form = EmailAddressForm
    object_type = ObjectType.EMAIL_ADDRESS
    list_display = ("email", "name", "dept", "mailbox", "sending", "use")
    list_filter = ("dept",)
    list_select_related = ("dept",)
    search_fields = ("email", "name", "notes")
    ordering = ("email",)
    readonly_fields = ("accounts",)
    fieldsets = (
        (None, {"fields": ("email", "name")}),
        (_("New tickets by mail"), {"fields": ("department", "priority", "topic", "sends_confirmation")}),
        (_("Accounts"), {"fields": ("accounts",)}),
        (_("Internal"), {"fields": ("notes",)}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the accounts along."""
        return super().get_queryset(request).prefetch_related("accounts")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave the accounts to addresses that exist."""
        return [one for one in self.fieldsets if obj is not None or "accounts" not in one[1]["fields"]]

    @admin.display(description=_("mailbox"))
    def mailbox(self, row: EmailAddress) -> str:
        """Say how its mailbox is."""
        return _account_link(row, "mailbox")

    @admin.display(description=_("sending"))
    def sending(self, row: EmailAddress) -> str:
        """Say how its SMTP account is."""
        return _account_link(row, "smtp")

    @admin.display(description=_("use"))
    def use(self, row: EmailAddress) -> str:
        """Mark the addresses from which the help desk writes where nothing else is said."""
        present = configuration.current()
        marks = {"default_email_id": _("outgoing mail"), "alert_email_id": _("alerts")}
        return ", ".join(str(mark) for key, mark in marks.items() if present.integer(key) == row.pk)

    @admin.display(description=_("accounts"))
    def accounts(self, row: EmailAddress) -> str:
        """Lead to the pages of its mailbox and its SMTP account."""
        lines = ((name, _account_link(row, kind)) for kind, name in KINDS.items())
        return format_html_join("", '<p class="adm-accounts">{}: {}</p>', lines)

    def response_add(
        self, request: HttpRequest, obj: EmailAddress, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Go on with the accounts of the new address."""
        answer: HttpResponse = super().response_add(request, obj, post_url_continue)
        if "_addanother" in request.POST:
            return answer
        return HttpResponseRedirect(reverse(self._address("change"), args=[obj.pk]))

    def perform_deletion(self, obj: EmailAddress, actor: Actor) -> None:
        """Delete the address with its accounts."""
        delete_address(obj, actor=actor)


def _account_link(row: EmailAddress, kind: str) -> str:
    account = next((one for one in row.accounts.all() if one.type == kind), None)
    page = reverse("admin:mail_account", args=[row.pk, kind])
    return format_html('<a class="adm-link" href="{}">{}</a>', page, _state(account))


def _state(account: EmailAccount | None) -> str:
    if account is None:
        return str(_("set up"))
    host = account.host.partition("://")[2] or account.host
    if account.last_error_msg:
        return str(_("%(host)s (fails)") % {"host": host})
    return host if account.active else str(_("%(host)s (off)") % {"host": host})
