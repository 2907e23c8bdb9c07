"""What administrators decide about mailboxes that are fetched, and about mails that were set aside."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.administration.services.mail_accounts import mails_in
from helpdesk.audit.services import Action, ObjectType, record_change
from helpdesk.legacy.errors import Conflict, NotFound
from helpdesk.mail.models import EmailAccount
from helpdesk.people.actor import Actor
from helpdesk.people.policies import check_is_administrator
from mailfetch import quarantine
from mailfetch.failures import resume
from mailfetch.jobs import fetch_one
from mailfetch.models import QuarantinedMail


def fetch_mailbox_now(account_id: int, *, actor: Actor) -> EmailAccount:
    """Hand the fetching of a mailbox to the worker. Raises PermissionRefused and NotFound."""
    check_is_administrator(actor)
    account = _mailbox(account_id)
    _record(actor, account, {"fetch": [None, "now"]})
    fetch_one.apply_async(args=[account.pk])
    return account


def try_mailbox(account_id: int, *, actor: Actor) -> int:
    """Sign in to a mailbox and give how many mails are in its folder; nothing is fetched.

    Raises PermissionRefused, NotFound, and Conflict with what the server said.
    """
    check_is_administrator(actor)
    return mails_in(_mailbox(account_id))


@transaction.atomic
def resume_mailbox(account_id: int, *, actor: Actor) -> EmailAccount:
    """Let a mailbox be fetched again that was stopped, or rests after failures. Raises PermissionRefused, NotFound."""
    check_is_administrator(actor)
    account = _mailbox(account_id)
    resume(account.pk)
    _record(actor, account, {"fetching": ["stopped", "resumed"]})
    return account


def retry_quarantined(ids: Collection[int], *, actor: Actor) -> tuple[int, int]:
    """Try to post mails that were set aside; gives how many were posted, and how many were not.

    Raises PermissionRefused.
    """
    check_is_administrator(actor)
    _record_mails(actor, ids, "retried")
    posted = kept = 0
    for mail_id in ids:
        try:
            mail = quarantine.retry(mail_id, now=timezone.now())
        except Conflict:
            continue  # somebody else was faster
        if mail.state == QuarantinedMail.State.KEPT:
            kept += 1
        else:
            posted += 1
    return posted, kept


@transaction.atomic
def discard_quarantined(ids: Collection[int], *, actor: Actor) -> int:
    """Decide that mails are not needed; gives how many. Raises PermissionRefused."""
    check_is_administrator(actor)
    count = quarantine.discard(ids, now=timezone.now())
    _record_mails(actor, ids, "discarded")
    return count


def _mailbox(account_id: int) -> EmailAccount:
    account = EmailAccount.objects.select_related("email").filter(pk=account_id, type="mailbox", active=True).first()
    if account is None:
        raise NotFound(_("There is no such mailbox."), code="mailbox_unknown")
    return account


def _record(actor: Actor, account: EmailAccount, changes: dict[str, list[object]]) -> None:
    record_change(actor, Action.CHANGED, ObjectType.EMAIL_ADDRESS, account.email_id, account.email.email, changes)


def _record_mails(actor: Actor, ids: Collection[int], what: str) -> None:
    name = ", ".join(f"#{one}" for one in sorted(ids)[:20])
    record_change(actor, Action.CHANGED, ObjectType.EMAIL_ADDRESS, "", name, {what: [None, len(ids)]})
