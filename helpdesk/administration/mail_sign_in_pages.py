"""`/admin/mail-sign-in/`: how mail accounts sign in to their servers, and the consent of those that use OAuth2."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from helpdesk.accounts.gate import AgentRequest
from helpdesk.administration.form_pages import add_refusal
from helpdesk.administration.site import site
from helpdesk.audit.meanwhile import Guard
from helpdesk.legacy.errors import DomainError
from helpdesk.mail.models import EmailAccount
from helpdesk.mail.oauth.clients import Endpoints, Provider, callback_address, instance_of, options_of, provider_of
from helpdesk.mail.oauth.services import ClientDraft, finish_connecting, start_connecting, store_client
from helpdesk.mail.oauth.tokens import stored_credentials

FLOW = "mail_sign_in"
"""Session: the consent that was begun last."""
PROVIDERS = [(Provider.GOOGLE, "Google"), (Provider.MICROSOFT, "Microsoft"), (Provider.OTHER, _("another one"))]
METHODS = {
    "basic": _("user name and password"),
    "none": _("without"),
    "mailbox": _("as the mailbox of the same address"),
}
KINDS = {"mailbox": _("mailbox"), "smtp": _("sending (SMTP)")}
MICROSOFT_ROOT = "https://login.microsoftonline.com/"


class ClientInput(forms.Form):
    """The client that was registered with the provider."""

    provider = forms.ChoiceField(label=_("Provider"), choices=PROVIDERS)
    client_id = forms.CharField(label=_("Client id"), max_length=500)
    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        max_length=500,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Stored encrypted and never shown. Left empty, the stored one stays."),
    )
    tenant = forms.CharField(
        label=_("Tenant"),
        required=False,
        max_length=200,
        help_text=_("Microsoft only: the domain or id of the organization; without it any account may sign in."),
    )
    authorize = forms.URLField(
        label=_("Address of the consent"), required=False, assume_scheme="https", help_text=_("Other providers only.")
    )
    token = forms.URLField(
        label=_("Address for tokens"), required=False, assume_scheme="https", help_text=_("Other providers only.")
    )
    owner = forms.URLField(
        label=_("Address that tells whose mailbox it is"),
        required=False,
        assume_scheme="https",
        help_text=_("Other providers only; it answers with the address as “email”."),
    )
    scopes = forms.CharField(
        label=_("Scopes"), required=False, max_length=1000, help_text=_("Other providers only; with blanks between.")
    )

    def draft(self) -> ClientDraft:
        """Give what was entered."""
        data = self.cleaned_data
        endpoints = Endpoints(data["authorize"], data["token"], data["owner"], "email", tuple(data["scopes"].split()))
        return ClientDraft(
            provider=Provider(data["provider"]),
            client_id=data["client_id"],
            client_secret=data["client_secret"],
            tenant=data["tenant"],
            endpoints=endpoints,
        )


@require_safe
def account_list(request: AgentRequest) -> HttpResponse:
    """Show every account of every address with its state."""
    accounts = EmailAccount.objects.select_related("email").order_by("email__email", "type")
    rows = [_row(account) for account in accounts if account.email is not None]
    context = site.page_context(request, title=_("Sign-in of mail"), rows=rows)
    return TemplateResponse(request, "administration/mail/accounts.html", context)


def account_page(request: AgentRequest, account_id: int) -> HttpResponse:
    """Show the client of an account, take another one."""
    account = _account(account_id)
    form = ClientInput(request.POST or None, initial=_initial(account))
    labels = {name: field.label for name, field in form.fields.items()}
    guard = Guard(request.POST, account, _shown, labels=labels)
    if request.method == "POST" and form.is_valid():
        try:
            with guard.saving():
                store_client(account, form.draft(), actor=request.actor)
        except DomainError as error:
            add_refusal(form, error)
        else:
            messages.success(request, _("The client is stored. Connect the account now."))
            return HttpResponseRedirect(request.path)
    context = site.page_context(
        request,
        title=_("Sign-in of %(address)s") % {"address": account.email.email},
        form=form,
        guard=guard,
        row=_row(account),
        callback=_redirect_of(account),
    )
    return TemplateResponse(request, "administration/mail/account.html", context)


@require_POST
def connect(request: AgentRequest, account_id: int) -> HttpResponse:
    """Lead to the provider: by a link, for a form may not lead to another site."""
    account = _account(account_id)
    state = get_random_string(43)
    try:
        consent = start_connecting(account, state=state, actor=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(_page_of(account))
    request.session[FLOW] = {"account": account.pk, "state": state, "kept": consent.kept}
    provider = provider_of(account) or Provider.OTHER
    context = site.page_context(
        request,
        title=_("Connect %(address)s") % {"address": account.email.email},
        row=_row(account),
        address=consent.address,
        provider=dict(PROVIDERS)[provider],
    )
    return TemplateResponse(request, "administration/mail/leave.html", context)


@require_safe
def answer(request: AgentRequest) -> HttpResponse:
    """Take what the provider sent back. The state, kept in this session for one use, stands for a token of a form."""
    begun: dict[str, Any] | None = request.session.pop(FLOW, None)
    given = {key: str(value) for key, value in request.GET.items()}
    if begun is None:
        messages.error(request, _("No consent was begun in this session, or it was answered already: begin again."))
        return HttpResponseRedirect(reverse("admin:mail_sign_in"))
    account = _account(begun["account"])
    try:
        finish_connecting(account, begun["kept"], given, state=begun["state"], actor=request.actor)
    except DomainError as error:
        messages.error(request, str(error.message))
    else:
        messages.success(request, _("%(address)s is connected.") % {"address": account.email.email})
    return HttpResponseRedirect(_page_of(account))


def _account(account_id: int) -> EmailAccount:
    return get_object_or_404(EmailAccount.objects.select_related("email"), pk=account_id)


def _page_of(account: EmailAccount) -> str:
    return reverse("admin:mail_sign_in_account", args=[account.pk])


def _row(account: EmailAccount) -> dict[str, Any]:
    provider = provider_of(account)
    expires = None
    is_connected = False
    problem = account.last_error_msg or ""
    if provider is not None:
        try:
            stored = stored_credentials(account)
        except DomainError as error:
            problem = problem or str(error)
        else:
            is_connected = bool(stored.refresh_token)
            expires = (
                datetime.fromtimestamp(stored.expires, tz=timezone.get_current_timezone()) if stored.expires else None
            )
    return {
        "account": account,
        "kind": KINDS.get(account.type, account.type),
        "method": dict(PROVIDERS)[provider] if provider else METHODS.get(account.auth_bk, account.auth_bk),
        "is_oauth": provider is not None,
        "is_connected": is_connected,
        "expires": expires,
        "problem": problem,
        "page": _page_of(account),
    }


def _initial(account: EmailAccount) -> dict[str, Any]:
    provider, instance = provider_of(account), instance_of(account)
    options = options_of(instance) if instance else {}
    token = options.get("urlAccessToken", "")
    tenant = token.removeprefix(MICROSOFT_ROOT).partition("/")[0] if token.startswith(MICROSOFT_ROOT) else ""
    return {
        "provider": provider or Provider.MICROSOFT,
        "client_id": options.get("clientId", ""),
        "tenant": "" if tenant == "common" else tenant,
        **(
            {
                "authorize": options.get("urlAuthorize", ""),
                "token": token,
                "owner": options.get("urlResourceOwnerDetails", ""),
                "scopes": options.get("scopes", ""),
            }
            if provider is Provider.OTHER
            else {}
        ),
    }


def _shown(account: EmailAccount) -> dict[str, Any]:
    """Give what the form shows of a client; of its secret no more than whether it is another one."""
    instance = instance_of(account)
    options = options_of(instance) if instance else {}
    return {**_initial(account), "client_secret": options.get("clientSecret", "")}


def _redirect_of(account: EmailAccount) -> str:
    instance = instance_of(account)
    return (options_of(instance).get("redirectUri") if instance else "") or callback_address()


site.add_page("mail-sign-in/", cast(Any, account_list), name="mail_sign_in")
site.add_page("mail-sign-in/answer/", cast(Any, answer), name="mail_sign_in_answer")
site.add_page("mail-sign-in/<int:account_id>/", cast(Any, account_page), name="mail_sign_in_account")
site.add_page("mail-sign-in/<int:account_id>/connect/", cast(Any, connect), name="mail_sign_in_connect")
