"""One operation on many tickets, and deleting them (osticket/tickets.md §15.1, §15.2)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from helpdesk.files.models import Attachment
from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.models import FormAnswer, FormEntry, FormField
from helpdesk.legacy.errors import DomainError, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.people.services import delete_end_user
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.models import Collaborator, Draft, Referral, Thread, ThreadEntry, ThreadEvent
from tasks.models import Task
from tests.factories import (
    OPENED_AT,
    AgentFactory,
    DepartmentFactory,
    EndUserFactory,
    RoleFactory,
    collaborate,
    give_access,
    new_task,
    new_ticket,
    refer_ticket,
    resolved_status,
)
from tests.tickets.conftest import NOW, Desk, events, fresh
from tickets.constants import TicketState
from tickets.models import SearchDocument, SearchEntry, Ticket, TicketStatus
from tickets.registries import register_removal
from tickets.services import (
    assign_tickets,
    change_status,
    change_status_of_tickets,
    claim_tickets,
    close_ticket,
    delete_ticket,
    delete_tickets,
    mark_answered,
    mark_tickets_answered,
    release_tickets,
    reopen_ticket,
    transfer_tickets,
)
from tickets.services.bulk import MOST_TICKETS, SLICE
from tickets.signals import ticket_deleted
from tickets.states import find_thread


def codes(results: list[Any]) -> list[str]:
    """Give the codes of the refusals, '' for what was done."""
    return [result.refusal.code if result.refusal else "" for result in results]


class TestBulk:
    def test_each_ticket_has_a_result(self, desk: Desk) -> None:
        good, closed, blocked, foreign = desk.ticket(), desk.ticket(), desk.ticket(), new_ticket()
        close_ticket(closed, actor=desk.actor, status=resolved_status(), now=NOW)
        new_task(blocked)
        wanted = [good.pk, closed.pk, blocked.pk, foreign.pk, 4_000_000]
        results = change_status_of_tickets(wanted, status=resolved_status(), actor=desk.actor, now=NOW)
        assert [result.ticket_id for result in results] == wanted
        not_his = "ticket_not_found"
        assert codes(results) == ["", "status_unchanged", "open_tasks", not_his, not_his]
        assert [result.number for result in results] == [good.number, closed.number, blocked.number, "", ""]
        assert fresh(good).closed == NOW
        assert fresh(foreign).closed is None

    def test_a_ticket_that_is_named_twice_is_done_once(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assert len(mark_tickets_answered([ticket.pk, ticket.pk], actor=desk.actor)) == 1

    @pytest.mark.parametrize("count", [0, MOST_TICKETS + 1])
    def test_none_and_too_many_are_refused(self, desk: Desk, count: int) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            delete_tickets(list(range(1, count + 1)), actor=desk.actor)
        assert refusal.value.field == "tickets"

    def test_what_nobody_allows_anywhere_is_refused_as_a_whole(self, desk: Desk) -> None:
        ticket, viewer = desk.ticket(), Actor.for_agent(desk.viewer)
        acts: tuple[Callable[[], object], ...] = (
            lambda: assign_tickets([ticket.pk], agent=desk.colleague, actor=viewer),
            lambda: claim_tickets([ticket.pk], actor=viewer),
            lambda: transfer_tickets([ticket.pk], department=desk.department, actor=viewer),
            lambda: change_status_of_tickets([ticket.pk], status=resolved_status(), actor=viewer),
            lambda: delete_tickets([ticket.pk], actor=viewer),
            lambda: delete_tickets([ticket.pk], actor=Actor.for_user(EndUserFactory.new())),
        )
        for act in acts:
            with pytest.raises(PermissionRefused):
                act()
        assert [name for name, _data in events(ticket)] == ["created"]

    def test_permissions_count_where_the_ticket_lies(self, desk: Desk) -> None:
        elsewhere = DepartmentFactory.new()
        give_access(desk.agent, elsewhere, RoleFactory.new(keys=[]))
        tickets = [desk.ticket(), new_ticket(department=elsewhere)]
        results = delete_tickets([ticket.pk for ticket in tickets], actor=desk.actor)
        assert codes(results) == ["", "permission_denied"]

    def test_claiming_many_takes_those_of_others_but_no_closed_ones(self, desk: Desk) -> None:
        free, others, closed = (desk.ticket() for _ in range(3))
        assign_tickets([others.pk], agent=desk.colleague, actor=desk.actor)
        close_ticket(closed, actor=Actor.system(), status=resolved_status(), now=NOW)
        assert codes(claim_tickets([free.pk, others.pk, closed.pk], actor=desk.actor)) == ["", "", "ticket_closed"]
        assert {fresh(ticket).staff_id for ticket in (free, others)} == {desk.agent.pk}
        assert fresh(closed).staff_id is None
        assert codes(release_tickets([free.pk, closed.pk], actor=desk.actor)) == ["", "not_assigned"]

    def test_more_than_one_slice(self, desk: Desk) -> None:
        ids = [desk.ticket().pk for _ in range(SLICE + 2)]
        results = change_status_of_tickets(ids, status=resolved_status(), actor=desk.actor, now=NOW)
        assert codes(results) == [""] * len(ids)
        assert Ticket.objects.filter(pk__in=ids, status=resolved_status()).count() == len(ids)


class TestClosingMany:
    """What is read for a whole slice makes no other result than what is read for each ticket."""

    def pairs(self, desk: Desk) -> list[tuple[Ticket, Ticket]]:
        """Give two alike of every kind of ticket that closing treats in its own way."""
        return [(make(desk), make(desk)) for make in KINDS]

    def left_by(self, ticket: Ticket, refusal: DomainError | None) -> dict[str, Any]:
        """Give all that tells one way of closing from the other."""
        now = fresh(ticket)
        thread = find_thread(now)
        assert thread is not None
        happened = ThreadEvent.objects.filter(thread=thread).order_by("id")
        names = "ticket.response.{0} ticket.note.{0} ticket.note.{0}0"
        drafts = Draft.objects.filter(namespace__in=names.format(ticket.pk).split())
        return {
            "refusal": refusal.code if refusal else "",
            "columns": (now.status_id, now.staff_id, now.closed, now.duedate, now.est_duedate, now.isoverdue),
            "events": list(happened.values_list("event__name", "data", "staff_id", "annulled")),
            "referrals": list(thread.referrals.order_by("id").values_list("object_type", "object_id", "created")),
            "drafts": [draft.namespace.replace(str(ticket.pk), "#") for draft in drafts.order_by("id")],
            "entries": list(thread.entries.order_by("id").values_list("type", "title", "body")),
        }

    def test_leaves_what_closing_each_leaves(self, desk: Desk) -> None:
        alone, together = zip(*self.pairs(desk), strict=True)
        values: dict[str, Any] = {"status": resolved_status(), "actor": desk.actor, "comments": "Solved.", "now": NOW}
        refusals = [refusal_of(partial(change_status, fresh(ticket), **values)) for ticket in alone]
        results = change_status_of_tickets([ticket.pk for ticket in together], **values)
        assert [result.number for result in results] == [ticket.number for ticket in together]
        left_alone = [self.left_by(*one) for one in zip(alone, refusals, strict=True)]
        assert [self.left_by(t, r.refusal) for t, r in zip(together, results, strict=True)] == left_alone
        assert {left["refusal"] for left in left_alone} == {"", "open_tasks", "status_unchanged", CLOSE_REQUIRED}

    def test_without_thread(self, desk: Desk) -> None:
        ticket = desk.ticket()
        Thread.objects.filter(object_id=ticket.pk, object_type="T").delete()
        assert codes(change_status_of_tickets([ticket.pk], status=resolved_status(), actor=desk.actor)) == [""]
        assert [name for name, _data in events(fresh(ticket))] == ["closed"]


CLOSE_REQUIRED = "required_fields_missing"


def refusal_of(act: Callable[[], object]) -> DomainError | None:
    """Give what a service has against it."""
    try:
        act()
    except DomainError as refusal:
        return refusal
    return None


def _assigned(desk: Desk) -> Ticket:
    ticket = desk.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(staff=desk.colleague, duedate=NOW, isoverdue=True)
    return ticket


def _with_drafts(desk: Desk) -> Ticket:
    ticket = desk.ticket()
    for kind, end in (("response", ""), ("note", ""), ("note", "0")):
        Draft.objects.create(staff_id=desk.colleague.pk, namespace=f"ticket.{kind}.{ticket.pk}{end}", body="x")
    return ticket


def _reopened(desk: Desk) -> Ticket:
    ticket = desk.ticket()
    close_ticket(ticket, actor=desk.actor, status=resolved_status(), now=OPENED_AT)
    reopen_ticket(ticket, actor=desk.actor, now=OPENED_AT)
    ThreadEvent.objects.filter(thread=find_thread(ticket)).update(annulled=False)  # as old versions left them
    return ticket


def _referred(desk: Desk) -> Ticket:
    ticket = _assigned(desk)
    refer_ticket(ticket, desk.colleague)
    return ticket


def _closed(desk: Desk) -> Ticket:
    ticket = desk.ticket()
    close_ticket(ticket, actor=desk.actor, status=resolved_status(), now=OPENED_AT)
    return ticket


def _with_tasks(desk: Desk, *, are_open: bool) -> Ticket:
    ticket = desk.ticket()
    new_task(ticket, is_open=are_open)
    return ticket


def _unanswered(desk: Desk) -> Ticket:
    required = FieldFlag.ENABLED | FieldFlag.CLOSE_REQUIRED
    field = FormField.objects.create(form_id=2, label="Order", name="", sort=9, flags=required)
    ticket = desk.ticket()
    FormAnswer.objects.filter(entry__object_id=ticket.pk, field=field).update(value=None)
    FormAnswer.objects.filter(field=field).exclude(entry__object_id=ticket.pk).update(value="")
    return ticket


KINDS: tuple[Callable[[Desk], Ticket], ...] = (
    Desk.ticket,
    _assigned,
    _with_drafts,
    _reopened,
    _referred,
    _closed,
    partial(_with_tasks, are_open=True),
    partial(_with_tasks, are_open=False),
    _unanswered,
)


class TestAnswered:
    def test_by_hand_with_a_note_of_the_system(self, desk: Desk) -> None:
        ticket = desk.ticket()
        mark_answered(ticket, actor=desk.actor, comments="<p>By phone</p>", now=NOW)
        assert fresh(ticket).isanswered
        notes = ThreadEntry.objects.filter(title="Ticket Marked Answered").order_by("id")
        assert [note.body for note in notes] == ["<p>By phone</p>", "Ticket flagged as answered by Ada Admin"]

    def test_the_manager_needs_no_permission(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(PermissionRefused):
            mark_answered(ticket, actor=Actor.for_agent(desk.viewer))
        desk.department.manager = desk.viewer
        desk.department.save()
        mark_answered(ticket, actor=Actor.for_agent(desk.viewer))
        assert fresh(ticket).isanswered


class TestDeletion:
    def test_nothing_of_it_is_left_but_its_events(self, desk: Desk) -> None:
        ticket = desk.ticket(files=[NewFile("log.txt", b"1")])
        thread = Thread.objects.get(object_id=ticket.pk, object_type="T")
        collaborate(ticket, EndUserFactory.new())
        refer_ticket(ticket, desk.colleague)
        Draft.objects.create(staff_id=desk.colleague.pk, namespace=f"ticket.note.{ticket.pk}", body="x")
        task = new_task(ticket, is_open=False)
        delete_ticket(ticket, actor=desk.actor, now=NOW)
        for rows in (
            Ticket.objects.filter(pk=ticket.pk),
            Thread.objects.filter(pk=thread.pk),
            ThreadEntry.objects.filter(thread=thread.pk),
            Attachment.objects.filter(type="H"),
            Collaborator.objects.filter(thread=thread.pk),
            Referral.objects.filter(thread=thread.pk),
            Draft.objects.all(),
            FormEntry.objects.filter(object_type="T", object_id=ticket.pk),
            FormAnswer.objects.filter(entry__object_type="T", entry__object_id=ticket.pk),
            SearchEntry.objects.filter(object_type__in=["T", "H"]),
            SearchDocument.objects.filter(ticket_id=ticket.pk),
        ):
            assert not rows.exists(), rows.query
        assert cdata.fetch(EntryObject.TICKET, [ticket.pk]) == {}
        told = ThreadEvent.objects.order_by("id").values_list("event__name", "thread_id")
        assert list(told) == [("created", None), ("deleted", thread.pk)]
        assert Task.objects.get(pk=task.pk).object_id == ticket.pk

    def test_by_its_status(self, desk: Desk) -> None:
        ticket, deleted = desk.ticket(), TicketStatus.objects.get(state=TicketState.DELETED)
        keeper = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["ticket.close"]))
        refused = change_status_of_tickets([ticket.pk], status=deleted, actor=desk.actor)
        assert codes(refused) == [""]
        assert not Ticket.objects.filter(pk=ticket.pk).exists()
        with pytest.raises(PermissionRefused):
            change_status_of_tickets([desk.ticket().pk], status=deleted, actor=Actor.for_agent(keeper))

    def test_others_clear_away_what_is_theirs(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
    ) -> None:
        monkeypatch.setattr("tickets.registries._removals", [])
        cleared: list[int] = []
        told: list[int] = []

        def hear(sender: object, **values: Any) -> None:
            told.append(values["ticket_id"])

        register_removal(lambda ticket: cleared.append(ticket.pk))
        ticket_deleted.connect(hear)
        ticket = desk.ticket()
        try:
            with django_capture_on_commit_callbacks(execute=True):
                delete_ticket(ticket, actor=desk.actor)
        finally:
            ticket_deleted.disconnect(hear)
        assert cleared == told == [ticket.pk]

    def test_twice(self, desk: Desk) -> None:
        ticket = desk.ticket()
        delete_ticket(fresh(ticket), actor=desk.actor)
        with pytest.raises(NotFound):
            delete_ticket(ticket, actor=desk.actor)

    def test_with_their_owner_or_not_at_all(self, desk: Desk) -> None:
        user, elsewhere = EndUserFactory.new(), DepartmentFactory.new()
        own = desk.ticket(user=user)
        foreign = new_ticket(user=user, department=elsewhere)
        desk.agent.permissions = {"user.delete": 1}
        desk.agent.save()
        with pytest.raises(PermissionRefused):
            delete_end_user(user, actor=desk.actor, with_tickets=True)
        assert Ticket.objects.filter(pk__in=[own.pk, foreign.pk]).count() == 2
        give_access(desk.agent, elsewhere)
        delete_end_user(user, actor=Actor.for_agent(type(desk.agent).objects.get(pk=desk.agent.pk)), with_tickets=True)
        assert not EndUser.objects.filter(pk=user.pk).exists()
        assert not Ticket.objects.filter(pk__in=[own.pk, foreign.pk]).exists()
