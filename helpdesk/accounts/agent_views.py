"""The pages at the agents' door: sign-in, second step, sign-out, new password."""

from typing import cast

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from helpdesk import configuration
from helpdesk.accounts.client_address import client_address
from helpdesk.accounts.device import remember_device
from helpdesk.accounts.doors import AGENT_DOOR
from helpdesk.accounts.forms import AgentPasswordForm, AgentResetForm, AgentSignInForm, SecondFactorForm
from helpdesk.accounts.gate import (
    AgentRequest,
    agent_with_any_password_required,
    local_address,
    sign_in_address,
    signed_in_agent,
)
from helpdesk.accounts.models import Account
from helpdesk.accounts.second_factor import PendingSignIn
from helpdesk.accounts.services import (
    SignInRefused,
    ask_for_agent_password_reset,
    came_by_link,
    change_agent_password,
    confirm_second_factor,
    replace_forgotten_password,
    sign_in_agent,
    sign_in_agent_by_token,
    sign_out,
)
from helpdesk.accounts.services.sign_in import CAME_BY_LINK
from helpdesk.accounts.throttle import is_within_pace
from helpdesk.legacy.errors import DomainError
from helpdesk.people.actor import Actor, ActorKind

LETTERS_OF_AN_ADDRESS, HOUR = 20, 3600
READ_OR_SEND = ["GET", "HEAD", "POST"]


