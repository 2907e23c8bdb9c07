"""The mailbox and the SMTP account of an address: where the server is, how to sign in, what becomes of fetched mail."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.form_pages import add_refusal
from helpdesk.administration.services import (
    MailboxDraft,
    SmtpDraft,
    delete_account,
    store_mailbox,
    store_smtp,
    try_account,
)
from helpdesk.administration.services import mail_accounts as accounts
from helpdesk.administration.site import site
from helpdesk.audit.meanwhile import Guard
from helpdesk.forms.conditions import Condition, equals
from helpdesk.legacy.errors import DomainError
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.people.actor import Actor

TITLES = {
    accounts.MAILBOX: _("Mailbox of %(address)s"),
    accounts.SMTP: _("Sending from %(address)s"),
}
METHODS = {
    "basic": _("user name and password"),
    "mailbox": _("as the mailbox of this address"),
    "none": _("not at all"),
    "oauth2:gmail": _("OAuth2: Google"),
    "oauth2:msmail": _("OAuth2: Microsoft"),
    "oauth2:othermail": _("OAuth2: another provider"),
}
SCHEMES = (
    ("", _("by the port")),
    ("ssl", _("TLS from the start")),
    ("tls", _("STARTTLS")),
    ("plain", _("none")),
)


class ServerForm(forms.Form):
    """What mailboxes and SMTP servers have in common; `kind` is osTicket's type of account."""

    kind = ""
    host = forms.CharField(
        label=_("Server"), max_length=accounts.LONGEST_HOST, help_text=_("Such as mail.example.com.")
    )
    port = forms.IntegerField(label=_("Port"), min_value=1, max_value=65535)
    scheme = forms.ChoiceField(
        label=_("Encryption"),
        required=False,
        choices=SCHEMES,
        help_text=_(
            "By the port: 465, 993 and 995 with TLS, 587 with STARTTLS, others without. Certificates are checked; "
            "hosts in MAIL_UNVERIFIED_HOSTS are trusted without."
        ),
    )
    method = forms.ChoiceField(
        label=_("Sign-in"),
        help_text=_("With OAuth2 the client and the consent follow on the next page; until then the account is off."),
    )
    username = forms.CharField(
        label=_("User name"),
        required=False,
        max_length=accounts.LONGEST_USER,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        max_length=accounts.LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Stored encrypted and never shown. Left empty, the stored one stays with its server and user."),
    )
    is_active = forms.BooleanField(label=_("In use"), required=False)

    def __init__(self, data: Any = None, *, account: EmailAccount | None) -> None:
        """Show what is stored."""
        super().__init__(data, initial=self.initial_of(account) if account is not None else {"is_active": True})
        known = dict.fromkeys(accounts.METHODS[self.kind])
        if account is not None:
            known[account.auth_bk] = None
        method = cast("forms.ChoiceField", self.fields["method"])
        method.choices = [(one, METHODS.get(one, one)) for one in known]
        for name in ("username", "password"):
            _only_when(self.fields[name], equals("method", "basic"))
            _needed_where_shown(self.fields[name], account is None or account.auth_bk != "basic" or name == "username")

    def initial_of(self, account: EmailAccount) -> dict[str, Any]:
        """Read the row and the user name; never the password."""
        scheme, separator, bare = account.host.partition("://")
        return {
            "host": bare if separator else account.host,
            "port": account.port,
            "scheme": scheme if separator and scheme in accounts.SCHEMES else "",
            "method": account.auth_bk,
            "username": accounts.username_of(account),
            "is_active": account.active,
        }

    def store(self, address: EmailAddress, actor: Actor) -> EmailAccount:
        """Call the service. Raises DomainError."""
        raise NotImplementedError

    def server(self) -> dict[str, Any]:
        """Give what was entered about the server."""
        names = ("host", "port", "scheme", "method", "username", "password", "is_active")
        return {name: self.cleaned_data[name] for name in names}


