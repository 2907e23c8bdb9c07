"""References whose column holds 0 for none, on every engine: rows with 0, with a real and with a dangling id.

`nodes` is the row behind every case: `empty` refers to nobody, `real` to an agent in a department, `homeless` to an
agent without one, `dangling` to an agent that is gone. Three of them are told apart by every wrong look-up.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from django import forms
from django.db import connection, models
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.test.utils import CaptureQueriesContext

from helpdesk.legacy.fields import ZeroForeignKey
from helpdesk.people.models import Agent, Department, UserAccount
from helpdesk.threads.models import ThreadEntry
from tickets.models import HelpTopic, QueueSortChoice, Ticket, TicketStatus

pytestmark = pytest.mark.django_db
DANGLING_ID = 4_000_000_000


@dataclass
class Rows:
    """The rows of the table test."""

    department: Department
    employed: Agent
    homeless: Agent
    idle: Agent
    status: TicketStatus

    @property
    def tickets(self) -> QuerySet[Ticket]:
        """The tickets of this test alone."""
        return Ticket.objects.filter(source_extra="zero-test")

    @property
    def agents(self) -> QuerySet[Agent]:
        """The agents of this test alone."""
        return Agent.objects.filter(lastname="zero-test")

    @property
    def twice(self) -> QuerySet[Ticket]:
        """The tickets, each with a second one of the same agent."""
        for ticket in list(self.tickets):
            Ticket.objects.create(number=ticket.number, staff_id=ticket.staff_id, source_extra="zero-test")
        return self.tickets

    def ticket(self, number: str) -> Ticket:
        """Fetch one ticket anew."""
        return self.tickets.get(number=number)


@pytest.fixture
def rows() -> Rows:
    """Four tickets: nobody's, one of an agent with department, one of an agent without, one of a vanished agent."""
    department = Department.objects.create(name="Zero test")
    employed = Agent.objects.create(username="employed", lastname="zero-test", dept=department)
    homeless = Agent.objects.create(username="homeless", lastname="zero-test")
    idle = Agent.objects.create(username="idle", lastname="zero-test", dept_id=DANGLING_ID)
    status = TicketStatus.objects.create(name="Zero test")
    for number, agent_id, status_id in (
        ("empty", None, None),
        ("real", employed.pk, status.pk),
        ("homeless", homeless.pk, status.pk),
        ("dangling", DANGLING_ID, 2_000_000_000),
    ):
        Ticket.objects.create(
            number=number, staff_id=agent_id, status_id=status_id, team_id=agent_id, source_extra="zero-test"
        )
    return Rows(department, employed, homeless, idle, status)


