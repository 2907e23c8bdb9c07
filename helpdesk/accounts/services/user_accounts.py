"""Accounts of end users: without one a user is a guest, who reaches tickets by link only (osticket/auth.md §5)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.accounts.letters import ACTIVATION, PASSWORD_RESET, write_letter
from helpdesk.accounts.services.tokens import forget_tokens, new_token
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed
from helpdesk.legacy.passwords import check_new_password, hash_password
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import EndUser, UserAccount
from helpdesk.people.permissions import AgentPermission
from helpdesk.people.policies import check_agent_permission
from helpdesk.people.trail import account_values, record_account
from helpdesk.people.validation import checked_username

USERNAME_LENGTH = 64
BACKEND_LENGTH = 32
LOCAL_BACKENDS = (None, "", "local", "client")


@dataclass(frozen=True, kw_only=True)
class AccountDraft:
    """What an agent says about an account; None leaves a part as it is.

    `password` is a temporary one; '' for none. `username` '' means that the user signs in with an address.
    """

    username: str | None = None
    password: str = ""
    must_change_password: bool | None = None
    may_reset_password: bool | None = None
    is_locked: bool | None = None
    timezone: str | None = None


@transaction.atomic
def register_user(
    user: EndUser, draft: AccountDraft | None = None, *, actor: Actor, now: datetime | None = None
) -> UserAccount:
    """Give a guest an account: with a password it is active at once, without one he confirms it by mail first.

    The mail is written down in the same transaction. Raises PermissionRefused without `user.manage`; Conflict for a
    user who has an account or no address; ValidationFailed for a user name or password that cannot be used.
    """
    check_agent_permission(actor, AgentPermission.USER_MANAGE)
    draft, moment = draft or AccountDraft(), now or timezone.now()
    user = _locked(user)
    if UserAccount.objects.filter(user=user).exists():
        raise Conflict(_("This user has an account already."), code="account_exists")
    account = UserAccount(user=user, status=AccountStatus(0), registered=moment)
    _take(account, draft)
    if draft.password:
        account.status = _with(account.status, AccountStatus.CONFIRMED)
    account.save()
    if not draft.password:
        _send(user, ACTIVATION, now=moment)
    record_account(actor, user, {}, account_values(account))
    return account


@transaction.atomic
def change_account(user: EndUser, draft: AccountDraft, *, actor: Actor) -> UserAccount:
    """Change an account as a draft says. A new password, and locking, end all sessions of the user.

    Raises PermissionRefused, ValidationFailed; NotFound for a guest.
    """
    with _changing(user, actor) as account:
        _take(account, draft)
        if draft.password:
            forget_tokens(user)
        if draft.is_locked is not None:
            account.status = _with(account.status, AccountStatus.LOCKED, on=draft.is_locked)
    return account


@transaction.atomic
def activate_account(user: EndUser, *, actor: Actor) -> None:
    """Confirm an account in the user's place. Raises PermissionRefused, NotFound."""
    with _changing(user, actor) as account:
        account.status = _with(account.status, AccountStatus.CONFIRMED)


@transaction.atomic
def lock_account(user: EndUser, *, actor: Actor) -> None:
    """Keep a user out: no password and no link lets him in. Raises PermissionRefused, NotFound."""
    with _changing(user, actor) as account:
        account.status = _with(account.status, AccountStatus.LOCKED)
        forget_tokens(user)


@transaction.atomic
def unlock_account(user: EndUser, *, actor: Actor) -> None:
    """Let a locked user in again. Raises PermissionRefused, NotFound."""
    with _changing(user, actor) as account:
        account.status = _with(account.status, AccountStatus.LOCKED, on=False)


@transaction.atomic
def require_new_password(user: EndUser, *, actor: Actor) -> None:
    """Make a user choose a new password at the next sign-in. Raises PermissionRefused, NotFound."""
    with _changing(user, actor) as account:
        account.status = _with(account.status, AccountStatus.PASSWORD_RESET_REQUIRED)


