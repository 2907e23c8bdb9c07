"""Signing in to a mailbox with an access token (XOAUTH2)."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.utils import timezone

from helpdesk.configuration.models import ConfigItem
from helpdesk.legacy.crypto import encrypt, hashed_subkey
from helpdesk.mail.models import EmailAccount
from mailfetch.fetching import fetch_mailbox
from tests.mailfetch.dovecot import User
from tests.mailfetch.making import again, mail, mailbox_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fetching")]


def with_token(user: User, protocol: str, token: str) -> EmailAccount:
    """Make an account that signs in with a token, stored as osTicket stores it."""
    account = mailbox_of(user, protocol=protocol)
    EmailAccount.objects.filter(pk=account.pk).update(auth_bk="oauth2:google")
    space = f"email.{account.email_id}.account.{account.pk}"
    secret = encrypt(token, subkey=hashed_subkey(user.name, space), secret_salt=settings.SECRET_SALT)
    for key, value in {"resource_owner_email": user.name, "access_token": secret, "expires": "4000000000"}.items():
        ConfigItem.objects.create(namespace=space, key=key, value=value, updated=timezone.now())
    return again(account)


@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
def test_a_token_opens_the_mailbox(user: User, protocol: str) -> None:
    user.receive(mail(1))
    result = fetch_mailbox(with_token(user, protocol, f"token-of-{user.name}"))
    assert (result.posted, result.failure) == (1, "")


@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
def test_a_token_that_is_refused_is_renewed_once(user: User, protocol: str) -> None:
    user.receive(mail(1))
    asked = []

    def renewed(account: EmailAccount, *, rejected: str = "") -> str:
        asked.append(rejected)
        return f"token-of-{user.name}" if rejected else "old"

    account = with_token(user, protocol, "old")
    assert fetch_mailbox(account, access_token=renewed).posted == 1
    assert asked == ["", "old"]


@pytest.mark.ignore_template_errors
def test_a_token_that_stays_refused_is_a_failure_that_says_so(user: User) -> None:
    account = with_token(user, "IMAP", "nobody's")
    failure = fetch_mailbox(account, access_token=lambda account, *, rejected="": "nobody's").failure
    assert failure.startswith("cannot login, user or password wrong")
    assert "nobody's" not in failure
