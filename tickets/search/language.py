"""The language that agents type: `status:open dept:support from:ada@acme.test created:<7d "exact words"`.

Every part is a word, a phrase in quotes, or `field:value`; a minus in front turns it round. All parts must hold. What
cannot be read is an error with its place in the text, so that the page can point at it; the rest still counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from helpdesk.legacy.folding import fold
from tickets.criteria import KEYWORDS, CriteriaContext, Criterion, field_of
from tickets.criteria_values import read_moment
from tickets.search.words import any_word

LONGEST_TEXT = 1000
_PART = re.compile(r'(?P<minus>-?)(?:(?P<field>[A-Za-z_]+):)?(?:"(?P<quoted>[^"]*)"|(?P<open>")|(?P<plain>[^\s"]*))')
_SPAN = re.compile(r"(?P<sign>[<>]?)(?P<number>\d{1,6})(?P<unit>m|w|d|h|min)", re.IGNORECASE)
_UNITS = {"m": "m", "w": "w", "d": "d", "h": "h", "min": "i"}


@dataclass(frozen=True)
class LanguageError:
    """What cannot be read: the place in the text, and why."""

    start: int
    end: int
    message: str


@dataclass(frozen=True)
class ReadQuery:
    """A text that was read: what it asks for, and what of it could not be read."""

    text: str
    criteria: tuple[Criterion, ...]
    errors: tuple[LanguageError, ...]

    @property
    def marked(self) -> list[tuple[str, LanguageError | None]]:
        """Give the text in pieces, those with an error together with it."""
        pieces: list[tuple[str, LanguageError | None]] = []
        place = 0
        for error in sorted(self.errors, key=lambda one: one.start):
            if error.start > place:
                pieces.append((self.text[place : error.start], None))
            if error.end > place:
                pieces.append((self.text[max(place, error.start) : error.end], error))
                place = error.end
        return [*pieces, (self.text[place:], None)] if place < len(self.text) else pieces


class _Unreadable(Exception):  # noqa: N818 -- named by what happened
    """A value cannot be read; the message says why."""


@dataclass(frozen=True)
class _Part:
    """A part of the text: `value` without quotes."""

    field: str
    value: str
    is_negated: bool
    is_quoted: bool
    start: int
    end: int


def read_query(text: str, context: CriteriaContext) -> ReadQuery:
    """Read what an agent typed."""
    text = text[:LONGEST_TEXT]
    criteria: list[Criterion] = []
    errors: list[LanguageError] = []
    words: list[str] = []
    for part in _parts(text, errors):
        if part.field:
            try:
                criteria.append(_criterion(part, context))
            except _Unreadable as problem:
                errors.append(LanguageError(part.start, part.end, str(problem)))
            continue
        word = _word(part)
        if any_word(word).is_empty and not part.is_negated:
            errors.append(LanguageError(part.start, part.end, _("Too short or too common to be looked for.")))
        else:
            words.append(word)
    if words:
        criteria.append(Criterion(KEYWORDS, "", " ".join(words)))
    return ReadQuery(text, tuple(criteria), tuple(errors))


def _parts(text: str, errors: list[LanguageError]) -> Iterator[_Part]:
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        found = _PART.match(text, place)
        if found is None or found.end() == place:
            place += 1
            continue
        place = found.end()
        if found["open"]:
            errors.append(LanguageError(found.end() - 1, len(text), _("The closing quotation mark is missing.")))
            return
        value = found["quoted"] if found["quoted"] is not None else found["plain"]
        field = (found["field"] or "").lower()
        if field and field not in _FIELDS:
            # An address of the web or a time of day is a word; what looks like a field of ours is a mistake.
            if value.startswith("//"):
                yield _Part("", f"{field}:{value}", bool(found["minus"]), True, found.start(), found.end())
                continue
            known = ", ".join(sorted(_FIELDS))
            message = _("There is no field “%(field)s”. Known: %(known)s.") % {"field": field, "known": known}
            errors.append(LanguageError(found.start(), found.end(), message))
            continue
        if field and not value:
            message = _("What should “%(field)s” be? Write it without a blank.") % {"field": field}
            errors.append(LanguageError(found.start(), found.end(), message))
            continue
        if not value:
            continue
        yield _Part(field, value, bool(found["minus"]), found["quoted"] is not None, found.start(), found.end())


def _word(part: _Part) -> str:
    """Give a word or phrase in osTicket's boolean mode, in which searches are stored."""
    sign = "-" if part.is_negated else "+"
    plain = part.value.replace('"', " ").strip("+-<>~()")
    return f'{sign}"{plain}"' if part.is_quoted or re.search(r"\W", plain.rstrip("*")) else f"{sign}{plain}"


