"""The mailbox and the SMTP server of an address, with credentials, as osTicket keeps them (osticket/mail.md §1.2).

A password is stored encrypted and never given back. It goes to the server alone that it was entered for: who changes
server or user enters it again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.audit.services import Action, ObjectType, difference, record_change
from helpdesk.configuration.defaults import CORE
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.services import set_settings
from helpdesk.legacy.crypto import encrypt, hashed_subkey
from helpdesk.legacy.errors import Conflict, DomainError, ValidationFailed
from helpdesk.legacy.mail_credentials import MailAccount
from helpdesk.mail.connections import try_server
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.mail.oauth.clients import Provider, client_namespace, instance_of, options_of
from helpdesk.mail.oauth.tokens import account_with_credentials, stored_credentials
from helpdesk.mail.transport import address_of_server, forget_servers, server_of
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text
from mailfetch.failures import resume
from mailfetch.removal import begin_anew, forget_mailbox
from mailfetch.servers import MailboxFailed, current_access_token, open_session

PATIENCE_SECONDS = 10
"""For each answer of a server that is tried."""
MAILBOX, SMTP = "mailbox", "smtp"
OAUTH = tuple(f"oauth2:{provider.value}" for provider in Provider)
METHODS: Mapping[str, tuple[str, ...]] = {MAILBOX: ("basic", *OAUTH), SMTP: ("mailbox", "basic", "none", *OAUTH)}
"""How each kind of account may sign in, in osTicket's words."""
SCHEMES = ("", "ssl", "tls", "plain")
"""What protects a connection: the port decides, TLS, STARTTLS, nothing (osticket/mail.md §2.2)."""
LONGEST_HOST, LONGEST_FOLDER, LONGEST_USER, LONGEST_PASSWORD = 128, 255, 255, 1000
MOST_MINUTES, MOST_MAILS = 255, 127
"""What the columns hold (the second one is signed)."""
_HOST = re.compile(r"(?!.*\.\.)[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+")
_PASSWORD_KEYS = ("username", "passwd")
_TOKEN_KEYS = (
    *("access_token", "refresh_token", "expires"),
    *("resource_owner_email", "resource_owner_id", "config_signature"),
)
_COLUMNS = (
    *("auth_bk", "active", "host", "port", "folder", "protocol", "fetchfreq", "fetchmax", "postfetch"),
    *("archivefolder", "allow_spoofing"),
)


@dataclass(frozen=True, kw_only=True)
class ServerDraft:
    """Where a server is and how to sign in; an empty password keeps the one that is stored."""

    host: str
    port: int
    scheme: str = ""
    method: str = "basic"
    username: str = ""
    password: str = field(default="", repr=False)
    is_active: bool = True


@dataclass(frozen=True, kw_only=True)
class MailboxDraft(ServerDraft):
    """What an administrator says about the mailbox of an address."""

    protocol: str = "IMAP"
    folder: str = ""
    minutes: int = 5
    mails: int = 30
    afterwards: str = "nothing"
    archive: str = ""


@dataclass(frozen=True, kw_only=True)
class SmtpDraft(ServerDraft):
    """What an administrator says about the SMTP server of an address."""

    may_spoof: bool = False


@transaction.atomic
def store_mailbox(address: EmailAddress, draft: MailboxDraft, *, actor: Actor) -> EmailAccount:
    """Make or change the mailbox of an address, whose failures are forgotten, and give its account.

    One that signs in with OAuth2 is switched on when it is connected. Raises PermissionRefused, and ValidationFailed
    that names the field.
    """
    check_is_administrator(actor)
    account = _account(address, MAILBOX)
    before = _Before(account)
    _take_server(account, draft, "POP" if draft.protocol == "POP" else "IMAP")
    account.fetchfreq = _within(draft.minutes, "minutes", MOST_MINUTES)
    account.fetchmax = _within(draft.mails, "mails", MOST_MAILS)
    _take_folders(account, draft)
    _store(account, draft, before, actor)
    resume(account.pk)
    if before.is_stored and before.place != _Before(account).place:
        begin_anew(account.pk)
    return account


@transaction.atomic
def store_smtp(address: EmailAddress, draft: SmtpDraft, *, actor: Actor) -> EmailAccount:
    """Make or change the SMTP server of an address, and give its account. Raises what `store_mailbox` raises."""
    check_is_administrator(actor)
    account = _account(address, SMTP)
    before = _Before(account)
    _take_server(account, draft, "SMTP")
    account.allow_spoofing = draft.may_spoof
    if draft.method == "mailbox" and not _mailboxes(address).exclude(auth_bk="mailbox").exists():
        message = _("This address has no mailbox yet.")
        raise ValidationFailed(message, code="mailbox_missing", field="method")
    _store(account, draft, before, actor)
    forget_servers()
    return account


