"""The pure core: comparisons, rules together, what is wrong with them (osticket/filters.md §2 to §4)."""

from __future__ import annotations

import pytest

from filters.actions import ProblemKind
from filters.matching import FilterRow, RuleRow, Target, in_order, keys_of, problems_of_rules, ready, trimmed
from filters.operators import comparison
from tickets.filter_world import KnownRows


@pytest.mark.parametrize(
    ("how", "value", "text", "is_true"),
    [
        ("equal", "Bob", "bOB", True),
        ("equal", "É", "é", False),
        ("not_equal", "", "", False),
        ("contains", "", "anything", True),
        ("dn_contain", "", "anything", False),
        ("starts", "re:", "RE: printer", True),
        ("starts", "printer", "RE: printer", False),
        ("ends", "ßE", "Straße", True),
        ("match", "/^re:/i", "RE: printer", True),
        ("match", "/MÜLLER/i", "Herr müller", False),
        ("match", "/MÜLLER/iu", "Herr müller", True),
        ("match", r"/^\w+$/u", "müller", True),
        ("match", r"/(a)\1/", "aa", True),
        ("match", "/b(ob/", "bob", False),
        ("not_match", "/b(ob/", "bob", True),
        ("not_match", "/bob/", "bob", False),
        ("match", "/x/", "\udc80x", True),
    ],
)
def test_comparisons(how: str, value: str, text: str, *, is_true: bool) -> None:
    made = comparison(how, value)
    assert made is not None
    assert made.test(text) is is_true


def rows(*rules: tuple[str, str, str], match_all: bool = False) -> FilterRow:
    return FilterRow(1, "F", match_all=match_all, rules=[RuleRow(*rule) for rule in rules])


BOB, ANN = ("name", "contains", "bob"), ("name", "contains", "ann")
UNKNOWN = ("name", "", "bob")


@pytest.mark.parametrize(
    ("rules", "any_matches", "all_match"),
    [
        ([BOB], True, True),
        ([BOB, ANN], True, False),
        ([ANN], False, False),
        ([], False, False),
        ([UNKNOWN], False, False),
        ([UNKNOWN, BOB], True, True),
    ],
)
def test_rules_together(rules: list[tuple[str, str, str]], *, any_matches: bool, all_match: bool) -> None:
    for match_all, expected in ((False, any_matches), (True, all_match)):
        assert ready(rows(*rules, match_all=match_all), KnownRows()).matches({"name": "bob"}) is expected


def test_a_pattern_that_explodes_comes_to_an_end() -> None:
    for pattern in ("/^(a+)+$/", r"/^(?=a)(a*)*b\1$/"):
        made = comparison("match", pattern)
        assert made is not None
        assert not made.test("a" * 50_000 + "!")


@pytest.mark.parametrize(
    ("target", "mailbox", "origin", "to", "is_asked"),
    [
        (Target.ANY, 0, Target.API, 0, True),
        (Target.WEB, 0, Target.API, 0, False),
        (Target.EMAIL, 1, Target.EMAIL, 2, False),
        (Target.EMAIL, 1, Target.EMAIL, 1, True),
        (Target.ANY, 1, Target.EMAIL, 2, False),
        (Target.ANY, 1, Target.WEB, 0, True),
    ],
)
def test_which_filters_are_asked(target: Target, mailbox: int, origin: Target, to: int, *, is_asked: bool) -> None:
    one = ready(FilterRow(1, "F", target=target, mailbox_id=mailbox), KnownRows())
    assert one.is_for(origin, to) is is_asked


@pytest.mark.parametrize(
    ("rules", "match_all", "kinds"),
    [
        ([("name", "match", "/b(ob/")], False, [ProblemKind.BROKEN_PATTERN]),
        ([("name", "match", "/(?<=a)b/")], False, [ProblemKind.SLOW_PATTERN]),
        ([("name", "match", r"/\bbob/iu")], False, [ProblemKind.SLOW_PATTERN]),
        ([("name", "not_match", r"/\w+@evil/iu")], False, []),
        ([("name", "equal", "a"), ("name", "equal", "b")], True, [ProblemKind.NEVER_MATCHES]),
        ([("name", "equal", "a"), ("name", "equal", "b")], False, []),
        ([("name", "equal", "anna"), ("name", "contains", "n")], True, []),
        ([("name", "equal", "anna"), ("name", "dn_contain", "n")], True, [ProblemKind.NEVER_MATCHES]),
        ([("name", "contains", "n"), ("name", "dn_contain", "N")], False, [ProblemKind.ALWAYS_MATCHES]),
        ([("name", "contains", "n"), ("email", "dn_contain", "n")], False, []),
        ([UNKNOWN], False, [ProblemKind.UNKNOWN_OPERATOR, ProblemKind.NO_RULES]),
    ],
)
def test_what_is_wrong_with_rules(
    rules: list[tuple[str, str, str]], kinds: list[ProblemKind], *, match_all: bool
) -> None:
    assert [problem.kind for problem in problems_of_rules(rows(*rules, match_all=match_all))] == kinds


def test_order_and_keys() -> None:
    unsorted = [FilterRow(3, "c", execorder=5), FilterRow(2, "b", execorder=5), FilterRow(9, "a", execorder=1)]
    assert [row.id for row in in_order(unsorted)] == [9, 2, 3]
    assert keys_of([ready(rows(BOB, ("field.20", "equal", "x"), ("body", "", "x")), KnownRows())]) == {
        "name",
        "field.20",
    }
    assert trimmed({"topicId": 7, "name": " Bob\0\n", "none": None}) == {"topicId": "7", "name": "Bob"}
