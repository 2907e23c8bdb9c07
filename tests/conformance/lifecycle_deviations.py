"""Where what we do to tickets differs from what was recorded on purpose (`lifecycle.json`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.conformance.deviation import Deviation, Reason, changed
from tests.conformance.recorded import RecordedCase, operation_kind

FILE = "lifecycle.json"


def _setup(case: RecordedCase) -> list[Mapping[str, Any]]:
    return list(case.given.get("setup", [])) if case.file == FILE else []


def _rows(expect: Mapping[str, Any], table: str, action: str) -> list[dict[str, Any]]:
    return [change for change in expect["changes"] if change["table"] == table and change["action"] == action]


def _base_rows(case: RecordedCase, name: str) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = case.given["base"][name]
    return rows


def _role_permissions(case: RecordedCase, role_id: int) -> Callable[[str], bool]:
    (role,) = (row for row in _base_rows(case, "roles") if row["id"] == role_id)
    if "all_except" in role:
        return lambda key: key not in role["all_except"]
    held = role["permissions"]
    return lambda key: held == "all role permissions" or key in held


# --- Answers while opening a ticket -----------------------------------------------------------------------------------


def _loses_an_answer(case: RecordedCase) -> bool:
    if (case.file, case.kind) != (FILE, "ticket.open_by_agent") or not case.input["args"]["vars"].get("response"):
        return False
    inserted = _rows(case.expect, "thread_entry", "insert")
    return bool(inserted) and all(change["columns"]["type"] != "R" for change in inserted)


def _refused_for_the_answer(case: RecordedCase, expect: dict[str, Any]) -> None:
    expect.update(result=False, errors={"response": "may not reply"}, changes=[], mails=[])


# --- Who answered last ------------------------------------------------------------------------------------------------


def _respondents(case: RecordedCase) -> list[int]:
    return [step["actor"]["agent"] for step in _setup(case) if step["operation"] == "ticket.post_reply"]


def _taken_for_last(case: RecordedCase) -> int | None:
    """The agent whom osTicket takes for the one who answered last: the author of the second response (§9.5)."""
    authors = _respondents(case)
    return authors[1] if len(authors) > 1 else None


def _mistakes_the_last_respondent(case: RecordedCase) -> bool:
    authors = _respondents(case)
    if not authors or _taken_for_last(case) == authors[-1]:
        return False
    return bool(_reopenings_without_agent(case)) or _alerts_another(case)


def _reopenings_without_agent(case: RecordedCase) -> list[dict[str, Any]]:
    """Give the changes of tickets that nobody had, and that open again for whom osTicket takes for the last.

    Only those that the one who really was may have: there, and in that department.
    """
    before = {row["ticket_id"]: row for row in case.given.get("rows_before", {}).get("ticket", [])}
    return [
        change
        for change in _rows(case.expect, "ticket", "update")
        if change["columns"].get("reopened")
        and not before.get(change["pk"], {}).get("staff_id")
        and change["columns"].get("staff_id") == _taken_for_last(case)
        and _may_have(case, _respondents(case)[-1], before.get(change["pk"], {}).get("dept_id"))
    ]


def _may_have(case: RecordedCase, agent_id: int, department_id: int | None) -> bool:
    (agent,) = (row for row in _base_rows(case, "agents") if row["staff_id"] == agent_id)
    if agent.get("onvacation") or agent.get("assigned_only") or not agent.get("isactive"):
        return False
    (department,) = (row for row in _base_rows(case, "departments") if row["id"] == department_id)
    extended = {row["dept_id"] for row in _base_rows(case, "dept_access") if row["staff_id"] == agent_id}
    reach = {agent["dept_id"], *extended}
    does_not_reassign = 0x20
    if department.get("flags", 0) & does_not_reassign:
        return False
    return any(f"/{root}/" in department["path"] for root in reach) or department.get("manager_id") == agent_id


def _alerts_another(case: RecordedCase) -> bool:
    """Whether an alert goes to whom osTicket takes for the last, and not to the one who was."""
    taken, told = _taken_for_last(case), _told(case)
    return taken in told and _respondents(case)[-1] not in told


def _told(case: RecordedCase) -> list[int]:
    """Give the agents who get alerts of messages."""
    alerts = (mail for mail in case.expect.get("mails", []) if mail["template"] == ["message.alert"])
    by_address = {row["email"]: row["staff_id"] for row in _base_rows(case, "agents")}
    return [number for mail in alerts for address, number in by_address.items() if f"<{address}>" in mail["to"]]


def _with_the_newest_respondent(case: RecordedCase, expect: dict[str, Any]) -> None:
    by_id = {row["staff_id"]: row for row in _base_rows(case, "agents")}
    newest, taken = _respondents(case)[-1], _taken_for_last(case)
    reopened = {change["pk"] for change in _reopenings_without_agent(case)}
    for change in _rows(expect, "ticket", "update"):
        if change["pk"] in reopened:
            change["columns"]["staff_id"] = newest
    for change in _rows(expect, "thread_event", "insert"):
        if reopened and change["columns"]["event_id"] == _REOPENED:
            change["columns"]["staff_id"] = newest
    if _alerts_another(case) and taken is not None:
        for mail in expect["mails"]:
            if mail["template"] == ["message.alert"] and f"<{by_id[taken]['email']}>" in mail["to"]:
                agent = by_id[newest]
                mail["to"] = f"{agent['firstname']} {agent['lastname']} <{agent['email']}>"


_REOPENED = 3
"""The id of the event in a new help desk."""


# --- Releasing what nobody has ----------------------------------------------------------------------------------------

_RELEASE = "POST /scp/ajax.php/tickets/<id>/release"
_GIVING = ("assign", "claim", "reply")


def _releases_nobody(case: RecordedCase) -> bool:
    if (case.file, case.kind) != (FILE, _RELEASE) or case.expect["http_status"] != 201:
        return False
    return not _rows(case.expect, "ticket", "update")


def _refused(case: RecordedCase, expect: dict[str, Any]) -> None:
    expect.update(http_status=200, messages=[{"error": "Ticket is not assigned!"}], changes=[])


def _released_nobody_before(case: RecordedCase) -> bool:
    """Whether the set-up releases a ticket that it has given to nobody."""
    given = False
    for step in _setup(case):
        if operation_kind(step) == _RELEASE and not given:
            return True
        given = given or any(word in step["operation"] for word in _GIVING)
    return False


def _with_one_event_less(case: RecordedCase, expect: dict[str, Any]) -> None:
    for change in _rows(expect, "thread_event", "insert"):
        change["pk"] -= 1
        change["columns"]["id"] -= 1


# --- Forms that an edit leaves out ------------------------------------------------------------------------------------

_FIRST_FIELDS = frozenset({20, 21, 22})
"""Subject, message and priority: the fields of the ticket's own form."""


