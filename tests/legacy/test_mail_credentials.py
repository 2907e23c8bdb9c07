"""Credentials of mail accounts, as they lie in osTicket's rows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.legacy.crypto import SecretUnreadable, encrypt, hashed_subkey
from helpdesk.legacy.mail_credentials import (
    MailAccount,
    MailCredentialsMissing,
    NoAuthentication,
    OAuthCredentials,
    PasswordCredentials,
    mail_credentials,
)

SALT = "g2xEM1axfZf7UCPkblqGZRqImOy0MA6D"
ACCOUNT = MailAccount(id=11, email_id=1, auth_bk="basic", email_address="support@acme.test")
NAMESPACE = "email.1.account.11"


def _encrypted(text: str, owner: str, namespace: str = NAMESPACE) -> str:
    return encrypt(text, subkey=hashed_subkey(owner, namespace), secret_salt=SALT)


BASIC = {NAMESPACE: {"username": "Support", "passwd": _encrypted("Imap-Pass-7", "Support")}}
OAUTH = {
    NAMESPACE: {
        "access_token": _encrypted("access", "a@b.test"),
        "refresh_token": _encrypted("refresh", "a@b.test"),
        "expires": "2000000000",
        "resource_owner_id": "",
        "resource_owner_email": "a@b.test",
        "config_signature": "5f4dcc3b5aa765d61d8327deb882cf99",
    }
}


def test_a_password() -> None:
    assert mail_credentials(ACCOUNT, BASIC, secret_salt=SALT) == PasswordCredentials("Support", "Imap-Pass-7")


def test_no_authentication_keeps_the_address_as_user_name() -> None:
    account = replace(ACCOUNT, auth_bk="none")
    assert mail_credentials(account, {}, secret_salt=SALT) == NoAuthentication("support@acme.test")


def test_smtp_borrows_from_the_mailbox() -> None:
    smtp = MailAccount(id=12, email_id=1, auth_bk="mailbox", email_address="support@acme.test")
    found = mail_credentials(smtp, BASIC, secret_salt=SALT, mailbox=ACCOUNT)
    assert found == PasswordCredentials("Support", "Imap-Pass-7")
    with pytest.raises(MailCredentialsMissing):
        mail_credentials(smtp, BASIC, secret_salt=SALT)
    with pytest.raises(MailCredentialsMissing):
        mail_credentials(smtp, BASIC, secret_salt=SALT, mailbox=smtp)


def test_oauth_tokens() -> None:
    found = mail_credentials(replace(ACCOUNT, auth_bk="oauth2:msmail"), OAUTH, secret_salt=SALT)
    assert found == OAuthCredentials(
        resource_owner_email="a@b.test",
        resource_owner_id=None,
        expires=2000000000,
        config_signature="5f4dcc3b5aa765d61d8327deb882cf99",
        access_token="access",
        refresh_token="refresh",
    )


@pytest.mark.parametrize(
    "account", [ACCOUNT, replace(ACCOUNT, auth_bk="oauth2:gmail"), replace(ACCOUNT, auth_bk="odd")]
)
@pytest.mark.parametrize("values", [{}, {NAMESPACE: {}}, {NAMESPACE: {"username": "Support", "passwd": None}}])
def test_nothing_stored(account: MailAccount, values: dict[str, dict[str, str | None]]) -> None:
    with pytest.raises(MailCredentialsMissing):
        mail_credentials(account, values, secret_salt=SALT)


def test_a_renamed_user_or_another_account_cannot_read_the_password() -> None:
    renamed = {NAMESPACE: {**BASIC[NAMESPACE], "username": "somebody"}}
    moved = {"email.1.account.12": BASIC[NAMESPACE]}
    for account, config in ((ACCOUNT, renamed), (replace(ACCOUNT, id=12), moved)):
        try:
            found = mail_credentials(account, config, secret_salt=SALT)
        except SecretUnreadable:
            continue
        assert isinstance(found, PasswordCredentials)
        assert found.password != "Imap-Pass-7"


def test_secrets_do_not_show_in_reports() -> None:
    for account, config in ((ACCOUNT, BASIC), (replace(ACCOUNT, auth_bk="oauth2:gmail"), OAUTH)):
        text = repr(mail_credentials(account, config, secret_salt=SALT))
        assert not any(secret in text for secret in ("Imap-Pass-7", "'access'", "'refresh'"))


@given(
    st.sampled_from(["basic", "oauth2:gmail", "none", "mailbox", ""]),
    st.dictionaries(
        st.sampled_from(["username", "passwd", "access_token", "refresh_token", "expires", "resource_owner_email"]),
        st.none() | st.text(st.characters(codec=None)) | st.just("9" * 5000),
    ),
)
def test_any_stored_values_raise_our_errors_only(auth_bk: str, values: dict[str, str | None]) -> None:
    with suppress(MailCredentialsMissing, SecretUnreadable):
        mail_credentials(replace(ACCOUNT, auth_bk=auth_bk), {NAMESPACE: values}, secret_salt=SALT)
