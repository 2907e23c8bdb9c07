"""The rules themselves: each is needed, each says something else than what was recorded, and no two collide."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.comparison import differences
from tests.conformance.deviation import Deviation, Reason
from tests.conformance.deviations import DEVIATIONS, expectation_for, rule_for
from tests.conformance.recorded import DEFAULT_FOLDER, RecordedCase, load_cases
from tests.conformance.registry import adapter_for

ROOT = Path(__file__).parents[2]


@cache
def _cases_under(rule: Deviation) -> list[RecordedCase]:
    return [case for case in load_cases(DEFAULT_FOLDER) if rule.applies(case)]


@pytest.mark.parametrize("rule", DEVIATIONS, ids=lambda rule: rule.name)
def test_rule_is_needed_and_replayed(rule: Deviation) -> None:
    cases = _cases_under(rule)
    assert cases, "the rule applies to no recorded case"
    assert [case.test_id for case in cases if adapter_for(case) is None] == []


@pytest.mark.parametrize("rule", DEVIATIONS, ids=lambda rule: rule.name)
def test_rule_expects_something_else_than_what_was_recorded(rule: Deviation) -> None:
    def is_other(recorded: object, promised: object) -> bool:
        return bool(differences(recorded, promised) or differences(promised, recorded))

    needless = [case.test_id for case in _cases_under(rule) if not is_other(case.expect, rule.expectation(case))]
    assert needless == []


@pytest.mark.parametrize("rule", DEVIATIONS, ids=lambda rule: rule.name)
def test_rule_gives_its_reason(rule: Deviation) -> None:
    assert rule.name
    assert rule.explanation
    assert isinstance(rule.reason, Reason)


def test_rule_names_are_unique() -> None:
    names = [rule.name for rule in DEVIATIONS]
    assert len(set(names)) == len(names)


def test_every_security_rule_has_a_line_and_a_test_of_its_own() -> None:
    """The table in docs/security.md names each rule, and tests that exist."""
    lines = (ROOT / "docs" / "security.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    named = {row[0]: row[-1] for row in rows if len(row) == 3}
    rules = {rule.name for rule in DEVIATIONS if rule.reason is Reason.SECURITY}
    assert rules - set(named) == set()
    for tests in named.values():
        for path, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tests):
            assert re.search(rf"^(    )?(class|def) {name}\b", (ROOT / path).read_text(), re.MULTILINE), (path, name)
    assert all("::" in named[rule] for rule in rules)


def test_no_case_falls_under_two_rules() -> None:
    for case in load_cases(DEFAULT_FOLDER):
        rule_for(case)


def _route(given: dict[str, Any], asked: dict[str, Any], ticket: dict[str, Any], events: list[Any]) -> RecordedCase:
    expect = {"created": True, "ticket": ticket, "events": events}
    record = {"given": {"config": {}, **given}, "input": {"origin": "API", "vars": asked}, "expect": expect}
    return RecordedCase("filters.json", "made up", "route", record)


RECORDED = {"dept_id": 1, "topic_id": 0, "sla_id": 1, "email_id": 0, "priority": 2, "has_est_duedate": True}


@pytest.mark.parametrize(
    ("given", "asked", "recorded", "promised"),
    [
        pytest.param(
            {},
            {"deptId": 99, "slaId": "98", "priorityId": 77},
            {"dept_id": 99, "sla_id": 0, "priority": 77, "has_est_duedate": False},
            {},
            id="several at once, in a world that lists nothing",
        ),
        pytest.param(
            {"help_topics": [{"topic_id": 9, "dept_id": 99, "sla_id": 98, "priority_id": 97}]},
            {"topicId": 9},
            {"topic_id": 9, "dept_id": 99, "sla_id": 0, "priority": 97, "has_est_duedate": False},
            {"topic_id": 9},
            id="those of a topic",
        ),
        pytest.param(
            {"emails": [{"email_id": 9, "dept_id": 99}]},
            {"emailId": 9},
            {"email_id": 9, "dept_id": 99},
            {"email_id": 9},
            id="those of a mailbox",
        ),
    ],
)
def test_any_number_of_rows_that_do_not_exist_falls_under_one_rule(
    given: dict[str, Any], asked: dict[str, Any], recorded: dict[str, Any], promised: dict[str, Any]
) -> None:
    expect, rule = expectation_for(_route(given, asked, {**RECORDED, **recorded}, []))
    assert rule is not None
    assert expect["ticket"] == {**RECORDED, **promised}


def test_a_status_that_a_filter_sets_is_named_beside_other_corrections() -> None:
    event = {"event": "edited", "data": {"type": "Ticket Status", "filter": "Close", "value": False}}
    actions = [{"type": "status", "configuration": {"status_id": "3"}}]
    filters = {"filters": [{"name": "Close", "actions": actions}]}
    case = _route(filters, {"deptId": 99}, {**RECORDED, "dept_id": 99}, [event])
    expect, _rule = expectation_for(case)
    assert (expect["ticket"]["dept_id"], expect["events"][0]["data"]["value"]) == (1, "Closed")


def test_a_mailbox_that_does_not_exist_is_refused_whatever_else_is_named() -> None:
    asked = {"emailId": "99", "deptId": 99}
    expect, _rule = expectation_for(_route({}, asked, {**RECORDED, "dept_id": 99, "email_id": 99}, []))
    assert expect["created"] is False
