"""Random sequences of services: whatever was done, what must always hold of tickets holds.

Each seed is one help desk with agents of different reach who do anything at all; refusals are part of it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from helpdesk.forms import cdata
from helpdesk.forms.bound import Origin, bind
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.field_types import Asked
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.forms.submission_services import parts_of
from helpdesk.legacy.errors import DomainError
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Department
from helpdesk.people.permissions import AgentPermission, stored_form
from helpdesk.reports.clock import stretch_of
from helpdesk.reports.counting import count_days
from helpdesk.reports.parts import Parts
from helpdesk.reports.periods import Period
from helpdesk.reports.statistics import Group, statistics_table
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import Thread, ThreadEvent
from sla.constants import SlaFlag
from sla.models import SlaPlan
from tests.factories import (
    DepartmentFactory,
    EndUserFactory,
    HelpTopicFactory,
    TeamFactory,
    give_access,
    new_task,
    new_ticket,
)
from tests.tickets.conftest import NOW, Desk
from tickets.constants import TicketSource, TicketState
from tickets.models import NumberReservation, SearchEntry, Ticket, TicketStatus
from tickets.services import (
    MergeKind,
    TicketEdit,
    assign_ticket,
    assign_tickets,
    change_answer,
    change_due_date,
    change_owner,
    change_sla,
    change_source,
    change_status,
    change_status_of_tickets,
    change_topic,
    claim_ticket,
    clear_overdue,
    close_ticket,
    delete_ticket,
    link_tickets,
    mark_answered,
    mark_overdue,
    merge_tickets,
    post_message,
    post_note,
    post_reply,
    refer_ticket,
    release_ticket,
    reopen_ticket,
    transfer_ticket,
    unlink_ticket,
    update_ticket,
)
from tickets.services.referrals import Referee
from tickets.states import is_merged_child

STEPS = 70
SEEDS = range(3)
LOOKED_AT_EVERY = 10
"""Steps between two looks in the short form."""
SOAK_SEEDS = range(100, 160)


class Chaos:
    """A help desk in which anything may happen next."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.random, self.desk = random.Random(seed), desk  # noqa: S311 -- chance, no secret
        self.now = NOW
        desk.agent.permissions = stored_form(list(AgentPermission))
        desk.agent.save()
        members_only = DepartmentFlag.ACTIVE | DepartmentFlag.ASSIGN_MEMBERS_ONLY
        others = [DepartmentFactory.new(), DepartmentFactory.new(flags=members_only)]
        self.departments: list[Department] = [desk.department, *others]
        for department in others:
            give_access(desk.agent, department)
        self.teams = [TeamFactory.new(members=[desk.colleague]), TeamFactory.new()]
        self.topics = [HelpTopicFactory.new(), HelpTopicFactory.new()]
        self.plans = [None, SlaPlan.objects.create(name=f"Fast {seed}", grace_period=1, flags=SlaFlag.ACTIVE)]
        self.users = [EndUserFactory.new() for _ in range(3)]
        self.statuses = list(TicketStatus.objects.filter(state__in=[TicketState.OPEN, TicketState.CLOSED]))
        self.statuses.append(TicketStatus.objects.create(name=f"Pending {seed}", state=TicketState.OPEN, properties={}))
        self.actors = [*[desk.agent] * 6, desk.colleague, desk.viewer, desk.stranger]
        self.steps = [value for name, value in vars(type(self)).items() if name.startswith("do_")]
        self.done: Counter[str] = Counter()
        for _ in range(4):
            self.do_open()

    def step(self) -> None:
        """Do one thing; a refusal changes nothing."""
        self.now += timedelta(minutes=self.random.choice([0, 1, 90]))
        step: Callable[[Chaos], None] = self.random.choice(self.steps)
        try:
            step(self)
        except DomainError:
            return
        self.done[step.__name__] += 1

    def ticket(self) -> Ticket:
        return self.random.choice(self.tickets())

    def tickets(self) -> list[Ticket]:
        if not Ticket.objects.exists():
            self.do_open()
        return list(Ticket.objects.order_by("pk"))

    @property
    def by(self) -> dict[str, Any]:
        return {"actor": Actor.for_agent(self.random.choice(self.actors)), "now": self.now}

    def do_open(self) -> None:
        values = {"department": self.random.choice(self.departments), "user": self.random.choice(self.users)}
        new_ticket(now=self.now, topic=self.random.choice([None, *self.topics]), **values)

    def do_assign_agent(self) -> None:
        assign_ticket(self.ticket(), agent=self.random.choice(self.actors), refer=self.random.random() < 0.5, **self.by)

    def do_assign_team(self) -> None:
        assign_ticket(self.ticket(), team=self.random.choice(self.teams), **self.by)

    def do_claim(self) -> None:
        claim_ticket(self.ticket(), **self.by)

    def do_release(self) -> None:
        release_ticket(self.ticket(), agent=self.random.random() < 0.7, team=self.random.random() < 0.7, **self.by)

    def do_transfer(self) -> None:
        transfer_ticket(self.ticket(), department=self.random.choice(self.departments), refer=True, **self.by)

    def do_refer(self) -> None:
        referees: list[Referee] = [self.desk.stranger, self.teams[0], self.departments[1]]
        refer_ticket(self.ticket(), to=self.random.choice(referees), **self.by)

    def do_status(self) -> None:
        change_status(self.ticket(), status=self.random.choice(self.statuses), comments="<p>So</p>", **self.by)

    def do_close(self) -> None:
        closed = [status for status in self.statuses if status.state == TicketState.CLOSED]
        close_ticket(self.ticket(), status=self.random.choice(closed), **self.by)

    def do_reopen(self) -> None:
        reopen_ticket(self.ticket(), **self.by)

    def do_many(self) -> None:
        ids = [ticket.pk for ticket in self.random.sample(self.tickets(), k=min(3, len(self.tickets())))]
        change_status_of_tickets(ids, status=self.random.choice(self.statuses), **self.by)
        assign_tickets(ids, agent=self.desk.colleague, **self.by)

    def do_delete(self) -> None:
        if self.random.random() < 0.5:
            delete_ticket(self.ticket(), **self.by)
        else:
            deleted = TicketStatus.objects.get(state=TicketState.DELETED)
            post_reply(self.ticket(), body="<p>Bye</p>", status=deleted, **self.by)

    def do_answered(self) -> None:
        mark_answered(self.ticket(), answered=self.random.random() < 0.5, **self.by)

    def do_overdue(self) -> None:
        mark_overdue(self.ticket(), actor=Actor.system(), now=self.now)

    def do_not_overdue(self) -> None:
        clear_overdue(self.ticket(), actor=Actor.system(), now=self.now)

    def do_topic(self) -> None:
        change_topic(self.ticket(), topic=self.random.choice(self.topics), **self.by)

    def do_sla(self) -> None:
        change_sla(self.ticket(), sla=self.random.choice(self.plans), **self.by)

    def do_source(self) -> None:
        change_source(self.ticket(), source=self.random.choice(list(TicketSource)), **self.by)

    def do_due_date(self) -> None:
        days = self.random.choice([-1, 1, 3])
        change_due_date(self.ticket(), duedate=self.now + timedelta(days=days), **self.by)

    def do_answer(self) -> None:
        ticket, actor = self.ticket(), self.by["actor"]
        name, values = self.random.choice([("subject", ["Printer", "Scanner", ""]), ("priority", ["1", "4", "99"])])
        field = FormField.objects.get(form__type=EntryObject.TICKET, name=name)
        form = self._form(ticket, actor, {name: self.random.choice(values)}, only=[field.pk])
        change_answer(ticket, form, actor=actor, now=self.now)

    def do_update(self) -> None:
        ticket, actor = self.ticket(), self.by["actor"]
        edit = TicketEdit(
            topic=self.random.choice([None, *self.topics]),
            sla=self.random.choice(self.plans),
            source=TicketSource.PHONE,
            user=self.random.choice([None, *self.users]),
            form=self._form(ticket, actor, {"subject": f"Number {self.random.randrange(9)}", "priority": "2"}),
            kept_forms=[],
        )
        update_ticket(ticket, edit, actor=actor, note="<p>Because</p>", now=self.now)

    def do_owner(self) -> None:
        change_owner(self.ticket(), user=self.random.choice(self.users), **self.by)

    def do_reply(self) -> None:
        post_reply(self.ticket(), body="<p>Try again</p>", status=self.random.choice([None, *self.statuses]), **self.by)

    def do_note(self) -> None:
        post_note(self.ticket(), body="<p>Hm</p>", status=self.random.choice([None, *self.statuses]), **self.by)

    def do_message(self) -> None:
        user = self.random.choice(self.users)
        post_message(self.ticket(), user=user, actor=Actor.for_user(user), body="<p>Still broken</p>", now=self.now)

    def do_task(self) -> None:
        new_task(self.ticket(), is_open=self.random.random() < 0.5)

    def do_merge(self) -> None:
        some = self.random.sample(self.tickets(), k=min(2, len(self.tickets())))
        merge_tickets(some, kind=self.random.choice(list(MergeKind)), **self.by)

    def do_link(self) -> None:
        link_tickets(self.random.sample(self.tickets(), k=min(2, len(self.tickets()))), **self.by)

    def do_unlink(self) -> None:
        unlink_ticket(self.ticket(), **self.by)

    def _form(self, ticket: Ticket, actor: Actor, values: dict[str, str], only: list[int] | None = None) -> Any:
        asked = Asked(is_agent=True, agent=actor.agent)
        parts = parts_of(EntryObject.TICKET, ticket.pk)
        return bind(parts, asked=asked, origin=Origin.AGENT_UPDATE, data=values, only=only)