class MailboxForm(ServerForm):
    """The mailbox of an address."""

    kind = accounts.MAILBOX
    protocol = forms.ChoiceField(label=_("Protocol"), choices=[("IMAP", "IMAP"), ("POP", "POP3")])
    folder = forms.CharField(
        label=_("Folder"), required=False, max_length=accounts.LONGEST_FOLDER, help_text=_("Empty for the inbox.")
    )
    minutes = forms.IntegerField(
        label=_("Fetch every … minutes"), initial=5, min_value=1, max_value=accounts.MOST_MINUTES
    )
    mails = forms.IntegerField(
        label=_("Mails per fetch"),
        initial=30,
        min_value=1,
        max_value=accounts.MOST_MAILS,
        help_text=_("Taken at once; osTicket takes no more than these, Ostler goes on with the next ones."),
    )
    afterwards = forms.ChoiceField(
        label=_("After fetching"),
        choices=[
            ("nothing", _("mails stay, marked as read")),
            ("archive", _("move them to another folder")),
            ("delete", _("delete them")),
        ],
    )
    archive = forms.CharField(
        label=_("Move them to"),
        required=False,
        max_length=accounts.LONGEST_FOLDER,
        help_text=_("A folder of the same mailbox; it is made if it is not there."),
    )
    field_order = (
        *("protocol", "host", "port", "scheme", "method", "username", "password"),
        *("folder", "minutes", "mails", "afterwards", "archive", "is_active"),
    )

    def __init__(self, data: Any = None, *, account: EmailAccount | None) -> None:
        """Show the fields of folders with IMAP alone."""
        super().__init__(data, account=account)
        if account is None:
            self.initial["port"] = 993
        _only_when(self.fields["folder"], equals("protocol", "IMAP"))
        _only_when(self.fields["archive"], equals("afterwards", "archive"))

    def initial_of(self, account: EmailAccount) -> dict[str, Any]:
        """Read the row."""
        return {
            **super().initial_of(account),
            "protocol": "POP" if account.protocol == "POP" else "IMAP",
            "folder": account.folder or "",
            "minutes": account.fetchfreq,
            "mails": account.fetchmax or 30,
            "afterwards": account.postfetch,
            "archive": account.archivefolder or "",
        }

    def store(self, address: EmailAddress, actor: Actor) -> EmailAccount:
        """Store the mailbox."""
        names = ("protocol", "folder", "minutes", "mails", "afterwards", "archive")
        data = {name: self.cleaned_data[name] for name in names}
        return store_mailbox(address, MailboxDraft(**self.server(), **data), actor=actor)


class SmtpForm(ServerForm):
    """The SMTP account of an address."""

    kind = accounts.SMTP
    may_spoof = forms.BooleanField(
        label=_("Other senders"),
        required=False,
        help_text=_("As the default account it may send mails of other addresses under their own names."),
    )
    field_order = ("host", "port", "scheme", "method", "username", "password", "may_spoof", "is_active")

    def __init__(self, data: Any = None, *, account: EmailAccount | None, has_mailbox: bool = False) -> None:
        """Begin with the usual port, and with the mailbox's way to sign in where the address has one."""
        super().__init__(data, account=account)
        if account is None:
            self.initial["port"], self.initial["method"] = 587, "mailbox" if has_mailbox else "basic"

    def initial_of(self, account: EmailAccount) -> dict[str, Any]:
        """Read the row."""
        return {**super().initial_of(account), "may_spoof": bool(account.allow_spoofing)}

    def store(self, address: EmailAddress, actor: Actor) -> EmailAccount:
        """Store the SMTP account."""
        draft = SmtpDraft(**self.server(), may_spoof=self.cleaned_data["may_spoof"])
        return store_smtp(address, draft, actor=actor)


KINDS = (accounts.MAILBOX, accounts.SMTP)


