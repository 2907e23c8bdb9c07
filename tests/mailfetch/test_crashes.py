"""Processes that are killed between two steps of fetch, commit, flag or delete: every mail once, nothing left."""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.outbox.models import Effect
from helpdesk.threads.models import EntryEmail, ReceivedMail
from mailfetch import fetching, taking
from mailfetch.claims import Claim, ClaimLost, claim, release
from mailfetch.fetching import fetch_mailbox
from mailfetch.models import KnownMail, Mailbox, QuarantinedMail
from mailfetch.places import Place
from mailfetch.servers.imap import ImapSession
from mailfetch.servers.pop3 import Pop3Session
from mailfetch.taking import Visit
from tests.dying import Step, run_and_die
from tests.mailfetch.dovecot import User
from tests.mailfetch.making import UNUSABLE, again, entries_of, mail, mailbox_of
from tickets.models import Ticket

MAILS = 4
STEPS = {
    "before the mail is posted": Step(taking, "post_in_turn", is_before=True),
    "before its commit": Step(taking, "post_in_turn"),
    "after its commit": Step(fetching, "take"),
    "before mails are flagged": Step(fetching._Run, "_finish", is_before=True),
    "after mails are flagged": Step(ImapSession, "finish"),
    "after mails are marked to be deleted": Step(Pop3Session, "finish"),
    "before the session ends": Step(Pop3Session, "close", is_before=True),
    "after the session ended": Step(Pop3Session, "close"),
    "before notes are forgotten": Step(fetching._Run, "_forget", is_before=True),
    "after the end": Step(fetching, "release", is_before=True),
}


def fetch_and_die(account_id: int, step: str, at_call: int) -> bool:
    """Fetch in a process of its own that dies at a step, at its n-th time; gives whether it died."""
    return run_and_die(
        lambda: fetch_mailbox(again(EmailAccount.objects.get(pk=account_id))), STEPS[step], at_call=at_call
    )


def end_claim(account_id: int) -> None:
    """Let the time pass after which a process that says nothing counts as dead."""
    Mailbox.objects.filter(pk=account_id).update(lease=timezone.now())


def check_everything_came_once(account: EmailAccount, user: User, action: str, *, protocol: str) -> None:
    """Fetch to the end, then count."""
    end_claim(account.pk)
    assert fetch_mailbox(again(account)).failure == ""
    assert [entries_of(number) for number in range(MAILS)] == [1] * MAILS
    assert Ticket.objects.filter(user__default_email__address="jane@example.org").count() == MAILS
    assert QuarantinedMail.objects.count() == 1
    assert len(user.subjects()) == (0 if action == "delete" else MAILS + 1)
    if action == "delete" or protocol == "IMAP":
        assert not KnownMail.objects.exists()
    mailbox = Mailbox.objects.get(pk=account.pk)
    assert (mailbox.holder, mailbox.unfinished, mailbox.taken) == ("", 0, MAILS + 1)
    people = [
        (one.payload["template"], person["address"], one.object_type, one.object_id)
        for one in Effect.objects.all()
        for person in (*one.payload["to"], *one.payload["cc"])
    ]
    tickets = Ticket.objects.values_list("pk", flat=True)
    assert sorted(people) == sorted(("ticket.alert", "ada@acme.test", "ticket", pk) for pk in tickets)


def prepare(user: User, protocol: str, action: str) -> EmailAccount:
    """Give a mailbox with mails, one of which cannot be used."""
    user.receive(*(mail(number) for number in range(MAILS - 1)), UNUSABLE, mail(MAILS - 1))
    return mailbox_of(user, protocol=protocol, postfetch=action, fetchmax=2)


def steps_of(protocol: str) -> list[str]:
    """Give the steps that a protocol has."""
    other = Pop3Session if protocol == "IMAP" else ImapSession
    return [name for name, step in STEPS.items() if step.place is not other]


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("fetching")
@pytest.mark.parametrize(("protocol", "action"), [("IMAP", "delete"), ("POP", "delete"), ("IMAP", "nothing")])
def test_processes_that_die_lose_nothing_and_repeat_nothing(user: User, protocol: str, action: str) -> None:
    account = prepare(user, protocol, action)
    died = 0
    for step in steps_of(protocol):
        died += fetch_and_die(account.pk, step, at_call=1)
        end_claim(account.pk)
    assert died >= 3
    check_everything_came_once(account, user, action, protocol=protocol)


@pytest.mark.soak
@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("fetching")
def test_two_hundred_processes_die_anywhere(user: User) -> None:
    chance = random.Random(20261130)  # noqa: S311 -- the same order each time
    died = 0
    while died < 200:
        protocol, action = chance.choice(["IMAP", "POP"]), chance.choice(["delete", "nothing"])
        rows: list[QuerySet[Any]] = [EmailAccount.objects.all(), KnownMail.objects.all(), QuarantinedMail.objects.all()]
        rows += [Mailbox.objects.all(), Ticket.objects.all(), EntryEmail.objects.all(), ReceivedMail.objects.all()]
        rows += [Effect.objects.all()]
        for some in rows:
            some.delete()
        EmailAddress.objects.filter(email__startswith="user-").delete()
        box = user.server.new_user()
        account = prepare(box, protocol, action)
        for _time in range(chance.randint(1, 8)):
            died += fetch_and_die(account.pk, chance.choice(steps_of(protocol)), chance.randint(1, 4))
            end_claim(account.pk)
        check_everything_came_once(account, box, action, protocol=protocol)


@pytest.mark.django_db
@pytest.mark.usefixtures("fetching")
def test_a_mail_at_which_the_program_always_dies_is_set_aside(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    class Died(BaseException):
        """Stands for the end of a process: nothing catches it."""

    def post(*_arguments: object, **_options: object) -> None:
        raise Died

    user.receive(mail(1), mail(2))
    account = mailbox_of(user)
    monkeypatch.setattr(taking, "post_in_turn", post)
    monkeypatch.setattr(fetching, "release", lambda *_arguments, **_options: None)
    for _time in range(4):
        with pytest.raises(Died):
            fetch_mailbox(again(account))
        end_claim(account.pk)
    monkeypatch.undo()
    fetch_mailbox(again(account))
    kept = QuarantinedMail.objects.get()
    assert (kept.reason, kept.message_id) == ("too_many_attempts", "<case-1@example.org>")
    assert (entries_of(1), entries_of(2)) == (0, 1)


@pytest.mark.django_db
@pytest.mark.usefixtures("fetching")
def test_who_was_taken_for_dead_writes_nothing_more(user: User) -> None:
    account = mailbox_of(user)
    slow = claim(account.pk, now=timezone.now())
    assert slow is not None
    assert fetch_mailbox(account).busy
    end_claim(account.pk)
    quick = claim(account.pk, now=timezone.now())
    assert quick is not None
    assert _try_to_take(slow, account) is None
    assert Ticket.objects.count() == 0
    release(slow)  # takes nothing from the other one
    assert Mailbox.objects.get().holder == quick.holder


def _try_to_take(claimed: Claim, account: EmailAccount) -> str | None:
    visit = Visit(claimed, "support@acme.test", keeps_order=True)
    try:
        return taking.take(mail(1), Place(account.pk, 0, "1"), visit)
    except ClaimLost:
        return None