def _criterion(part: _Part, context: CriteriaContext) -> Criterion:
    return _FIELDS[part.field](part, context)


# --- Fields -----------------------------------------------------------------------------------------------------------


def _choice(
    path: str, *, none: bool = False, unless: str = "!includes"
) -> Callable[[_Part, CriteriaContext], Criterion]:
    """Read the name of something that can be chosen: the whole name, or a beginning of exactly those meant.

    `unless` is the method that turns it round, for tickets without any, too.
    """

    def read(part: _Part, context: CriteriaContext) -> Criterion:
        wanted = fold(part.value)
        if none and wanted in {"none", "no"}:
            return Criterion(path, "set" if part.is_negated else "nset")
        keys = _named(path, wanted)
        return Criterion(path, unless if part.is_negated else "includes", keys)

    return read


def _named(path: str, wanted: str) -> dict[str, str]:
    field = field_of(path)
    choices = field.kind.choices() if field is not None else []
    exact = {key: name for key, name in choices if fold(name) == wanted}
    found = exact or {key: name for key, name in choices if fold(name).startswith(wanted)}
    found = found or {key: name for key, name in choices if wanted in fold(name)}
    if not found:
        offered = ", ".join(name for _key, name in choices[:8])
        raise _Unreadable(
            _("Nothing is called “%(value)s”. There are: %(offered)s.")
            % {
                "value": wanted,
                "offered": offered,
            }
        )
    return found


def _status(part: _Part, context: CriteriaContext) -> Criterion:
    """Read a state or the name of a status."""
    wanted = fold(part.value)
    method = "!includes" if part.is_negated else "includes"
    states = {row.state: row.state.capitalize() for row in context.statuses.values() if row.state == wanted}
    if states:
        return Criterion("status__state", method, states)
    return Criterion("status__id", method, _named("status__id", wanted))


def _assignee(part: _Part, context: CriteriaContext) -> Criterion:
    """Read `me`, `none`, `my-teams`, the name of an agent or of a team."""
    wanted = fold(part.value)
    if wanted in {"none", "nobody", "unassigned"}:
        return Criterion("assignee", "assigned" if part.is_negated else "!assigned")
    letter = {"me": ("M", _("Me")), "my-teams": ("T", _("One of my teams"))}.get(wanted)
    keys = dict([letter]) if letter else _named("assignee", wanted)
    return Criterion("assignee", "!includes" if part.is_negated else "includes", keys)


def _sender(part: _Part, context: CriteriaContext) -> Criterion:
    """Read an address, a part of one after @, or a name."""
    path = "user__emails__address" if "@" in part.value else "user__name"
    is_address = re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", part.value) is not None
    return Criterion(path, _turned("equal" if is_address else "contains", part), part.value)


def _text(path: str) -> Callable[[_Part, CriteriaContext], Criterion]:
    def read(part: _Part, context: CriteriaContext) -> Criterion:
        return Criterion(path, _turned("contains", part), part.value)

    return read


def _turned(method: str, part: _Part) -> str:
    """Give the method, turned round after a minus: then it holds where there is no value, too."""
    return f"!{method}" if part.is_negated else method


def _number(part: _Part, context: CriteriaContext) -> Criterion:
    return Criterion("number", _turned("equal", part), part.value.lstrip("#"))


