"""Pages of queues: what is in them, in which order, from page to page, at which cost (osticket/queues.md §4 to §6)."""

from __future__ import annotations

import base64
import random
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.forms import cdata
from helpdesk.forms.models import FormAnswer, FormEntry
from helpdesk.legacy.errors import NotFound
from helpdesk.people.access import access_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from helpdesk.threads.bodies import NewFile
from helpdesk.threads.models import Lock, Thread, ThreadEntry
from tests.factories import (
    OPENED_AT,
    AgentFactory,
    EndUserFactory,
    TeamFactory,
    collaborate,
    new_ticket,
    refer_ticket,
    resolved_status,
)
from tests.tickets.conftest import NOW, Desk
from tickets.constants import QueueFlag, TicketFlag
from tickets.models import Queue, QueueColumnPlacement, QueuePreference, QueueSort, Ticket, TicketStatus
from tickets.queues import children_of
from tickets.reference_data import forget_reference_data, queue_tables
from tickets.screens import QueuePage, QueueRow
from tickets.selectors import queue_for, queue_page
from tickets.services import assign_ticket, close_ticket, post_note, post_reply
from tickets.services.queues import set_preference

NO_CURSORS = {
    "nested": "[" * 5000 + "]" * 5000,
    "5000_digits": f"[{'9' * 5000}, null, 1]",
    "20_digits": f'[1, "2026-01-01T00:00:00Z", {"9" * 20}]',
    "before_all_time": '[1, "0001-01-01T00:00:00+14:00", 1]',
    "no_such_day": '[1, "2026-02-30T00:00:00Z", 1]',
}
"""What is in cursors that nobody gave out."""
OPEN, OPEN_UNANSWERED, ANSWERED, OVERDUE, MINE, MINE_ALONE, MY_TEAMS, CLOSED, CLOSED_TODAY = range(1, 10)
CLOSED_THIS_YEAR = 14


def page_of(agent: Agent, queue_id: int, **cursor: Any) -> QueuePage:
    access = access_of(Agent.objects.get(pk=agent.pk))
    return queue_page(access, queue_for(access, queue_id), **{"now": NOW, **cursor})


def walked_rows(agent: Agent, queue_id: int) -> list[QueueRow]:
    """Give the rows of all pages there, and see that the way back shows the same."""
    pages = [page_of(agent, queue_id)]
    while pages[-1].after:
        pages.append(page_of(agent, queue_id, after=pages[-1].after))
    page = pages[-1]
    for expected in reversed(pages[:-1]):
        page = page_of(agent, queue_id, before=page.before)
        assert [row.ticket_id for row in page.rows] == [row.ticket_id for row in expected.rows]
    return [row for page in pages for row in page.rows]


def subjects(page: QueuePage) -> list[str]:
    return [row.subject for row in page.rows]


