"""Merging, linking, unlinking (osticket/tickets.md §14)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.html import strip_tags

from helpdesk.files.links import LinkMaker
from helpdesk.legacy.errors import Conflict, DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.threads.constants import EntryFlag, ObjectType
from helpdesk.threads.models import Collaborator, EntryMerge, Thread, ThreadEntry
from tasks.models import Task
from tests.factories import (
    AgentFactory,
    DepartmentFactory,
    EndUserFactory,
    RoleFactory,
    collaborate,
    new_task,
    new_ticket,
    open_status,
    refer_ticket,
    resolved_status,
)
from tests.tickets.conftest import NOW, Desk, events, fresh, referrals
from tickets.constants import TicketFlag
from tickets.models import Ticket, TicketStatus
from tickets.services import (
    Merged,
    MergeKind,
    Participants,
    link_tickets,
    merge_tickets,
    post_message,
    post_reply,
    unlink_ticket,
)
from tickets.states import is_open, thread_of
from tickets.thread_items import public_part_of

COMBINE, SEPARATE = TicketFlag.COMBINE_THREADS, TicketFlag.SEPARATE_THREADS
LINKED, PARENT = TicketFlag.LINKED, TicketFlag.PARENT


def merge(desk: Desk, *tickets: Ticket, **values: Any) -> Merged:
    return merge_tickets([fresh(ticket) for ticket in tickets], **{"actor": desk.actor, "now": NOW, **values})


def link(desk: Desk, *tickets: Ticket) -> Ticket:
    return link_tickets([fresh(ticket) for ticket in tickets], actor=desk.actor, now=NOW)


def flags(*tickets: Ticket) -> list[TicketFlag]:
    return [TicketFlag(fresh(ticket).flags) for ticket in tickets]


def entry_ids(ticket: Ticket) -> list[int]:
    return list(thread_of(ticket).entries.order_by("pk").values_list("pk", flat=True))


class TestMerge:
    def test_the_conversation_moves_and_the_child_is_closed(self, desk: Desk) -> None:
        parent, child = desk.ticket(), desk.ticket()
        own = thread_of(child)
        moved = entry_ids(child)
        merge(desk, parent, child)
        row = fresh(child)
        assert flags(parent, child) == [COMBINE | PARENT, COMBINE]
        assert (row.parent_id, row.sort, row.staff_id, row.closed) == (parent.pk, 1, desk.agent.pk, NOW)
        assert not is_open(row)
        own.refresh_from_db()
        assert (own.object_type, own.extra) == ("C", {"ticket_id": parent.pk, "number": child.number})
        assert set(moved) <= set(entry_ids(fresh(parent)))
        assert all(entry.flags & EntryFlag.CHILD for entry in ThreadEntry.objects.filter(pk__in=moved))
        assert [merge.data for merge in EntryMerge.objects.all()] == [{"thread": own.pk}]
        assert Collaborator.objects.get(thread=thread_of(parent)).user_id == child.user_id
        assert events(parent)[1:] == [
            ("merged", {"ticket": f"Ticket #{child.number}", "id": child.pk}),
            ("collab", {"add": {"": {"name": child.user.name if child.user else ""}}}),
        ]

    def test_everybody_comes_along_where_that_is_wanted(self, desk: Desk) -> None:
        parent, child = desk.ticket(), desk.ticket()
        for user in (EndUserFactory.new(), parent.user):
            assert user is not None
            collaborate(child, user)
        merge(desk, parent, child, participants=Participants.EVERYBODY)
        assert Collaborator.objects.filter(thread=thread_of(fresh(parent))).count() == 2  # the parent's owner is none

    def test_another_department_keeps_access_by_a_referral(self, desk: Desk) -> None:
        other = DepartmentFactory.new()
        parent, child = desk.ticket(), fresh(new_ticket(department=other))
        refer_ticket(child, desk.agent)
        merge(desk, parent, child)
        assert ("D", other.pk) in referrals(fresh(parent))

    def test_tasks_move_only_when_asked(self, desk: Desk) -> None:
        parent, child, third = desk.ticket(), desk.ticket(), desk.ticket()
        task = new_task(child)
        merge(desk, parent, child)
        assert Task.objects.get(pk=task.pk).object_id == child.pk
        task = new_task(third)
        merge(desk, parent, third, move_tasks=True)
        assert Task.objects.get(pk=task.pk).object_id == parent.pk

    def test_kinds_can_be_changed_by_the_parent_alone(self, desk: Desk) -> None:
        parent, child = desk.ticket(), desk.ticket()
        merge(desk, parent, child)
        merge(desk, parent, kind=MergeKind.SEPARATE)
        assert flags(parent, child) == [SEPARATE | PARENT, COMBINE]
        merge(desk, parent, child, kind=MergeKind.SEPARATE)
        assert flags(parent, child) == [SEPARATE | PARENT, SEPARATE]

    def test_the_parent_gets_its_status_or_one_learns_why_not(self, desk: Desk) -> None:
        parent, child, third = desk.ticket(), desk.ticket(), desk.ticket()
        assert merge(desk, parent, child, parent_status=resolved_status()).status_refusal is None
        assert not is_open(fresh(parent))
        busy = desk.ticket()
        new_task(busy)
        refusal = merge(desk, busy, third, parent_status=resolved_status()).status_refusal
        assert refusal is not None
        assert refusal.code == "open_tasks"
        assert is_open(fresh(busy))

    def test_open_tasks_of_a_child_do_not_matter(self, desk: Desk) -> None:
        parent, child = desk.ticket(), desk.ticket()
        new_task(child)
        merge(desk, parent, child)
        assert not is_open(fresh(child))

    def test_links_are_taken_apart_first(self, desk: Desk) -> None:
        parent, child = desk.ticket(), desk.ticket()
        link(desk, parent, child)
        merge(desk, parent, child)
        assert flags(parent, child) == [COMBINE | PARENT, COMBINE]
        assert [name for name, _ in events(fresh(parent))] == ["created", "linked", "unlinked", "merged", "collab"]

    def test_messages_on_a_child_go_to_the_parent_and_replies_are_refused(self, desk: Desk) -> None:
        parent, child = desk.ticket(), desk.ticket()
        merge(desk, parent, child)
        entry = post_message(fresh(child), actor=Actor.system(), user=child.user, body="More.")
        assert entry.thread_id == thread_of(fresh(parent)).pk
        with pytest.raises(Conflict) as refusal:
            post_reply(fresh(child), actor=desk.actor, body="No.")
        assert refusal.value.code == "merged_ticket"

    def test_children_are_deleted_where_that_is_asked_for(self, desk: Desk) -> None:
        parent, child = desk.ticket(), desk.ticket()
        task, moved = new_task(child), entry_ids(child)
        merge(desk, parent, child, delete_children=True)
        assert not Ticket.objects.filter(pk=child.pk).exists()
        assert flags(parent) == [TicketFlag(0)]
        assert set(moved) <= set(entry_ids(fresh(parent)))
        assert Task.objects.get(pk=task.pk).object_id == parent.pk


class TestOrder:
    """In which order the page of the parent shows what was written before the merge."""

    def shown(self, desk: Desk, kind: MergeKind) -> list[str]:
        parent, child = desk.ticket(message="P1"), desk.ticket(message="C1")
        for number, (ticket, text) in enumerate(((parent, "P2"), (child, "C2"), (parent, "P3"))):
            moment = NOW + timedelta(minutes=number)
            post_message(fresh(ticket), actor=Actor.system(), user=ticket.user, body=text, now=moment)
        merge(desk, parent, child, kind=kind)
        row = fresh(parent)
        links = LinkMaker("/file.php", NOW)
        part = public_part_of(row, thread_of(row), links=links)
        return [strip_tags(item.body_html) for item in part.items]

    def test_combined_conversations_go_by_time(self, desk: Desk) -> None:
        assert self.shown(desk, MergeKind.COMBINE) == ["P1", "C1", "P2", "C2", "P3"]

    def test_separate_ones_follow_each_other(self, desk: Desk) -> None:
        assert self.shown(desk, MergeKind.SEPARATE) == ["P1", "P2", "P3", "C1", "C2"]


class TestRefusedMerges:
    def refused(self, desk: Desk, *tickets: Ticket, **values: Any) -> DomainError:
        before = list(Ticket.objects.order_by("pk").values()), list(Thread.objects.order_by("pk").values())
        with pytest.raises(DomainError) as refusal:
            merge(desk, *tickets, **values)
        assert (list(Ticket.objects.order_by("pk").values()), list(Thread.objects.order_by("pk").values())) == before
        return refusal.value

    def test_itself_nothing_and_one(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assert self.refused(desk, ticket, desk.ticket(), ticket).code == "merge_with_itself"
        assert self.refused(desk).code == "tickets_required"
        assert self.refused(desk, ticket).code == "tickets_required"

    def test_cycles(self, desk: Desk) -> None:
        parent, child, third = desk.ticket(), desk.ticket(), desk.ticket()
        merge(desk, parent, child)
        assert self.refused(desk, child, parent).code == "merged_child"
        assert self.refused(desk, child, third).code == "merged_child"
        assert self.refused(desk, third, child).code == "merged_child"
        assert self.refused(desk, third, parent).code == "merge_parent"

    def test_permission_on_each_of_them(self, desk: Desk) -> None:
        parent, foreign = desk.ticket(), fresh(new_ticket(department=DepartmentFactory.new()))
        assert isinstance(self.refused(desk, parent, foreign), NotFound)
        agent = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["ticket.close"]))
        refusal = self.refused(desk, parent, desk.ticket(), actor=Actor.for_agent(agent))
        assert isinstance(refusal, PermissionRefused)

    def test_a_referral_to_somebody_else_is_no_permission(self, desk: Desk) -> None:
        tickets = desk.ticket(), desk.ticket()
        for ticket in tickets:
            refer_ticket(ticket, desk.stranger)
        agent = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=[]))
        assert isinstance(self.refused(desk, *tickets, actor=Actor.for_agent(agent)), PermissionRefused)

    def test_deleting_without_permission(self, desk: Desk) -> None:
        agent = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["ticket.merge", "ticket.close"]))
        tickets = desk.ticket(), desk.ticket()
        refusal = self.refused(desk, *tickets, actor=Actor.for_agent(agent), delete_children=True)
        assert isinstance(refusal, PermissionRefused)

    def test_statuses_that_are_not_closed(self, desk: Desk) -> None:
        refusal = self.refused(desk, desk.ticket(), desk.ticket(), child_status=open_status())
        assert (type(refusal), refusal.code) == (ValidationFailed, "status_invalid")

    def test_who_may_not_close_leaves_the_status(self, desk: Desk) -> None:
        parent, child = desk.ticket(), desk.ticket()
        agent = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["ticket.merge"]))
        merge(desk, parent, child, actor=Actor.for_agent(agent))
        assert fresh(child).parent_id == parent.pk
        assert is_open(fresh(child))


class TestLinks:
    def test_linked_tickets_keep_everything(self, desk: Desk) -> None:
        parent, one, two = desk.ticket(), desk.ticket(), desk.ticket()
        link(desk, parent, one, two)
        assert flags(parent, one, two) == [LINKED | PARENT, LINKED, LINKED]
        assert [fresh(ticket).sort for ticket in (one, two)] == [1, 2]
        assert is_open(fresh(one))
        assert thread_of(fresh(one)).object_type == ObjectType.TICKET

    def test_unlinking_a_child_leaves_the_parent_and_unlinking_the_parent_all(self, desk: Desk) -> None:
        parent, one, two = desk.ticket(), desk.ticket(), desk.ticket()
        link(desk, parent, one, two)
        unlink_ticket(fresh(one), actor=desk.actor, now=NOW)
        assert flags(parent, one) == [LINKED | PARENT, TicketFlag(0)]
        assert (fresh(one).parent_id, fresh(one).sort) == (None, 1)
        unlink_ticket(fresh(parent), actor=desk.actor, now=NOW)
        assert flags(parent, one, two) == [TicketFlag(0)] * 3
        with pytest.raises(Conflict) as refusal:
            unlink_ticket(fresh(two), actor=desk.actor)
        assert refusal.value.code == "not_linked"

    def test_cycles_and_merged_tickets_are_refused(self, desk: Desk) -> None:
        parent, child, third, merged = desk.ticket(), desk.ticket(), desk.ticket(), desk.ticket()
        link(desk, parent, child)
        other = desk.ticket()
        merge(desk, other, merged)
        for tickets, code in (
            ((child, parent), "linked_child"),
            ((third, child), "linked_child"),
            ((third, parent), "link_parent"),
            ((third, merged), "part_of_merge"),
            ((other, third), "part_of_merge"),
            ((third, third), "merge_with_itself"),
        ):
            with pytest.raises(DomainError) as refusal:
                link(desk, *tickets)
            assert refusal.value.code == code


def test_closed_is_the_status_of_merged_tickets_unless_another_is_given(desk: Desk) -> None:
    parent, one, two = desk.ticket(), desk.ticket(), desk.ticket()
    merge(desk, parent, one)
    assert fresh(one).status == TicketStatus.objects.get(name="Closed")
    merge(desk, parent, two, child_status=resolved_status())
    assert fresh(two).status == resolved_status()
