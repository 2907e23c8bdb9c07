"""The health of outgoing mail: is there a server, do mails leave, does anything wait for a decision."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from helpdesk.health.registry import Finding, failure, health_check, ok, warning
from helpdesk.mail.models import EmailAccount
from helpdesk.mail.transport import has_server
from helpdesk.outbox.models import Effect

PATIENCE = timedelta(minutes=30)
ADDRESSES, OUTBOX = "admin:hd_mail_emailaddress_changelist", "admin:hd_outbox_effect_changelist"
State = Effect.State


@health_check("outbox", "Outgoing mail")
def outgoing_mail(now: datetime) -> Iterator[Finding]:
    """Look at the servers, at what waits too long and at what was given up."""
    findings = [*_servers(), *_waiting(now), *_failed()]
    yield from findings or [ok("Mails leave.", f"{Effect.objects.filter(state=State.WAITING).count()} waiting")]


def _servers() -> Iterator[Finding]:
    if not has_server():
        yield warning(
            "No mail server is set up: mails wait.",
            advice="Give an address an SMTP account (/admin/hd_mail/emailaddress/), or set MAIL_SERVER (docs/mail.md).",
            page=ADDRESSES,
        )


def _waiting(now: datetime) -> Iterator[Finding]:
    late = Effect.objects.filter(state=State.WAITING, created__lt=now - PATIENCE)
    count = late.count()
    if count and has_server():
        reason = late.exclude(error="").order_by("-pk").values_list("error", flat=True).first() or ""
        advice = f"Look at /admin/ under Outbox. {reason}"
        yield failure("Mails have been waiting for long.", f"{count}", advice=advice, page=OUTBOX)


def _failed() -> Iterator[Finding]:
    count = Effect.objects.filter(state=State.FAILED).count()
    if count:
        advice = "Retry or discard them at /admin/ under Outbox."
        yield warning("Some mails were given up.", f"{count}", advice=advice, page=OUTBOX)


@health_check("mail accounts", "Mail accounts")
def mail_accounts(now: datetime) -> Iterator[Finding]:
    """Look at accounts that sign in with OAuth2: which cannot, and why."""
    accounts = EmailAccount.objects.filter(auth_bk__startswith="oauth2:", last_error_msg__isnull=False)
    troubled = [one for one in accounts.select_related("email") if one.last_error_msg]
    for account in troubled:
        sentence = "A mail account cannot sign in." if account.active else "A mail account was switched off."
        advice = f"{account.last_error_msg} (/admin/mail-sign-in/)"
        yield failure(sentence, account.email.email, advice=advice, page="admin:mail_sign_in")
    if not troubled:
        yield ok("Every mail account can sign in.")
