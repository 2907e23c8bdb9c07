"""Who may not open tickets (osticket/filters.md §7)."""

import pytest

from filters.ban_list import NAME, ban, is_banned, refuse_banned, unban
from filters.models import FilterRule, TicketFilter
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.legacy.errors import DomainError, PermissionRefused
from helpdesk.people.actor import Actor
from tests.factories import AgentFactory

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


def test_banned_address_is_refused_in_any_letter_case_and_the_log_says_so() -> None:
    ban("spam@bad.test", actor=SYSTEM)
    with pytest.raises(PermissionRefused) as refusal:
        refuse_banned(" SPAM@bad.test", ip_address="192.0.2.7")
    assert (refusal.value.code, str(refusal.value)) == (
        "denied",
        "This help desk is for use by authorized users only",
    )
    line = SystemLogEntry.objects.get(title="Ticket denied")
    assert (line.log_type, line.ip_address) == ("Warning", "192.0.2.7")
    assert line.log == f'Ticket rejected ( SPAM@bad.test) by filter "{NAME}"'


@pytest.mark.parametrize(
    "address", ["ok@bad.test", "", "spam@bad", "x\x00@bad.test", "spam@bad.test.org", "%@bad.test"]
)
def test_others_are_not(address: str) -> None:
    ban("spam@bad.test", actor=SYSTEM)
    refuse_banned(address)
    assert not SystemLogEntry.objects.filter(title="Ticket denied").exists()


def test_rule_with_another_operator_bans_its_exact_value_alone() -> None:
    FilterRule.objects.create(filter=TicketFilter.objects.get(name=NAME), what="email", how="ends", val="@blocked.test")
    assert not is_banned("who@blocked.test")
    assert is_banned("@blocked.test")


@pytest.mark.parametrize("what", ["rule", "filter", "name"])
def test_what_is_switched_off_bans_nobody(what: str) -> None:
    rule = ban("spam@bad.test", actor=SYSTEM)
    changes = {
        "rule": lambda: FilterRule.objects.filter(pk=rule.pk).update(isactive=False),
        "filter": lambda: TicketFilter.objects.filter(name=NAME).update(isactive=False),
        "name": lambda: TicketFilter.objects.filter(name=NAME).update(name="My list"),
    }
    changes[what]()
    assert not is_banned("spam@bad.test")


def test_list_is_made_anew_when_it_is_missing() -> None:
    TicketFilter.objects.all().delete()
    ban("spam@bad.test", actor=SYSTEM)
    made = TicketFilter.objects.get()
    assert (made.name, made.target, made.execorder, made.isactive) == (NAME, "Email", 99, True)
    assert [(action.type, action.configuration) for action in made.actions.all()] == [("reject", [])]
    assert is_banned("spam@bad.test")


def test_addresses_come_off_the_list_again() -> None:
    ban("spam@bad.test", actor=SYSTEM)
    unban("Spam@Bad.test", actor=SYSTEM)
    assert not is_banned("spam@bad.test")
    for attempt, code in ((unban, "address_not_banned"), (ban, "address_banned")):
        if attempt is ban:
            ban("spam@bad.test", actor=SYSTEM)
        with pytest.raises(DomainError) as refusal:
            attempt("SPAM@bad.test", actor=SYSTEM)
        assert refusal.value.code == code


def test_list_needs_its_permission() -> None:
    allowed = Actor.for_agent(AgentFactory.new(permissions={"emails.banlist": 1}))
    refused = Actor.for_agent(AgentFactory.new())
    ban("spam@bad.test", actor=allowed)
    for change in (ban, unban):
        with pytest.raises(PermissionRefused):
            change("spam@bad.test", actor=refused)
    unban("spam@bad.test", actor=allowed)