@transaction.atomic
def send_activation_mail(user: EndUser, *, actor: Actor, now: datetime | None = None) -> None:
    """Send the mail by which a user confirms his account. Raises PermissionRefused, NotFound.

    Conflict for an account that is confirmed or locked, and for a user without an address.
    """
    with _changing(user, actor) as account:
        if AccountStatus.CONFIRMED & account.status:
            raise Conflict(_("This account is active already."), code="account_active")
        _check_not_locked(account)
        _send(user, ACTIVATION, now=now or timezone.now())


@transaction.atomic
def send_password_reset_mail(user: EndUser, *, actor: Actor, now: datetime | None = None) -> None:
    """Send the mail by which a user chooses a new password. Raises PermissionRefused, NotFound.

    Conflict for an account that is locked, not active yet, may not reset its password or signs in elsewhere, and for a
    user without an address (osticket/auth.md §7).
    """
    with _changing(user, actor) as account:
        _check_not_locked(account)
        if not AccountStatus.CONFIRMED & account.status:
            raise Conflict(_("This account is not active yet: send the activation mail."), code="account_not_active")
        if AccountStatus.PASSWORD_RESET_FORBIDDEN & account.status:
            raise Conflict(_("This account may not reset its password."), code="password_reset_forbidden")
        if account.backend not in LOCAL_BACKENDS:
            raise Conflict(_("The password of this account is kept elsewhere."), code="password_elsewhere")
        _send(user, PASSWORD_RESET, now=now or timezone.now())


@contextmanager
def _changing(user: EndUser, actor: Actor) -> Iterator[UserAccount]:
    """Check who may, lock the account, save what the block changed and note it in the trail."""
    check_agent_permission(actor, AgentPermission.USER_MANAGE)
    account = UserAccount.objects.select_for_update().filter(user=user).order_by("pk").first()
    if account is None:
        raise NotFound(_("This user has no account."), code="account_unknown")
    before = account_values(account)
    yield account
    after = account_values(account)
    if before != after:
        account.save()
    record_account(actor, user, before, after)


def _take(account: UserAccount, draft: AccountDraft) -> None:
    if draft.username is not None and draft.username.strip() != (account.username or ""):
        account.username = _free_username(draft.username, account)
    if draft.password:
        try:
            check_new_password(draft.password)
            account.passwd = hash_password(draft.password)
        except ValidationFailed as refusal:
            raise ValidationFailed(refusal.message, code=refusal.code, field="password") from refusal
        account.backend = None
    if draft.must_change_password is not None:
        required = AccountStatus.PASSWORD_RESET_REQUIRED
        account.status = _with(account.status, required, on=draft.must_change_password)
    if draft.may_reset_password is not None:
        forbidden = AccountStatus.PASSWORD_RESET_FORBIDDEN
        account.status = _with(account.status, forbidden, on=not draft.may_reset_password)
    if draft.timezone is not None:
        account.timezone = draft.timezone or None


def _free_username(username: str, account: UserAccount) -> str | None:
    if not username.strip():
        return None
    name = checked_username(username, longest=USERNAME_LENGTH)
    if UserAccount.objects.filter(username=name).exclude(pk=account.pk).exists():
        raise ValidationFailed(_("Username already in use"), code="username_taken", field="username")
    return name


def _send(user: EndUser, content: str, *, now: datetime) -> None:
    if user.default_email is None:
        raise Conflict(_("This user has no e-mail address."), code="user_without_address")
    new_token(user, now=now)
    write_letter(user, content, key=f"user {user.pk} at {now.isoformat()}", now=now)


def _with(status: int, bit: AccountStatus, *, on: bool = True) -> AccountStatus:
    return AccountStatus(status | int(bit) if on else status & ~int(bit))


def _check_not_locked(account: UserAccount) -> None:
    if AccountStatus.LOCKED & account.status:
        raise Conflict(_("This account is locked: unlock it first."), code="account_locked")


def _locked(user: EndUser) -> EndUser:
    found = EndUser.objects.select_for_update().filter(pk=user.pk).first()
    if found is None:
        raise NotFound(_("This user no longer exists."), code="user_unknown")
    return found