class TestContents:
    def test_queues_of_a_new_installation(self, desk: Desk) -> None:
        """Every queue shows what its name says."""
        team = TeamFactory.new(members=[desk.agent])
        tickets = {name: desk.ticket(subject=name) for name in ("new", "answered", "overdue", "mine", "team", "closed")}
        post_reply(tickets["answered"], actor=Actor.for_agent(desk.colleague), body="x")
        Ticket.objects.filter(pk=tickets["overdue"].pk).update(isoverdue=True)
        assign_ticket(tickets["mine"], actor=desk.actor, agent=desk.agent)
        assign_ticket(tickets["team"], actor=desk.actor, team=team)
        close_ticket(tickets["closed"], actor=desk.actor, status=resolved_status(), now=NOW)
        shown = {queue: set(subjects(page_of(desk.agent, queue))) for queue in range(1, 15)}
        open_ones = {"new", "answered", "overdue", "mine", "team"}
        assert shown[OPEN] == open_ones
        assert shown[OPEN_UNANSWERED] == open_ones - {"answered"}
        assert shown[ANSWERED] == {"answered"}
        assert shown[OVERDUE] == {"overdue"}
        assert shown[MINE] == {"mine", "team"}
        assert shown[MINE_ALONE] == {"mine"}
        assert shown[MY_TEAMS] == {"team"}
        assert shown[CLOSED] == shown[CLOSED_TODAY] == {"closed"}

    def test_periods_are_days_of_the_agent(self, desk: Desk) -> None:
        """Closed at 23:30 UTC: today in London, tomorrow in Tokyo."""
        ticket = desk.ticket()
        late = NOW.replace(hour=23, minute=30)
        close_ticket(ticket, actor=desk.actor, status=resolved_status(), now=late)
        for zone, count in (("Europe/London", 1), ("Asia/Tokyo", 0), ("Nowhere/Land", 1)):
            Agent.objects.filter(pk=desk.agent.pk).update(timezone=zone)
            assert len(page_of(desk.agent, CLOSED_TODAY, now=NOW).rows) == count

    def test_merged_tickets_are_hidden_linked_ones_are_not(self, desk: Desk) -> None:
        parent, merged, linked = (desk.ticket(subject=name) for name in ("parent", "merged", "linked"))
        for child, flags in ((merged, TicketFlag.COMBINE_THREADS), (linked, TicketFlag.LINKED)):
            child.parent, child.flags = parent, flags
            child.save()
        assert set(subjects(page_of(desk.agent, OPEN))) == {"parent", "linked"}

    def test_strangers_see_nothing_until_it_is_referred(self, desk: Desk) -> None:
        ticket = desk.ticket()
        assert page_of(desk.stranger, OPEN).rows == []
        refer_ticket(ticket, desk.stranger)
        assert len(page_of(desk.stranger, OPEN).rows) == 1

    def test_what_a_row_shows(self, desk: Desk) -> None:
        user = EndUserFactory.new(name="Jo Doe", address="jo@x.test")
        files = [NewFile("a.txt", b"a"), NewFile("b.txt", b"b")]
        ticket = desk.ticket(user=user, subject="Printer", answers={"priority": 4}, files=files)
        collaborate(ticket, EndUserFactory.new())
        post_note(ticket, actor=desk.actor, body="x", files=[NewFile("c.txt", b"c")])
        hidden = post_note(ticket, actor=desk.actor, body="hidden", files=[NewFile("d.txt", b"d")]).entry
        ThreadEntry.objects.filter(pk=hidden.pk).update(flags=4)
        assign_ticket(ticket, actor=desk.actor, agent=desk.colleague)
        lock = Lock.objects.create(staff=desk.colleague, expire=NOW + timedelta(minutes=3), code="x")
        Ticket.objects.filter(pk=ticket.pk).update(lock=lock, est_duedate=NOW, isoverdue=True)
        (row,) = page_of(desk.agent, OPEN).rows
        assert (row.ticket_id, row.number, row.subject) == (ticket.pk, ticket.number, "Printer")
        assert (row.requester_name, row.requester_email) == ("Jo Doe", "jo@x.test")
        assert (row.priority_name, row.priority_urgency) == ("Emergency", 1)
        assert (row.status_name, row.status_state, row.department_name) == ("Open", "open", desk.department.name)
        assert (row.assignee_name, row.locked_by, row.due) == ("Cora Clark", "Cora Clark", NOW)
        assert (row.created, row.last_message, row.is_overdue) == (OPENED_AT, OPENED_AT, True)
        assert (row.entry_count, row.attachment_count, row.collaborator_count) == (2, 3, 1)
        assert [cell.key for cell in row.cells] == [
            "number",
            "last_update",
            "subject",
            "requester",
            "priority",
            "assignee",
        ]
        assert [cell.value for cell in row.cells] == [
            ticket.number,
            OPENED_AT,
            "Printer",
            "Jo Doe",
            "Emergency",
            "Cora Clark",
        ]

    def test_own_and_expired_locks_are_not_shown(self, desk: Desk) -> None:
        for agent, minutes in ((desk.agent, 3), (desk.colleague, -3)):
            ticket = desk.ticket()
            lock = Lock.objects.create(staff=agent, expire=NOW + timedelta(minutes=minutes), code="x")
            Ticket.objects.filter(pk=ticket.pk).update(lock=lock)
        assert [row.locked_by for row in page_of(desk.agent, OPEN).rows] == ["", ""]

    def test_dangling_ids_leave_gaps_not_errors(self, desk: Desk) -> None:
        ticket = desk.ticket()
        Ticket.objects.filter(pk=ticket.pk).update(user=99999, staff=99999, team=99999, topic=99999, sla=99999)
        FormAnswer.objects.all().delete()
        FormEntry.objects.filter(object_type="T").delete()
        cdata.remove_rows("T", [ticket.pk])
        (row,) = page_of(desk.agent, OPEN).rows
        assert (row.requester_name, row.assignee_name, row.team_name, row.priority_name) == ("", "", "", "")
        assert row.subject == "(no subject)"