@transaction.atomic
def delete_account(account: EmailAccount, *, actor: Actor) -> None:
    """Delete an account with its credentials.

    Raises PermissionRefused, and Conflict for a mailbox as which the SMTP account of the same address signs in.
    """
    check_is_administrator(actor)
    account = EmailAccount.objects.select_for_update().get(pk=account.pk)
    if account.type == MAILBOX and account.email.accounts.filter(type=SMTP, auth_bk="mailbox").exists():
        message = _("The SMTP account of this address signs in as its mailbox: change or remove that one first.")
        raise Conflict(message, code="mailbox_lends_credentials")
    forget_account(account, actor=actor)


def forget_account(account: EmailAccount, *, actor: Actor) -> None:
    """Delete an account and all that hangs on it: credentials, the client of OAuth2, what is known of its mailbox.

    Without a look at who asks: the services that call it have checked. Where it was the default server of outgoing
    mail, there is none afterwards.
    """
    before = _Before(account)
    instance = instance_of(account)
    if instance is not None and options_of(instance).get("auth_type") == "autho":
        others = EmailAccount.objects.filter(auth_id=account.auth_id).exclude(pk=account.pk)
        if not others.exists():
            ConfigItem.objects.filter(namespace=client_namespace(instance)).delete()
            instance.delete()
    ConfigItem.objects.filter(namespace=namespace_of(account)).delete()
    if configuration.current().integer("default_smtp_id") == account.pk:
        set_settings(CORE, {"default_smtp_id": 0}, actor)
    forget_mailbox(account.pk)
    _record(account, before.values, {}, actor)
    account.delete()
    forget_servers()


def try_account(account: EmailAccount, *, actor: Actor) -> int | None:
    """Sign in to the server of an account; nothing is fetched or sent. Gives how many mails are in a mailbox.

    Raises PermissionRefused, and DomainError with what the server said. Do not call it inside a transaction: servers
    may take their time.
    """
    check_is_administrator(actor)
    if account.type == SMTP:
        try_server(server_of(account), seconds=PATIENCE_SECONDS)
        return None
    return mails_in(account)


def mails_in(account: EmailAccount) -> int:
    """Sign in to a mailbox and count what is in its folder. Raises Conflict with what the server said."""
    try:
        session = open_session(
            account, largest=settings.MAIL_LARGEST, access_token=current_access_token, patience=PATIENCE_SECONDS
        )
    except MailboxFailed as error:
        raise Conflict(str(error), code="mailbox_failed") from error
    try:
        return session.folder.count
    finally:
        session.drop()


def account_of(address: EmailAddress, kind: str) -> EmailAccount | None:
    """Give the mailbox or the SMTP account of an address, None where it has none."""
    return EmailAccount.objects.filter(email=address, type=kind).select_related("email").order_by("pk").first()


def namespace_of(account: EmailAccount) -> str:
    """Give the namespace of `config` that holds the credentials of an account."""
    return MailAccount(account.pk, account.email_id or 0, account.auth_bk, account.email.email).namespace


def username_of(account: EmailAccount) -> str:
    """Give the user name that is stored for an account."""
    return _credentials(account).get("username") or ""


def stored_password_of(account: EmailAccount) -> str:
    """Give the password that is stored for an account, encrypted as it stands there."""
    return _credentials(account).get("passwd") or ""


class _Before:
    """An account as it was, for the trail and to tell what changed."""

    def __init__(self, account: EmailAccount) -> None:
        self.is_stored = account.pk is not None
        self.method = account.auth_bk
        stored = _credentials(account) if self.is_stored else {}
        self.username, self.password = stored.get("username") or "", stored.get("passwd") or ""
        self.server = address_of_server(account.host, account.port or 0)
        self.place = (self.server[0], account.protocol, self.username)
        self.values = _values(account, self.username) if self.is_stored else {}


def _account(address: EmailAddress, kind: str) -> EmailAccount:
    address = EmailAddress.objects.select_for_update().get(pk=address.pk)
    return account_of(address, kind) or EmailAccount(email=address, type=kind)


def _mailboxes(address: EmailAddress) -> Any:
    return EmailAccount.objects.filter(email=address, type=MAILBOX)


def _take_server(account: EmailAccount, draft: ServerDraft, protocol: str) -> None:
    host = checked_text(draft.host, field="host", longest=LONGEST_HOST).lower()
    if not _HOST.fullmatch(host) or any(len(label) > 63 for label in host.split(".")):
        message = _("This is no host name: write one such as mail.example.com, without a port.")
        raise ValidationFailed(message, code="host_invalid", field="host")
    if draft.scheme not in SCHEMES:
        raise ValidationFailed(_("This is none of the choices."), code="unknown_choice", field="scheme")
    if draft.method not in METHODS[account.type] and draft.method != account.auth_bk:
        raise ValidationFailed(_("This is none of the choices."), code="unknown_choice", field="method")
    host = f"{draft.scheme}://{host}" if draft.scheme else host
    account.host = checked_text(host, field="host", longest=LONGEST_HOST)
    account.port = _within(draft.port, "port", 65535)
    account.protocol = protocol
    account.auth_bk = draft.method
    account.active = draft.is_active