def stored(column: str, number: str) -> Any:
    """Read a column as the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {column} FROM {connection.ops.quote_name(Ticket._meta.db_table)}"  # noqa: S608
            " WHERE number = %s AND source_extra = 'zero-test'",
            [number],
        )
        return cursor.fetchone()[0]


def numbers(tickets: Iterable[Ticket]) -> set[str | None]:
    """Give the numbers of the tickets, which must be distinct rows."""
    found = [ticket.number for ticket in tickets]
    assert len(found) == len(set(found))
    return set(found)


ALL = {"empty", "real", "homeless", "dangling"}
LookUp = Callable[[Rows], QuerySet[Ticket]]

LOOK_UPS: dict[str, tuple[LookUp, set[str]]] = {
    "filter none": (lambda r: r.tickets.filter(staff=None), {"empty"}),
    "filter isnull": (lambda r: r.tickets.filter(staff__isnull=True), {"empty"}),
    "filter not isnull": (lambda r: r.tickets.filter(staff__isnull=False), ALL - {"empty"}),
    "filter zero": (lambda r: r.tickets.filter(staff=0), {"empty"}),
    "filter id zero": (lambda r: r.tickets.filter(staff_id=0), {"empty"}),
    "filter id none": (lambda r: r.tickets.filter(staff_id=None), {"empty"}),
    "filter pk isnull": (lambda r: r.tickets.filter(staff__pk__isnull=True), {"empty"}),
    "filter pk not isnull": (lambda r: r.tickets.filter(staff__pk__isnull=False), ALL - {"empty"}),
    "filter key isnull": (lambda r: r.tickets.filter(staff__staff_id__isnull=True), {"empty"}),
    "filter pk none": (lambda r: r.tickets.filter(Q(staff__pk=None)), {"empty"}),
    "filter object": (lambda r: r.tickets.filter(staff=r.employed), {"real"}),
    "filter id": (lambda r: r.tickets.filter(staff_id=r.employed.pk), {"real"}),
    "filter dangling": (lambda r: r.tickets.filter(staff_id=DANGLING_ID), {"dangling"}),
    "filter in objects": (lambda r: r.tickets.filter(staff__in=[r.employed, r.homeless]), {"real", "homeless"}),
    "filter in with zero": (lambda r: r.tickets.filter(staff__in=[0, r.employed.pk]), {"empty", "real"}),
    "filter in with none": (lambda r: r.tickets.filter(staff__in=[None, r.employed.pk]), {"real"}),
    "filter in query": (lambda r: r.tickets.filter(staff__in=r.agents.exclude(username="homeless")), {"real"}),
    "filter greater": (lambda r: r.tickets.filter(staff__gt=r.employed.pk), {"homeless", "dangling"}),
    "exclude none": (lambda r: r.tickets.exclude(staff=None), ALL - {"empty"}),
    "exclude isnull": (lambda r: r.tickets.exclude(staff__isnull=True), ALL - {"empty"}),
    "exclude not isnull": (lambda r: r.tickets.exclude(staff__isnull=False), {"empty"}),
    "exclude pk isnull": (lambda r: r.tickets.exclude(staff__pk__isnull=True), ALL - {"empty"}),
    "exclude object": (lambda r: r.tickets.exclude(staff=r.employed), ALL - {"real"}),
    "exclude in": (lambda r: r.tickets.exclude(staff__in=[r.employed, r.homeless]), {"empty", "dangling"}),
    "exclude zero": (lambda r: r.tickets.exclude(staff=0), ALL - {"empty"}),
    "Q none or": (lambda r: r.tickets.filter(Q(staff=None) | Q(staff=r.employed)), {"empty", "real"}),
    "Q not none": (lambda r: r.tickets.filter(~Q(staff=None)), ALL - {"empty"}),
    "Q neither": (lambda r: r.tickets.filter(~(Q(staff=None) | Q(staff=r.homeless))), {"real", "dangling"}),
    "Q both none": (lambda r: r.tickets.filter(Q(staff=None) & Q(team=None)), {"empty"}),
    "Q xor": (lambda r: r.tickets.filter(Q(staff=None) ^ Q(team=None)), set()),
    "two hops value": (lambda r: r.tickets.filter(staff__username="employed"), {"real"}),
    "two hops case": (lambda r: r.tickets.filter(staff__username="EMPLOYED"), {"real"}),
    "two hops object": (lambda r: r.tickets.filter(staff__dept=r.department), {"real"}),
    "two hops none": (lambda r: r.tickets.filter(staff__dept=None), {"empty", "homeless", "dangling"}),
    "two hops isnull": (lambda r: r.tickets.filter(staff__dept__isnull=True), {"empty", "homeless", "dangling"}),
    "two hops not isnull": (lambda r: r.tickets.filter(staff__dept__isnull=False), {"real"}),
    "two hops pk isnull": (lambda r: r.tickets.filter(staff__dept__pk__isnull=True), ALL - {"real"}),
    "three hops value": (lambda r: r.tickets.filter(staff__dept__name="Zero test"), {"real"}),
    "three hops isnull": (lambda r: r.tickets.filter(staff__dept__path__isnull=True), ALL - {"real"}),
    "two hops plain isnull": (lambda r: r.tickets.filter(staff__username__isnull=True), {"empty", "dangling"}),
    "two hops exclude value": (lambda r: r.tickets.exclude(staff__username="employed"), ALL - {"real"}),
    "two hops exclude object": (lambda r: r.tickets.exclude(staff__dept=r.department), ALL - {"real"}),
    "two hops exclude none": (lambda r: r.tickets.exclude(staff__dept=None), {"real"}),
    "two hops exclude not isnull": (lambda r: r.tickets.exclude(staff__dept__isnull=False), ALL - {"real"}),
    "two hops exclude pk not isnull": (lambda r: r.tickets.exclude(staff__dept__pk__isnull=False), ALL - {"real"}),
    "two hops or": (lambda r: r.tickets.filter(Q(staff__dept=r.department) | Q(staff=None)), {"empty", "real"}),
    "two hops or none": (
        lambda r: r.tickets.filter(Q(staff__dept=None) | Q(staff__username="employed")),
        ALL,
    ),
    "two hops not or": (
        lambda r: r.tickets.exclude(Q(staff__dept=None) | Q(staff__username="x")),
        {"real"},
    ),
    "other key type none": (lambda r: r.tickets.filter(status=None), {"empty"}),
    "other key type pk": (lambda r: r.tickets.filter(status__pk__isnull=True), {"empty"}),
    "other key type id": (lambda r: r.tickets.filter(status__id__isnull=False), ALL - {"empty"}),
    "other key type exclude": (lambda r: r.tickets.exclude(status__pk__isnull=True), ALL - {"empty"}),
    "small key": (lambda r: r.tickets.filter(topic__priority__pk__isnull=True), ALL),
    "F equal": (lambda r: r.tickets.filter(staff_id=F("team_id")), ALL - {"empty"}),
    "F unequal": (lambda r: r.tickets.exclude(staff_id=F("team_id")), {"empty"}),
    "exists": (
        lambda r: r.tickets.filter(Exists(Agent.objects.filter(pk=OuterRef("staff")))),
        {"real", "homeless"},
    ),
    "not exists": (
        lambda r: r.tickets.filter(~Exists(Agent.objects.filter(pk=OuterRef("staff")))),
        {"empty", "dangling"},
    ),
    "case": (
        lambda r: r.tickets.annotate(free=Case(When(staff=None, then=Value(1)), default=Value(0))).filter(free=1),
        {"empty"},
    ),
    "annotated F": (lambda r: r.tickets.annotate(who=F("staff")).filter(who=None), {"empty"}),
    "annotated F not none": (lambda r: r.tickets.annotate(who=F("staff")).exclude(who=None), ALL - {"empty"}),
    "with select_related": (lambda r: r.tickets.select_related("staff__dept").filter(staff=None), {"empty"}),
    "ordered by relation": (lambda r: r.tickets.order_by("staff__username").exclude(staff__dept=None), {"real"}),
    "ordered two hops": (lambda r: r.tickets.order_by("staff__dept__name").filter(staff__dept=None), ALL - {"real"}),
}


@pytest.mark.parametrize("case", LOOK_UPS, ids=lambda name: name.replace(" ", "-"))
def test_a_look_up_finds_the_rows_it_means(rows: Rows, case: str) -> None:
    look_up, expected = LOOK_UPS[case]
    assert numbers(look_up(rows)) == expected
    assert look_up(rows).count() == len(expected)


REVERSE: dict[str, tuple[Callable[[Rows], QuerySet[Agent]], set[str]]] = {
    "none": (lambda r: r.agents.filter(tickets=None), {"idle"}),
    "isnull": (lambda r: r.agents.filter(tickets__isnull=True), {"idle"}),
    "not isnull": (lambda r: r.agents.filter(tickets__isnull=False), {"employed", "homeless"}),
    "pk isnull": (lambda r: r.agents.filter(tickets__pk__isnull=True), {"idle"}),
    "exclude none": (lambda r: r.agents.exclude(tickets=None), {"employed", "homeless"}),
    "value": (lambda r: r.agents.filter(tickets__number="real"), {"employed"}),
    "exclude value": (lambda r: r.agents.exclude(tickets__number="real"), {"homeless", "idle"}),
    "onward none": (lambda r: r.agents.filter(tickets__topic=None), {"employed", "homeless", "idle"}),
    "onward present": (lambda r: r.agents.filter(tickets__status__isnull=False), {"employed", "homeless"}),
    "exclude onward none": (lambda r: r.agents.exclude(tickets__topic=None), set()),
    "exclude onward present": (
        lambda r: r.agents.exclude(tickets__topic__isnull=False),
        ALL_AGENTS := {
            "employed",
            "homeless",
            "idle",
        },
    ),
    "not in query": (lambda r: r.agents.exclude(pk__in=Ticket.objects.values("staff")), {"idle"}),
    "in query": (lambda r: r.agents.filter(pk__in=Ticket.objects.values("staff")), {"employed", "homeless"}),
    "department of nobody": (lambda r: r.agents.filter(dept=None), {"homeless"}),
}


@pytest.mark.parametrize("case", REVERSE, ids=lambda name: name.replace(" ", "-"))
def test_the_reverse_side_knows_nobody_by_zero(rows: Rows, case: str) -> None:
    look_up, expected = REVERSE[case]
    found = [agent.username for agent in look_up(rows)]
    assert sorted(found) == sorted(expected)


def test_reading_gives_none_for_zero_and_for_a_missing_row(rows: Rows) -> None:
    found = {ticket.number: (ticket.staff_id, ticket.staff) for ticket in rows.tickets}
    assert found == {
        "empty": (None, None),
        "real": (rows.employed.pk, rows.employed),
        "homeless": (rows.homeless.pk, rows.homeless),
        "dangling": (DANGLING_ID, None),
    }


def test_a_missing_row_is_asked_for_once(rows: Rows) -> None:
    ticket = rows.ticket("dangling")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert ticket.staff is None
        assert ticket.staff is None
    assert len(queries) == 1


@pytest.mark.parametrize("number", ["empty", "dangling"])
def test_nobody_costs_no_query_after_select_related(rows: Rows, number: str) -> None:
    ticket = rows.tickets.select_related("staff__dept", "status", "topic").get(number=number)
    with CaptureQueriesContext(connection) as queries:
        assert [getattr(ticket, name) for name in ("staff", "status", "topic")] == [None, None, None]
    assert len(queries) == 0


def test_select_related_loses_no_row(rows: Rows) -> None:
    assert numbers(rows.tickets.select_related("staff__dept", "status", "team", "dept")) == ALL


def test_select_related_keeps_rows_whose_obligatory_reference_dangles(rows: Rows) -> None:
    """`user_account.user_id` has no 0, but no constraint keeps the user either (osticket/schema.md §1)."""
    orphan = UserAccount.objects.create(user_id=DANGLING_ID, username="zero-orphan")
    found = UserAccount.objects.select_related("user").get(pk=orphan.pk)
    assert found.user is None
    assert found.user_id == DANGLING_ID


def test_an_obligatory_reference_may_hold_zero_too(rows: Rows) -> None:
    """Rows of osTicket have it in keys of several columns."""
    choice = QueueSortChoice.objects.create(queue_id=4711, queue_sort_id=0, sort=1)
    found = QueueSortChoice.objects.get(queue=4711, queue_sort=0)
    assert [getattr(found, name) for name in ("queue", "queue_sort", "queue_sort_id")] == [None, None, 0]
    found.sort = 2
    found.save()
    QueueSortChoice.objects.filter(queue_id=4711).update(queue_sort=choice.queue_sort_id)
    assert QueueSortChoice.objects.get(pk=(4711, 0)).sort == 2


def test_prefetch_gives_objects_and_none(rows: Rows) -> None:
    with CaptureQueriesContext(connection) as queries:
        found = {ticket.number: ticket.staff for ticket in rows.tickets.prefetch_related("staff")}
    assert found == {"empty": None, "real": rows.employed, "homeless": rows.homeless, "dangling": None}
    assert len(queries) == 2


def test_prefetch_of_the_reverse_side(rows: Rows) -> None:
    found = {
        agent.username: [ticket.number for ticket in agent.tickets.all()]
        for agent in rows.agents.prefetch_related("tickets")
    }
    assert found == {"employed": ["real"], "homeless": ["homeless"], "idle": []}


@pytest.mark.parametrize("nobody", [None, 0], ids=["none", "zero"])
def test_saving_nobody_stores_zero(rows: Rows, nobody: int | None) -> None:
    ticket = rows.ticket("real")
    ticket.staff_id = nobody
    ticket.save()
    assert stored("staff_id", "real") == 0
    assert rows.ticket("real").staff_id is None
    assert ticket.staff_id is None
    assert ticket.staff is None


def test_zero_in_memory_is_nobody_before_saving(rows: Rows) -> None:
    ticket = Ticket(number="new", staff_id=0)
    assert ticket.staff_id is None
    assert ticket.staff is None


def test_a_new_row_refers_to_nobody_by_itself(rows: Rows) -> None:
    Ticket.objects.create(number="new", source_extra="zero-test")
    assert stored("staff_id", "new") == 0


def test_the_column_defaults_to_zero_for_other_programs(rows: Rows) -> None:
    """PHP leaves out what is 0 when it inserts (osticket/schema.md §1, ORM quirk)."""
    columns = {field.column: field for field in HelpTopic._meta.local_fields if isinstance(field, ZeroForeignKey)}
    with connection.cursor() as cursor:
        description = {
            column.name: column
            for column in connection.introspection.get_table_description(cursor, HelpTopic._meta.db_table)
        }
    assert {name for name in columns if description[name].null_ok} == set()
    assert {str(description[name].default).strip("'\"() ").partition("'")[0] for name in columns} == {"0"}


@pytest.mark.parametrize("nobody", [None, 0], ids=["none", "zero"])
def test_bulk_create(rows: Rows, nobody: int | None) -> None:
    Ticket.objects.bulk_create(
        [
            Ticket(number="bulk-empty", staff_id=nobody, source_extra="zero-test"),
            Ticket(number="bulk-real", staff=rows.employed, source_extra="zero-test"),
        ]
    )
    assert stored("staff_id", "bulk-empty") == 0
    assert stored("staff_id", "bulk-real") == rows.employed.pk


def test_bulk_update(rows: Rows) -> None:
    real, empty = rows.ticket("real"), rows.ticket("empty")
    real.staff_id, empty.staff = None, rows.employed
    Ticket.objects.bulk_update([real, empty], ["staff"])
    assert (stored("staff_id", "real"), stored("staff_id", "empty")) == (0, rows.employed.pk)


Change = Callable[[Rows], Any]
UPDATES: dict[str, tuple[Change, int | None]] = {
    "none": (lambda r: None, None),
    "zero": (lambda r: 0, None),
    "object": (lambda r: r.homeless, 2),
    "id": (lambda r: r.homeless.pk, 2),
    "F": (lambda r: F("dept_id"), None),
    "F of the same": (lambda r: F("team_id"), 1),
    "value none": (lambda r: Value(None), None),
    "case none": (lambda r: Case(When(number="real", then=Value(None)), default=F("staff")), None),
    "case without default": (lambda r: Case(When(number="other", then=F("staff"))), None),
    "case object": (
        lambda r: Case(When(number="real", then=Value(r.homeless.pk)), default=F("staff"), output_field=IntegerField()),
        2,
    ),
    "subquery without row": (lambda r: Subquery(Agent.objects.filter(username="nobody").values("pk")), None),
    "subquery": (lambda r: Subquery(Agent.objects.filter(username="homeless").values("pk")), 2),
}


@pytest.mark.parametrize("case", UPDATES, ids=lambda name: name.replace(" ", "-"))
def test_update(rows: Rows, case: str) -> None:
    change, which = UPDATES[case]
    assert rows.tickets.filter(number="real").update(staff=change(rows)) == 1
    expected = {None: 0, 1: rows.employed.pk, 2: rows.homeless.pk}[which]
    assert stored("staff_id", "real") == expected
    assert stored("staff_id", "dangling") == DANGLING_ID


def test_an_expression_can_be_saved(rows: Rows) -> None:
    ticket = rows.ticket("real")
    ticket.staff_id = Case(When(number="real", then=Value(None)), default=F("staff"))
    ticket.save(update_fields=["staff"])
    assert stored("staff_id", "real") == 0


def test_get_or_create_finds_nobody(rows: Rows) -> None:
    ticket, created = Ticket.objects.get_or_create(number="empty", staff=None, source_extra="zero-test")
    assert (ticket.number, created) == ("empty", False)


def test_get_or_create_makes_nobody(rows: Rows) -> None:
    _, created = Ticket.objects.get_or_create(number="fresh", staff=None, source_extra="zero-test")
    assert created
    assert stored("staff_id", "fresh") == 0
    _, created_again = Ticket.objects.get_or_create(number="fresh", staff=None, source_extra="zero-test")
    assert not created_again


def test_update_or_create(rows: Rows) -> None:
    ticket, created = Ticket.objects.update_or_create(number="real", source_extra="zero-test", defaults={"staff": None})
    assert not created
    assert ticket.staff is None
    assert stored("staff_id", "real") == 0


@pytest.mark.parametrize("path", ["staff", "staff_id", "staff__pk", "staff__staff_id"])
def test_values_give_none_for_zero(rows: Rows, path: str) -> None:
    assert dict(rows.tickets.values_list("number", path)) == {
        "empty": None,
        "real": rows.employed.pk,
        "homeless": rows.homeless.pk,
        "dangling": DANGLING_ID,
    }


def test_values_of_the_other_side(rows: Rows) -> None:
    assert dict(rows.tickets.values_list("number", "staff__username")) == {
        "empty": None,
        "real": "employed",
        "homeless": "homeless",
        "dangling": None,
    }


def test_only_and_defer(rows: Rows) -> None:
    assert {ticket.number: ticket.staff_id for ticket in rows.tickets.only("number")}["empty"] is None
    assert rows.tickets.defer("staff").get(number="real").staff == rows.employed


def test_ordering_puts_nobody_first_on_every_engine(rows: Rows) -> None:
    ascending = list(rows.tickets.order_by("staff").values_list("number", flat=True))
    assert ascending == ["empty", "real", "homeless", "dangling"]
    assert list(rows.tickets.order_by("-staff").values_list("number", flat=True)) == ascending[::-1]


def test_ordering_by_the_other_side_loses_no_row(rows: Rows) -> None:
    assert numbers(rows.tickets.order_by("staff__username", "staff__dept__name")) == ALL


def test_grouping_gives_nobody_as_none(rows: Rows) -> None:
    Ticket.objects.create(number="second", source_extra="zero-test")
    groups = dict(rows.tickets.values_list("staff").annotate(n=Count("pk")).order_by())
    assert groups == {None: 2, rows.employed.pk: 1, rows.homeless.pk: 1, DANGLING_ID: 1}


def test_counting_those_with_somebody(rows: Rows) -> None:
    totals = rows.tickets.aggregate(
        assigned=Count("pk", filter=Q(staff__isnull=False)),
        free=Count("pk", filter=Q(staff=None)),
        known=Count("staff__username"),
        distinct=Count("staff__username", distinct=True),
    )
    assert totals == {"assigned": 3, "free": 1, "known": 2, "distinct": 2}


Aggregation = Callable[[Rows], Any]
AGGREGATES: dict[str, tuple[Aggregation, Callable[[Rows], Any]]] = {
    "count": (lambda r: r.tickets.aggregate(n=Count("staff")), lambda r: 3),
    "count by id": (lambda r: r.tickets.aggregate(n=Count("staff_id")), lambda r: 3),
    "count by key": (lambda r: r.tickets.aggregate(n=Count("staff__pk")), lambda r: 3),
    "count distinct": (lambda r: r.twice.aggregate(n=Count("staff", distinct=True)), lambda r: 3),
    "count filtered": (lambda r: r.tickets.aggregate(n=Count("staff", filter=~Q(number="real"))), lambda r: 2),
    "count distinct filtered": (
        lambda r: r.twice.aggregate(n=Count("staff", distinct=True, filter=Q(number__in=["empty", "real"]))),
        lambda r: 1,
    ),
    "count of two hops": (lambda r: r.tickets.aggregate(n=Count("staff__dept")), lambda r: 1),
    "count of a choice": (
        lambda r: r.tickets.aggregate(n=Count(Case(When(number="real", then=Value(None)), default=F("staff")))),
        lambda r: 2,
    ),
    "count of a slice": (lambda r: r.tickets.order_by("staff")[:2].aggregate(n=Count("staff")), lambda r: 1),
    "count of distinct rows": (lambda r: r.twice.values("staff").distinct().aggregate(n=Count("staff")), lambda r: 3),
    "count of an annotation": (lambda r: r.tickets.annotate(w=F("staff")).aggregate(n=Count("w")), lambda r: 3),
    "count of nobody": (lambda r: r.tickets.filter(number="empty").aggregate(n=Count("staff")), lambda r: 0),
    "count with default": (
        lambda r: r.tickets.filter(number="empty").aggregate(n=Max("staff", default=7)), lambda r: 7,
    ),
    "count everything": (lambda r: r.tickets.aggregate(n=Count("*")), lambda r: 4),
    "smallest": (lambda r: r.tickets.aggregate(n=Min("staff")), lambda r: r.employed.pk),
    "largest": (lambda r: r.tickets.aggregate(n=Max("staff")), lambda r: DANGLING_ID),
    "smallest filtered": (
        lambda r: r.tickets.aggregate(n=Min("staff", filter=~Q(staff=r.employed))), lambda r: r.homeless.pk,
    ),
    "smallest of nobody": (lambda r: r.tickets.filter(staff=None).aggregate(n=Min("staff")), lambda r: None),
    "largest of nobody": (lambda r: r.tickets.filter(staff=None).aggregate(n=Max("staff")), lambda r: None),
}  # fmt: skip


@pytest.mark.parametrize("case", AGGREGATES, ids=lambda name: name.replace(" ", "-"))
def test_an_aggregate_leaves_nobody_out(rows: Rows, case: str) -> None:
    aggregate, expected = AGGREGATES[case]
    assert aggregate(rows) == {"n": expected(rows)}


def test_an_aggregate_per_group_leaves_nobody_out(rows: Rows) -> None:
    groups = rows.tickets.values_list("status").annotate(n=Count("staff"), first=Min("staff")).order_by("status")
    assert list(groups) == [
        (None, 0, None), (rows.status.pk, 2, rows.employed.pk), (2_000_000_000, 1, DANGLING_ID),
    ]  # fmt: skip
    assert list(groups.filter(n__gt=1).values_list("n", flat=True)) == [2]
    assert list(groups.order_by("-n").values_list("n", flat=True)) == [2, 1, 0]


def test_an_aggregate_in_a_subquery_and_over_a_window_leaves_nobody_out(rows: Rows) -> None:
    same_status = rows.tickets.filter(status=OuterRef("status")).values("status").annotate(n=Count("staff")).values("n")
    assert rows.tickets.annotate(n=Subquery(same_status)).get(number="real").n == 2
    assert set(rows.tickets.annotate(n=Window(Count("staff"))).values_list("n", flat=True)) == {3}


def test_aggregating_over_the_reverse_side(rows: Rows) -> None:
    counts = dict(rows.agents.annotate(n=Count("tickets")).values_list("username", "n"))
    assert counts == {"employed": 1, "homeless": 1, "idle": 0}


def test_objects_of_one_table(rows: Rows) -> None:
    """A reference to the own table (`thread_entry.pid`)."""
    first = ThreadEntry.objects.create(type="M", body="zero-test", poster="first")
    second = ThreadEntry.objects.create(type="R", body="zero-test", poster="second", parent=first)
    entries = ThreadEntry.objects.filter(body="zero-test").order_by("pk")
    assert list(entries.filter(parent=None)) == [first]
    assert list(entries.exclude(parent=None)) == [second]
    assert list(entries.filter(replies=None)) == [second]
    assert list(entries.filter(parent__parent=None)) == [first, second]
    assert list(entries.filter(parent__poster="first")) == [second]


class TicketForm(forms.ModelForm):
    """What an agent may choose."""

    class Meta:
        model = Ticket
        fields = ["staff", "status"]


def test_a_form_offers_the_objects_and_nobody(rows: Rows) -> None:
    form = TicketForm(instance=rows.ticket("empty"))
    assert form["staff"].initial is None
    assert not form.fields["staff"].required
    assert isinstance(form.fields["staff"], forms.ModelChoiceField)
    assert str(form["staff"]).count("selected") == 1
    assert '<option value="" selected>' in str(form["staff"])


@pytest.mark.parametrize(("choice", "expected"), [("", 0), ("employed", None)])
def test_a_form_saves_the_choice(rows: Rows, choice: str, expected: int | None) -> None:
    value = str(rows.employed.pk) if choice else ""
    form = TicketForm({"staff": value, "status": ""}, instance=rows.ticket("homeless"))
    assert form.is_valid(), form.errors
    form.save()
    assert stored("staff_id", "homeless") == (rows.employed.pk if expected is None else expected)
    assert stored("status_id", "homeless") == 0


@pytest.mark.parametrize("choice", ["0", str(DANGLING_ID), "x"])
def test_a_form_refuses_what_is_no_object(rows: Rows, choice: str) -> None:
    form = TicketForm({"staff": choice, "status": ""}, instance=rows.ticket("homeless"))
    assert "staff" in form.errors


def test_full_clean_accepts_nobody(rows: Rows) -> None:
    ticket = rows.ticket("empty")
    ticket.full_clean(exclude=[field.name for field in Ticket._meta.fields if field.name != "staff"])


def test_the_model_state_says_not_null_in_the_database_only() -> None:
    field = Ticket._meta.get_field("staff")
    assert isinstance(field, models.ForeignKey)
    assert field.null
    assert getattr(field, "db_not_null", False)
