"""Processes that are killed between two steps of fetch, commit, flag or delete: every mail once, nothing left."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from helpdesk.mail.models import EmailAccount
from helpdesk.outbox.models import Effect
from mailfetch import fetching, taking
from mailfetch.claims import Claim, ClaimLost, claim, release
from mailfetch.fetching import fetch_mailbox
from mailfetch.models import KnownMail, Mailbox, QuarantinedMail
from mailfetch.places import Place
from mailfetch.servers.imap import ImapSession
from mailfetch.servers.pop3 import Pop3Session
from mailfetch.taking import Visit
from tests.mailfetch.dovecot import User
from tests.mailfetch.making import UNUSABLE, again, entries_of, mail, mailbox_of
from tickets.models import Ticket

MAILS = 4
STEPS: dict[str, tuple[Any, str, bool]] = {
    "before the mail is posted": (taking, "post_in_turn", True),
    "before its commit": (taking, "post_in_turn", False),
    "after its commit": (fetching, "take", False),
    "before mails are flagged": (fetching._Run, "_finish", True),
    "after mails are flagged": (ImapSession, "finish", False),
    "after mails are marked to be deleted": (Pop3Session, "finish", False),
    "before the session ends": (Pop3Session, "close", True),
    "after the session ended": (Pop3Session, "close", False),
    "before notes are forgotten": (fetching._Run, "_forget", True),
    "after the end": (fetching, "release", True),
}
"""Where a process dies: a function, and whether before or after its work."""


def run_and_die(account_id: int, step: str, at_call: int) -> bool:
    """Fetch in a process of its own that kills itself at a step, at its n-th time; gives whether it died."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            place, name, is_before = STEPS[step]
            setattr(place, name, _deadly(getattr(place, name), is_before, at_call))
            fetch_mailbox(again(EmailAccount.objects.get(pk=account_id)))
            os._exit(0)
        finally:
            os._exit(1)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def _deadly(work: Callable[..., Any], is_before: bool, at_call: int) -> Callable[..., Any]:
    calls = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if is_before and calls == at_call:
            os.kill(os.getpid(), signal.SIGKILL)
        result = work(*args, **kwargs)
        if calls == at_call:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapped


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
    keys = list(Effect.objects.values_list("key", flat=True))
    assert len(keys) == len(set(keys))


def prepare(user: User, protocol: str, action: str) -> EmailAccount:
    """Give a mailbox with mails, one of which cannot be used."""
    user.receive(*(mail(number) for number in range(MAILS - 1)), UNUSABLE, mail(MAILS - 1))
    return mailbox_of(user, protocol=protocol, postfetch=action, fetchmax=2)


def steps_of(protocol: str) -> list[str]:
    """Give the steps that a protocol has."""
    other = Pop3Session if protocol == "IMAP" else ImapSession
    return [name for name, (place, _function, _before) in STEPS.items() if place is not other]


@pytest.mark.servers
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("fetching")
@pytest.mark.parametrize(("protocol", "action"), [("IMAP", "delete"), ("POP", "delete"), ("IMAP", "nothing")])
def test_processes_that_die_lose_nothing_and_repeat_nothing(user: User, protocol: str, action: str) -> None:
    account = prepare(user, protocol, action)
    died = 0
    for step in steps_of(protocol):
        died += run_and_die(account.pk, step, at_call=1)
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
        for table in (EmailAccount, KnownMail, QuarantinedMail, Mailbox, Ticket):
            table.objects.all().delete()
        from helpdesk.mail.models import EmailAddress
        from helpdesk.threads.models import EntryEmail

        EntryEmail.objects.all().delete()
        EmailAddress.objects.filter(email__startswith="user-").delete()
        box = user.server.new_user()
        account = prepare(box, protocol, action)
        for _time in range(chance.randint(1, 8)):
            died += run_and_die(account.pk, chance.choice(steps_of(protocol)), chance.randint(1, 4))
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
