"""How a rule compares: each operator makes a test of texts out of the value of its rule (osticket/filters.md §4).

Letter case is folded for ASCII alone, as PHP does it: `É` and `é` differ, except in patterns with the flags `iu`.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.patterns import UnusablePattern, php_pattern

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Test = Callable[[str], bool]

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Operator(StrEnum):
    """`filter_rule.how`."""

    EQUAL = "equal"
    NOT_EQUAL = "not_equal"
    CONTAINS = "contains"
    DOES_NOT_CONTAIN = "dn_contain"
    STARTS = "starts"
    ENDS = "ends"
    MATCHES = "match"
    DOES_NOT_MATCH = "not_match"


PATTERNS = frozenset({Operator.MATCHES, Operator.DOES_NOT_MATCH})

OPERATOR_NAMES: Mapping[Operator, StrOrPromise] = {
    Operator.EQUAL: _("is"),
    Operator.NOT_EQUAL: _("is not"),
    Operator.CONTAINS: _("contains"),
    Operator.DOES_NOT_CONTAIN: _("does not contain"),
    Operator.STARTS: _("starts with"),
    Operator.ENDS: _("ends with"),
    Operator.MATCHES: _("matches the pattern"),
    Operator.DOES_NOT_MATCH: _("does not match the pattern"),
}


@dataclass(frozen=True)
class Comparison:
    """A test, and what is wrong with it: `error` says why a pattern cannot be used, `is_slow` that it may take long."""

    test: Test
    error: str = ""
    is_slow: bool = False


def folded(text: str) -> str:
    """Give the text with ASCII letters in lower case, and no others."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def comparison(how: str, value: str) -> Comparison | None:
    """Make the test of a rule; None for an operator that does not exist. Never raises."""
    if how in PATTERNS:
        return _pattern(value, is_wanted=how == Operator.MATCHES)
    make = _TESTS.get(how)
    return Comparison(make(folded(value))) if make else None


def _pattern(value: str, *, is_wanted: bool) -> Comparison:
    """A pattern that does not compile matches nothing, so that its opposite is always true."""
    try:
        pattern = php_pattern(value)
    except UnusablePattern as error:
        return Comparison(lambda text: not is_wanted, error=str(error))
    return Comparison(lambda text: pattern.is_in(text) is is_wanted, is_slow=not pattern.is_linear)


_TESTS: Mapping[str, Callable[[str], Test]] = {
    Operator.EQUAL: lambda value: lambda text: folded(text) == value,
    Operator.NOT_EQUAL: lambda value: lambda text: folded(text) != value,
    Operator.CONTAINS: lambda value: lambda text: value in folded(text),
    Operator.DOES_NOT_CONTAIN: lambda value: lambda text: value not in folded(text),
    Operator.STARTS: lambda value: lambda text: folded(text).startswith(value),
    Operator.ENDS: lambda value: lambda text: folded(text).endswith(value),
}
