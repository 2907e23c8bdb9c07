"""`python -m bench measure-sending`: measures the sending of mail to a local server by one worker and two (internal).

It writes, so it gets a database of its own, made for it and dropped afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

COUNTED = 100
WORKERS = 2


def main(arguments: argparse.Namespace) -> int:
    """Measure and write the figures as JSON."""
    import django

    django.setup()
    figures = {"engine": arguments.engine, "tickets": arguments.tickets, "sending": measure(arguments.sends)}
    arguments.output.write_text(json.dumps(figures, indent=1))
    return 0


def measure(mails: int) -> dict[str, Any]:
    """Send so many mails of the usual kinds; give the figures. Raises RuntimeError where one did not leave."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext, override_settings

    from helpdesk.outbox.delivery import deliver_due
    from helpdesk.outbox.models import Effect

    Effect.objects.all().delete()
    everything = usual_mails()
    arrived: list[int] = []
    with _sink(arrived) as url, override_settings(MAIL_SERVER=url):
        _queue(everything, COUNTED)
        deliver_due()
        _queue(everything, COUNTED)
        with CaptureQueriesContext(connection) as queries:
            deliver_due()
        _queue(everything, mails)
        started, busy = time.perf_counter(), time.process_time()
        result = deliver_due()
        seconds, busy = time.perf_counter() - started, time.process_time() - busy
        _queue(everything, mails)
        everything.close()  # SQLite shows what others write only when nothing is being read any more
        together = _seconds_of_workers(WORKERS, url)
    if Effect.objects.exclude(state=Effect.State.DONE).exists() or arrived != [2 * mails + 2 * COUNTED]:
        raise RuntimeError(f"Not every mail left: {result}, {arrived} arrived")
    return {
        "mails": mails,
        "seconds": round(seconds, 2),
        "per_second": round(mails / seconds, 1),
        "cpu_ms": round(busy * 1000 / mails, 2),
        "statements": round(len(queries) / COUNTED, 1),
        "workers": WORKERS,
        "per_second_together": round(mails / together, 1),
    }


def deliver(arguments: argparse.Namespace) -> int:
    """Be one of several workers: say that one stands, wait for a line, deliver what is due, say how much it was."""
    import django

    django.setup()
    from helpdesk.outbox.delivery import deliver_due
    from helpdesk.outbox.models import Effect

    Effect.objects.exists()
    print("ready", flush=True)
    sys.stdin.readline()
    print(deliver_due().delivered, flush=True)
    return 0


def _seconds_of_workers(workers: int, url: str) -> float:
    """Let so many processes deliver what is due; gives the seconds from the word to the last one's end."""
    command = [sys.executable, "-m", "bench", "deliver"]
    environment = {**os.environ, "MAIL_SERVER": url}
    pipe = subprocess.PIPE
    with ExitStack() as running:
        started = [
            running.enter_context(subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True))  # noqa: S603
            for _ in range(workers)
        ]
        for process in started:
            _line(process)
        begun = time.perf_counter()
        for process in started:
            _write(process, "go")
        delivered = [int(_line(process)) for process in started]
        seconds = time.perf_counter() - begun
    if min(delivered) == 0:
        raise RuntimeError(f"One worker did everything: {delivered}")
    return seconds


def _line(process: subprocess.Popen[str]) -> str:
    if process.stdout is None:
        raise RuntimeError("The worker has no pipes.")
    return process.stdout.readline()


def _write(process: subprocess.Popen[str], text: str) -> None:
    if process.stdin is None:
        raise RuntimeError("The worker has no pipes.")
    print(text, file=process.stdin, flush=True)


def usual_mails() -> Generator[tuple[int, Any]]:
    """Give mails with the ticket that each is about: alert and confirmation of a message, and an agent's answer."""
    from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind
    from helpdesk.people.models import Agent
    from helpdesk.threads.constants import EntryType
    from helpdesk.threads.models import ThreadEntry
    from tickets.models import Ticket
    from tickets.notices import user_recipient
    from tickets.states import thread_of

    agents = [
        Recipient(RecipientKind.AGENT, str(one.email), str(one), one.pk) for one in Agent.objects.order_by("pk")[:10]
    ]
    for ticket in Ticket.objects.select_related("user__default_email").order_by("-pk").iterator():
        entries = list(ThreadEntry.objects.filter(thread=thread_of(ticket)).order_by("pk"))
        message = next((one for one in entries if one.type == EntryType.MESSAGE), None)
        response = next((one for one in entries if one.type == EntryType.RESPONSE), None)
        if ticket.user is None or message is None:
            continue
        owner = user_recipient(ticket.user)
        context: dict[str, Any] = {"ticket": ticket.pk, "message": message.pk}
        agent = agents[ticket.pk % len(agents)]
        yield ticket.pk, NewMail([agent], f"entry {message.pk}", "message.alert", context=context)
        yield ticket.pk, NewMail([owner], f"entry {message.pk}", "message.autoresp", context=context)
        if response is not None:
            context = {"ticket": ticket.pk, "response": response.pk, "signature": "dept"}
            yield ticket.pk, NewMail([owner], f"entry {response.pk}", "ticket.reply", context=context)


def _queue(mails: Iterator[tuple[int, Any]], count: int) -> None:
    from django.utils import timezone

    from helpdesk.mail.outgoing import mail_effects
    from helpdesk.outbox.services import enqueue

    effects: list[Any] = []
    while len(effects) < count:
        ticket_id, mail = next(mails)
        effects += mail_effects([mail], object_type="ticket", object_id=ticket_id)
    enqueue(*effects, now=timezone.now())


@contextmanager
def _sink(arrived: list[int]) -> Iterator[str]:
    """Run a mail server in a process of its own; adds how many mails it got to `arrived`."""
    environment = {"PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "tests.mail.sink"]
    root = Path(__file__).resolve().parent.parent
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=root, env=environment, stdin=pipe, stdout=pipe, text=True) as process:  # noqa: S603
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("The mail server has no pipes.")
        yield process.stdout.readline().strip()
        process.stdin.close()
        arrived.append(int(process.stdout.readline()))
