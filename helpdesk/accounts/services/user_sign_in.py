"""Signing end users in and out, resetting their passwords, confirming and registering (osticket/auth.md §5, §7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NoReturn

import structlog
from django.contrib.auth import SESSION_KEY, login, logout
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.accounts.client_address import client_address
from helpdesk.accounts.device import device_of
from helpdesk.accounts.doors import PORTAL_DOOR
from helpdesk.accounts.letters import ACTIVATION, PASSWORD_RESET, write_letter
from helpdesk.accounts.models import Account
from helpdesk.accounts.services.sign_in import SignInRefused
from helpdesk.accounts.services.tokens import CONFIRMATION_LIFE, forget_tokens, new_token, token_row
from helpdesk.accounts.signals import excessive_sign_in_attempts
from helpdesk.accounts.throttle import Attempt, Limits, SessionStrikes
from helpdesk.accounts.user_selectors import user_account_by_name
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.legacy.errors import Conflict, PermissionRefused, ValidationFailed
from helpdesk.legacy.passwords import (
    FORM_BYTES,
    check_new_password,
    check_password_at_sign_in,
    hash_password,
    verify_password,
)
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import EndUser, UserAccount, UserEmail
from helpdesk.people.services import create_end_user

log = structlog.get_logger(__name__)

LOCAL_BACKENDS = (None, "", "local", "client")
STRANGERS_SESSION_SECONDS = 3600
FAILURES_PER_LINE = 3
LONGEST_NAME = 255
REGISTRATION_MODES = frozenset({"public", "auto"})
CHOSEN_HERE = "chosen_password"
"""Session: the mark of the password with which somebody has registered in it."""


def sign_in_user(request: HttpRequest, *, name: str, password: str) -> Account:
    """Sign an end user in by user name or any of his addresses. The session gets a new id.

    Raises SignInRefused with osTicket's texts; unknown names take as long as wrong passwords. Failures are counted and
    logged; an account that is locked or waits for confirmation is told so only after the right password.
    """
    name, password = name.strip()[:LONGEST_NAME], password[:FORM_BYTES]
    limits = Limits.for_users()
    strikes = SessionStrikes(request.session, limits)
    row = user_account_by_name(name)
    attempt = _attempt(request, row, name, limits)
    if strikes.are_out or not attempt.begin():
        if attempt.is_first_refused() or strikes.are_out:
            _note_excess(request, name)
        message = _("You've reached maximum failed login attempts allowed.")
        raise SignInRefused(message, code="too_many_attempts")
    stored = row.passwd if row is not None and row.backend in LOCAL_BACKENDS else None
    check = check_password_at_sign_in(password, stored)
    if row is None or not check.accepted:
        _refuse(request, strikes, limits, name)
    strikes.clear()
    attempt.succeed()
    _check_is_admitted(row)
    if check.new_hash and UserAccount.objects.filter(pk=row.pk, passwd=row.passwd).update(passwd=check.new_hash):
        row.passwd = check.new_hash
    forget_tokens(row.user)
    return _complete(request, row)


def sign_out_user(request: HttpRequest) -> None:
    """End the session on the server; harmless for somebody who is not signed in."""
    if isinstance(request.user, Account):
        log.info("signed_out", kind="user", legacy_id=request.user.legacy_id)
    logout(request)


def ask_for_password_reset(name: str, *, actor: Actor, now: datetime | None = None) -> None:
    """Mail the link by which an end user chooses a new password, if the name leads to an account that may.

    Whoever asks learns nothing: neither whether there is such an account nor whether it may (osTicket tells).
    """
    moment = now or timezone.now()
    row = user_account_by_name(name.strip()[:LONGEST_NAME])
    is_welcome = row is not None and may_reset(row)
    if row is not None and is_welcome:
        _send(row.user, PASSWORD_RESET, moment)
    log.info("password_reset_requested", kind="user", ip_address=actor.ip_address, is_sent=is_welcome)


def may_reset(row: UserAccount) -> bool:
    """Whether the password of an account may be replaced by mail."""
    forbidden = AccountStatus.LOCKED | AccountStatus.PASSWORD_RESET_FORBIDDEN
    has_address = row.user.default_email is not None
    return has_address and row.backend in LOCAL_BACKENDS and not int(row.status) & int(forbidden)


def leads_somewhere(token: str, *, now: datetime | None = None) -> bool:
    """Whether a token is good for anything; looking uses nothing up."""
    return _account_of_token(token, now or timezone.now()) is not None


def use_token(request: HttpRequest, token: str, *, now: datetime | None = None) -> UserAccount:
    """Confirm the account that a token belongs to, or let its owner choose a new password; he is signed in then.

    A password that was chosen before the address was confirmed stays only if it was chosen in this browser: anybody can
    register the address of somebody else. Raises SignInRefused for a token that is unknown or older than
    `pw_reset_window` minutes (confirmations live for a week), and for an account that is locked.
    """
    found = _account_of_token(token, now or timezone.now())
    with transaction.atomic():
        row = UserAccount.objects.select_for_update().filter(pk=found.pk).first() if found is not None else None
        if row is None or AccountStatus.LOCKED & row.status or token_row(token) is None:
            message = _("This link is no longer good. Ask for a new one.")
            raise SignInRefused(message, code="token_invalid")
        is_new = not AccountStatus.CONFIRMED & row.status
        if is_new and row.passwd and request.session.get(CHOSEN_HERE) != _mark_of(row.passwd):
            row.passwd = None
        row.status = AccountStatus(int(row.status) | int(AccountStatus.CONFIRMED))
        if not is_new or not row.passwd:
            row.status = AccountStatus(int(row.status) | int(AccountStatus.PASSWORD_RESET_REQUIRED))
        row.save(update_fields=["status", "passwd"])
        forget_tokens(row.user)
    _complete(request, row)
    return row


def change_user_password(
    request: HttpRequest, row: UserAccount, *, current_password: str | None, new_password: str
) -> None:
    """Let an end user replace his password; the current one is asked for unless a new one is due.

    All his other sessions end. Raises ValidationFailed (osTicket's texts) for a wrong current password and for what the
    policy forbids, PermissionRefused after too many wrong guesses (a session may be stolen) and for an account that was
    locked meanwhile.
    """
    if not AccountStatus.PASSWORD_RESET_REQUIRED & row.status:
        _check_current_password(request, row, current_password or "")
    try:
        check_new_password(new_password, current=current_password)
        password_hash = hash_password(new_password)
    except ValidationFailed as refusal:
        raise ValidationFailed(refusal.message, code=refusal.code, field="new_password") from refusal
    with transaction.atomic():
        changed = UserAccount.objects.select_for_update().filter(pk=row.pk).first()
        if changed is None or AccountStatus.LOCKED & changed.status:
            raise SignInRefused(_("Account is administratively locked"), code="account_locked")
        changed.passwd, changed.backend = password_hash, None
        changed.status = AccountStatus(int(changed.status) & ~int(AccountStatus.PASSWORD_RESET_REQUIRED))
        changed.save(update_fields=["passwd", "backend", "status"])
        forget_tokens(changed.user)
    _complete(request, changed)


@transaction.atomic
def register_oneself(*, name: str, address: str, password: str, actor: Actor, now: datetime | None = None) -> str:
    """Let somebody make an account, which he confirms by a mail to this address before it is good for anything.

    Gives a mark for his session (`CHOSEN_HERE`), by which the confirmation knows the password that he chose. Whoever
    asks learns nothing about others: for an address that has an account already, its owner gets the mail by which he
    can choose a new password. Raises PermissionRefused where the help desk registers people itself,
    ValidationFailed for an address, name or password that cannot be used.
    """
    if configuration.current().text("client_registration", "closed") not in REGISTRATION_MODES:
        raise PermissionRefused(_("Accounts are made by the help desk only."), code="registration_closed")
    moment = now or timezone.now()
    try:
        check_new_password(password)
        password_hash = hash_password(password)
    except ValidationFailed as refusal:
        raise ValidationFailed(refusal.message, code=refusal.code, field="new_password") from refusal
    known = UserEmail.objects.filter(address=address.strip()).select_related("user__default_email").first()
    user = known.user if known is not None else create_end_user(address, name, actor=Actor.system("Registration"))
    row = UserAccount.objects.select_for_update().filter(user=user).order_by("pk").first()
    if row is None:
        UserAccount.objects.create(user=user, status=AccountStatus(0), passwd=password_hash, registered=moment)
        _send(user, ACTIVATION, moment)
    elif not AccountStatus.CONFIRMED & row.status and not AccountStatus.LOCKED & row.status:
        row.passwd = password_hash
        row.save(update_fields=["passwd"])
        _send(user, ACTIVATION, moment)
    elif may_reset(row):
        _send(user, PASSWORD_RESET, moment)
    log.info("account_requested", user_id=user.pk, ip_address=actor.ip_address)
    return _mark_of(password_hash)


def _mark_of(password_hash: str) -> str:
    return salted_hmac("helpdesk.accounts.chosen_password", password_hash, algorithm="sha256").hexdigest()


def _check_current_password(request: HttpRequest, row: UserAccount, password: str) -> None:
    attempt = Attempt("user password", f"user {row.user_id}", client_address(request), Limits.for_users())
    if not attempt.begin():
        message = _("You've reached maximum failed login attempts allowed.")
        raise SignInRefused(message, code="too_many_attempts")
    if not verify_password(password[:FORM_BYTES], row.passwd):
        message = _("The current password is not right.")
        raise ValidationFailed(message, code="password_wrong", field="current_password")
    attempt.succeed()


def _send(user: EndUser, letter: str, moment: datetime) -> None:
    if user.default_email is None:
        raise Conflict(_("This user has no e-mail address."), code="user_without_address")
    with transaction.atomic():
        new_token(user, now=moment)
        write_letter(user, letter, key=f"user {user.pk} at {moment.isoformat()}", now=moment)


def _account_of_token(token: str, moment: datetime) -> UserAccount | None:
    item = token_row(token)
    value = str(item.value or "") if item is not None else ""
    if item is None or not value.startswith("c") or not value[1:].isdigit():
        return None
    rows = UserAccount.objects.filter(user=int(value[1:])).select_related("user__default_email").order_by("pk")
    row = rows.first()
    if row is None:
        return None
    minutes = configuration.current().integer("pw_reset_window", 30)
    life = timedelta(minutes=minutes) if AccountStatus.CONFIRMED & row.status else CONFIRMATION_LIFE
    made = item.updated
    return row if made is None or moment - made <= life else None


def _attempt(request: HttpRequest, row: UserAccount | None, name: str, limits: Limits) -> Attempt:
    """An account has one count under all names that lead to it; an unknown name has its own."""
    address = client_address(request)
    if row is None:
        return Attempt(PORTAL_DOOR.name, f"name {name.lower()}", address, limits)
    account = Account.objects.filter(kind=Account.Kind.END_USER, legacy_id=row.user_id or 0).first()
    return Attempt(PORTAL_DOOR.name, f"user {row.user_id}", address, limits, device_of(request, PORTAL_DOOR, account))


def _check_is_admitted(row: UserAccount) -> None:
    if AccountStatus.LOCKED & row.status:
        raise SignInRefused(_("Account is administratively locked"), code="account_locked")
    if not AccountStatus.CONFIRMED & row.status:
        raise SignInRefused(_("Account confirmation required"), code="account_unconfirmed")


def _refuse(request: HttpRequest, strikes: SessionStrikes, limits: Limits, name: str) -> NoReturn:
    failures = strikes.add()
    if SESSION_KEY not in request.session:  # a stranger's session need not live for a day
        request.session.set_expiry(max(STRANGERS_SESSION_SECONDS, limits.pause_seconds))
    address = client_address(request)
    log.warning("sign_in_failed", door=PORTAL_DOOR.name, failures=failures, ip_address=address)
    if failures > limits.failures:
        _note_excess(request, name)
    elif failures % FAILURES_PER_LINE == 0:
        text = f"User name: {name}\nIP address: {address}\nFailed attempts: {failures}"
        log_system(LogLevel.WARNING, "Failed login attempt (user)", text, address)
    raise SignInRefused(_("Access denied"), code="access_denied")


def _note_excess(request: HttpRequest, name: str) -> None:
    address = client_address(request)
    log.warning("sign_in_attempts_excessive", door=PORTAL_DOOR.name, ip_address=address)
    text = f"User name: {name}\nIP address: {address}"
    title = "Excessive login attempts (user)"
    log_system(LogLevel.ERROR, title, text, address)
    excessive_sign_in_attempts.send(sender=PORTAL_DOOR, userid=name, ip_address=address, title=title)


def _complete(request: HttpRequest, row: UserAccount) -> Account:
    """Open a session of its own id and nothing from before in it."""
    account, _made = Account.objects.get_or_create(kind=Account.Kind.END_USER, legacy_id=row.user_id or 0)
    account.__dict__.pop("sign_in", None)
    request.session.flush()
    login(request, account, backend=PORTAL_DOOR.backend)
    log.info("signed_in", kind="user", legacy_id=row.user_id or 0, ip_address=client_address(request))
    return account
