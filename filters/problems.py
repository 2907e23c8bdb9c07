"""What is wrong with a filter, in words for administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from filters.actions import Problem, ProblemKind, action_type
from filters.matching import FilterRow

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SENTENCES: Mapping[ProblemKind, str] = {
    ProblemKind.BROKEN_PATTERN: gettext_noop("The pattern cannot be used: %(detail)s"),
    ProblemKind.SLOW_PATTERN: gettext_noop(
        "The pattern looks around or back, asks for the edges of words in all alphabets, or is written in another way "
        "that takes long; it is stopped after a twentieth of a second and then matches nothing."
    ),
    ProblemKind.UNKNOWN_OPERATOR: gettext_noop("The comparison is not known; the rule counts for nothing."),
    ProblemKind.NO_RULES: gettext_noop("There is no rule that counts: the filter never matches."),
    ProblemKind.NEVER_MATCHES: gettext_noop(
        "This rule and an earlier one can never be true together: the filter never matches."
    ),
    ProblemKind.ALWAYS_MATCHES: gettext_noop("This rule or an earlier one is always true: the filter always matches."),
    ProblemKind.UNKNOWN_ACTION: gettext_noop("The action “%(detail)s” is not known here; it is left out."),
    ProblemKind.MISSING_OBJECT: gettext_noop("What the action names is gone (number %(detail)s)."),
    ProblemKind.INACTIVE_OBJECT: gettext_noop("“%(detail)s” is switched off: the action has no effect."),
    ProblemKind.MISSING_MAILBOX: gettext_noop("The address that the filter is for is gone (number %(detail)s)."),
    ProblemKind.NO_ADDRESS: gettext_noop(
        "“%(detail)s” is no email address and gets nothing. Write addresses with commas between them."
    ),
    ProblemKind.INCOMPLETE: gettext_noop("The action says nothing: something has to be chosen."),
}


def sentence(problem: Problem) -> str:
    """Say what is wrong, for the place where the rule or action stands."""
    return _(SENTENCES[problem.kind]) % {"detail": problem.detail}


def in_words(problem: Problem, row: FilterRow) -> str:
    """Say what is wrong, with the rule or action that is meant."""
    text = sentence(problem)
    if problem.rule is not None:
        return _("Rule %(number)d: %(text)s") % {"number": problem.rule + 1, "text": text}
    if problem.action is not None:
        kind = action_type(row.actions[problem.action].type)
        label: StrOrPromise = kind.label if kind else row.actions[problem.action].type
        return _("Action “%(label)s”: %(text)s") % {"label": label, "text": text}
    return text
