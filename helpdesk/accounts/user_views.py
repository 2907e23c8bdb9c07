"""The pages at the end users' door: sign-in, sign-out, password, registration (osticket/auth.md §5, §7)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk import configuration
from helpdesk.accounts.client_address import client_address
from helpdesk.accounts.device import remember_device
from helpdesk.accounts.doors import PORTAL_DOOR, door_of
from helpdesk.accounts.models import Account
from helpdesk.accounts.services.sign_in import SignInRefused
from helpdesk.accounts.services.user_sign_in import (
    CHOSEN_HERE,
    REGISTRATION_MODES,
    ask_for_password_reset,
    change_user_password,
    leads_somewhere,
    register_oneself,
    sign_in_user,
    sign_out_user,
    use_token,
)
from helpdesk.accounts.throttle import is_within_pace
from helpdesk.accounts.user_forms import NewPasswordForm, RegistrationForm, ResetForm, UserSignInForm
from helpdesk.legacy.errors import DomainError
from helpdesk.people.actor import Actor, ActorKind
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import UserAccount

READ_OR_SEND = ["GET", "HEAD", "POST"]
REQUESTS_OF_AN_ADDRESS = 20
"""Mails about accounts that may be asked for from one network address in an hour."""
HOUR = 3600


@login_not_required
@never_cache
@sensitive_post_parameters("lpasswd")
@require_http_methods(READ_OR_SEND)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show and take the sign-in form (`luser`, `lpasswd`, `next`)."""
    if request.method != "POST" and own_account(request) is not None:
        return redirect(_destination(request))
    form = UserSignInForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        try:
            data = form.cleaned_data
            account = sign_in_user(request, name=data["luser"], password=data["lpasswd"])
        except SignInRefused as refusal:
            form.show_refusal(refusal)
            status = 200
        else:
            response = redirect(_destination(request))
            remember_device(response, PORTAL_DOOR, account)
            return response
    context = {"form": form, "next": request.POST.get("next", request.GET.get("next", "")), **_ways()}
    return render(request, "accounts/user_sign_in.html", context, status=status)


@login_not_required
@never_cache
@require_http_methods(READ_OR_SEND)
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out; a mere link only asks, so that no foreign page can do it."""
    if request.method != "POST":
        return render(request, "accounts/user_sign_out.html")
    sign_out_user(request)
    messages.success(request, _("You are signed out."))
    return redirect("portal:home")


@login_not_required
@never_cache
@sensitive_post_parameters("token")
@require_http_methods(READ_OR_SEND)
def reset(request: HttpRequest) -> HttpResponse:
    """Ask for a link, or follow one (`token`), which does nothing alone: programs open links of mails, too."""
    token = request.POST.get("token", "") or request.GET.get("token", "")
    if token and request.method != "POST" and leads_somewhere(token):
        return render(request, "accounts/user_link.html", {"token": token})
    if token:
        return _follow(request, token)
    form = ResetForm(request.POST or None)
    if not form.is_bound or not form.is_valid():
        return render(request, "accounts/user_reset.html", {"form": form}, status=422 if form.is_bound else 200)
    if not _is_at_pace(request):
        form.add_error(None, _("Please try again in an hour: there were many requests from your network."))
        return render(request, "accounts/user_reset.html", {"form": form}, status=429)
    ask_for_password_reset(form.cleaned_data["userid"], actor=_stranger(request))
    return render(request, "accounts/user_letter_sent.html", {"kind": "reset"})


@never_cache
@sensitive_post_parameters()
@require_http_methods(READ_OR_SEND)
def profile(request: HttpRequest) -> HttpResponse:
    """Show the own account, and let its owner set a new password, because one is due or wanted."""
    row = own_account(request)
    if row is None:
        return redirect(f"{reverse('portal:sign_in')}?next={reverse('portal:profile')}")
    is_due = bool(AccountStatus.PASSWORD_RESET_REQUIRED & row.status)
    form = NewPasswordForm(request.POST or None, is_due=is_due)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        data = form.cleaned_data
        try:
            change_user_password(
                request, row, current_password=data.get("current_password"), new_password=data["new_password"]
            )
        except DomainError as refusal:
            form.show_refusal(refusal)
        else:
            messages.success(request, _("Your password has been changed."))
            return redirect("portal:profile")
    context = {"form": form, "account": row, "is_due": is_due}
    return render(request, "accounts/user_profile.html", context, status=status)


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(READ_OR_SEND)
def register(request: HttpRequest) -> HttpResponse:
    """Let a stranger ask for an account, where the help desk allows that."""
    if not _ways()["may_register"]:
        messages.info(request, _("Accounts are made by the help desk only."))
        return redirect("portal:sign_in")
    form = RegistrationForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        if not _is_at_pace(request):
            form.add_error(None, _("Please try again in an hour: there were many requests from your network."))
            return render(request, "accounts/user_register.html", {"form": form}, status=429)
        data = form.cleaned_data
        try:
            mark = register_oneself(
                name=data["name"], address=data["email"], password=data["new_password"], actor=_stranger(request)
            )
        except DomainError as refusal:
            form.show_refusal(refusal)
        else:
            request.session[CHOSEN_HERE] = mark
            return render(request, "accounts/user_letter_sent.html", {"kind": "registration"})
    return render(request, "accounts/user_register.html", {"form": form}, status=status)


@login_not_required
@require_safe
def legacy_account(request: HttpRequest) -> HttpResponse:
    """Resolve osTicket's `account.php` and `profile.php`: the own account, or making one."""
    return redirect("portal:profile" if own_account(request) is not None else "portal:register")