@login_not_required
@never_cache
@sensitive_post_parameters("passwd", "code")
@require_http_methods(READ_OR_SEND)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Show and take the sign-in form (`userid`, `passwd`, `next`), then the code (`do=2fa`, `code`).

    With `ajax=1` the answer is JSON, as osTicket's own page asks for it (osticket/auth.md §3).
    """
    if request.method == "POST":
        return _take_code(request) if request.POST.get("do") == "2fa" else _take_password(request)
    if signed_in_agent(request) is not None:
        # Sent here although signed in: the cookie of the other path behind this door is missing. Both are sent anew.
        request.session.modified = True
        return redirect(_destination(request))
    if PendingSignIn.of(request.session) is not None:
        return _code_page(request, SecondFactorForm())
    return _sign_in_page(request, AgentSignInForm())


@login_not_required
@never_cache
@require_http_methods(READ_OR_SEND)
def sign_out_page(request: HttpRequest) -> HttpResponse:
    """Sign out; a mere link only asks, so that no foreign page can do it."""
    if request.method != "POST":
        return render(request, "accounts/agent_sign_out.html")
    sign_out(request)
    return redirect(sign_in_address())


@agent_with_any_password_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(READ_OR_SEND)
def password(request: AgentRequest) -> HttpResponse:
    """Let the agent set a new password, because one is due or wanted, or because he forgot the old one."""
    is_forgotten = request.agent.change_passwd and came_by_link(request)
    form = AgentPasswordForm(request.POST or None, is_forgotten=is_forgotten)
    if form.is_valid() and _password_changed(request, form, is_forgotten=is_forgotten):
        request.session.pop(CAME_BY_LINK, None)
        update_session_auth_hash(request, cast(Account, request.user))
        messages.success(request, _("Your password has been changed."))
        response = redirect("agent:index")
        remember_device(response, AGENT_DOOR, cast(Account, request.user))
        return response
    context = {"form": form, "is_due": request.agent.change_passwd, "is_forgotten": is_forgotten}
    return render(request, "accounts/agent_password.html", context)


@login_not_required
@never_cache
@sensitive_post_parameters("token")
@require_http_methods(READ_OR_SEND)
def reset(request: HttpRequest) -> HttpResponse:
    """Ask for the link by which an agent chooses a new password (`do=sendmail`), or follow one (`token`).

    A link alone does nothing, as programs open links of mails, too: the agent types his name beside it.
    """
    token = request.POST.get("token", "") or request.GET.get("token", "")
    form = AgentResetForm(request.POST or None)
    if not configuration.current().boolean("allow_pw_reset"):
        messages.error(request, _("Password resets are disabled"))
        return redirect(sign_in_address())
    status = 422 if form.is_bound else 200
    if form.is_bound and form.is_valid():
        if not is_within_pace("agent letter", client_address(request), most=LETTERS_OF_AN_ADDRESS, seconds=HOUR):
            form.add_error(None, _("Please try again in an hour: there were many requests from your network."))
            status = 429
        elif token:
            return _follow(request, form, token)
        else:
            stranger = Actor(ActorKind.END_USER, "guest", ip_address=client_address(request))
            ask_for_agent_password_reset(form.cleaned_data["userid"], actor=stranger)
            return render(request, "accounts/agent_reset_sent.html")
    return _reset_page(request, form, token, status=status)


def _follow(request: HttpRequest, form: AgentResetForm, token: str) -> HttpResponse:
    try:
        is_in = sign_in_agent_by_token(request, token=token, userid=form.cleaned_data["userid"], now=timezone.now())
    except SignInRefused as refusal:
        form.add_error(None, str(refusal))
        return _reset_page(request, form, "" if refusal.code == "token_invalid" else token, status=403)
    return redirect("agent:password" if is_in else sign_in_address(reverse("agent:password")))


def _reset_page(request: HttpRequest, form: AgentResetForm, token: str, *, status: int) -> HttpResponse:
    return render(request, "accounts/agent_reset.html", {"form": form, "token": token}, status=status)


def _password_changed(request: AgentRequest, form: Form, *, is_forgotten: bool) -> bool:
    new_password = form.cleaned_data["new_password"]
    try:
        if is_forgotten:
            replace_forgotten_password(request.agent, new_password=new_password, actor=request.actor)
        else:
            change_agent_password(
                request.agent,
                current_password=form.cleaned_data["current_password"],
                new_password=new_password,
                actor=request.actor,
            )
    except DomainError as refusal:
        form.add_error(refusal.field, str(refusal))
        return False
    return True


def _take_password(request: HttpRequest) -> HttpResponse:
    form = AgentSignInForm(request.POST)
    if not form.is_valid():
        return _answer_refusal(request, form, _("Access denied"))
    try:
        done = sign_in_agent(request, userid=form.cleaned_data["userid"], password=form.cleaned_data["passwd"])
    except SignInRefused as refusal:
        form.add_error(None, str(refusal))
        return _answer_refusal(request, form, str(refusal))
    return _welcome(request) if done else _go_to(request, sign_in_address(_next(request)), ajax="login.php")


def _take_code(request: HttpRequest) -> HttpResponse:
    form: Form = SecondFactorForm(request.POST)
    if not form.is_valid():
        return _answer_refusal(request, form, _("Invalid Code"))
    try:
        confirm_second_factor(request, code=form.cleaned_data["code"])
    except SignInRefused as refusal:
        if refusal.field is None:  # the password is due again
            form = AgentSignInForm()
            form.cleaned_data = {}
        form.add_error(refusal.field, str(refusal))
        return _answer_refusal(request, form, str(refusal))
    return _welcome(request)


def _welcome(request: HttpRequest) -> HttpResponse:
    response = _go_to(request, _destination(request), ajax=_next(request) or "index.php")
    remember_device(response, AGENT_DOOR, cast(Account, request.user))
    return response


def _go_to(request: HttpRequest, address: str, *, ajax: str) -> HttpResponse:
    return JsonResponse({"status": 302, "redirect": ajax}) if "ajax" in request.POST else redirect(address)


def _answer_refusal(request: HttpRequest, form: Form, message: str) -> HttpResponse:
    if "ajax" in request.POST:
        may_reset = configuration.current().boolean("allow_pw_reset")
        return JsonResponse({"message": message, "show_reset": may_reset, "status": 401})
    return _code_page(request, form) if isinstance(form, SecondFactorForm) else _sign_in_page(request, form)


def _sign_in_page(request: HttpRequest, form: Form) -> HttpResponse:
    may_reset = configuration.current().boolean("allow_pw_reset")
    return render(
        request, "accounts/agent_sign_in.html", {"form": form, "next": _next(request), "may_reset": may_reset}
    )


def _code_page(request: HttpRequest, form: Form) -> HttpResponse:
    pending = PendingSignIn.of(request.session)
    is_by_mail = pending is not None and bool(pending.code_mark)
    if is_by_mail:
        form.fields["code"].label = _("Code from the mail that we sent you")
    context = {"form": form, "next": _next(request), "is_by_mail": is_by_mail}
    return render(request, "accounts/agent_second_factor.html", context)


def _next(request: HttpRequest) -> str:
    return local_address(request, request.POST.get("next", "") or request.GET.get("next", ""))


def _destination(request: HttpRequest) -> str:
    return _next(request) or reverse("agent:index")