class TestOrder:
    def make(self, desk: Desk, priorities: list[int]) -> list[Ticket]:
        return [
            desk.ticket(subject=f"{n}", answers={"priority": p}, now=OPENED_AT + timedelta(minutes=n))
            for n, p in enumerate(priorities)
        ]

    def test_most_urgent_first_then_newest_update(self, desk: Desk) -> None:
        self.make(desk, [2, 4, 1, 4, 3, 2])
        assert subjects(page_of(desk.agent, OPEN)) == ["3", "1", "4", "5", "0", "2"]

    def test_unknown_priority_comes_last(self, desk: Desk) -> None:
        tickets = self.make(desk, [1, 2])
        cdata.update_row("T", tickets[1].pk, {22: "77"})
        assert subjects(page_of(desk.agent, OPEN)) == ["0", "1"]

    def test_both_encodings_of_the_answers(self, desk: Desk) -> None:
        """After a rebuild by osTicket as after an incremental update."""
        self.make(desk, [1, 4])
        before = subjects(page_of(desk.agent, OPEN))
        if connection.features.can_rollback_ddl:  # MySQL builds tables outside transactions only
            cdata.rebuild("T")
        assert subjects(page_of(desk.agent, OPEN)) == before == ["1", "0"]

    def test_latest_due_date_first_and_none_last(self, desk: Desk) -> None:
        tickets = self.make(desk, [2, 2, 2, 2])
        for ticket, hours in zip(tickets, [1, None, 3, 2], strict=True):
            due = None if hours is None else NOW + timedelta(hours=hours)
            Ticket.objects.filter(pk=ticket.pk).update(est_duedate=due)
        assert subjects(page_of(desk.agent, OPEN_UNANSWERED)) == ["2", "3", "0", "1"]

    def test_queue_without_sort_shows_the_newest_first(self, desk: Desk) -> None:
        for ticket in self.make(desk, [2, 4, 1]):
            assign_ticket(ticket, actor=desk.actor, agent=desk.agent)
        assert subjects(page_of(desk.agent, MINE_ALONE)) == ["2", "1", "0"]

    @pytest.mark.parametrize(
        ("sort_ids", "expected"),
        [
            ({"top": 6, "middle": 1, "own": 1}, "newest"),  # the middle one has that of the top, too
            ({"top": None, "middle": 6, "own": 1}, "newest"),
            ({"top": None, "middle": None, "own": 1}, "urgent"),
            ({"top": 999, "middle": None, "own": None}, "newest"),
        ],
    )
    def test_the_default_sort_comes_from_as_far_above_as_it_is_inherited(
        self, desk: Desk, sort_ids: dict[str, int | None], expected: str
    ) -> None:
        self.make(desk, [1, 4, 2])
        above: Queue | None = None
        for name, sort_id in sort_ids.items():
            flags = QueueFlag.PUBLIC | QueueFlag.QUEUE | (QueueFlag.INHERIT_DEFAULT_SORT if above else QueueFlag(0))
            config = {"criteria": [["status__state", "includes", {"open": "Open"}]], "conditions": []}
            above = Queue.objects.create(
                title=name, flags=flags, root="T", parent=above, default_sort_id=sort_id, config=config
            )
        assert above is not None
        newest, urgent = ["2", "1", "0"], ["1", "2", "0"]
        assert subjects(page_of(desk.agent, above.pk)) == (newest if expected == "newest" else urgent)

    def test_the_sort_of_the_middle_queue_stands_where_it_inherits_none(self, desk: Desk) -> None:
        self.make(desk, [1, 4, 2])
        flags, inherits = QueueFlag.PUBLIC | QueueFlag.QUEUE, QueueFlag.INHERIT_DEFAULT_SORT
        top = Queue.objects.create(title="top", flags=flags, root="T", default_sort_id=6, config=[])
        middle = Queue.objects.create(title="middle", flags=flags, root="T", parent=top, default_sort_id=1, config=[])
        own = Queue.objects.create(title="own", flags=flags | inherits, root="T", parent=middle, config=[])
        assert subjects(page_of(desk.agent, own.pk)) == ["1", "2", "0"]

    def test_an_agent_goes_back_to_the_sort_of_the_queue(self, desk: Desk) -> None:
        """As osTicket leaves the row: the order that was chosen stays in it."""
        self.make(desk, [1, 4, 2])
        row = QueuePreference.objects.create(queue_id=OPEN, staff_id=desk.agent.pk, setting={"sort_id": 6})
        assert subjects(page_of(desk.agent, OPEN)) == ["2", "1", "0"]
        for inherits, expected in ((True, ["1", "2", "0"]), (False, ["2", "1", "0"])):
            row.setting = {"sort_id": 6, "filter": "", "inherit-sort": inherits, "inherit-columns": True}
            row.save()
            assert subjects(page_of(desk.agent, OPEN)) == expected

    def test_agents_own_sort_and_filter(self, desk: Desk) -> None:
        tickets = self.make(desk, [1, 4, 2])
        Ticket.objects.filter(pk=tickets[2].pk).update(isoverdue=True)
        setting: Any = {"sort_id": 6, "criteria": [["isoverdue", "nset", None], ["dept_id", "includes", {"99": "x"}]]}
        QueuePreference.objects.create(queue_id=OPEN, staff_id=desk.agent.pk, setting=setting)
        assert subjects(page_of(desk.agent, OPEN)) == ["1", "0"]
        assert subjects(page_of(desk.colleague, OPEN)) == ["1", "2", "0"]


