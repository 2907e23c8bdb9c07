"""The account of a user: made, changed, locked, and mails about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.accounts import services
from helpdesk.accounts.gate import AgentRequest
from helpdesk.audit.meanwhile import Guard
from helpdesk.directory import selectors
from helpdesk.directory.forms import AccountForm
from helpdesk.directory.gate import attempt, directory_required, posted, require, status_of
from helpdesk.directory.user_views import AREA
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import EndUser, UserAccount
from helpdesk.people.permissions import AgentPermission

ACTIONS: dict[str, tuple[Callable[..., object], str | Promise]] = {
    "activate": (services.activate_account, gettext_lazy("The account is active.")),
    "lock": (services.lock_account, gettext_lazy("The account is locked.")),
    "unlock": (services.unlock_account, gettext_lazy("The account is open again.")),
    "new-password": (
        services.require_new_password,
        gettext_lazy("The user must choose a new password at the next sign-in."),
    ),
    "send-activation": (services.send_activation_mail, gettext_lazy("The activation mail is on its way.")),
    "send-reset": (services.send_password_reset_mail, gettext_lazy("The mail to choose a new password is on its way.")),
}


@directory_required
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: AgentRequest, user_id: int) -> HttpResponse:
    """Register a guest, or change the account of a user."""
    require(request, AgentPermission.USER_MANAGE)
    found = selectors.get_user(user_id)
    row = _account_of(found)
    form = AccountForm(posted(request), is_new=row is None, initial=_initial(row))
    labels = {name: field.label for name, field in form.fields.items()}
    guard = Guard(request.POST, found, _shown, labels=labels)
    context = {"shown_user": found, "account": row, "form": form, "guard": guard, "current_area": AREA}
    if request.method != "POST":
        return render(request, "directory/user_account.html", context)
    if form.is_valid():
        try:
            with guard.saving():
                _store(request, found, row, form)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
            return render(request, "directory/user_account.html", context, status=status_of(refusal))
        messages.success(request, _("Changes saved.") if row else _("%(name)s has an account.") % {"name": found.name})
        return redirect("agent:user", found.pk)
    return render(request, "directory/user_account.html", context, status=422)


@directory_required
@require_POST
def account_action(request: AgentRequest, user_id: int) -> HttpResponse:
    """Do one thing with an account: `do` says what."""
    found = selectors.get_user(user_id)
    if request.POST.get("do") not in ACTIONS:
        raise NotFound(_("There is no such action."), code="action_unknown")
    service, done = ACTIONS[request.POST["do"]]
    attempt(request, lambda: service(found, actor=request.actor), str(done))
    return redirect("agent:user", found.pk)


def _store(request: AgentRequest, user: EndUser, row: UserAccount | None, form: AccountForm) -> None:
    if row is None:
        services.register_user(user, form.draft(), actor=request.actor)
    else:
        services.change_account(user, form.draft(), actor=request.actor)


def _account_of(user: EndUser) -> UserAccount | None:
    return UserAccount.objects.filter(user=user).order_by("pk").first()


def _shown(user: EndUser) -> dict[str, Any]:
    """Give what the form shows of an account; of a password no more than whether it is another one."""
    row = _account_of(user)
    return {} if row is None else {**_initial(row), "password": row.passwd or ""}


def _initial(row: UserAccount | None) -> dict[str, Any]:
    if row is None:
        return {"must_change": True}
    return {
        "username": row.username or "",
        "must_change": bool(row.status & AccountStatus.PASSWORD_RESET_REQUIRED),
        "may_not_reset": bool(row.status & AccountStatus.PASSWORD_RESET_FORBIDDEN),
        "timezone": row.timezone or "",
    }