def broken(ticket: Ticket) -> list[str]:
    """Say what does not hold of this ticket."""
    found: list[str] = []
    threads = list(Thread.objects.filter(object_id=ticket.pk, object_type__in=["T", "C"]))
    wanted = ObjectType.MERGED_TICKET if is_merged_child(ticket) else ObjectType.TICKET
    if [thread.object_type for thread in threads] != [wanted]:
        return [f"its threads are {[thread.object_type for thread in threads]}, not {wanted}"]
    found += _broken_state(ticket, threads[0])
    found += _broken_answers(ticket)
    if ticket.parent_id is not None and not Ticket.objects.filter(pk=ticket.parent_id, flags__gt=0).exists():
        found.append("its parent is none")
    if not NumberReservation.objects.filter(key=f"{ObjectType.TICKET}{str(ticket.number).lower()}").exists():
        found.append("its number is not in the register")
    return found


def _broken_state(ticket: Ticket, thread: Thread) -> list[str]:
    found: list[str] = []
    is_closed = ticket.status is not None and ticket.status.state == TicketState.CLOSED
    if is_closed != (ticket.closed is not None):
        found.append(f"it is {ticket.status} and was closed at {ticket.closed}")
    if is_closed and ticket.isoverdue:
        found.append("it is closed and overdue")
    events = ThreadEvent.objects.filter(thread=thread).order_by("id")
    if events.filter(event__name="closed", annulled=False).exists() != is_closed:
        found.append(f"its events do not say that it is {ticket.status}")
    if events.filter(event__name="created").count() != 1:
        found.append("it was not opened exactly once")
    if ticket.isoverdue and not events.filter(event__name="overdue").exists():
        found.append("it is overdue and nothing says since when")
    newest = events.last()
    if newest is None or (newest.dept_id, newest.team_id) != (ticket.dept_id, ticket.team_id):
        found.append("its newest event names another department or team")
    if newest is None or (newest.topic_id or None) != ticket.topic_id:
        found.append("its newest event names another help topic")
    return found


