"""Rows kept for a second: what this process changes is seen at once, what others change after that second."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from filters.ban_list import MOST_IN_MEMORY, NAME, is_banned
from filters.models import FilterRule, TicketFilter
from helpdesk.api.models import ApiKey
from helpdesk.configuration import kept
from tests.api.conftest import Send, ticket_document

pytestmark = pytest.mark.django_db
BANNED = "spam@example.org"


@pytest.fixture
def ban_list(db: None) -> TicketFilter:
    return TicketFilter.objects.create(name=NAME, target="Email", execorder=99)


def rule(ban_list: TicketFilter, address: str) -> FilterRule:
    return FilterRule.objects.create(filter=ban_list, what="email", how="equal", val=address)


def test_an_address_that_is_not_listed_costs_nothing_while_warm(ban_list: TicketFilter) -> None:
    rule(ban_list, BANNED)
    assert not is_banned("jo@example.org")
    with CaptureQueriesContext(connection) as captured:
        assert not is_banned("other@example.org")
    assert len(captured) == 0
    assert is_banned("SPAM@example.org")


def test_a_ban_and_its_end_count_at_once(ban_list: TicketFilter) -> None:
    assert not is_banned(BANNED)
    banned = rule(ban_list, BANNED)
    assert is_banned(BANNED)
    banned.delete()
    assert not is_banned(BANNED)
    rule(ban_list, BANNED)
    ban_list.isactive = False
    ban_list.save()
    assert not is_banned(BANNED)


def test_what_osticket_bans_counts_after_a_moment(ban_list: TicketFilter, monkeypatch: pytest.MonkeyPatch) -> None:
    other = rule(ban_list, "other@example.org")
    assert not is_banned(BANNED)
    FilterRule.objects.filter(pk=other.pk).update(val=BANNED)  # sends no signal, as PHP does
    assert not is_banned(BANNED)
    monkeypatch.setattr(kept, "LONGEST_AGE", 0.0)
    assert is_banned(BANNED)


def test_long_lists_and_other_letters_are_left_to_the_database(ban_list: TicketFilter) -> None:
    rules = [f"nobody{number}@example.org" for number in range(MOST_IN_MEMORY)]
    FilterRule.objects.bulk_create(
        FilterRule(filter=ban_list, what="email", how="equal", val=val) for val in [*rules, BANNED]
    )
    assert is_banned(BANNED)
    assert not is_banned("jo@example.org")
    FilterRule.objects.all().delete()
    rule(ban_list, "jörg@example.org")
    assert is_banned("jörg@example.org")
    assert not is_banned("jo@example.org")


def test_a_key_that_is_switched_off_or_moved_is_refused_at_once(send: Send, api_key: ApiKey) -> None:
    assert send(ticket_document()).status_code == 201
    api_key.isactive = False
    api_key.save()
    assert send(ticket_document()).status_code == 401
    api_key.isactive, api_key.ipaddr = True, "203.0.113.99"
    api_key.save()
    assert send(ticket_document()).status_code == 401
    api_key.delete()
    assert send(ticket_document()).status_code == 401


def test_an_unknown_key_is_not_remembered(send: Send) -> None:
    ApiKey.objects.update(apikey="0" * 32)
    assert send(ticket_document()).status_code == 401
    ApiKey.objects.update(apikey="ABCDEF0123456789ABCDEF0123456789")
    assert send(ticket_document()).status_code == 201