def _date(path: str) -> Callable[[_Part, CriteriaContext], Criterion]:
    """Read `<7d`, `>2w`, `today`, `2026-05-14`, `>2026-05-01`, `2026-05-01..2026-05-14`, `none`."""

    def read(part: _Part, context: CriteriaContext) -> Criterion:
        value = part.value.lower()
        if value in {"none", "no"}:
            return Criterion(path, "set" if part.is_negated else "nset")
        if part.is_negated:
            raise _Unreadable(_("A date cannot be turned round. Use < or > instead."))
        if value in _PERIODS:
            return Criterion(path, "period", _PERIODS[value])
        span = _SPAN.fullmatch(value)
        if span:
            interval = {"until": span["number"], "int": _UNITS[span["unit"]]}
            ahead = path == "due"
            nearer = span["sign"] != ">"
            methods = ("ndays", "distfut") if ahead else ("ndaysago", "distpast")
            return Criterion(path, methods[0] if nearer else methods[1], interval)
        if ".." in value:
            left, _dots, right = value.partition("..")
            if read_moment(left, context.zone) and read_moment(right, context.zone):
                return Criterion(path, "between", {"left": left, "right": right})
        sign, plain = (value[0], value[1:]) if value[:1] in {"<", ">"} else ("", value)
        moment = read_moment(plain, context.zone)
        if moment is None:
            raise _Unreadable(
                _("“%(value)s” is no date. Write 2026-05-14, >2026-05-01, 2026-05-01..2026-05-14, <7d, >2w or today.")
                % {"value": part.value}
            )
        if not sign:
            return Criterion(path, "equal", plain)
        if sign == "<":
            return Criterion(path, "before", plain)
        if len(plain) <= 10:  # a whole day: what comes after begins with the next one
            following = (moment + timedelta(hours=36)).astimezone(context.zone).date()
            return Criterion(path, "after", following.isoformat())
        return Criterion(path, "after", plain)

    return read


_PERIODS = {
    "today": "td",
    "yesterday": "yd",
    "week": "tw",
    "this-week": "tw",
    "last-week": "lw",
    "month": "tm",
    "this-month": "tm",
    "last-month": "lm",
    "quarter": "tq",
    "year": "ty",
    "last-year": "ly",
}


def _is(part: _Part, context: CriteriaContext) -> Criterion:
    """Read what a ticket is: overdue, answered, unassigned …"""
    known: dict[str, tuple[str, str, str]] = {
        "overdue": ("isoverdue", "set", "nset"),
        "answered": ("isanswered", "set", "nset"),
        "unanswered": ("isanswered", "nset", "set"),
        "assigned": ("assignee", "assigned", "!assigned"),
        "unassigned": ("assignee", "!assigned", "assigned"),
        "merged": ("merged", "set", "nset"),
        "linked": ("linked", "set", "nset"),
        "reopened": ("reopened", "set", "nset"),
    }
    value = part.value.lower()
    if value in {"open", "closed"}:
        return _status(part, context)
    if value not in known:
        raise _Unreadable(
            _("A ticket cannot be “%(value)s”. There are: %(offered)s.")
            % {"value": part.value, "offered": ", ".join(["open", "closed", *known])}
        )
    path, yes, no = known[value]
    return Criterion(path, no if part.is_negated else yes)


def _has(part: _Part, context: CriteriaContext) -> Criterion:
    """Read what hangs on a ticket."""
    known = {
        "attachment": "attachment_count",
        "attachments": "attachment_count",
        "collaborator": "collaborator_count",
        "collaborators": "collaborator_count",
        "task": "task_count",
        "tasks": "task_count",
    }
    path = known.get(part.value.lower())
    if path is None:
        raise _Unreadable(
            _("A ticket cannot have “%(value)s”. There are: %(offered)s.")
            % {"value": part.value, "offered": "attachments, collaborators, tasks"}
        )
    return Criterion(path, "equal" if part.is_negated else "greater", "0")


_FIELDS: dict[str, Callable[[_Part, CriteriaContext], Criterion]] = {
    "status": _status,
    "is": _is,
    "has": _has,
    "dept": _choice("dept_id"),
    "department": _choice("dept_id"),
    "topic": _choice("topic_id", none=True),
    "sla": _choice("sla_id", none=True),
    "source": _choice("source"),
    "priority": _choice("cdata__priority", unless="!chosen"),
    "agent": _choice("staff_id", none=True),
    "team": _choice("team_id", none=True),
    "assignee": _assignee,
    "from": _sender,
    "org": _text("user__org__name"),
    "subject": _text("cdata__subject"),
    "number": _number,
    "created": _date("created"),
    "updated": _date("lastupdate"),
    "closed": _date("closed"),
    "reopened": _date("reopened"),
    "due": _date("due"),
}
