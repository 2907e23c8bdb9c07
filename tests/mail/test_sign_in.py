"""Signing in to a mail server by a user name or password outside ASCII: in UTF-8, or refused in plain words."""

from __future__ import annotations

import pytest
from django.test import override_settings

from helpdesk.legacy.errors import Conflict
from helpdesk.legacy.mail_credentials import PasswordCredentials
from helpdesk.mail.connections import try_server
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, mail_effects
from helpdesk.mail.transport import Encryption, Server
from helpdesk.outbox.delivery import deliver_due
from helpdesk.outbox.models import Effect
from helpdesk.outbox.services import enqueue
from tests.desk import set_up_desk
from tests.mail.sink import Sink, smtp_sink

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH")
USER, PASSWORD = "jürgen@acme.test", "Schlüssel 鍵 €"


def server_at(sink: Sink, user: str = USER, password: str = PASSWORD) -> Server:
    return Server("127.0.0.1", sink.port, Encryption.NONE, PasswordCredentials(user, password))


@pytest.mark.parametrize("without", [[], ["PLAIN"]], ids=["plain", "login"])
@pytest.mark.parametrize(("user", "password"), [(USER, PASSWORD), ("box", PASSWORD), (USER, "ascii")])
def test_both_are_sent_in_utf8(without: list[str], user: str, password: str) -> None:
    with smtp_sink(with_sign_in=True, without=without) as sink:
        try_server(server_at(sink, user, password), seconds=10)
        assert sink.logins == [(user, password)]


def test_a_wrong_one_is_refused_as_any_other() -> None:
    with smtp_sink(with_sign_in=True) as sink:
        sink.closed_to = USER
        with pytest.raises(Conflict, match="535"):
            try_server(server_at(sink), seconds=10)


def test_a_server_that_knows_no_way_is_named() -> None:
    with (
        smtp_sink(with_sign_in=True, without=["PLAIN", "LOGIN"]) as sink,
        pytest.raises(Conflict, match="outside ASCII"),
    ):
        try_server(server_at(sink), seconds=10)


def test_what_no_protocol_can_say_is_no_fault_of_the_program() -> None:
    with pytest.raises(Conflict, match="cannot be asked"):
        try_server(Server(f"{'x' * 70}.test", 25, Encryption.NONE), seconds=10)


@pytest.mark.django_db
def test_mails_leave_by_such_a_server_and_wait_where_it_knows_no_way() -> None:
    set_up_desk()
    Effect.objects.all().delete()
    mail = NewMail([Recipient(RecipientKind.ADDRESS, "jane@customer.test")], "one", subject="Hello", text="There")
    enqueue(*mail_effects([mail], object_type="", object_id=0))
    secret = "j%C3%BCrgen:Schl%C3%BCssel"
    with smtp_sink(with_sign_in=True, without=["PLAIN", "LOGIN"]) as sink:
        with override_settings(MAIL_SERVER=sink.url.replace("//", f"//{secret}@")):
            assert deliver_due().postponed == 1
        waiting = Effect.objects.get()
        assert "outside ASCII" in waiting.error
        assert "Traceback" not in waiting.error
    Effect.objects.update(next_try=waiting.created)
    with smtp_sink(with_sign_in=True) as sink:
        with override_settings(MAIL_SERVER=sink.url.replace("//", f"//{secret}@")):
            assert deliver_due().delivered == 1
        assert sink.logins == [("jürgen", "Schlüssel")]
        assert len(sink.messages) == 1
