"""The rules themselves: each is needed, each says something else than what was recorded, and no two collide."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.conformance.comparison import differences
from tests.conformance.deviation import Deviation, Reason
from tests.conformance.deviations import DEVIATIONS, rule_for
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
