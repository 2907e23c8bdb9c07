"""Organizations and their members (osticket/routing.md §4, osticket/tickets.md §5 and §15.7)."""

from typing import Any

import pytest

from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.models import QuickNote
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import FormEntry
from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import OrganizationFlag, UserFlag
from helpdesk.people.models import Agent, EndUser, Organization, Team
from helpdesk.people.selectors import account_manager
from helpdesk.people.services import (
    OrganizationDraft,
    add_note,
    create_organization,
    delete_agent,
    delete_organization,
    delete_team,
    set_organization,
    set_primary_contact,
    store_organization,
)
from tests.factories import AgentFactory, EndUserFactory, OrganizationFactory, TeamFactory

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


def member(organization: Organization, *, contact: bool = False) -> EndUser:
    status = UserFlag.PRIMARY_CONTACT if contact else UserFlag(0)
    return EndUserFactory.new(org=organization, status=status)


def change(organization: Organization, **parts: Any) -> Organization:
    return store_organization(OrganizationDraft(**parts), actor=SYSTEM, organization=organization)


def test_a_new_organization_has_an_entry_of_its_form() -> None:
    draft = OrganizationDraft(name=" <b>Acme</b> Inc ", domain="Acme.test; acme.example", answers={"website": "a.test"})
    acme = store_organization(draft, actor=SYSTEM)
    stored = Organization.objects.get(pk=acme.pk)
    assert (stored.name, stored.domain, stored.manager, int(stored.status)) == (
        "Acme Inc",
        "acme.test, acme.example",
        "",
        0,
    )
    assert FormEntry.objects.filter(object_type=EntryObject.ORGANIZATION, object_id=acme.pk).count() == 1
    assert cdata.fetch(EntryObject.ORGANIZATION, [acme.pk], ["website"])[acme.pk] == {"website": "a.test"}


def test_names_are_taken_in_any_case() -> None:
    acme = create_organization("Acme", actor=SYSTEM)
    for name in ("ACME", " acme "):
        with pytest.raises(ValidationFailed) as refusal:
            create_organization(name, actor=SYSTEM)
        assert (refusal.value.field, refusal.value.code) == ("name", "org_exists")
    assert change(acme, name="ACME").name == "ACME"


@pytest.mark.parametrize("domain", ["no domain!", "a@b.test", "http://acme.test", "localhost", "acme..test", "x" * 300])
def test_what_is_no_domain_is_refused(domain: str) -> None:
    with pytest.raises(ValidationFailed) as refusal:
        create_organization("Acme", domain=domain, actor=SYSTEM)
    assert refusal.value.field == "domain"
    assert not Organization.objects.filter(name="Acme").exists()


def test_a_domain_belongs_to_one_organization() -> None:
    create_organization("First", domain="acme.test", actor=SYSTEM)
    with pytest.raises(ValidationFailed, match="belongs to First already"):
        create_organization("Second", domain="other.test, ACME.test", actor=SYSTEM)
    create_organization("Third", domain="sub.acme.test", actor=SYSTEM)


def test_domains_that_were_shared_before_may_stay() -> None:
    OrganizationFactory.new(domain="acme.test")
    second = OrganizationFactory.new(domain="ACME.test")
    assert change(second, name="Renamed", domain="ACME.test").domain == "ACME.test"


def test_the_account_manager_is_an_agent_or_a_team() -> None:
    acme, agent, team = OrganizationFactory.new(), AgentFactory.new(), TeamFactory.new()
    assert account_manager(change(acme, manager=f"s{agent.pk}")) == agent
    assert account_manager(change(acme, manager=f"t{team.pk}")) == team
    assert account_manager(change(acme, manager="")) is None
    for wrong in ("s4000000", "t4000000", "x1", "s", "s0", "s1 OR 1=1"):
        with pytest.raises(ValidationFailed) as refusal:
            change(acme, manager=wrong)
        assert refusal.value.field == "manager"


def test_a_manager_who_is_gone_is_none_and_may_stay() -> None:
    acme = OrganizationFactory.new(manager="s4000000")
    assert account_manager(acme) is None
    assert change(acme, name="Renamed", manager="s4000000").manager == "s4000000"


