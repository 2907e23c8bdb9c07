"""The mailbox and the SMTP account of an address in the administration: stored as osTicket does, tried, removed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings
from django.test import Client
from django.utils import timezone

from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration import current
from helpdesk.configuration.models import ConfigItem, PluginInstance
from helpdesk.configuration.services import set_settings
from helpdesk.health.selectors import examine
from helpdesk.legacy.crypto import decrypt, hashed_subkey
from helpdesk.legacy.mail_credentials import NoAuthentication, PasswordCredentials
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.mail.transport import Encryption, address_of_server, credentials_of, forget_servers, has_server
from helpdesk.people.actor import Actor
from mailfetch.models import KnownMail, Mailbox
from tests.administration.forms import fields_of, save
from tests.mail.sink import Sink, smtp_sink
from tests.mailfetch.making import port_of_nobody, server_that

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
PASSWORD = "opens-the-box"
MAILBOX = {"protocol": "IMAP", "host": "mail.acme.test", "port": "993", "username": "box", "password": PASSWORD}
SMTP = {"host": "mail.acme.test", "port": "587", "method": "basic", "username": "box", "password": PASSWORD}


@pytest.fixture
def address(db: None) -> EmailAddress:
    forget_servers()
    return EmailAddress.objects.create(email="box@acme.test", name="Box")


@pytest.fixture
def sink() -> Iterator[Sink]:
    with smtp_sink(with_sign_in=True) as server:
        yield server


def page_of(address: EmailAddress, kind: str) -> str:
    return f"/admin/email-addresses/{address.pk}/{kind}/"


def store(browser: Client, address: EmailAddress, kind: str, action: str = "save", **changes: Any) -> EmailAccount:
    """Fill the form in and save it."""
    given = MAILBOX if kind == "mailbox" else SMTP
    answer = save(browser, page_of(address, kind), **{**given, "action": action, **changes})
    assert answer.status_code == 302, answer.context["form"].errors
    return EmailAccount.objects.select_related("email").get(email=address, type=kind)


def errors(answer: Any) -> dict[str, list[str]]:
    """Give what the form says, by field."""
    assert answer.status_code == 200
    return {name: [str(text) for text in texts] for name, texts in answer.context["form"].errors.items()}


@pytest.mark.parametrize("kind", ["mailbox", "smtp"])
class TestTwoAdministrators:
    def test_who_has_not_seen_a_change_is_told_what_it_is(
        self, browser: Client, address: EmailAddress, kind: str
    ) -> None:
        store(browser, address, kind)
        mine = {**fields_of(browser.get(page_of(address, kind)).content), "action": "save"}
        store(browser, address, kind, host="other.acme.test", port="1993")
        refused = browser.post(page_of(address, kind), {**mine, "username": "mine", "password": "mine"})
        [told] = errors(refused)["__all__"]
        assert "Somebody else has changed this meanwhile: Server, Port, Password." in told
        account = EmailAccount.objects.select_related("email").get(email=address, type=kind)
        assert (account.host, account.port) == ("other.acme.test", 1993)
        assert credentials_of(account) == PasswordCredentials("box", PASSWORD)
        again = {**fields_of(refused.content), "action": "save", "password": "mine"}
        assert again["host"] == "mail.acme.test"
        assert browser.post(page_of(address, kind), again).status_code == 302
        account.refresh_from_db()
        assert account.host == "mail.acme.test"
        assert credentials_of(account) == PasswordCredentials("mine", "mine")

    def test_nor_does_one_replace_an_account_that_another_one_has_just_made(
        self, browser: Client, address: EmailAddress, kind: str
    ) -> None:
        mine = fields_of(browser.get(page_of(address, kind)).content)
        store(browser, address, kind)
        given = {**(MAILBOX if kind == "mailbox" else SMTP), "action": "save", "seen": mine["seen"]}
        refused = browser.post(page_of(address, kind), {**mine, **given, "host": "mine.acme.test"})
        assert "Somebody else has changed this meanwhile. " in errors(refused)["__all__"][0]
        assert EmailAccount.objects.get(email=address, type=kind).host == "mail.acme.test"


class TestMailboxes:
    def test_the_row_and_its_credentials_are_those_of_osticket(self, browser: Client, address: EmailAddress) -> None:
        account = store(
            browser, address, "mailbox", scheme="ssl", folder="Support", minutes="10", mails="50",
            afterwards="archive", archive="Done",
        )  # fmt: skip
        row: dict[str, Any] = {**EmailAccount.objects.filter(pk=account.pk).values().get()}
        assert {key: row[key] for key in row if key not in ("created", "updated", "id", "email_id")} == {
            "type": "mailbox", "auth_bk": "basic", "auth_id": None, "active": True, "host": "ssl://mail.acme.test",
            "port": 993, "folder": "Support", "protocol": "IMAP", "encryption": "AUTO", "fetchfreq": 10,
            "fetchmax": 50, "postfetch": "archive", "archivefolder": "Done", "allow_spoofing": False,
            "num_errors": 0, "last_error_msg": None, "last_error": None, "last_activity": None,
        }  # fmt: skip
        space = f"email.{address.pk}.account.{account.pk}"
        stored = dict(ConfigItem.objects.filter(namespace=space).values_list("key", "value"))
        assert set(stored) == {"username", "passwd"}
        assert stored["username"] == "box"
        secret = stored["passwd"] or ""
        assert secret.startswith("$2$")
        opened = decrypt(secret, subkey=hashed_subkey("box", space), secret_salt=settings.SECRET_SALT)
        assert opened == PASSWORD
        assert credentials_of(account) == PasswordCredentials("box", PASSWORD)

    def test_the_password_is_never_shown_nor_in_the_trail(self, browser: Client, address: EmailAddress) -> None:
        account = store(browser, address, "mailbox")
        cipher = ConfigItem.objects.get(key="passwd", namespace__startswith=f"email.{address.pk}.").value or ""
        pages = [page_of(address, "mailbox"), f"/admin/hd_mail/emailaddress/{address.pk}/history/", "/admin/mailboxes/"]
        for page in pages:
            shown = browser.get(page).content.decode()
            assert PASSWORD not in shown
            assert cipher not in shown
        wrong = browser.post(page_of(address, "mailbox"), {**MAILBOX, "port": "0", "action": "save"})
        assert PASSWORD not in wrong.content.decode()
        [change] = AdministrativeChange.objects.filter(object_type="e-mail address")
        assert change.changes["mailbox: password"] == [None, "(hidden)"]
        assert change.changes["mailbox: host"] == [None, "mail.acme.test"]
        assert PASSWORD not in str(change.changes)
        assert account.active

    def test_an_empty_password_keeps_the_stored_one(self, browser: Client, address: EmailAddress) -> None:
        store(browser, address, "mailbox")
        account = store(browser, address, "mailbox", password="", minutes="7")
        assert account.fetchfreq == 7
        assert credentials_of(account) == PasswordCredentials("box", PASSWORD)
        change = AdministrativeChange.objects.latest("pk")
        assert change.changes == {"mailbox: fetchfreq": [5, 7]}

    @pytest.mark.parametrize(
        "change",
        [{"host": "evil.test"}, {"port": "143"}, {"scheme": "plain"}, {"username": "other"}],
        ids=["host", "port", "encryption", "user"],
    )
    def test_the_stored_password_goes_to_no_other_server(
        self, browser: Client, address: EmailAddress, change: dict[str, str]
    ) -> None:
        store(browser, address, "mailbox")
        for action in ("save", "save_and_try"):
            answer = save(browser, page_of(address, "mailbox"), **{"action": action, **change})
            assert "enter the password again" in errors(answer)["password"][0]
        account = EmailAccount.objects.select_related("email").get(email=address)
        assert account.host == "mail.acme.test"
        assert credentials_of(account) == PasswordCredentials("box", PASSWORD)

    def test_another_user_gets_a_secret_of_its_own(self, browser: Client, address: EmailAddress) -> None:
        store(browser, address, "mailbox")
        account = store(browser, address, "mailbox", username="other", password="opens-another")
        assert credentials_of(account) == PasswordCredentials("other", "opens-another")

    @pytest.mark.parametrize(
        ("change", "field", "message"),
        [
            ({"host": ""}, "host", "This field is required"),
            ({"host": "a b"}, "host", "This is no host name"),
            ({"host": "ssl://mail.acme.test"}, "host", "This is no host name"),
            ({"host": "mail.acme.test:993"}, "host", "This is no host name"),
            ({"host": "mail.acme.test/x"}, "host", "This is no host name"),
            ({"host": "mail..test"}, "host", "This is no host name"),
            ({"host": f"{'a' * 64}.test"}, "host", "This is no host name"),
            ({"host": "a" * 60 + "." + "b" * 60 + ".test", "scheme": "plain"}, "host", "At most 128 characters"),
            ({"port": "65536"}, "port", "less than or equal to 65535"),
            ({"port": "0"}, "port", "greater than or equal to 1"),
            ({"minutes": "256"}, "minutes", "less than or equal to 255"),
            ({"mails": "128"}, "mails", "less than or equal to 127"),
            ({"username": ""}, "username", "This field is required"),
            ({"password": ""}, "password", "This field is required"),
            ({"password": "0"}, "password", "cannot be stored encrypted"),
            ({"method": "mailbox"}, "method", "not one of the available choices"),
            ({"method": "none"}, "method", "not one of the available choices"),
            ({"scheme": "ftp"}, "scheme", "not one of the available choices"),
            ({"afterwards": "archive"}, "archive", "This field is required"),
            ({"afterwards": "archive", "archive": "inbox"}, "archive", "cannot be moved into the folder"),
            ({"protocol": "POP", "afterwards": "archive", "archive": "x"}, "afterwards", "POP3 knows no folders"),
        ],
        ids=[
            *("no host", "blank", "prefix", "port in host", "path", "dots", "long label", "long host", "large port"),
            *("no port", "minutes", "mails", "no user", "no password", "zero", "borrowed", "open", "scheme"),
            *("no archive", "archive is folder", "pop3 archive"),
        ],
    )
    def test_a_refusal_stands_at_its_field(
        self, browser: Client, address: EmailAddress, change: dict[str, str], field: str, message: str
    ) -> None:
        answer = save(browser, page_of(address, "mailbox"), **{**MAILBOX, "action": "save", **change})
        assert message in errors(answer)[field][0]
        assert not EmailAccount.objects.exists()
        assert not ConfigItem.objects.filter(namespace__startswith="email.").exists()

    def test_what_pop3_does_not_have_is_not_stored(self, browser: Client, address: EmailAddress) -> None:
        account = store(browser, address, "mailbox", protocol="POP", port="995", folder="Support", archive="Done")
        assert (account.protocol, account.folder, account.archivefolder) == ("POP", None, None)

    def test_saving_ends_every_rest(self, browser: Client, address: EmailAddress) -> None:
        account = store(browser, address, "mailbox")
        now = timezone.now()
        EmailAccount.objects.update(num_errors=9, last_error=now, last_error_msg="no", last_activity=now)
        Mailbox.objects.create(account_id=account.pk, failures=9, stopped=now, folder="INBOX", last_uid=7)
        KnownMail.objects.create(account_id=account.pk, uid="9", state=KnownMail.State.LEFT)
        store(browser, address, "mailbox", password="")
        account.refresh_from_db()
        assert (account.num_errors, account.last_error, account.last_error_msg, account.last_activity) == (
            *(0, None, None, None),
        )
        mailbox = Mailbox.objects.get()
        assert (mailbox.failures, mailbox.stopped, mailbox.last_uid) == (0, None, 7)
        assert KnownMail.objects.exists()

    def test_another_server_is_begun_anew(self, browser: Client, address: EmailAddress) -> None:
        account = store(browser, address, "mailbox")
        Mailbox.objects.create(account_id=account.pk, folder="INBOX", validity=3, last_uid=7, taken=5)
        KnownMail.objects.create(account_id=account.pk, uid="9", state=KnownMail.State.LEFT)
        store(browser, address, "mailbox", host="other.acme.test")
        mailbox = Mailbox.objects.get()
        assert (mailbox.folder, mailbox.validity, mailbox.last_uid, mailbox.taken) == ("", 0, 0, 5)
        assert not KnownMail.objects.exists()

    def test_a_connection_is_tried_and_what_the_server_says_shown(self, browser: Client, address: EmailAddress) -> None:
        page = page_of(address, "mailbox")
        with port_of_nobody() as port:
            data = {**MAILBOX, "host": "127.0.0.1", "scheme": "plain", "port": str(port), "action": "save_and_try"}
            answer = browser.get(save(browser, page, **data)["Location"]).content.decode()
            again = browser.post(page, {"action": "try"}, follow=True).content.decode()
        assert "The account is stored." in answer
        assert "The server cannot be used: cannot connect to host" in answer
        assert EmailAccount.objects.get().active
        assert "cannot connect to host" in again
        assert not Mailbox.objects.exists()


class TestSmtp:
    def test_the_row_and_its_credentials_are_those_of_osticket(self, browser: Client, address: EmailAddress) -> None:
        assert not has_server()
        assert any("No mail server" in line.finding.sentence for line in examine(now=timezone.now()).lines)
        account = store(browser, address, "smtp", may_spoof="on")
        assert (account.type, account.protocol, account.auth_bk, account.host, account.port) == (
            *("smtp", "SMTP", "basic", "mail.acme.test", 587),
        )
        assert account.allow_spoofing
        assert credentials_of(account) == PasswordCredentials("box", PASSWORD)
        assert has_server()

    @pytest.mark.parametrize(
        ("scheme", "port", "stored", "meant"),
        [
            ("", "465", "mail.acme.test", Encryption.TLS),
            ("", "587", "mail.acme.test", Encryption.START_TLS),
            ("", "25", "mail.acme.test", Encryption.NONE),
            ("ssl", "2465", "ssl://mail.acme.test", Encryption.TLS),
            ("tls", "25", "tls://mail.acme.test", Encryption.START_TLS),
            ("plain", "587", "plain://mail.acme.test", Encryption.NONE),
        ],
        ids=["465", "587", "25", "ssl", "tls", "plain"],
    )
    def test_encryption_is_said_by_prefix_or_port(
        self, browser: Client, address: EmailAddress, scheme: str, port: str, stored: str, meant: Encryption
    ) -> None:
        account = store(browser, address, "smtp", scheme=scheme, port=port)
        assert account.host == stored
        assert address_of_server(account.host, account.port) == ("mail.acme.test", int(port), meant)
        form = browser.get(page_of(address, "smtp")).context["form"]
        assert (form["host"].value(), form["scheme"].value(), form["port"].value()) == (
            *("mail.acme.test", scheme, int(port)),
        )

    def test_it_may_sign_in_as_the_mailbox_where_there_is_one(self, browser: Client, address: EmailAddress) -> None:
        page = page_of(address, "smtp")
        answer = save(browser, page, **{**SMTP, "method": "mailbox", "action": "save"})
        assert "has no mailbox yet" in errors(answer)["method"][0]
        store(browser, address, "mailbox")
        account = store(browser, address, "smtp", method="mailbox", username="", password="")
        assert credentials_of(account) == PasswordCredentials("box", PASSWORD)
        assert ConfigItem.objects.filter(namespace__startswith="email.").count() == 2
        refused = browser.post(page_of(address, "mailbox"), {"action": "delete"}, follow=True).content.decode()
        assert "signs in as its mailbox" in refused
        assert EmailAccount.objects.count() == 2

    def test_it_begins_with_a_password_or_with_the_mailbox_where_there_is_one(
        self, browser: Client, address: EmailAddress
    ) -> None:
        page = browser.get(page_of(address, "smtp"))
        assert page.context["form"]["method"].value() == "basic"
        labels = BeautifulSoup(page.content, "html.parser").select("label")
        optional = {str(one["for"]) for one in labels if one.select_one(".adf-optional")}
        assert not optional & {"id_username", "id_password"}
        store(browser, address, "mailbox")
        assert browser.get(page_of(address, "smtp")).context["form"]["method"].value() == "mailbox"
        store(browser, address, "smtp")
        page = browser.get(page_of(address, "smtp"))
        labels = BeautifulSoup(page.content, "html.parser").select("label")
        assert [one["for"] for one in labels if one.select_one(".adf-optional")].count("id_password") == 1

    def test_without_a_sign_in_no_password_stays(self, browser: Client, address: EmailAddress) -> None:
        store(browser, address, "smtp")
        account = store(browser, address, "smtp", method="none", username="", password="")
        assert credentials_of(account) == NoAuthentication("box@acme.test")
        assert not ConfigItem.objects.filter(namespace__startswith="email.").exists()
        change = AdministrativeChange.objects.latest("pk")
        assert change.changes["smtp: password"] == ["(hidden)", None]

    @pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
    def test_the_server_lets_us_in_or_says_why_not(self, browser: Client, address: EmailAddress, sink: Sink) -> None:
        here = {"host": "127.0.0.1", "scheme": "plain", "port": str(sink.port)}
        page = page_of(address, "smtp")
        data = {**SMTP, **here, "action": "save_and_try"}
        assert "the server lets us in" in browser.get(save(browser, page, **data)["Location"]).content.decode()
        assert sink.logins == [("box", PASSWORD)]
        assert sink.messages == []
        sink.closed_to = "nobody"
        wrong = browser.get(save(browser, page, **{**data, "username": "nobody"})["Location"]).content.decode()
        assert "The server cannot be used: 535" in wrong

    def test_a_server_that_says_too_much_is_cut_short(self, browser: Client, address: EmailAddress) -> None:
        def talk(client: socket.socket) -> None:
            client.sendall(b"".join(b"554-<script>%d\r\n" % number for number in range(1000)) + b"554 no\r\n")

        with server_that(talk) as port:
            data = {**SMTP, "host": "127.0.0.1", "scheme": "plain", "port": str(port), "action": "save_and_try"}
            page = browser.get(save(browser, page_of(address, "smtp"), **data)["Location"]).content.decode()
        assert "&lt;script&gt;0" in page
        assert "<script>0" not in page
        assert "&lt;script&gt;900" not in page

    def test_a_removed_account_leaves_nothing_behind(self, browser: Client, address: EmailAddress) -> None:
        account = store(browser, address, "smtp")
        set_settings("core", {"default_smtp_id": account.pk}, SYSTEM)
        assert "box@acme.test (mail.acme.test:587)" in browser.get("/admin/settings/email/").content.decode()
        browser.post(page_of(address, "smtp"), {"action": "delete"})
        assert not EmailAccount.objects.exists()
        assert not ConfigItem.objects.filter(namespace__startswith="email.").exists()
        assert current().integer("default_smtp_id") == 0
        assert not has_server()

    def test_the_default_account_is_one_that_sends(self, browser: Client, address: EmailAddress) -> None:
        store(browser, address, "mailbox")
        form = browser.get("/admin/settings/email/").context["form"]
        assert [value for value, _label in form.fields["default_smtp_id"].choices] == ["0"]


class TestOauth:
    def test_it_begins_with_the_client_and_is_off_until_connected(self, browser: Client, address: EmailAddress) -> None:
        page = page_of(address, "mailbox")
        answer = save(browser, page, **{**MAILBOX, "method": "oauth2:msmail", "action": "save_and_try"})
        account = EmailAccount.objects.get()
        assert (account.auth_bk, account.active) == ("oauth2:msmail", False)
        assert answer["Location"] == f"/admin/mail-sign-in/{account.pk}/"
        assert not ConfigItem.objects.filter(namespace__startswith="email.").exists()
        client = browser.get(answer["Location"])
        assert client.context["form"]["provider"].value() == "msmail"
        assert answer["Location"] in browser.get(page).content.decode()

    def test_a_password_takes_the_place_of_tokens(self, browser: Client, address: EmailAddress) -> None:
        store(browser, address, "smtp", method="oauth2:gmail", username="", password="")
        account = EmailAccount.objects.get()
        space = f"email.{address.pk}.account.{account.pk}"
        ConfigItem.objects.create(namespace=space, key="refresh_token", value="$2$x", updated=timezone.now())
        store(browser, address, "smtp")
        assert set(ConfigItem.objects.filter(namespace=space).values_list("key", flat=True)) == {"username", "passwd"}

    def test_the_client_goes_with_its_account(self, browser: Client, address: EmailAddress) -> None:
        store(browser, address, "smtp", method="oauth2:gmail", username="", password="")
        account = EmailAccount.objects.get()
        browser.post(
            f"/admin/mail-sign-in/{account.pk}/",
            {"provider": "gmail", "client_id": "one", "client_secret": "of the client"},
        )
        assert PluginInstance.objects.count() == 1
        browser.post(page_of(address, "smtp"), {"action": "delete"})
        assert not PluginInstance.objects.exists()
        assert not ConfigItem.objects.filter(namespace__startswith="plugin.").exists()


def test_unknown_pages_are_not_there(browser: Client, address: EmailAddress) -> None:
    assert browser.get(page_of(address, "fax")).status_code == 404
    assert browser.get("/admin/email-addresses/4711/smtp/").status_code == 404
