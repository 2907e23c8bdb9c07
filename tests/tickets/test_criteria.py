"""Criteria: what each method means to the database and to groups of tickets (osticket/queues.md §3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from helpdesk.people.access import access_of
from tests.factories import TeamFactory
from tests.tickets.conftest import NOW, Desk
from tickets.criteria import (
    CriteriaContext,
    Criterion,
    TicketGroup,
    compile_criteria,
    group_matches,
    parse_criteria,
)
from tickets.models import Ticket
from tickets.navigation import context_for


@pytest.fixture
def tickets(desk: Desk) -> dict[str, Ticket]:
    """Five tickets: whose, in which state."""
    team = TeamFactory.new(members=[desk.agent], name="Mine")
    foreign = TeamFactory.new(members=[desk.colleague], name="Foreign")
    made = {name: desk.ticket(closed=name == "closed") for name in ("free", "mine", "hers", "team", "closed")}
    changes: dict[str, dict[str, Any]] = {
        "mine": {"staff": desk.agent, "isanswered": True},
        "hers": {"staff": desk.colleague, "team": foreign, "isoverdue": True, "sla": None, "reopened": NOW},
        "team": {"team": team, "topic_id": 1},
        "closed": {"closed": NOW - timedelta(days=1)},
    }
    for name, columns in changes.items():
        Ticket.objects.filter(pk=made[name].pk).update(**columns)
    return {name: Ticket.objects.get(pk=ticket.pk) for name, ticket in made.items()}


ALL = {"free", "mine", "hers", "team", "closed"}
TABLE: list[tuple[str, str, Any, set[str]]] = [
    ("status__state", "includes", {"open": "Open"}, ALL - {"closed"}),
    ("status__state", "!includes", {"open": "Open"}, {"closed"}),
    ("status__state", "includes", ["closed", "archived"], {"closed"}),
    ("status__id", "includes", {"1": "Open"}, ALL - {"closed"}),
    ("status__id", "!includes", {"1": "Open"}, {"closed"}),
    ("status__id", "includes", {}, ALL),
    ("isanswered", "set", None, {"mine"}),
    ("isanswered", "nset", None, ALL - {"mine"}),
    ("isoverdue", "set", None, {"hers"}),
    ("isoverdue", "equal", "x", ALL),
    ("assignee", "assigned", None, {"mine", "hers", "team"}),
    ("assignee", "!assigned", None, {"free", "closed"}),
    ("assignee", "includes", {"M": "Me"}, {"mine"}),
    ("assignee", "!includes", {"M": "Me"}, ALL - {"mine"}),
    ("assignee", "includes", {"M": "Me", "T": "Teams"}, {"mine", "team"}),
    ("assignee", "includes", {"T": "Teams"}, {"team"}),
    ("assignee", "includes", {"s{colleague}": "Her"}, {"hers"}),
    ("assignee", "includes", {"t{team}": "Team"}, {"team"}),
    ("assignee", "!includes", {"s{colleague}": "Her", "t{team}": "Team"}, ALL - {"hers", "team"}),
    ("staff_id", "set", None, {"mine", "hers"}),
    ("staff_id", "nset", None, ALL - {"mine", "hers"}),
    ("staff_id", "includes", {"M": "Me", "{colleague}": "x"}, {"mine", "hers"}),
    ("staff_id", "!includes", {"M": "Me"}, ALL - {"mine"}),
    ("team_id", "includes", {"T": "Teams"}, {"team"}),
    ("dept_id", "includes", {"{department}": "x"}, ALL),
    ("dept_id", "!includes", {"{department}": "x"}, set()),
    ("topic_id", "includes", {"1": "x"}, {"team"}),
    ("topic_id", "nset", None, ALL - {"team"}),
    ("sla_id", "nset", None, {"hers"}),
    ("closed", "period", "yd", {"closed"}),
    ("closed", "period", "td", set()),
    ("closed", "period", "nonsense", ALL),
    ("closed", "nset", None, ALL - {"closed"}),
    ("reopened", "set", None, {"hers"}),
    ("reopened", "sounds_like", None, ALL),
    ("cdata__nothing", "includes", {"1": "x"}, ALL),
    ("source", "includes", {"\0": "x"}, set()),
    ("cdata__priority", "!includes", {"\0": "x"}, ALL),
]


def filled(value: Any, names: dict[str, int]) -> Any:
    """Put ids into the keys of a value."""
    return {key.format(**names): label for key, label in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize(("path", "method", "value", "expected"), TABLE)
def test_database_and_groups_agree(
    desk: Desk, tickets: dict[str, Ticket], path: str, method: str, value: Any, expected: set[str]
) -> None:
    names = {"colleague": desk.colleague.pk, "department": desk.department.pk, "team": tickets["team"].team_id or 0}
    criteria = [Criterion(path, method, filled(value, names))]
    context = context_for(access_of(desk.agent), NOW)
    found = Ticket.objects.filter(compile_criteria(criteria, context), pk__in=[t.pk for t in tickets.values()])
    by_id = {ticket.pk: name for name, ticket in tickets.items()}
    assert {by_id[ticket.pk] for ticket in found} == expected
    verdicts = {name: group_matches(criteria, group_of(ticket), context) for name, ticket in tickets.items()}
    if None not in verdicts.values():
        assert {name for name, verdict in verdicts.items() if verdict} == expected
    else:
        assert path in {"closed", "reopened", "topic_id", "sla_id", "source", "cdata__priority"}


def group_of(ticket: Ticket) -> TicketGroup:
    return TicketGroup(
        ticket.status_id, ticket.dept_id, ticket.staff_id, ticket.team_id, ticket.isanswered, ticket.isoverdue
    )


def test_teams_of_an_agent_without_teams(desk: Desk, tickets: dict[str, Ticket]) -> None:
    context = context_for(access_of(desk.viewer), NOW)

    def found(value: Any) -> int:
        criteria = [Criterion("assignee", "includes", value)]
        return Ticket.objects.filter(compile_criteria(criteria, context)).count()

    assert (found({"T": "x"}), found({"T": "x", f"s{desk.agent.pk}": "x"})) == (0, 1)


def test_all_criteria_hold_together(desk: Desk, tickets: dict[str, Ticket]) -> None:
    criteria = [Criterion("staff_id", "set"), Criterion("isanswered", "nset")]
    context: CriteriaContext = context_for(access_of(desk.agent), NOW)
    assert Ticket.objects.get(compile_criteria(criteria, context)) == tickets["hers"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ([["isanswered", "set", None]], [Criterion("isanswered", "set")]),
        ({"criteria": [["isanswered", "set"]], "conditions": []}, [Criterion("isanswered", "set")]),
        ({"criteria": [[":keywords", None, "text"]]}, [Criterion(":keywords", "", "text")]),
        (
            {
                "status+search": True,
                "status+method": "includes",
                "status+includes": {"1": "Open"},
                "source+search": 0,
                "source+method": "includes",
            },
            [Criterion("status", "includes", {"1": "Open"})],
        ),
        (None, []),
        ("x", []),
        ([1, "x", [], ["a"], [None, "set"], ["a", 5, None]], []),
    ],
)
def test_every_form_of_the_json(config: Any, expected: list[Criterion]) -> None:
    assert parse_criteria(config) == expected