@pytest.mark.parametrize("paths", [["-cdata__priority", "-lastupdate"], ["est_duedate"], ["-est_duedate"], ["number"]])
def test_pages_forth_and_back_show_every_ticket_once(desk: Desk, paths: list[str]) -> None:
    """Equal and empty values included: no ticket is lost or shown twice between pages."""
    rng = random.Random(7)  # noqa: S311 -- not a secret
    for number in range(17):
        ticket = desk.ticket(subject=f"{number}", answers={"priority": rng.choice([1, 2, 4])})
        due = rng.choice([None, NOW, NOW + timedelta(1)])
        updated = OPENED_AT + timedelta(minutes=rng.choice([0, 0, 1]))
        Ticket.objects.filter(pk=ticket.pk).update(est_duedate=due, lastupdate=updated, number=rng.choice("123"))
    sort = QueueSort.objects.create(name="x", columns=paths)
    queue = Queue.objects.get(pk=OPEN)
    queue.default_sort = sort
    queue.save()
    Agent.objects.filter(pk=desk.agent.pk).update(max_page_size=100)
    whole = subjects(page_of(desk.agent, OPEN))
    Agent.objects.filter(pk=desk.agent.pk).update(max_page_size=5)

    page = page_of(desk.agent, OPEN)
    pages = [page]
    while page.after:
        page = page_of(desk.agent, OPEN, after=page.after)
        pages.append(page)
    assert [len(p.rows) for p in pages] == [5, 5, 5, 2]
    assert [subject for p in pages for subject in subjects(p)] == whole
    assert pages[0].before is None

    for expected in reversed(pages[:-1]):
        assert page.before is not None
        page = page_of(desk.agent, OPEN, before=page.before)
        assert subjects(page) == subjects(expected)
    assert (page.before, page.after is not None) == (None, True)