@require_http_methods(["GET", "HEAD", "POST"])
def account_page(request: AgentRequest, email_id: int, kind: str) -> HttpResponse:
    """Show an account, or an empty form for one that is to be; store it, try it, remove it."""
    if kind not in KINDS:
        raise Http404
    address = get_object_or_404(EmailAddress, pk=email_id)
    account = accounts.account_of(address, kind)
    action = request.POST.get("action", "")
    if action in ("try", "delete") and account is not None:
        return _act(request, account, action)
    form = _form(kind, request.POST or None, address, account)
    guard = Guard(request.POST, address, partial(_shown, kind), labels=_labels_of(form))
    if request.method == "POST" and form.is_valid():
        try:
            with guard.saving():
                stored = form.store(address, request.actor)
        except DomainError as refusal:
            add_refusal(form, refusal)
        else:
            messages.success(request, _("The account is stored."))
            if action == "save_and_try" and stored.auth_bk not in accounts.OAUTH:
                _try(request, stored)
            return HttpResponseRedirect(_next_page(request, stored, account))
    context = site.page_context(
        request,
        title=TITLES[kind] % {"address": address.email},
        form=form,
        guard=guard,
        account=account,
        address=address,
        sign_in_page=_sign_in_page(account),
    )
    return TemplateResponse(request, "administration/mail/server.html", context)


def _form(kind: str, data: Any, address: EmailAddress, account: EmailAccount | None) -> ServerForm:
    if kind == accounts.MAILBOX:
        return MailboxForm(data, account=account)
    return SmtpForm(data, account=account, has_mailbox=accounts.account_of(address, accounts.MAILBOX) is not None)


def _shown(kind: str, address: EmailAddress) -> dict[str, Any]:
    """Give what the form shows of an account; of a password no more than whether it is another one."""
    account = accounts.account_of(address, kind)
    if account is None:
        return {}
    return {**_form(kind, None, address, account).initial_of(account), "password": accounts.stored_password_of(account)}


def _labels_of(form: forms.Form) -> dict[str, object]:
    return {name: field.label for name, field in form.fields.items()}


def _act(request: AgentRequest, account: EmailAccount, action: str) -> HttpResponse:
    if action == "try":
        _try(request, account)
        return HttpResponseRedirect(request.path)
    try:
        delete_account(account, actor=request.actor)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(request.path)
    messages.success(request, _("The account was removed."))
    return HttpResponseRedirect(_page_of(account.email))


def _try(request: AgentRequest, account: EmailAccount) -> None:
    try:
        count = try_account(account, actor=request.actor)
    except DomainError as failure:
        messages.error(request, _("The server cannot be used: %(reason)s") % {"reason": failure})
        return
    if count is None:
        messages.success(request, _("It works: the server lets us in."))
    else:
        text = ngettext("It works: %(count)d mail is there.", "It works: %(count)d mails are there.", count)
        messages.success(request, text % {"count": count})


def _next_page(request: AgentRequest, stored: EmailAccount, before: EmailAccount | None) -> str:
    """Lead to client and consent where OAuth2 was just chosen, else stay."""
    is_new = before is None or before.auth_bk != stored.auth_bk
    return _sign_in_page(stored) if is_new and stored.auth_bk in accounts.OAUTH else request.path


def _sign_in_page(account: EmailAccount | None) -> str:
    """Give the page of the client of OAuth2, '' for an account without one."""
    if account is None or not account.auth_bk.startswith("oauth2:"):
        return ""
    return reverse("admin:mail_sign_in_account", args=[account.pk])


def _page_of(address: EmailAddress) -> str:
    return reverse("admin:hd_mail_emailaddress_change", args=[address.pk])


def _needed_where_shown(field: forms.Field, is_needed: bool) -> None:
    """Let the page not call a field optional that the service asks for where it is shown."""
    cast(Any, field).is_needed_where_shown = is_needed


def _only_when(field: forms.Field, condition: Condition) -> None:
    """Let the script of the pages show a field only beside certain values of another one."""
    field.widget.attrs["data-shown-when"] = json.dumps(condition.as_json())


site.add_page("email-addresses/<int:email_id>/<slug:kind>/", cast(Any, account_page), name="mail_account")
