"""`python -m bench measure-fetching`: measures the intake of mail from a real Dovecot by one worker (internal).

It writes, so it gets a database of its own, made for it and dropped afterwards.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

PEOPLE = 400
LARGE_MAIL_FILE = 18_500_000
"""Bytes of the file in a mail that is 25 MB as it comes in."""


def main(arguments: argparse.Namespace) -> int:
    """Measure and write the figures as JSON."""
    import django

    django.setup()
    figures = {"engine": arguments.engine, "tickets": arguments.tickets, "fetching": measure(arguments.mails)}
    arguments.output.write_text(json.dumps(figures, indent=1))
    return 0


def measure(mails: int) -> dict[str, Any]:
    """Fetch so many mixed mails with one worker; give the figures. Raises RuntimeError where one was not taken."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from helpdesk.threads.models import EntryEmail
    from mailfetch.fetching import fetch_mailbox
    from tests.mailfetch.dovecot import running_dovecot
    from tests.mailfetch.making import again, mailbox_of

    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        with running_dovecot(folder) as server:
            user = server.new_user()
            account = mailbox_of(user, postfetch="delete", fetchmax=100)
            _accept_strangers()
            user.receive_many([bytes(one) for one in mixed(20, "warm")])
            fetch_mailbox(account)
            user.receive_many([bytes(one) for one in mixed(20, "count")])
            with CaptureQueriesContext(
                connection,
            ) as queries:
                fetch_mailbox(again(account))
            user.receive_many([bytes(one) for one in mixed(mails, "case")])
            started, busy = time.perf_counter(), time.process_time()
            result = fetch_mailbox(again(account))
            seconds, busy = time.perf_counter() - started, time.process_time() - busy
            left = user.subjects()
    finally:
        shutil.rmtree(folder)
    taken = EntryEmail.objects.filter(mid__startswith="<case").exclude(entry_id=0).count()
    if result.failure or left or not result.total == taken == mails:
        raise RuntimeError(f"Not every mail was taken: {result}, {taken} entries, {len(left)} left")
    return {
        "mails": mails,
        "seconds": round(seconds, 2),
        "per_second": round(mails / seconds, 1),
        "cpu_ms": round(busy * 1000 / mails, 2),
        "statements": round(len(queries) / 20, 1),
        "memory_mb": round(
            resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 if sys.platform == "darwin" else 1024)
        ),
        "large_mail_mb": memory_of_reading(),
    }


def memory_of_reading(file_bytes: int = LARGE_MAIL_FILE) -> int:
    """Read a mail with a file of so many bytes in a process of its own; give the most memory that it held, in MB."""
    command = [sys.executable, "-c", _READING, str(file_bytes)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return int(done.stdout.split()[-1])


_READING = """
import base64, os, sys
import django
django.setup()
from helpdesk.mail.incoming import read_mail
size = int(sys.argv[1])
content = base64.encodebytes(os.urandom(size)).replace(b"\\n", b"\\r\\n")
head = b"From: a@b.test\\r\\nContent-Type: multipart/mixed; boundary=b\\r\\n\\r\\n--b\\r\\n\\r\\ntext\\r\\n--b\\r\\n"
kind = b"Content-Type: application/pdf; name=a.pdf\\r\\nContent-Transfer-Encoding: base64\\r\\n\\r\\n"
raw = head + kind + content + b"--b--\\r\\n"
del content
if len(read_mail(raw).files[0].content) != size:
    raise SystemExit("The file was not read whole.")
[peak] = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(int(peak.split()[1]) // 1024)
"""
"""What the process does: the settings are those of the one that asks."""


def mixed(count: int, name: str) -> Iterator[EmailMessage]:
    """Give mails as they come in: of ten, six begin something, four answer that, one has a file; half have HTML."""
    chance = random.Random(name)  # noqa: S311 -- the same mails each time
    begun: list[int] = []
    for number in range(count):
        message = EmailMessage()
        person = chance.randrange(PEOPLE)
        message["From"] = f"Person {person} <person-{person}@example.org>"
        message["To"] = "Support <support@acme.test>"
        message["Message-ID"] = f"<{name}-{number}@example.org>"
        message["Date"] = "Mon, 30 Nov 2026 10:00:00 +0000"
        message["Subject"] = f"Something about {chance.choice(['printers', 'invoices', 'access', 'Grüße'])} {number}"
        if number % 10 in {3, 5, 7, 9} and begun:
            message["In-Reply-To"] = f"<{name}-{chance.choice(begun)}@example.org>"
            message["References"] = message["In-Reply-To"]
        else:
            begun.append(number)
        text = "\n".join(" ".join(chance.choices(TEXT.split(), k=12)) for _line in range(chance.randint(3, 30)))
        message.set_content(text)
        if number % 2:
            message.add_alternative(f"<html><body><p>{text}</p></body></html>", subtype="html")
        if number % 10 == 1:
            content = chance.randbytes(chance.randint(2_000, 60_000))
            message.add_attachment(content, maintype="application", subtype="pdf", filename=f"file-{number}.pdf")
        yield message


TEXT = (
    "the printer on the second floor does not answer since yesterday evening please look at it we need the invoice "
    "again because its number is wrong and nobody can sign in to the old account thank you for your help"
)


def _accept_strangers() -> None:
    from helpdesk.configuration.services import set_settings
    from helpdesk.people.actor import Actor

    set_settings("core", {"accept_unregistered_email": True}, Actor.system("bench"))