def _take_folders(account: EmailAccount, draft: MailboxDraft) -> None:
    folder = checked_text(draft.folder, field="folder", longest=LONGEST_FOLDER, required=False)
    archive = checked_text(draft.archive, field="archive", longest=LONGEST_FOLDER, required=False)
    if draft.afterwards not in ("archive", "delete", "nothing"):
        raise ValidationFailed(_("This is none of the choices."), code="unknown_choice", field="afterwards")
    if account.protocol == "POP":
        if draft.afterwards == "archive":
            message = _("POP3 knows no folders: mails can stay, or be deleted.")
            raise ValidationFailed(message, code="pop_has_no_folders", field="afterwards")
        folder = archive = ""
    if draft.afterwards == "archive":
        if not archive:
            raise ValidationFailed(_("This field is required"), code="required", field="archive")
        if archive.lower() == (folder or "INBOX").lower():
            message = _("Mails cannot be moved into the folder that they are fetched from.")
            raise ValidationFailed(message, code="archive_is_folder", field="archive")
    account.folder = folder or None
    account.postfetch = draft.afterwards
    account.archivefolder = archive if draft.afterwards == "archive" else None


def _within(number: int, name: str, largest: int) -> int:
    if not 1 <= number <= largest:
        message = _("Enter a number from %(smallest)d to %(largest)d.") % {"smallest": 1, "largest": largest}
        raise ValidationFailed(message, code="out_of_range", field=name)
    return number


def _store(account: EmailAccount, draft: ServerDraft, before: _Before, actor: Actor) -> None:
    """Write the row and its credentials, and what was changed into the trail."""
    username = _checked_username(draft) if draft.method == "basic" else ""
    if draft.method == "basic" and not draft.password:
        _check_keeps_password(account, username, before)
    account.num_errors, account.last_error, account.last_error_msg, account.last_activity = 0, None, None, None
    account.updated = timezone.now()
    account.save()
    namespace = namespace_of(account)
    rows = ConfigItem.objects.filter(namespace=namespace)
    if draft.method != "basic":
        rows.filter(key__in=_PASSWORD_KEYS).delete()
    if draft.method != before.method:
        rows.filter(key__in=_TOKEN_KEYS).delete()
    if draft.method in OAUTH and draft.is_active and not _is_connected(account):
        account.active = False
        account.save(update_fields=["active"])
    password = before.password if draft.method == "basic" else ""
    if draft.password and draft.method == "basic":
        password = _encrypted(draft.password, username, namespace)
        _write(namespace, {"username": username, "passwd": password})
    after = _values(account, username)
    _record(account, {**before.values, "password": before.password}, {**after, "password": password}, actor)


def _checked_username(draft: ServerDraft) -> str:
    return checked_text(draft.username, field="username", longest=LONGEST_USER)


def _check_keeps_password(account: EmailAccount, username: str, before: _Before) -> None:
    """Refuse to take the stored password to another server, or for another user."""
    if not before.password:
        raise ValidationFailed(_("This field is required"), code="required", field="password")
    if username != before.username or address_of_server(account.host, account.port) != before.server:
        message = _("Server or user is another one: enter the password again.")
        raise ValidationFailed(message, code="password_again", field="password")


def _encrypted(password: str, username: str, namespace: str) -> str:
    if len(password) > LONGEST_PASSWORD:
        message = _("At most %(count)d characters fit here") % {"count": LONGEST_PASSWORD}
        raise ValidationFailed(message, code="too_long", field="password")
    try:
        return encrypt(password, subkey=hashed_subkey(username, namespace), secret_salt=settings.SECRET_SALT)
    except ValidationFailed as refusal:
        raise ValidationFailed(refusal.message, code=refusal.code, field="password") from refusal


def _is_connected(account: EmailAccount) -> bool:
    try:
        return bool(stored_credentials(account_with_credentials(account)).refresh_token)
    except DomainError:
        return False


def _credentials(account: EmailAccount) -> dict[str, str | None]:
    rows = ConfigItem.objects.filter(namespace=namespace_of(account), key__in=_PASSWORD_KEYS)
    return dict(rows.values_list("key", "value"))


def _write(namespace: str, values: Mapping[str, str]) -> None:
    for key, value in values.items():
        ConfigItem.objects.update_or_create(
            namespace=namespace, key=key, defaults={"value": value, "updated": timezone.now()}
        )


def _values(account: EmailAccount, username: str) -> dict[str, Any]:
    return {**{name: getattr(account, name) for name in _COLUMNS}, "username": username}


def _record(account: EmailAccount, before: Mapping[str, Any], after: Mapping[str, Any], actor: Actor) -> None:
    """Write into the trail of the address: an account is part of it."""
    changes = difference(before, after, secrets=["password"])
    named = {f"{account.type}: {name}": values for name, values in changes.items()}
    record_change(actor, Action.CHANGED, ObjectType.EMAIL_ADDRESS, account.email_id, account.email.email, named)
