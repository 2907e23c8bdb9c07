"""Where filters and the routing of new tickets differ from the recorded ones on purpose (`filters.json`)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

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


def _names_unknown(variable: str, table: str, key: str) -> Callable[[RecordedCase], bool]:
    """Whether the caller names a row that the world of the case does not have."""

    def applies(case: RecordedCase) -> bool:
        wanted = _opened(case).get(variable)
        return isinstance(wanted, int) and wanted > 0 and wanted not in {row[key] for row in case.given[table]}

    return applies


def _recorded(case: RecordedCase) -> Mapping[str, Any]:
    """Give the columns of the recorded ticket, {} for cases that open none."""
    ticket: Mapping[str, Any] = case.expect["ticket"] if _opened(case) else {}
    return ticket


def _row(case: RecordedCase, table: str, key: str, pk: object) -> Mapping[str, Any]:
    """Give a row of the world of the case, {} for none."""
    return next((row for row in case.given[table] if row[key] == pk), {})


def _topic(case: RecordedCase) -> Mapping[str, Any]:
    return _row(case, "help_topics", "topic_id", _recorded(case)["topic_id"])


def _mailbox(case: RecordedCase) -> Mapping[str, Any]:
    return _row(case, "emails", "email_id", _recorded(case)["email_id"])


def _setting(case: RecordedCase, key: str) -> int:
    return int(case.given["config"][key])


def _got_no_department(case: RecordedCase) -> bool:
    return bool(_recorded(case)) and not _row(case, "departments", "id", _recorded(case)["dept_id"])


def _next_department(case: RecordedCase) -> int:
    """Give the department of the mailbox, else of the topic, else the default one (routing.md section 5)."""
    default, of_mailbox = _setting(case, "default_dept_id"), _mailbox(case).get("dept_id", 0)
    if of_mailbox:
        is_active = _row(case, "departments", "id", of_mailbox).get("flags", 0) & ACTIVE
        return int(of_mailbox if is_active else default)
    return int(_topic(case).get("dept_id") or default)


def _got_no_plan(case: RecordedCase) -> bool:
    return bool(_recorded(case)) and not _row(case, "slas", "id", _recorded(case)["sla_id"])


def _next_plan(case: RecordedCase, department: int) -> dict[str, Any]:
    """Give the plan of the topic, else of the department, else the default one."""
    of_department = _row(case, "departments", "id", department).get("sla_id")
    pk = int(_topic(case).get("sla_id") or of_department or _setting(case, "default_sla_id"))
    return {"sla_id": pk, "has_est_duedate": bool(_row(case, "slas", "id", pk).get("flags", 0) & ACTIVE_PLAN)}


def _with_department(case: RecordedCase) -> dict[str, Any]:
    """A department that is one may have a plan of its own, which only counts where the caller named none."""
    department, ticket = _next_department(case), _recorded(case)
    had_default = ticket["sla_id"] == _setting(case, "default_sla_id") and not _opened(case).get("slaId")
    plan = _next_plan(case, department) if had_default else {}
    return {**case.expect, "ticket": {**ticket, "dept_id": department, **plan}}


def _with_plan(case: RecordedCase) -> dict[str, Any]:
    ticket = _recorded(case)
    return {**case.expect, "ticket": {**ticket, **_next_plan(case, ticket["dept_id"])}}


def _got_no_priority(case: RecordedCase) -> bool:
    return bool(_recorded(case)) and _recorded(case)["priority"] not in PRIORITIES


def _with_priority(case: RecordedCase) -> dict[str, Any]:
    """The priority of the mailbox, else of the topic, else the default one."""
    following = (_mailbox(case).get("priority_id"), _topic(case).get("priority_id"))
    found = next((pk for pk in following if pk in PRIORITIES), _setting(case, "default_priority_id"))
    return {**case.expect, "ticket": {**_recorded(case), "priority": found}}


def _refused_mailbox(case: RecordedCase) -> dict[str, Any]:
    return {"created": False, "errors": {"emailId": "Unknown system email", "err": GENERAL}}


def _status_events(expect: Mapping[str, Any]) -> list[dict[str, Any]]:
    events = [event["data"] for event in expect.get("events", []) if event["event"] == "edited"]
    return [data for data in events if data.get("type") == "Ticket Status"]


def _misnames_status(case: RecordedCase) -> bool:
    return bool(_opened(case)) and bool(_status_events(case.expect))


def _with_names_of_statuses(case: RecordedCase) -> dict[str, Any]:
    expect: dict[str, Any] = copy.deepcopy(case.expect)
    filters = {one["name"]: one for one in case.given["filters"]}
    for data in _status_events(expect):
        actions = filters[data["filter"]]["actions"]
        (status,) = [one["configuration"]["status_id"] for one in actions if one["type"] == "status"]
        data["value"] = STATUSES[int(status)]
    return expect


FILTER_DEVIATIONS = (
    Deviation(
        name="a department that does not exist is none",
        reason=Reason.DATA_LOSS,
        explanation="osTicket stores the unknown number: no agent has access to the ticket, and nobody ever sees it.",
        applies=_got_no_department,
        expectation=_with_department,
    ),
    Deviation(
        name="an SLA plan that does not exist is none",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="For osTicket the unknown number beats every plan there is, and the ticket is never due.",
        applies=_got_no_plan,
        expectation=_with_plan,
    ),
    Deviation(
        name="an unknown priority of a ticket is none",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket stores the number of a priority that does not exist.",
        applies=_got_no_priority,
        expectation=_with_priority,
    ),
    Deviation(
        name="a mailbox that does not exist is refused",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket stores the unknown number, and that the ticket came by web, which it did not.",
        applies=_names_unknown("emailId", "emails", "email_id"),
        expectation=_refused_mailbox,
    ),
    Deviation(
        name="events of filters name the status",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket looks the number of the status up among the teams and names one of them.",
        applies=_misnames_status,
        expectation=_with_names_of_statuses,
    ),
)
