"""Two help desks that write to each other stop after two mails; each mail goes over SMTP and through a real pipe."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.house.desk import REPOSITORY, environment, manage
from tests.mail.sink import Sink, smtp_sink

pytestmark = pytest.mark.once

NAMES = ("acme", "globex")
SET_UP = """
from datetime import UTC, datetime
from dataclasses import replace
from helpdesk.configuration.services import set_settings
from helpdesk.people.actor import Actor
from helpdesk.portal.seed import seed_database
from tests.conftest import ANSWERS
seed_database(replace(ANSWERS, default_email="help@{name}.test", admin_email="ada@{name}.test"),
              now=datetime(2026, 1, 5, tzinfo=UTC))
wanted = ["ticket_autoresponder", "message_autoresponder", "accept_unregistered_email"]
set_settings("core", dict.fromkeys(wanted, "1") | {{"ticket_alert_active": "0"}}, Actor.system())
"""
ANSWER = """
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from tests.desk import open_ticket, set_up_desk
from tickets.services import post_reply
desk, ticket = set_up_desk(), open_ticket(email="help@globex.test", name="Globex")
Effect.objects.all().delete()
post_reply(ticket, actor=Actor.for_agent(desk.grace), body="Have you tried again?")
"""
"""An agent answers a ticket of the other help desk: by a mail that nothing marks as automatic."""


@dataclass
class House:
    """A help desk with a data directory and a mail server of its own."""

    folder: Path
    sink: Sink

    @property
    def variables(self) -> dict[str, str]:
        """What makes it another one than the other: its mail server, and the salt by which it knows its own mails."""
        return {"MAIL_SERVER": self.sink.url, "SECRET_SALT": self.folder.name.ljust(32, "x")}

    def run(self, *arguments: str) -> str:
        """Run a management command."""
        done = manage(self.folder, *arguments, **self.variables)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def send(self) -> list[EmailMessage]:
        """Deliver what waits; give the mails that its server got by that."""
        before = len(self.sink.messages)
        self.run("outbox", "deliver")
        return self.sink.messages[before:]

    def take(self, mail: bytes) -> int:
        """Hand a mail over as a mail server does: through a pipe of a shell; gives the exit code."""
        file = self.folder / "mail"
        file.write_bytes(mail)
        command = f'cat "{file}" | "{sys.executable}" manage.py mailpipe'
        variables = environment(self.folder) | self.variables
        done = subprocess.run(["sh", "-c", command], cwd=REPOSITORY, env=variables, check=False, timeout=240)
        return done.returncode

    def counted(self) -> tuple[int, int]:
        """Count tickets and messages."""
        with closing(sqlite3.connect(self.folder / "ostler.sqlite3")) as database:
            tickets = database.execute("SELECT COUNT(*) FROM ost_ticket").fetchone()[0]
            messages = database.execute("SELECT COUNT(*) FROM ost_thread_entry WHERE type = 'M'").fetchone()[0]
        return tickets, messages


@pytest.fixture(scope="module")
def prepared(migrated_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make both once, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    for name in NAMES:
        shutil.copytree(migrated_folder, folder / name)
        done = manage(folder / name, "shell", "--no-imports", "-c", SET_UP.format(name=name))
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def houses(prepared: Path, tmp_path: Path) -> Iterator[list[House]]:
    with ExitStack() as stack:
        yield [
            House(shutil.copytree(prepared / name, tmp_path / name), stack.enter_context(smtp_sink())) for name in NAMES
        ]


def mail(name: str) -> bytes:
    """Give a mail of a person."""
    head = f"From: <jo@customer.test>\r\nTo: <help@acme.test>\r\nSubject: Printer\r\nMessage-ID: <{name}@x.test>\r\n"
    return f"{head}\r\nIt does not print.\r\n".encode()


def test_two_desks_settle_within_two_mails(houses: list[House]) -> None:
    acme, globex = houses
    acme.run("shell", "--no-imports", "-c", ANSWER)
    sender, receiver, exchanged = acme, globex, []
    while mails := sender.send():
        exchanged += [one["Auto-Submitted"] for one in mails]
        assert len(exchanged) <= 2
        for one in mails:
            assert receiver.take(bytes(one)) == os.EX_OK
        sender, receiver = receiver, sender
    assert exchanged == [None, "auto-replied"]  # the answer, and its confirmation, which nobody confirms
    assert globex.counted() == (1, 1)
    assert acme.counted() == (1, 2)


def test_what_a_mail_server_hears(houses: list[House]) -> None:
    acme, _globex = houses
    assert acme.take(b"") == os.EX_NOINPUT
    assert acme.take(mail("one")) == os.EX_OK
    assert acme.take(mail("one")) == os.EX_OK
    assert acme.counted() == (1, 1)
    (acme.folder / "ostler.sqlite3").rename(acme.folder / "gone")
    assert acme.take(mail("two")) == os.EX_TEMPFAIL