@pytest.mark.parametrize("path", ["-created", "-lastupdate", "lastupdate", "-duedate"])
def test_tickets_closed_in_a_period_come_whole_and_in_order_whatever_their_other_dates(desk: Desk, path: str) -> None:
    """Also those changed or opened before the period, later than they were closed, or never, as imported rows say."""
    (sort, _), date = QueueSort.objects.get_or_create(name=path, columns=[path]), path.removeprefix("-")
    Queue.objects.filter(pk=CLOSED_THIS_YEAR).update(default_sort_id=sort.pk)
    forget_reference_data()
    start = NOW.replace(month=1, day=1, hour=0, minute=0)
    moments = [
        NOW,
        NOW,
        start,
        start - timedelta(seconds=1),
        start - timedelta(days=400),
        None,
        NOW - timedelta(days=1),
    ]
    tickets = [desk.ticket() for _ in range(3 * len(moments))]
    for number, ticket in enumerate(tickets):
        closed = NOW - timedelta(days=number % 4) if number % 3 else start - timedelta(days=1 + number % 2)
        moment = moments[number % len(moments)]
        Ticket.objects.filter(pk=ticket.pk).update(
            **{"status": resolved_status(), "closed": closed, date: moment or (start if date == "created" else None)}
        )
    rows = Ticket.objects.filter(closed__gte=start).values_list("pk", date)
    expected = [pk for pk, _ in sorted(rows, key=lambda row: (row[1].timestamp() if row[1] else 0, row[0]))]
    expected = expected[::-1] if path.startswith("-") else expected
    assert len(expected) == 14
    for size in (1, 4):
        Agent.objects.filter(pk=desk.agent.pk).update(max_page_size=size)
        page, seen, places = page_of(desk.agent, CLOSED_THIS_YEAR), [], []
        while page:
            seen += [row.ticket_id for row in page.rows]
            places.append([row.ticket_id for row in page.rows])
            if page.after is None:
                break
            page = page_of(desk.agent, CLOSED_THIS_YEAR, after=page.after)
        assert seen == expected
        for place in places[-2::-1]:
            page = page_of(desk.agent, CLOSED_THIS_YEAR, before=page.before)
            assert [row.ticket_id for row in page.rows] == place


@pytest.mark.parametrize(
    "cursor", ["", "x", "====", "bnVsbA", "WzFd", "WyJhIiwgImIiLCAiYyJd", "W3RydWUsIG51bGwsIDFd", "é"]
)
def test_nonsense_cursors_are_not_found(desk: Desk, cursor: str) -> None:
    if not cursor:
        assert page_of(desk.agent, OPEN, after=cursor).rows == []
        return
    with pytest.raises(NotFound):
        page_of(desk.agent, OPEN, after=cursor)


@pytest.mark.parametrize("content", NO_CURSORS.values(), ids=NO_CURSORS)
def test_hostile_cursors_are_not_found(desk: Desk, content: str) -> None:
    cursor = base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")
    for way in ("after", "before"):
        with pytest.raises(NotFound):
            page_of(desk.agent, OPEN, **{way: cursor})


