"""Where mail servers may be: never at the addresses where a machine tells about itself, else as the settings say."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from django.test import override_settings

from helpdesk.administration.services.mail_accounts import mails_in
from helpdesk.legacy.errors import Conflict
from helpdesk.mail.connections import try_server
from helpdesk.mail.networks import PlaceForbidden, check_address, check_place
from helpdesk.mail.transport import Encryption, Server
from tests.mail.sink import smtp_sink
from tests.mailfetch.making import new_account, server_that

METADATA = "169.254.169.254"


@pytest.mark.parametrize(
    "address",
    [
        METADATA,
        "fe80::1%2",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "100.100.100.200",
        "224.0.0.1",
    ],
)
def test_some_addresses_are_never_asked(address: str) -> None:
    with pytest.raises(PlaceForbidden):
        check_address(address)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "192.168.1.9", "fd12::1", "::1", "::ffff:10.0.0.5"])
def test_ones_own_network_is_asked_unless_the_settings_say_no(address: str) -> None:
    check_address(address)
    with override_settings(MAIL_PRIVATE_NETWORKS=False):
        check_address("9.9.9.9")
        with pytest.raises(PlaceForbidden, match="MAIL_PRIVATE_NETWORKS"):
            check_address(address)


@pytest.mark.parametrize("spelling", ["2852039166", "0xa9.0xfe.0xa9.0xfe", "169.254.43518"])
def test_odd_spellings_lead_to_the_same_place(spelling: str) -> None:
    with pytest.raises(PlaceForbidden):
        check_place(spelling)


@pytest.mark.parametrize("encryption", [Encryption.NONE, Encryption.TLS])
def test_no_account_sends_there(encryption: Encryption) -> None:
    with pytest.raises(Conflict, match="No mail server may be at"):
        try_server(Server(METADATA, 25, encryption, address="box@acme.test"), seconds=5)


@pytest.mark.django_db
@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
def test_a_mailbox_there_is_not_asked(protocol: str) -> None:
    account = new_account("box", 143, protocol, f"plain://{METADATA}", "secret", "box@acme.test", {})
    with pytest.raises(Conflict, match="No mail server may be at"):
        mails_in(account)


def test_a_name_that_leads_elsewhere_the_second_time_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer is a public address, the second one of this machine, which the settings do not allow."""
    heard: list[bytes] = []

    def talk(client: socket.socket) -> None:
        client.sendall(b"220 ready\r\n")
        heard.append(client.recv(100))

    really = socket.getaddrinfo
    answers = iter(["9.9.9.9"])

    def resolved(host: str, port: Any, *arguments: Any, **options: Any) -> Any:
        return really(next(answers, "127.0.0.1") if host == "mail.acme.test" else host, port, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    public = override_settings(MAIL_PRIVATE_NETWORKS=False)
    with server_that(talk) as port, public, pytest.raises(Conflict, match="No mail server may be at 127"):
        try_server(Server("mail.acme.test", port, Encryption.NONE, address="box@acme.test"), seconds=5)
    assert heard in ([], [b""])


def test_the_server_of_the_environment_may_be_anywhere() -> None:
    with smtp_sink() as sink, override_settings(MAIL_PRIVATE_NETWORKS=False):
        try_server(Server("127.0.0.1", sink.port, Encryption.NONE), seconds=10)
