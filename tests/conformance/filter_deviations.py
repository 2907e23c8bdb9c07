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


def _with_ticket(columns: Callable[[RecordedCase], dict[str, Any]]) -> Callable[[RecordedCase], dict[str, Any]]:
    def expectation(case: RecordedCase) -> dict[str, Any]:
        return {**case.expect, "ticket": {**case.expect["ticket"], **columns(case)}}

    return expectation


def _default(key: str) -> Callable[[RecordedCase], int]:
    return lambda case: int(case.given["config"][key])


def _names_unknown_priority(case: RecordedCase) -> bool:
    wanted = _opened(case).get("priorityId")
    return isinstance(wanted, int) and wanted > 0 and wanted not in PRIORITIES


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
        applies=_names_unknown("deptId", "departments", "id"),
        expectation=_with_ticket(lambda case: {"dept_id": _default("default_dept_id")(case)}),
    ),
    Deviation(
        name="an SLA plan that does not exist is none",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="For osTicket the unknown number beats every plan there is, and the ticket is never due.",
        applies=_names_unknown("slaId", "slas", "id"),
        expectation=_with_ticket(
            lambda case: {"sla_id": _default("default_sla_id")(case), "has_est_duedate": True},
        ),
    ),
    Deviation(
        name="an unknown priority of a ticket is none",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket stores the number of a priority that does not exist.",
        applies=_names_unknown_priority,
        expectation=_with_ticket(lambda case: {"priority": _default("default_priority_id")(case)}),
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