class TestDefinitions:
    def queue(self, agent: Agent, **values: Any) -> int:
        given: dict[str, Any] = {"title": "Own", "flags": QueueFlag(3), "root": "T", **values}
        return int(Queue.objects.create(**given).pk)

    def test_criteria_of_all_ancestors_count(self, desk: Desk) -> None:
        desk.ticket(subject="open")
        overdue = desk.ticket(subject="overdue")
        Ticket.objects.filter(pk=overdue.pk).update(isoverdue=True)
        desk.ticket(subject="closed", closed=True)
        below = self.queue(desk.agent, parent_id=OVERDUE, config={"criteria": [["isanswered", "nset", None]]})
        page = page_of(desk.agent, below)
        assert (subjects(page), page.queue.parent_title) == (["overdue"], "Overdue")

    def test_unknown_and_malformed_criteria_are_skipped(self, desk: Desk) -> None:
        desk.ticket(subject="x")
        for config in (
            [["no_such_path", "includes", {"1": "x"}], ["isanswered", "sounds_like", None]],
            {"criteria": "nonsense"},
            {"criteria": [[], ["x"], [1, 2, 3], "y", None]},
            "text",
            None,
        ):
            assert subjects(page_of(desk.agent, self.queue(desk.agent, config=config))) == ["x"]

    @pytest.mark.parametrize(
        ("config", "named"),
        [
            ("{broken", ["{broken"]),
            ({"criteria": "nonsense", "conditions": []}, ["nonsense"]),
            ([[1, 2, 3], ["isanswered", "nset", None]], ["[1, 2, 3]"]),
            ({"conditions": []}, []),
            ({"criteria": []}, []),
            (None, []),
        ],
    )
    def test_what_is_no_criterion_is_named(self, desk: Desk, config: Any, named: list[str]) -> None:
        desk.ticket(subject="x")
        page = page_of(desk.agent, self.queue(desk.agent, config=config))
        assert subjects(page) == ["x"]
        assert len(page.problems) == len(named)
        for part, problem in zip(named, page.problems, strict=True):
            assert part in problem
            assert "cannot be read as a condition" in problem

    def test_queues_below_what_is_gone_and_in_a_circle_stand_on_top(self, desk: Desk) -> None:
        lost, first, second = (self.queue(desk.agent, config=[]) for _number in range(3))
        Queue.objects.filter(pk=lost).update(parent_id=987_654)
        Queue.objects.filter(pk=first).update(parent_id=second)
        Queue.objects.filter(pk=second).update(parent_id=first)
        forget_reference_data()
        tables = queue_tables()
        assert {lost, first} <= {row.id for row in children_of(None, tables)}
        assert [row.id for row in children_of(first, tables)] == [second]
        assert children_of(second, tables) == []

    def test_criteria_of_old_releases(self, desk: Desk) -> None:
        desk.ticket(subject="x")
        config = {"isoverdue+search": True, "isoverdue+method": "set", "isanswered+search": False}
        assert page_of(desk.agent, self.queue(desk.agent, config=config)).rows == []

    def test_personal_columns_count_until_the_agent_goes_back_to_those_of_the_queue(self, desk: Desk) -> None:
        """As osTicket leaves the rows: the columns stay in the table, and the setting says that they are not used."""
        desk.ticket()
        place = QueueColumnPlacement.objects.create
        place(queue_id=OPEN, column_id=3, staff_id=desk.agent.pk, heading="Mine", width=0, sort=1)

        def headings() -> list[str]:
            return [column.heading for column in page_of(desk.agent, OPEN).columns]

        standard = [column.heading for column in page_of(desk.colleague, OPEN).columns]
        assert headings() == ["Mine"]
        setting = {"sort_id": 0, "filter": "", "inherit-sort": False, "inherit-columns": True, "criteria": []}
        row = QueuePreference.objects.create(queue_id=OPEN, staff_id=desk.agent.pk, setting=setting)
        assert headings() == standard
        row.setting = {**setting, "inherit-columns": False}
        row.save()
        assert headings() == ["Mine"]

    def test_other_settings_leave_the_choice_of_columns_as_it_is(self, desk: Desk) -> None:
        place = QueueColumnPlacement.objects.create
        place(queue_id=OPEN, column_id=3, staff_id=desk.agent.pk, heading="Mine", width=0, sort=1)
        queue = Queue.objects.get(pk=OPEN)
        for is_own in (True, False):
            set_preference(queue, actor=desk.actor, quick_filter="isoverdue")
            shown = [column.heading for column in page_of(desk.agent, OPEN).columns]
            assert (shown == ["Mine"]) == is_own
            setting = QueuePreference.objects.get(queue_id=OPEN, staff_id=desk.agent.pk).setting or {}
            setting["inherit-columns"] = True
            QueuePreference.objects.filter(queue_id=OPEN, staff_id=desk.agent.pk).update(setting=setting)
            forget_reference_data()

    def test_columns_own_inherited_borrowed_or_standard(self, desk: Desk) -> None:
        own, plain = self.queue(desk.agent), self.queue(desk.agent)
        QueueColumnPlacement.objects.create(queue_id=own, column_id=3, heading="About", width=0, sort=1)
        heir = self.queue(desk.agent, parent_id=own, flags=QueueFlag(3 | 16))
        borrower = self.queue(desk.agent, columns_of_id=own)
        heads = {queue: page_of(desk.agent, queue).columns for queue in (own, heir, borrower, plain)}
        assert [(c.key, c.heading, c.width) for c in heads[own]] == [("subject", "About", 100)]
        assert heads[heir] == heads[borrower] == heads[own]
        assert [c.key for c in heads[plain]] == ["number", "created", "subject", "requester", "priority", "assignee"]

    def test_parent_that_is_its_own_grandchild(self, desk: Desk) -> None:
        desk.ticket(subject="x")
        first = self.queue(desk.agent)
        second = self.queue(desk.agent, parent_id=first)
        Queue.objects.filter(pk=first).update(parent=second)
        assert subjects(page_of(desk.agent, first)) == ["x"]

    def test_who_may_open_a_queue(self, desk: Desk) -> None:
        private = self.queue(desk.agent, flags=QueueFlag(0), staff_id=desk.agent.pk)
        off = self.queue(desk.agent, flags=QueueFlag(7))
        page_of(desk.agent, private)
        for agent, queue in ((desk.colleague, private), (desk.agent, off), (desk.agent, 99999)):
            with pytest.raises(NotFound):
                page_of(agent, queue)

    def test_page_size_of_agent_and_settings(self, desk: Desk) -> None:
        for number in range(4):
            desk.ticket(subject=f"{number}")
        Agent.objects.filter(pk=desk.agent.pk).update(max_page_size=3)
        assert (len(page_of(desk.agent, OPEN).rows), len(page_of(desk.colleague, OPEN).rows)) == (3, 4)