def _broken_answers(ticket: Ticket) -> list[str]:
    found: list[str] = []
    answers = FormAnswer.objects.filter(entry__object_type=EntryObject.TICKET, entry__object_id=ticket.pk)
    by_name = {answer.field.name: answer for answer in answers.select_related("field")}
    cached = cdata.fetch(EntryObject.TICKET, [ticket.pk]).get(ticket.pk)
    expected = {"subject": by_name["subject"].value, "priority": str(by_name["priority"].value_id or "")}
    if cached is None or {name: cached[name] or "" for name in expected} != expected:
        found.append(f"its answers are {expected}, the cache says {cached}")
    row = SearchEntry.objects.filter(object_type=ObjectType.TICKET, object_id=ticket.pk).first()
    if row is None or row.title != f"{ticket.number} {expected['subject']}":
        found.append(f"it is found by {row.title if row else None}")
    return found


def _run(desk: Desk, seed: int, looked_at_every: int) -> Counter[str]:
    chaos = Chaos(desk, seed)
    for step in range(1, STEPS + 1):
        chaos.step()
        if step % looked_at_every:
            continue
        count_days(now=chaos.now)
        wrong = {ticket.number: found for ticket in Ticket.objects.all() if (found := broken(ticket))}
        assert not wrong, f"seed {seed}, step {step}, so far {dict(chaos.done)}"
    # The thread that a merged ticket left stays when that is deleted: mails still find their way by it.
    lost = Thread.objects.filter(object_type=ObjectType.TICKET).exclude(object_id__in=Ticket.objects.values("pk"))
    assert not lost.exists()
    period = Period(NOW.date() - timedelta(days=1), chaos.now.date() + timedelta(days=1))
    direct = Parts((), (stretch_of(period),))
    access = access_of(desk.agent)
    for group in Group:
        counted = statistics_table(group, period, access=access)
        assert counted == statistics_table(group, period, access=access, parts=direct), f"seed {seed}"
    return chaos.done


def test_random_sequences_keep_what_must_hold(desk: Desk) -> None:
    """One desk after the other, so that its rows are made once."""
    done: Counter[str] = Counter()
    for seed in SEEDS:
        done += _run(desk, seed, LOOKED_AT_EVERY)
    assert len(done) > 20, f"too little was done to prove anything: {done}"


@pytest.mark.soak
@pytest.mark.parametrize("seed", SOAK_SEEDS)
def test_many_random_sequences_keep_what_must_hold(desk: Desk, seed: int) -> None:
    _run(desk, seed, 1)
