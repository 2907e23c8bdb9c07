"""What the system log says of a mail that is refused stays there, though nothing else of the mail does."""

from __future__ import annotations

import pytest
from django.utils import timezone

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import set_settings
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.people.actor import Actor
from mailfetch import lmtp, quarantine, taking
from mailfetch.claims import claim
from mailfetch.models import QuarantinedMail
from mailfetch.places import Place
from mailfetch.posting import post
from mailfetch.taking import Visit
from tests.mailfetch.making import mail
from tickets.models import Ticket

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fetching")]
LIMIT = "Ticket denied - jane@example.org"


def lines() -> list[str]:
    return list(SystemLogEntry.objects.filter(title__startswith="Ticket denied").values_list("title", flat=True))


@pytest.fixture
def limited(fetching: None) -> None:
    """Jane has as many open tickets as she may have."""
    post(mail(1))
    set_settings("core", {"max_open_tickets": "1"}, Actor.system("tests"))


@pytest.fixture
def closed(fetching: None) -> None:
    """Only known people may write."""
    set_settings("core", {"accept_unregistered_email": False}, Actor.system("tests"))


def take(number: int) -> str:
    """Take a mail from a mailbox."""
    claimed = claim(1, now=timezone.now())
    assert claimed is not None
    return taking.take(mail(number), Place(1, 0, "1"), Visit(claimed, "support@acme.test", keeps_order=False))


@pytest.mark.usefixtures("limited")
def test_of_a_fetched_mail_that_is_set_aside() -> None:
    assert take(2) == taking.ASIDE
    assert (lines(), Ticket.objects.count()) == ([LIMIT], 1)
    aside = QuarantinedMail.objects.get()
    assert quarantine.retry(aside.pk, now=timezone.now()).state == QuarantinedMail.State.KEPT
    assert lines() == [LIMIT] * 2


@pytest.mark.usefixtures("closed")
def test_of_a_fetched_mail_that_is_denied() -> None:
    assert take(2) == taking.DENIED
    assert lines() == ["Ticket denied"]


@pytest.mark.usefixtures("closed")
def test_of_a_mail_that_another_mail_server_hands_over() -> None:
    assert lmtp.take(mail(2), ["support@acme.test"]).startswith("550")
    assert lines() == ["Ticket denied"]
    with pytest.raises(PermissionRefused):
        post(mail(3))
    assert (lines(), Ticket.objects.count()) == (["Ticket denied"] * 2, 0)
