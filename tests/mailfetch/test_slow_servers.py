"""A mail that takes long to come keeps its mailbox in the hands of whoever fetches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from django.utils import timezone

from mailfetch import fetching
from mailfetch.fetching import fetch_mailbox
from mailfetch.models import Mailbox
from mailfetch.servers.imap import ImapSession
from mailfetch.servers.pop3 import Pop3Session
from tests.mailfetch.dovecot import User
from tests.mailfetch.making import entries_of, mail, mailbox_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fetching")]
Contents = Mapping[str, bytes]


@pytest.mark.parametrize("protocol", ["IMAP", "POP"])
@pytest.mark.parametrize("is_taken_over", [False, True], ids=["still ours", "taken over"])
def test_the_claim_is_renewed_while_a_mail_comes_in(
    user: User, monkeypatch: pytest.MonkeyPatch, protocol: str, is_taken_over: bool
) -> None:
    place: type[ImapSession | Pop3Session] = Pop3Session if protocol == "POP" else ImapSession
    read, leases = place.contents, []

    def read_slowly(session: ImapSession | Pop3Session, uids: Sequence[str]) -> Contents:
        """Read mails when the claim has nearly ended, or when somebody else has the mailbox."""
        monkeypatch.setattr(fetching, "RENEW_SECONDS", -1)
        Mailbox.objects.update(lease=timezone.now())
        if is_taken_over:
            Mailbox.objects.update(holder="somebody else")
        found: Contents = read(session, uids)  # type: ignore[arg-type]
        leases.append(Mailbox.objects.get().lease)
        return found

    user.receive(mail(1, "some text\r\n" * 20))
    account = mailbox_of(user, protocol=protocol)
    monkeypatch.setattr(place, "contents", read_slowly)
    result = fetch_mailbox(account)
    if is_taken_over:
        assert (result.failure, leases, entries_of(1)) == ("Another process took over.", [], 0)
    else:
        (lease,) = leases
        assert lease is not None
        assert lease > timezone.now()
        assert entries_of(1) == 1
