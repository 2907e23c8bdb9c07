"""`manage.py mailpipe`: what it stores and how it exits."""

from __future__ import annotations

import io
import os
from types import SimpleNamespace

import pytest
from django.core.management import call_command
from django.db import OperationalError

from helpdesk.configuration.services import set_settings
from helpdesk.people.actor import Actor
from helpdesk.threads.models import EntryEmail
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
MAIL = b"From: Jo <jo@example.test>\r\nTo: support@acme.test\r\nSubject: Help\r\nMessage-ID: <a@b>\r\n\r\nwords\r\n"


def pipe(raw: bytes, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(raw)))
    try:
        call_command("mailpipe", stderr=io.StringIO())
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def test_a_mail_becomes_a_ticket_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Ticket.objects.count()
    assert [pipe(MAIL, monkeypatch), pipe(MAIL, monkeypatch)] == [os.EX_OK, os.EX_OK]
    assert Ticket.objects.count() == before + 1


def test_nothing_is_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pipe(b"\n", monkeypatch) == os.EX_NOINPUT


def test_a_denied_mail_is_noted_and_taken_when_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    set_settings("core", {"accept_unregistered_email": "0"}, Actor.system())
    assert pipe(MAIL, monkeypatch) == os.EX_NOPERM
    assert EntryEmail.objects.filter(mid="<a@b>", entry_id=0).count() == 1
    set_settings("core", {"accept_unregistered_email": "1"}, Actor.system())
    assert pipe(MAIL, monkeypatch) == os.EX_OK


def test_a_failure_of_ours_leaves_the_mail_with_its_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("helpdesk.api.management.commands.mailpipe.open_or_continue", fail)
    assert pipe(MAIL, monkeypatch) == os.EX_TEMPFAIL