def fill(desk: Desk, count: int) -> None:
    """Tickets in bulk, with threads, entries and answers; every second one is closed."""
    opened, resolved = TicketStatus.objects.get(name="Open"), resolved_status()
    users = [EndUserFactory.new() for _ in range(5)]
    last = Ticket.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    rows = [
        Ticket(
            number=f"{n:06}",
            user=users[n % 5],
            dept=desk.department,
            status=opened if n % 2 else resolved,
            closed=None if n % 2 else NOW,
            lastupdate=NOW - timedelta(minutes=n),
            created=NOW - timedelta(minutes=n),
            staff=desk.colleague if n % 3 else None,
        )
        for n in range(count)
    ]
    Ticket.objects.bulk_create(rows, batch_size=500)
    ids = list(Ticket.objects.filter(pk__gt=last).values_list("pk", flat=True))
    Thread.objects.bulk_create([Thread(object_id=pk, object_type="T") for pk in ids], batch_size=500)
    threads = Thread.objects.filter(object_type="T", object_id__gt=last)
    ThreadEntry.objects.bulk_create([ThreadEntry(thread=t, type="M", body="x") for t in threads], batch_size=500)
    forms = [FormEntry(form_id=2, object_id=pk, object_type="T") for pk in ids]
    FormEntry.objects.bulk_create(forms, batch_size=500)
    saved = FormEntry.objects.filter(object_type="T", object_id__gt=last).values_list("pk", flat=True)
    answers = [FormAnswer(entry_id=pk, field_id=20, value=f"Subject {pk}") for pk in saved]
    FormAnswer.objects.bulk_create(answers, batch_size=500)
    cdata.refresh("T", ids[:30])