def test_deleting_a_manager_leaves_nobody() -> None:
    agent, team = AgentFactory.new(), TeamFactory.new()
    of_agent = OrganizationFactory.new(manager=f"s{agent.pk}")
    of_team = OrganizationFactory.new(manager=f"t{team.pk}")
    other = OrganizationFactory.new(manager=f"s{agent.pk}1")
    delete_agent(Agent.objects.get(pk=agent.pk), actor=SYSTEM)
    delete_team(Team.objects.get(pk=team.pk), actor=SYSTEM)
    managers = Organization.objects.in_bulk([of_agent.pk, of_team.pk, other.pk])
    assert [managers[row.pk].manager for row in (of_agent, of_team, other)] == ["", "", other.manager]


def test_sharing_bits_change_and_unknown_ones_stay() -> None:
    acme = OrganizationFactory.new(status=OrganizationFlag(0x40 | 0x08))
    change(acme, flags=OrganizationFlag.SHARE_EVERYBODY)
    assert int(Organization.objects.get(pk=acme.pk).status) == 0x50


def test_contacts_are_members() -> None:
    acme = OrganizationFactory.new()
    old, new, stranger = member(acme, contact=True), member(acme), EndUserFactory.new()
    with pytest.raises(ValidationFailed) as refusal:
        change(acme, contacts=[new.pk, stranger.pk])
    assert refusal.value.field == "contacts"
    change(acme, contacts=[new.pk])
    status = {user.pk: int(user.status) for user in EndUser.objects.filter(pk__in=[old.pk, new.pk, stranger.pk])}
    assert status == {old.pk: 0, new.pk: 1, stranger.pk: 0}


def test_a_member_who_moves_is_no_contact_any_more() -> None:
    first, second = OrganizationFactory.new(), OrganizationFactory.new()
    user = member(first, contact=True)
    set_organization(user, second, actor=SYSTEM)
    stored = EndUser.objects.get(pk=user.pk)
    assert (stored.org, int(stored.status)) == (second, 0)
    set_primary_contact(user, True, actor=SYSTEM)
    set_organization(user, second, actor=SYSTEM)
    assert int(EndUser.objects.get(pk=user.pk).status) == 1
    set_organization(user, None, actor=SYSTEM)
    assert not EndUser.objects.filter(pk=user.pk, org__isnull=False).exists()
    assert int(EndUser.objects.get(pk=user.pk).status) == 0
    with pytest.raises(Conflict):
        set_primary_contact(user, True, actor=SYSTEM)


def test_an_organization_that_is_gone_takes_nobody() -> None:
    user, gone = EndUserFactory.new(), OrganizationFactory.new()
    Organization.objects.all().delete()
    with pytest.raises(NotFound):
        set_organization(user, gone, actor=SYSTEM)
    with pytest.raises(NotFound):
        change(gone, name="Back again")


def test_deleting_leaves_the_members() -> None:
    acme, other = OrganizationFactory.new(), OrganizationFactory.new()
    users = [member(acme, contact=True), member(acme), member(other, contact=True)]
    change(acme, answers={"phone": "555-0100"})
    add_note(acme, "A note", actor=SYSTEM)
    assert delete_organization(acme, actor=SYSTEM) == 2
    after = EndUser.objects.in_bulk([user.pk for user in users])
    assert [(after[user.pk].org, int(after[user.pk].status)) for user in users] == [(None, 0), (None, 0), (other, 1)]
    assert not FormEntry.objects.filter(object_type=EntryObject.ORGANIZATION, object_id=acme.pk).exists()
    assert acme.pk not in cdata.fetch(EntryObject.ORGANIZATION, [acme.pk], ["phone"])
    assert not QuickNote.objects.filter(ext_id=f"O{acme.pk}").exists()
    trail = AdministrativeChange.objects.filter(object_type="organization", object_id=str(acme.pk))
    assert list(trail.order_by("pk").values_list("action", flat=True))[-1] == "deleted"


def test_each_verb_has_its_permission() -> None:
    acme = OrganizationFactory.new()

    def agent(*keys: str) -> Actor:
        return Actor.for_agent(AgentFactory.new(permissions=dict.fromkeys(keys, 1)))

    for actor in (agent("org.edit", "org.delete"), Actor.for_user(EndUserFactory.new()), Actor.for_api_key("key")):
        with pytest.raises(PermissionRefused):
            create_organization("New", actor=actor)
    with pytest.raises(PermissionRefused):
        store_organization(OrganizationDraft(name="X"), actor=agent("org.create"), organization=acme)
    with pytest.raises(PermissionRefused):
        delete_organization(acme, actor=agent("org.create", "org.edit"))
    store_organization(OrganizationDraft(name="X"), actor=agent("org.edit"), organization=acme)
    delete_organization(acme, actor=agent("org.delete"))
