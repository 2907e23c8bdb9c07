"""Where filters and the routing of new tickets differ from the recorded ones on purpose (`filters.json`)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from helpdesk.portal.seed import InstallerAnswers, initial_rows
from tests.conformance.deviation import Deviation, Reason
from tests.conformance.recorded import RecordedCase

FILE = "filters.json"
STATUSES = {1: "Open", 2: "Resolved", 3: "Closed", 4: "Archived", 5: "Deleted"}
PRIORITIES = {1, 2, 3, 4}
ACTIVE = 4
"""Bit of a department."""
ACTIVE_PLAN = 1
"""Bit of an SLA plan."""
GENERAL = "Missing or invalid data — Correct any errors below and try again"


def _opened(case: RecordedCase) -> Mapping[str, Any]:
    """Give the variables of a case that opens a ticket, {} for others."""
    is_opened = (case.file, case.kind) == (FILE, "route") and case.expect["created"]
    return case.input["vars"] if is_opened else {}


def _recorded(case: RecordedCase) -> Mapping[str, Any]:
    """Give the columns of the recorded ticket, {} for cases that open none."""
    ticket: Mapping[str, Any] = case.expect["ticket"] if _opened(case) else {}
    return ticket


@cache
def _initial_rows() -> Mapping[str, Any]:
    return initial_rows(InstallerAnswers.from_settings())


def _row(case: RecordedCase, listed: str, pk: object) -> Mapping[str, Any]:
    """Give a row of the world of the case, {} for none; tables that it does not list have the initial rows."""
    table, key = _TABLES[listed]
    rows = case.given[listed] if listed in case.given else _initial_rows()[table]
    return next((row for row in rows if str(row[key]) == str(pk)), {})


def _known(case: RecordedCase, listed: str, pk: object) -> int:
    """Give the id where there is such a row, else 0."""
    found = _row(case, listed, pk)
    return int(found[_TABLES[listed][1]]) if found else 0


_TABLES = {
    "departments": ("department", "id"),
    "help_topics": ("help_topic", "topic_id"),
    "slas": ("sla", "id"),
    "emails": ("email", "email_id"),
}
_DEFAULTS = {"default_dept_id": 1, "default_sla_id": 1, "default_priority_id": 2}


def _topic(case: RecordedCase) -> Mapping[str, Any]:
    return _row(case, "help_topics", _recorded(case)["topic_id"])


def _mailbox(case: RecordedCase) -> Mapping[str, Any]:
    return _row(case, "emails", _recorded(case)["email_id"])


def _setting(case: RecordedCase, key: str) -> int:
    return int(case.given.get("config", {}).get(key, _DEFAULTS[key]) or 0)


def _names_unknown_mailbox(case: RecordedCase) -> bool:
    """Whether the caller names a mailbox that the world of the case does not have."""
    wanted = str(_opened(case).get("emailId") or 0)
    return wanted.isdecimal() and int(wanted) > 0 and not _known(case, "emails", wanted)


def _refused_mailbox(case: RecordedCase) -> dict[str, Any]:
    return {"created": False, "errors": {"emailId": "Unknown system email", "err": GENERAL}}


def _with(case: RecordedCase, **columns: Any) -> dict[str, Any]:
    return {**case.expect, "ticket": {**_recorded(case), **columns}}


def _is_chosen_by_filter(case: RecordedCase, kind: str) -> bool:
    return any(event["data"].get("type") == kind for event in case.expect.get("events", ()) if event["data"])


def _with_department(case: RecordedCase) -> dict[str, Any]:
    """The department of the mailbox, else of the topic, else the default one (routing.md section 5).

    It may have a plan of its own, which counts where neither caller nor filter named one.
    """
    if _known(case, "departments", _recorded(case)["dept_id"]):
        return dict(case.expect)
    default = _setting(case, "default_dept_id")
    of_mailbox = _row(case, "departments", _mailbox(case).get("dept_id"))
    of_topic = _known(case, "departments", _topic(case).get("dept_id"))
    department = of_topic or default
    if of_mailbox:
        department = int(of_mailbox["id"]) if int(of_mailbox.get("flags") or 0) & ACTIVE else default
    if _opened(case).get("slaId") or _is_chosen_by_filter(case, "SLA"):
        return _with(case, dept_id=department)
    return _with(case, dept_id=department, **_next_plan(case, department))


def _next_plan(case: RecordedCase, department: int) -> dict[str, Any]:
    """Give the plan of the topic, else of the department, else the default one."""
    of_department = _row(case, "departments", department).get("sla_id")
    named = (_topic(case).get("sla_id"), of_department, _setting(case, "default_sla_id"))
    pk = next((found for plan in named if (found := _known(case, "slas", plan))), 0)
    return {"sla_id": pk, "has_est_duedate": bool(int(_row(case, "slas", pk).get("flags", 0)) & ACTIVE_PLAN)}


def _with_plan(case: RecordedCase) -> dict[str, Any]:
    ticket = _recorded(case)
    if _known(case, "slas", ticket["sla_id"]):
        return dict(case.expect)
    return _with(case, **_next_plan(case, ticket["dept_id"]))


def _with_priority(case: RecordedCase) -> dict[str, Any]:
    """The priority of the mailbox, else of the topic, else the default one."""
    if _recorded(case)["priority"] in PRIORITIES:
        return dict(case.expect)
    following = (_mailbox(case), _topic(case), {"priority_id": _setting(case, "default_priority_id")})
    named = (int(row.get("priority_id") or 0) for row in following)
    return _with(case, priority=next((pk for pk in named if pk in PRIORITIES), None))


def _with_names_of_statuses(case: RecordedCase) -> dict[str, Any]:
    expect: dict[str, Any] = copy.deepcopy(case.expect)
    filters = {one["name"]: one for one in case.given.get("filters", ())}
    events = [event["data"] for event in expect.get("events", ()) if event["event"] == "edited"]
    for data in (data for data in events if data.get("type") == "Ticket Status"):
        actions = filters[data["filter"]]["actions"]
        (status,) = [one["configuration"]["status_id"] for one in actions if one["type"] == "status"]
        data["value"] = STATUSES.get(int(status), data["value"])
    return expect


Correction = Callable[[RecordedCase], dict[str, Any]]
_CORRECTIONS: tuple[Correction, ...] = (_with_department, _with_plan, _with_priority, _with_names_of_statuses)


def _corrected(case: RecordedCase) -> dict[str, Any]:
    """Give what we promise: a case may name several rows that do not exist, each correction builds on the last."""
    for correct in _CORRECTIONS:
        case = replace(case, record={**case.record, "expect": correct(case)})
    return dict(case.expect)


def _begins_with(wanted: Correction) -> Callable[[RecordedCase], bool]:
    """Whether this correction is the first one that changes anything: a case falls under the rule of that one."""

    def applies(case: RecordedCase) -> bool:
        if not _opened(case) or _names_unknown_mailbox(case):
            return False
        return next((correct for correct in _CORRECTIONS if correct(case) != case.expect), None) is wanted

    return applies


FILTER_DEVIATIONS = (
    Deviation(
        name="a department that does not exist is none",
        reason=Reason.DATA_LOSS,
        explanation="osTicket stores the unknown number: no agent has access to the ticket, and nobody ever sees it.",
        applies=_begins_with(_with_department),
        expectation=_corrected,
    ),
    Deviation(
        name="an SLA plan that does not exist is none",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="For osTicket the unknown number beats every plan there is, and the ticket is never due.",
        applies=_begins_with(_with_plan),
        expectation=_corrected,
    ),
    Deviation(
        name="an unknown priority of a ticket is none",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket stores the number of a priority that does not exist.",
        applies=_begins_with(_with_priority),
        expectation=_corrected,
    ),
    Deviation(
        name="a mailbox that does not exist is refused",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket stores the unknown number, and that the ticket came by web, which it did not.",
        applies=_names_unknown_mailbox,
        expectation=_refused_mailbox,
    ),
    Deviation(
        name="events of filters name the status",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket looks the number of the status up among the teams and names one of them.",
        applies=_begins_with(_with_names_of_statuses),
        expectation=_corrected,
    ),
)
