"""Processes that are killed between two steps of commit, claim, send and note: every mail arrives, under one name."""

from __future__ import annotations

import random
import smtplib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.test import override_settings
from django.utils import timezone

from helpdesk.legacy.message_ids import find_outgoing_message_ids
from helpdesk.mail import delivery as mail_delivery
from helpdesk.outbox import delivery
from helpdesk.outbox import services as outbox
from helpdesk.outbox.models import Effect
from helpdesk.people.actor import Actor
from helpdesk.threads.constants import EntryType
from helpdesk.threads.models import ThreadEntry
from tests.desk import Desk, open_ticket, set_up_desk
from tests.dying import Step, run_and_die
from tests.factories import EndUserFactory, collaborate
from tests.mail.sink import Sink, smtp_sink
from tickets.models import Ticket
from tickets.services import claim_ticket, post_message, post_reply
from tickets.states import thread_of

WRITING = {
    "before the mails are written down": Step(outbox, "_write", is_before=True),
    "before the commit of the cause": Step(outbox, "_write"),
}
SENDING = {
    "before mails are claimed": Step(delivery, "claim", is_before=True),
    "before the commit of the claim": Step(delivery, "_mark_claimed"),
    "after the claim": Step(delivery, "claim"),
    "before the mail is made": Step(mail_delivery, "render", is_before=True),
    "before it is sent": Step(mail_delivery, "hand_over", is_before=True),
    "within the talk with the server": Step(smtplib.SMTP, "send"),
    "after the server has it": Step(smtplib.SMTP, "data"),
    "before it is noted": Step(delivery, "_note", is_before=True),
    "after it is noted": Step(delivery, "_note"),
}
REPEATING = {"within the talk with the server", "after the server has it", "before it is noted"}
"""Who dies there may have sent a mail that nobody noted."""

MARIA, ANN, GRACE = "maria@customer.test", "ann@customer.test", "grace@acme.test"


pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Scene:
    """A ticket of Maria's that Grace has, with Ann as collaborator; what happened to its processes."""

    desk: Desk
    ticket: Ticket
    sink: Sink
    died: Counter[str] = field(default_factory=Counter)

    def write_and_die(self, step: str, *, is_reply: bool) -> None:
        """Write a message of Maria's or an answer of Grace's."""
        self._run(self._reply if is_reply else self._message, step, WRITING[step], at_call=1)

    def send_and_die(self, step: str, *, at_call: int) -> None:
        """Deliver what is due; what the dead process had is free and due again afterwards."""
        self._run(delivery.deliver_due, step, SENDING[step], at_call=at_call)
        Effect.objects.filter(state=Effect.State.RUNNING).update(lease=timezone.now())
        delivery.return_lost(now=timezone.now())
        Effect.objects.filter(state=Effect.State.WAITING).update(next_try=timezone.now())

    def write(self, *, is_reply: bool) -> None:
        """Write without dying."""
        self._reply() if is_reply else self._message()

    def _run(self, work: Callable[[], object], name: str, step: Step, *, at_call: int) -> None:
        self.died[name] += run_and_die(work, step, at_call=at_call)

    def _message(self) -> None:
        ticket = Ticket.objects.get(pk=self.ticket.pk)
        assert ticket.user is not None
        post_message(ticket, actor=Actor.for_user(ticket.user), user=ticket.user, body="It still does not work.")

    def _reply(self) -> None:
        ticket = Ticket.objects.get(pk=self.ticket.pk)
        post_reply(ticket, actor=Actor.for_agent(self.desk.grace), body="Try again.")


@pytest.fixture
def scene() -> Iterator[Scene]:
    desk, ticket = set_up_desk(), open_ticket()
    collaborate(ticket, EndUserFactory.new(name="Ann Lee", address=ANN))
    claim_ticket(Ticket.objects.get(pk=ticket.pk), actor=Actor.for_agent(desk.grace))
    Effect.objects.all().delete()
    with smtp_sink() as sink, override_settings(MAIL_SERVER=sink.url):
        yield Scene(desk, ticket, sink)


def check_everything_arrived(scene: Scene, first: int) -> None:
    """Deliver the rest, then count, for the entries after `first`."""
    assert delivery.deliver_due().failed == 0
    arrived: dict[tuple[int, tuple[str, ...]], list[str]] = {}
    for message, (_sender, recipients) in zip(scene.sink.messages, scene.sink.envelopes, strict=True):
        (found,) = find_outgoing_message_ids(message["Message-ID"])
        arrived.setdefault((found.entry_id, tuple(recipients)), []).append(message["Message-ID"])
    expected: set[tuple[int, tuple[str, ...]]] = set()
    for entry in ThreadEntry.objects.filter(thread=thread_of(scene.ticket), pk__gt=first):
        if entry.type == EntryType.MESSAGE:
            expected |= {(entry.pk, (GRACE,)), (entry.pk, (ANN,))}
        else:
            expected.add((entry.pk, (MARIA, ANN)))
    assert set(arrived) == expected
    assert all(len(set(names)) == 1 for names in arrived.values())
    repeated = sum(len(names) - 1 for names in arrived.values())
    assert repeated <= sum(scene.died[step] for step in REPEATING)
    assert set(Effect.objects.values_list("state", "lease")) <= {(Effect.State.DONE, None)}
    outcomes = list(Effect.objects.values_list("outcome", flat=True))
    assert sorted(outcomes) == sorted(names[0] for names in arrived.values())


def test_processes_that_die_lose_no_mail_and_name_repeats_alike(scene: Scene) -> None:
    first = ThreadEntry.objects.latest("pk").pk
    scene.write_and_die("before the mails are written down", is_reply=True)
    scene.write_and_die("before the commit of the cause", is_reply=False)
    for step in SENDING:
        scene.write(is_reply=False)
        scene.send_and_die(step, at_call=2 if step == "within the talk with the server" else 1)
    assert scene.died.total() == len(WRITING) + len(SENDING)
    check_everything_arrived(scene, first)
    assert len(scene.sink.messages) > Effect.objects.count()  # else nothing was repeated, and nothing proved


@pytest.mark.soak
@pytest.mark.servers
def test_two_hundred_sending_processes_die_anywhere(scene: Scene) -> None:
    chance = random.Random(20261130)  # noqa: S311 -- the same order each time
    first = ThreadEntry.objects.latest("pk").pk
    while scene.died.total() < 200:
        if chance.random() < 0.2:
            scene.write_and_die(chance.choice(list(WRITING)), is_reply=chance.random() < 0.5)
            continue
        for _time in range(chance.randint(1, 3)):
            scene.write(is_reply=chance.random() < 0.5)
        step = chance.choice(list(SENDING))
        scene.send_and_die(step, at_call=chance.randint(1, 24 if step == "within the talk with the server" else 3))
    check_everything_arrived(scene, first)
    sent, written = len(scene.sink.messages), Effect.objects.count()
    figures = f"{dict(scene.died)}; {written} mails, {sent - written} repeated"
    print(f"\n{scene.died.total()} processes died: {figures}")  # noqa: T201 -- for whoever runs it