def cost_of(desk: Desk, queue: int) -> tuple[int, bool]:
    """Count the statements of a page in the middle, with settings, small tables and access at hand.

    The clock stands still, so that nothing that is kept for seconds runs out on a busy machine.
    """
    access = access_of(Agent.objects.select_related("role").get(pk=desk.colleague.pk))
    with time_machine.travel(timezone.now(), tick=False):
        first = queue_page(access, queue_for(access, queue), now=NOW)
        with CaptureQueriesContext(connection) as captured:
            page = queue_page(access, queue_for(access, queue), now=NOW, after=first.after)
    return statements_in(captured), bool(page.rows)


def statements_in(captured: CaptureQueriesContext) -> int:
    """Count the statements of a request: savepoints are there only because a test is one transaction."""
    return sum("SAVEPOINT" not in query["sql"] for query in captured.captured_queries)


def test_cost_of_a_page_does_not_depend_on_the_number_of_tickets(desk: Desk) -> None:
    queues = (OPEN, OPEN_UNANSWERED, MINE, CLOSED, CLOSED_TODAY)
    fill(desk, 10)
    few = {queue: cost_of(desk, queue) for queue in queues}
    fill(desk, 990)
    many = {queue: cost_of(desk, queue) for queue in queues}
    # One less where the page is full before the tickets without a date have to be asked for.
    assert [few[queue][0] - many[queue][0] for queue in queues] == [0, 1, 0, 1, 1]
    assert all(has_rows for _statements, has_rows in many.values())
    for statements, has_rows in few.values():
        assert statements <= 8
        assert has_rows


def test_cold_page_stays_in_the_budget_too(desk: Desk) -> None:
    """Small tables, settings and columns read anew, as after ten quiet seconds; on MySQL its indexes, too."""
    desk.ticket()
    access = access_of(desk.agent)
    _ = access.department_ids, access.team_ids
    with CaptureQueriesContext(connection) as captured:
        queue_page(access, queue_for(access, OPEN), now=NOW)
    assert statements_in(captured) <= 14


def test_agents_of_other_departments_do_not_cost_more(desk: Desk) -> None:
    stranger = AgentFactory.new()
    new_ticket()
    assert page_of(stranger, OPEN).rows == []


@pytest.mark.django_db(transaction=True)
def test_answers_table_that_php_has_dropped_is_built_anew() -> None:
    """Sorting and subjects need it; an administrator of osTicket changes a field, and the table is gone."""
    agent = AgentFactory.new()
    for number, priority in enumerate([2, 4, 1]):
        new_ticket(department=agent.dept, subject=f"{number}", answers={"priority": priority})
    page_of(agent, OPEN)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE ost_ticket__cdata")
    assert subjects(page_of(agent, OPEN)) == ["1", "0", "2"]


def test_styles_are_those_of_the_moment_and_of_the_tickets_as_they_are(desk: Desk) -> None:
    """Conditions that depend on nothing but the ticket are compiled once, the others for every page."""
    ticket = desk.ticket(subject="one")
    style = {"background-color": "#ffd6d6"}
    queue = Queue.objects.get(pk=OPEN)
    for criterion in (["isoverdue", "set", None], ["created", "period", "td"]):
        conditions = [{"crit": criterion, "prop": style}]
        queue.config = {"criteria": [["status__state", "includes", {"open": "Open"}]], "conditions": conditions}
        queue.save()
        marked = []
        for is_overdue, moment in ((False, NOW), (True, NOW), (False, NOW + timedelta(days=2))):
            Ticket.objects.filter(pk=ticket.pk).update(isoverdue=is_overdue, created=NOW)
            (row,) = page_of(desk.agent, OPEN, now=moment).rows
            marked.append(bool(row.ground))
        assert marked == ([False, True, False] if criterion[0] == "isoverdue" else [True, True, False])
