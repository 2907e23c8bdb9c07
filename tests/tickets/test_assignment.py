"""Claiming, assigning, releasing (osticket/tickets.md §7)."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent
from helpdesk.threads.models import ThreadEvent
from tests.factories import (
    OPENED_AT,
    AgentFactory,
    DepartmentFactory,
    RoleFactory,
    TeamFactory,
    give_access,
    new_ticket,
    refer_ticket,
    resolved_status,
)
from tests.tickets.conftest import NOW, Desk, entries, events, fresh, referrals
from tickets.models import Ticket
from tickets.services import assign_automatically, assign_ticket, claim_ticket, close_ticket, release_ticket
from tickets.signals import ticket_assigned


def claim(desk: Desk, ticket: Ticket, agent: Agent | None = None, **values: Any) -> Ticket:
    return claim_ticket(ticket, actor=Actor.for_agent(agent or desk.agent), now=NOW, **values)


def assign(desk: Desk, ticket: Ticket, **values: Any) -> Ticket:
    return assign_ticket(ticket, **{"actor": desk.actor, "now": NOW, **values})


class TestClaiming:
    def test_agent_gets_it_with_event_and_note(self, desk: Desk) -> None:
        ticket = desk.ticket()
        refer_ticket(ticket, desk.agent)
        before = ticket.lastupdate
        claim(desk, ticket, comments="Mine.")
        row = fresh(ticket)
        assert (row.staff_id, row.lastupdate, row.updated) == (desk.agent.pk, before, NOW)
        assert events(ticket)[-1] == ("assigned", {"claim": True})
        assert (entries(ticket)[-1].title, entries(ticket)[-1].body) == ("Ticket claimed by Ada Admin", "Mine.")
        assert referrals(ticket) == set()

    def test_team_does_not_prevent_it(self, desk: Desk) -> None:
        ticket = desk.ticket(team=TeamFactory.new(members=[desk.colleague]))
        claim(desk, ticket)
        assert (fresh(ticket).staff_id, fresh(ticket).team_id is not None) == (desk.agent.pk, True)

    def test_somebody_elses_and_closed_tickets_cannot_be_claimed(self, desk: Desk) -> None:
        taken = desk.ticket()
        claim(desk, taken, desk.colleague)
        for ticket in (taken, desk.ticket(closed=True)):
            with pytest.raises(Conflict):
                claim(desk, ticket)
        assert fresh(taken).staff_id == desk.colleague.pk

    def test_three_actors(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(PermissionRefused):
            claim(desk, ticket, desk.viewer)
        with pytest.raises(NotFound):
            claim(desk, ticket, desk.stranger)
        with pytest.raises(PermissionRefused):
            claim_ticket(ticket, actor=Actor.system())
        claim(desk, ticket)

    def test_agents_who_cannot_have_it(self, desk: Desk) -> None:
        away = AgentFactory.new(dept=desk.department, away=True)
        with pytest.raises(ValidationFailed):
            claim(desk, desk.ticket(), away)
        desk.department.flags |= DepartmentFlag.ASSIGN_PRIMARY_ONLY
        desk.department.save()
        guest = AgentFactory.new()
        give_access(guest, desk.department)
        with pytest.raises(PermissionRefused):
            claim(desk, desk.ticket(), guest)


@pytest.mark.django_db(transaction=True)
def test_of_many_who_claim_at_once_one_gets_it() -> None:
    department, role = DepartmentFactory.new(), RoleFactory.new()
    agents = [AgentFactory.new(dept=department, role=role) for _ in range(6)]
    ticket = new_ticket(department=department)
    start = threading.Barrier(len(agents))
    won: list[int] = []
    lost: list[str] = []

    def run(agent_id: int) -> None:
        agent = Agent.objects.get(pk=agent_id)
        mine = Ticket.objects.get(pk=ticket.pk)
        start.wait()
        try:
            claim_ticket(mine, actor=Actor.for_agent(agent))
            won.append(agent_id)
        except Conflict as refusal:
            lost.append(refusal.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[agent.pk]) for agent in agents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), lost) == (1, ["not_claimable"] * 5)
    assert fresh(ticket).staff_id == won[0]
    assert ThreadEvent.objects.filter(event__name="assigned").count() == 1


class TestAssigning:
    def test_to_an_agent(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assign(desk, ticket, agent=desk.colleague, comments="Please call.")
        assert fresh(ticket).staff_id == desk.colleague.pk
        assert events(ticket)[-1] == ("assigned", {"staff": [desk.colleague.pk, "Cora Clark"]})
        note = entries(ticket)[-1]
        assert (note.title, note.body, note.poster) == ("Ticket Assigned to Cora Clark", "Please call.", "Ada Admin")

    def test_to_oneself_is_a_claim(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assign(desk, ticket, agent=desk.agent, comments="x")
        assert events(ticket)[-1] == ("assigned", {"claim": True})
        assert entries(ticket)[-1].title == "Ticket claimed by Ada Admin"

    def test_to_a_team_keeps_the_agent(self, desk: Desk) -> None:
        ticket, team = desk.ticket(), TeamFactory.new(members=[desk.colleague], name="Level I")
        claim(desk, ticket)
        refer_ticket(ticket, team)
        assign(desk, ticket, team=team, comments="x")
        row = fresh(ticket)
        assert (row.staff_id, row.team_id) == (desk.agent.pk, team.pk)
        assert events(ticket)[-1] == ("assigned", {"team": team.pk})
        assert entries(ticket)[-1].title == "Ticket Assigned to Level I"
        assert referrals(ticket) == set()

    def test_former_assignee_can_keep_access(self, desk: Desk) -> None:
        ticket = desk.ticket()
        claim(desk, ticket)
        assign(desk, ticket, agent=desk.colleague, refer=True)
        assert referrals(ticket) == {("S", desk.agent.pk)}

    @pytest.mark.parametrize("who", ["away", "outsider", "empty team", "disabled team", "same", "both", "nobody"])
    def test_who_cannot_have_it(self, desk: Desk, who: str) -> None:
        ticket = desk.ticket()
        assign(desk, ticket, agent=desk.colleague)
        if who == "outsider":
            desk.department.flags |= DepartmentFlag.ASSIGN_MEMBERS_ONLY
            desk.department.save()
        team = TeamFactory.new(members=[desk.agent])
        targets: dict[str, dict[str, Any]] = {
            "away": {"agent": AgentFactory.new(dept=desk.department, away=True)},
            "outsider": {"agent": desk.stranger},
            "empty team": {"team": TeamFactory.new()},
            "disabled team": {"team": TeamFactory.new(members=[desk.agent], disabled=True)},
            "same": {"agent": desk.colleague},
            "both": {"agent": desk.agent, "team": team},
            "nobody": {},
        }
        with pytest.raises(DomainError) as refusal:
            assign(desk, ticket, **targets[who])
        assert refusal.value.field == "assignee"
        assert (fresh(ticket).staff_id, fresh(ticket).team_id) == (desk.colleague.pk, None)

    def test_agent_without_sight_of_others_chooses_among_his_own(self, desk: Desk) -> None:
        desk.agent.permissions = {}
        desk.agent.save()
        with pytest.raises(ValidationFailed):
            assign(desk, desk.ticket(), agent=desk.stranger)
        assign(desk, desk.ticket(), agent=desk.colleague)

    def test_closed_ticket_opens_again(self, desk: Desk) -> None:
        ticket = desk.ticket(closed=True)
        assign(desk, ticket, agent=desk.colleague)
        assert [name for name, _ in events(ticket)][-2:] == ["assigned", "reopened"]
        assert (fresh(ticket).staff_id, fresh(ticket).closed) == (desk.colleague.pk, None)

    def test_closed_ticket_drops_an_agent_of_another_department(self, desk: Desk) -> None:
        ticket = desk.ticket(closed=True)
        assign(desk, ticket, agent=desk.stranger)
        assert fresh(ticket).staff_id is None

    def test_closed_ticket_for_a_team_keeps_its_closer(self, desk: Desk) -> None:
        ticket, team = desk.ticket(), TeamFactory.new(members=[desk.agent])
        close_ticket(ticket, actor=desk.actor, status=resolved_status(), now=NOW)
        assign(desk, ticket, team=team, now=NOW + timedelta(hours=1))
        assert (fresh(ticket).staff_id, fresh(ticket).team_id) == (desk.agent.pk, team.pk)

    def test_three_actors(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(PermissionRefused):
            assign(desk, ticket, agent=desk.colleague, actor=Actor.for_agent(desk.viewer))
        with pytest.raises(NotFound):
            assign(desk, ticket, agent=desk.colleague, actor=Actor.for_agent(desk.stranger))
        assert fresh(ticket).staff_id is None

    def test_signal(self, desk: Desk, django_capture_on_commit_callbacks: Any) -> None:
        ticket, seen = desk.ticket(), []

        def receive(**values: Any) -> None:
            seen.append((values["staff"], values["team"]))

        ticket_assigned.connect(receive)
        try:
            with django_capture_on_commit_callbacks(execute=True):
                assign(desk, ticket, agent=desk.colleague)
        finally:
            ticket_assigned.disconnect(receive)
        assert seen == [(desk.colleague, None)]


class TestAutomaticAssignment:
    def test_both_kinds_with_the_name_of_the_filter(self, desk: Desk) -> None:
        ticket, team = desk.ticket(), TeamFactory.new()
        assign_automatically(ticket, agent=desk.stranger, team=team, now=NOW)
        row = fresh(ticket)
        assert (row.staff_id, row.team_id) == (desk.stranger.pk, team.pk)
        assert events(ticket)[1:] == [("assigned", {"staff": desk.stranger.pk}), ("assigned", {"team": team.pk})]
        names = ThreadEvent.objects.filter(event__name="assigned").values_list("username", "uid")
        assert set(names) == {("Ticket Filter", None)}

    def test_closed_ticket_opens_for_a_team_without_agent(self, desk: Desk) -> None:
        ticket, team = desk.ticket(), TeamFactory.new()
        close_ticket(ticket, actor=desk.actor, status=resolved_status(), now=NOW)
        assign_automatically(ticket, team=team, now=NOW, username="SYSTEM")
        row = fresh(ticket)
        assert (row.staff_id, row.team_id, row.closed) == (None, team.pk, None)
        last_two = ThreadEvent.objects.order_by("-id")[:2]
        assert [(e.event.name if e.event else "", e.staff_id, e.team_id) for e in last_two] == [
            ("assigned", None, team.pk),
            ("reopened", None, team.pk),
        ]

    def test_who_is_not_there_is_passed_over(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assign_automatically(
            ticket, agent=AgentFactory.new(away=True), team=TeamFactory.new(disabled=True), now=OPENED_AT
        )
        assert (fresh(ticket).staff_id, fresh(ticket).team_id) == (None, None)
        assert [name for name, _ in events(ticket)] == ["created"]


class TestReleasing:
    def test_parts_or_all(self, desk: Desk) -> None:
        ticket, team = desk.ticket(), TeamFactory.new(members=[desk.agent])
        assign(desk, ticket, agent=desk.colleague)
        assign(desk, ticket, team=team)
        release_ticket(ticket, actor=desk.actor, team=False, comments="Back to all.", now=NOW)
        assert (fresh(ticket).staff_id, fresh(ticket).team_id) == (None, team.pk)
        assert events(ticket)[-1] == ("released", {"staff": [desk.colleague.pk, "Cora Clark"]})
        assert entries(ticket)[-1].title == "Assignment Released"
        release_ticket(ticket, actor=desk.actor, now=NOW)
        assert events(ticket)[-1] == ("released", {"team": team.pk})

    def test_nothing_to_release(self, desk: Desk) -> None:
        with pytest.raises(ValidationFailed):
            release_ticket(desk.ticket(), actor=desk.actor, agent=False, team=False)
        with pytest.raises(Conflict):
            release_ticket(desk.ticket(), actor=desk.actor)

    def test_three_actors_and_a_manager(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assign(desk, ticket, agent=desk.colleague)
        with pytest.raises(PermissionRefused):
            release_ticket(ticket, actor=Actor.for_agent(desk.viewer))
        with pytest.raises(NotFound):
            release_ticket(ticket, actor=Actor.for_agent(desk.stranger))
        desk.department.manager = desk.viewer
        desk.department.save()
        release_ticket(ticket, actor=Actor.for_agent(Agent.objects.get(pk=desk.viewer.pk)))
        assert fresh(ticket).staff_id is None
