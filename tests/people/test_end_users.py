"""End users: addresses, contact form, organization (osticket/routing.md §4, osticket/forms.md §10)."""

from datetime import UTC, datetime

import pytest

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import Form, FormAnswer, FormEntry
from helpdesk.legacy.errors import Conflict, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, Organization, UserEmail
from helpdesk.people.selectors import user_of_address
from helpdesk.people.services import (
    add_address,
    change_end_user,
    create_end_user,
    find_or_create_user,
    remove_address,
    set_default_address,
)
from tests.factories import AgentFactory, EndUserFactory

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def answers_of(user: EndUser) -> dict[str, str | None]:
    rows = FormAnswer.objects.filter(entry__object_type=EntryObject.USER, entry__object_id=user.pk)
    return dict(rows.values_list("field__name", "value"))


def test_every_new_user_has_an_entry_of_the_contact_form() -> None:
    user = find_or_create_user("jane@customer.test", "Jane", actor=SYSTEM, now=NOW)
    entry = FormEntry.objects.get(object_type=EntryObject.USER, object_id=user.pk)
    assert entry.form is not None
    assert (entry.form.type, entry.sort, entry.extra, entry.created) == ("U", 1, None, NOW)
    assert answers_of(user) == {"phone": None, "notes": None}
    stored = EndUser.objects.get(pk=user.pk)
    assert (stored.created, stored.updated) == (NOW, NOW)
    assert cdata.fetch(EntryObject.USER, [user.pk], ["phone", "notes", "name", "email"])[user.pk] == {
        "phone": "",
        "notes": "",
        "name": None,
        "email": None,
    }


def test_what_is_known_of_a_new_user_is_kept() -> None:
    user = find_or_create_user("jane@customer.test", "Jane", actor=SYSTEM, answers={"Phone": "555-0100", "x": "y"})
    assert answers_of(user)["phone"] == "5550100"
    assert cdata.fetch(EntryObject.USER, [user.pk], ["phone"])[user.pk]["phone"] == "5550100"


def test_known_user_keeps_what_is_known() -> None:
    first = find_or_create_user("jane@customer.test", "Jane", actor=SYSTEM, answers={"phone": "5550100"})
    found = find_or_create_user("JANE@customer.test", "Mallory", actor=SYSTEM, answers={"phone": "5559999"})
    assert (found, found.name, answers_of(found)["phone"]) == (first, "Jane", "5550100")


def test_without_a_contact_form_there_is_a_user_all_the_same() -> None:
    Form.objects.filter(type="U").delete()
    assert find_or_create_user("jane@customer.test", actor=SYSTEM).name == "jane"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("<b>Bold</b> Name", "Bold Name"),
        ("AT&amp;T  Support", "AT&T Support"),
        (" Jane\r\nBcc: x ", "Jane Bcc: x"),
        ("\x00 ", "jane"),
        ("<script></script>", "jane"),
        ("1 < 2", "1 < 2"),
    ],
)
def test_names_are_stored_without_html(given: str, stored: str) -> None:
    assert find_or_create_user("jane@customer.test", given, actor=SYSTEM).name == stored


@pytest.mark.parametrize(
    "address",
    [
        "jane@localhost",
        "üser@example.com",
        "foo@exämple.com",
        "a@b@c.test",
        "x\x00y@z.test",
        "j\ud800@x.test",
        "a" * 250 + "@x.test",
    ],
)
def test_addresses_that_osticket_refuses_are_refused(address: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        find_or_create_user(address, "Jane", actor=SYSTEM)
    assert refusal.value.field == "email"
    assert not EndUser.objects.filter(name="Jane").exists()


def test_name_that_does_not_fit_is_refused_whole() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        create_end_user("jane@customer.test", "J" * 129, actor=SYSTEM)
    assert (refusal.value.field, user_of_address("jane@customer.test")) == ("name", None)


def test_a_user_has_several_addresses() -> None:
    user = create_end_user("jane@customer.test", "Jane", actor=SYSTEM)
    add_address(user, " Jane@Home.test ", actor=SYSTEM)
    assert find_or_create_user("jane@home.test", actor=SYSTEM) == user
    set_default_address(user, "jane@HOME.test", actor=SYSTEM)
    remove_address(user, "jane@customer.test", actor=SYSTEM)
    stored = EndUser.objects.get(pk=user.pk)
    assert stored.default_email is not None
    assert (stored.default_email.address, stored.emails.count()) == ("Jane@Home.test", 1)


def test_address_of_somebody_else_stays_his() -> None:
    user, other = EndUserFactory.new(), EndUserFactory.new(address="other@customer.test")
    for change in (add_address, set_default_address, remove_address):
        with pytest.raises(ValidationFailed):
            change(user, "Other@customer.test", actor=SYSTEM)
    assert user_of_address("other@customer.test") == other


def test_the_address_that_mail_goes_to_stays() -> None:
    user = EndUserFactory.new(address="jane@customer.test")
    with pytest.raises(Conflict):
        remove_address(user, "jane@customer.test", actor=SYSTEM)
    assert user_of_address("jane@customer.test") == user


def test_address_whose_user_is_gone_serves_again() -> None:
    UserEmail.objects.create(address="jane@customer.test", user_id=4_000_000)
    user = find_or_create_user("jane@customer.test", "Jane", actor=SYSTEM)
    assert user_of_address("JANE@customer.test") == user


def test_users_change_themselves_and_agents_those_they_may() -> None:
    user, stranger = EndUserFactory.new(name="Jane"), EndUserFactory.new()
    editor = AgentFactory.new(permissions={"user.edit": 1})
    for actor in (Actor.for_user(user), Actor.for_agent(editor), SYSTEM):
        change_end_user(user, actor=actor, name=f"<i>{actor.kind}</i>", answers={"phone": "5550100"}, now=NOW)
        assert EndUser.objects.get(pk=user.pk).name == actor.kind
    for refused in (Actor.for_user(stranger), Actor.for_agent(AgentFactory.new())):
        with pytest.raises(PermissionRefused):
            change_end_user(user, actor=refused, name="Hacked")
        with pytest.raises(PermissionRefused):
            add_address(user, "evil@x.test", actor=refused)
    assert answers_of(user) == {"phone": "5550100", "notes": None}


def test_users_take_no_address_by_saying_so() -> None:
    user = EndUserFactory.new(address="jane@customer.test")
    actor = Actor.for_user(user)
    UserEmail.objects.create(user=user, address="second@customer.test")
    with pytest.raises(PermissionRefused):
        change_end_user(user, actor=actor, address="boss@customer.test")
    for change in (add_address, set_default_address, remove_address):
        with pytest.raises(PermissionRefused):
            change(user, "second@customer.test", actor=actor)
    assert user_of_address("boss@customer.test") is None


def test_new_users_join_the_organization_of_their_domain() -> None:
    customer = Organization.objects.create(name="Customer", domain="first.test, CUSTOMER.test")
    assert create_end_user("jane@Customer.Test", actor=SYSTEM).org == customer
    assert create_end_user("joe@sub.customer.test", actor=SYSTEM).org is None