def own_account(request: HttpRequest) -> UserAccount | None:
    """Give the row of the end user who signed in with a password, None for guests and strangers."""
    account = request.user
    if not isinstance(account, Account) or account.kind != Account.Kind.END_USER:
        return None
    return account.sign_in


class NewPasswordMiddleware:
    """Leads an end user who must set a new password to his account, whatever page he asks for."""

    def __init__(self, get_response: Any) -> None:
        """Take what comes next."""
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> Any:
        """Pass on, or redirect."""
        if door_of(request) is PORTAL_DOOR and request.session.session_key and self._is_due(request):
            allowed = {reverse("portal:profile"), reverse("portal:sign_out"), reverse("portal:theme")}
            if request.path not in allowed and not request.path.startswith(("/static/", "/api/")):
                messages.warning(request, _("Password change required to continue"))
                return redirect("portal:profile")
        return self.get_response(request)

    @staticmethod
    def _is_due(request: HttpRequest) -> bool:
        if "_auth_user_id" not in request.session:
            return False
        row = own_account(request)
        return row is not None and bool(AccountStatus.PASSWORD_RESET_REQUIRED & row.status)


def _follow(request: HttpRequest, token: str) -> HttpResponse:
    try:
        row = use_token(request, token)
    except SignInRefused as refusal:
        form = ResetForm()
        messages.error(request, str(refusal))
        return render(request, "accounts/user_reset.html", {"form": form})
    if AccountStatus.PASSWORD_RESET_REQUIRED & row.status:
        messages.info(request, _("Choose a new password now."))
    else:
        messages.success(request, _("Thank you, your account is confirmed."))
    return redirect("portal:profile")


def _destination(request: HttpRequest) -> str:
    target = request.POST.get("next", "") or request.GET.get("next", "")
    is_own = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return target if is_own and target.startswith("/") else reverse("portal:tickets")


def _ways() -> dict[str, Any]:
    mode = configuration.current().text("client_registration", "closed")
    return {"may_register": mode in REGISTRATION_MODES}


def _is_at_pace(request: HttpRequest) -> bool:
    return is_within_pace("account letter", client_address(request), most=REQUESTS_OF_AN_ADDRESS, seconds=HOUR)


def _stranger(request: HttpRequest) -> Actor:
    return Actor(ActorKind.END_USER, "guest", ip_address=client_address(request))
