"""Transfer, referrals, owners: where a ticket lies, who else sees it, whose it is (osticket/tickets.md §8, §12.3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from filters.ban_list import is_banned
from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, Department, Team
from helpdesk.people.permissions import AgentPermission, RolePermission, stored_form
from helpdesk.threads.models import Referral
from sla.constants import SlaFlag
from sla.models import SlaPlan
from tests.factories import (
    AgentFactory,
    DepartmentFactory,
    EndUserFactory,
    RoleFactory,
    TeamFactory,
    collaborate,
    give_access,
    resolved_status,
)
from tests.factories import (
    refer_ticket as refer_row,
)
from tests.tickets.conftest import NOW, Desk, entries, events, fresh, referrals
from tickets.agent_actions.base import Subject
from tickets.agent_actions.moving import Transfer
from tickets.freshness import TicketChanged, version_of
from tickets.services import (
    assign_ticket,
    ban_owner,
    change_owner,
    close_ticket,
    refer_ticket,
    transfer_ticket,
    unban_owner,
    withdraw_referrals,
)
from tickets.signals import ticket_referred, ticket_transferred
from tickets.states import thread_of


def transfer(desk: Desk, ticket: Any, department: Department, **values: Any) -> Any:
    return transfer_ticket(ticket, department=department, **{"actor": desk.actor, "now": NOW, **values})


@pytest.fixture
def all_departments(desk: Desk) -> None:
    """Let the agent move tickets to departments that he is not in."""
    keys = [AgentPermission.VISIBILITY_AGENTS, AgentPermission.VISIBILITY_DEPARTMENTS]
    Agent.objects.filter(pk=desk.agent.pk).update(permissions=stored_form(keys))
    desk.agent.refresh_from_db()


@pytest.mark.usefixtures("all_departments")
class TestTransfer:
    def test_the_former_department_may_keep_access(self, desk: Desk) -> None:
        ticket, target = desk.ticket(), DepartmentFactory.new(name="Sales")
        refer_row(ticket, target)
        transfer(desk, ticket, target, refer=True, comments="<p>Yours</p>")
        assert fresh(ticket).dept_id == target.pk
        assert referrals(ticket) == {("D", desk.department.pk)}
        assert events(ticket)[-1] == ("transferred", {"dept": "Sales"})
        assert entries(ticket)[-1].title == f"Ticket transferred from {desk.department.name} to Sales"

    def test_a_plan_that_is_transient_gives_way(self, desk: Desk) -> None:
        lasting = SlaPlan.objects.create(name="Lasting", grace_period=4, flags=SlaFlag.ACTIVE)
        passing = SlaPlan.objects.create(name="Passing", grace_period=4, flags=SlaFlag.ACTIVE | SlaFlag.TRANSIENT)
        own = SlaPlan.objects.create(name="Own", grace_period=2, flags=SlaFlag.ACTIVE)
        target = DepartmentFactory.new(sla_id=own.pk)
        for plan, expected in ((lasting, lasting), (passing, own)):
            ticket = desk.ticket(sla=plan)
            due = fresh(ticket).est_duedate
            transfer(desk, ticket, target)
            assert (fresh(ticket).sla_id, fresh(ticket).est_duedate) == (expected.pk, due)

    def test_an_agent_who_is_no_member_loses_the_ticket_where_only_members_have_them(self, desk: Desk) -> None:
        members_only = DepartmentFlag.ACTIVE | DepartmentFlag.ASSIGN_MEMBERS_ONLY
        for flags, kept in ((members_only, None), (DepartmentFlag.ACTIVE, desk.colleague.pk)):
            ticket = desk.ticket()
            assign_ticket(ticket, agent=desk.colleague, actor=desk.actor)
            transfer(desk, ticket, DepartmentFactory.new(flags=flags))
            assert fresh(ticket).staff_id == kept

    @pytest.mark.parametrize("flags", [DepartmentFlag(0), DepartmentFlag.ACTIVE | DepartmentFlag.ARCHIVED])
    def test_inactive_and_archived_departments_get_no_tickets(self, desk: Desk, flags: DepartmentFlag) -> None:
        ticket = desk.ticket()
        with pytest.raises(ValidationFailed) as refusal:
            transfer(desk, ticket, DepartmentFactory.new(flags=flags))
        assert (refusal.value.code, refusal.value.field) == ("department_inactive", "department")
        assert fresh(ticket).dept_id == desk.department.pk

    def test_the_same_department_is_refused(self, desk: Desk) -> None:
        with pytest.raises(Conflict, match="already in the department"):
            transfer(desk, desk.ticket(), desk.department)

    def test_without_permission_or_access_nothing_happens(self, desk: Desk) -> None:
        ticket, target = desk.ticket(), DepartmentFactory.new()
        with pytest.raises(PermissionRefused):
            transfer(desk, ticket, target, actor=Actor.for_agent(desk.viewer))
        with pytest.raises(NotFound):
            transfer(desk, ticket, target, actor=Actor.for_agent(desk.stranger))
        assert [name for name, _data in events(ticket)] == ["created"]

    def test_a_page_made_before_a_change_is_refused_with_what_happened(self, desk: Desk) -> None:
        ticket = desk.ticket()
        seen = version_of(ticket)
        assign_ticket(fresh(ticket), agent=desk.colleague, actor=Actor.for_agent(desk.colleague), now=NOW)
        with pytest.raises(TicketChanged, match="cora changed the ticket meanwhile") as refusal:
            transfer(desk, ticket, DepartmentFactory.new(), seen=seen)
        assert refusal.value.code == "ticket_changed"
        assert [event.event.name for event in refusal.value.events if event.event] == ["assigned"]
        transfer(desk, ticket, DepartmentFactory.new(), seen=version_of(fresh(ticket)))

    def test_a_page_that_loses_the_race_after_it_was_looked_at_is_refused(self, desk: Desk) -> None:
        ticket, target = desk.ticket(), DepartmentFactory.new()
        subject = Subject(access_of(desk.agent), fresh(ticket))
        close_ticket(ticket, actor=Actor.for_agent(desk.colleague), status=resolved_status(), now=NOW)
        data = {"department": target, "refer": False, "comments": ""}
        with pytest.raises(TicketChanged, match="cora"):
            Transfer().perform(subject, desk.actor, data)
        assert fresh(ticket).dept_id == desk.department.pk

    def test_the_signal_names_both_departments(self, desk: Desk, django_capture_on_commit_callbacks: Any) -> None:
        told: list[Any] = []

        def hear(sender: object, **values: Any) -> None:
            told.append((values["former"], values["department"], values["actor"]))

        ticket_transferred.connect(hear)
        target = DepartmentFactory.new()
        try:
            with django_capture_on_commit_callbacks(execute=True):
                transfer(desk, desk.ticket(), target)
        finally:
            ticket_transferred.disconnect(hear)
        assert told == [(desk.department, target, desk.actor)]


def test_without_the_permission_departments_of_others_are_unknown(desk: Desk) -> None:
    other, own = DepartmentFactory.new(), DepartmentFactory.new()
    give_access(desk.agent, own)
    with pytest.raises(ValidationFailed) as refusal:
        transfer(desk, desk.ticket(), other)
    assert refusal.value.code == "department_unknown"
    transfer(desk, desk.ticket(), own)


class TestReferrals:
    def refer(self, desk: Desk, ticket: Any, to: Agent | Team | Department, **values: Any) -> Referral:
        return refer_ticket(ticket, to=to, **{"actor": desk.actor, "now": NOW, **values})

    def test_agents_teams_and_departments_see_it(self, desk: Desk) -> None:
        ticket, team = desk.ticket(), TeamFactory.new(members=[desk.colleague])
        other = DepartmentFactory.new()
        for to in (desk.stranger, team, other):
            self.refer(desk, ticket, to)
        assert referrals(ticket) == {("S", desk.stranger.pk), ("E", team.pk), ("D", other.pk)}
        name = f"{desk.stranger.firstname} {desk.stranger.lastname}"
        said = [{"staff": [desk.stranger.pk, name]}, {"team": team.pk}, {"dept": other.pk}]
        assert [data for event, data in events(ticket) if event == "referred"] == said

    def test_nobody_is_referred_to_twice_or_to_what_is_his(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assign_ticket(ticket, agent=desk.colleague, actor=desk.actor)
        self.refer(desk, ticket, desk.stranger)
        for to in (desk.stranger, desk.colleague, desk.department):
            with pytest.raises(Conflict):
                self.refer(desk, ticket, to)
        assert referrals(ticket) == {("S", desk.stranger.pk)}

    def test_nobody_is_there(self, desk: Desk) -> None:
        archived = DepartmentFactory.new(flags=DepartmentFlag.ARCHIVED)
        nobody = (AgentFactory.new(away=True), TeamFactory.new(disabled=True), TeamFactory.new(), archived)
        codes = []
        for to in nobody:
            with pytest.raises(ValidationFailed) as refusal:
                self.refer(desk, desk.ticket(), to)
            codes.append(refusal.value.code)
        assert codes == ["assignee_unavailable", "team_disabled", "team_empty", "department_inactive"]

    def test_it_takes_the_permission_to_assign(self, desk: Desk) -> None:
        referrer = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=[RolePermission.TICKET_REFER]))
        with pytest.raises(PermissionRefused):
            self.refer(desk, desk.ticket(), desk.stranger, actor=Actor.for_agent(referrer))

    def test_only_referrals_of_the_ticket_can_be_withdrawn(self, desk: Desk) -> None:
        ticket, other = desk.ticket(), desk.ticket()
        own, foreign = (self.refer(desk, one, desk.stranger) for one in (ticket, other))
        with pytest.raises(ValidationFailed) as refusal:
            withdraw_referrals(ticket, [own.pk, foreign.pk], actor=desk.actor)
        assert refusal.value.code == "referral_unknown"
        assert withdraw_referrals(ticket, [own.pk], actor=desk.actor) == 1
        assert (referrals(ticket), referrals(other)) == (set(), {("S", desk.stranger.pk)})

    def test_signal(self, desk: Desk, django_capture_on_commit_callbacks: Any) -> None:
        told: list[Any] = []

        def hear(sender: object, **values: Any) -> None:
            told.append(values["referee"])

        ticket_referred.connect(hear)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                self.refer(desk, desk.ticket(), desk.stranger)
        finally:
            ticket_referred.disconnect(hear)
        assert told == [desk.stranger]


class TestOwner:
    def test_the_new_owner_is_a_collaborator_no_more(self, desk: Desk) -> None:
        ticket, user = desk.ticket(), EndUserFactory.new(name="Carol Clark")
        collaborate(ticket, user)
        change_owner(ticket, user=user, actor=desk.actor, now=NOW)
        assert fresh(ticket).user_id == user.pk
        assert not thread_of(ticket).collaborators.exists()
        assert events(ticket)[-1] == ("edited", {"owner": user.pk, "fields": {"Ticket Owner": "Carol Clark"}})

    def test_the_same_owner_and_a_stale_page_are_refused(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assert ticket.user is not None
        with pytest.raises(Conflict) as refusal:
            change_owner(ticket, user=ticket.user, actor=desk.actor)
        assert refusal.value.code == "same_owner"
        seen = version_of(ticket)
        close_ticket(fresh(ticket), actor=desk.actor, status=resolved_status(), now=NOW + timedelta(minutes=1))
        with pytest.raises(TicketChanged):
            change_owner(ticket, user=EndUserFactory.new(), actor=desk.actor, seen=seen)

    def test_banning_takes_the_permission_and_is_done_once(self, desk: Desk) -> None:
        ticket = desk.ticket()
        address = f"user{ticket.user_id}@customer.test"
        with pytest.raises(PermissionRefused):
            ban_owner(ticket, actor=desk.actor)
        desk.agent.permissions = stored_form([AgentPermission.EMAILS_BANLIST])
        desk.agent.save()
        actor = Actor.for_agent(Agent.objects.get(pk=desk.agent.pk))
        ban_owner(ticket, actor=actor)
        assert is_banned(address)
        with pytest.raises(ValidationFailed):
            ban_owner(ticket, actor=actor)
        unban_owner(ticket, actor=actor)
        assert not is_banned(address)