def _loses_subject_and_priority(case: RecordedCase) -> bool:
    is_edit = case.file == FILE and (case.kind == "ticket.update_form" or case.kind.endswith("a=update"))
    return is_edit and bool(_own_answers_deleted(case.expect))


def _own_answers_deleted(expect: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [change for change in _rows(expect, "form_entry_values", "delete") if change["pk"][1] in _FIRST_FIELDS]


def _keeping_the_own_form(case: RecordedCase, expect: dict[str, Any]) -> None:
    lost = _own_answers_deleted(expect)
    entries = {change["pk"][0] for change in lost}
    kept = [*lost, *(change for change in _rows(expect, "form_entry", "delete") if change["pk"] in entries)]
    expect["changes"] = [change for change in expect["changes"] if change not in kept]


LIFECYCLE_DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        name="an answer that may not be given is refused, not dropped",
        reason=Reason.DATA_LOSS,
        explanation=(
            "osTicket opens the ticket and throws the answer away when the agent may not reply; the agent believes "
            "that the customer was told."
        ),
        applies=_loses_an_answer,
        expectation=changed(_refused_for_the_answer),
    ),
    Deviation(
        name="who answered last is the author of the newest response",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket's query loses its order and finds the author of the second response ever given.",
        applies=_mistakes_the_last_respondent,
        expectation=changed(_with_the_newest_respondent),
    ),
    Deviation(
        name="a ticket that nobody has cannot be released",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket says that it was released and records an event that says of whom: nobody.",
        applies=_releases_nobody,
        expectation=changed(_refused),
    ),
    Deviation(
        name="a release of nobody has left no event",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="The same as above, seen by what follows: later events have lower numbers.",
        applies=_released_nobody_before,
        expectation=changed(_with_one_event_less),
    ),
    Deviation(
        name="a ticket keeps its own form",
        reason=Reason.DATA_LOSS,
        explanation=(
            "An edit that does not name the ticket's form deletes it in osTicket, and with it subject and priority; "
            "only further forms can be taken off."
        ),
        applies=_loses_subject_and_priority,
        expectation=changed(_keeping_the_own_form),
    ),
)
