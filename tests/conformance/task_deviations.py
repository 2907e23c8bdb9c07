"""Where what we do to tasks differs from what was recorded on purpose (`lifecycle.json`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tests.conformance.deviation import Deviation, Reason, changed
from tests.conformance.recorded import RecordedCase

FILE = "lifecycle.json"
CLOSE, REOPEN, DELETE = (f"POST /scp/ajax.php/tasks/<id>/{verb}" for verb in ("close", "reopen", "delete"))
CREATE = ("task.create", "POST /scp/ajax.php/tasks/add", "POST /scp/ajax.php/tickets/<id>/add-task")


def _is(case: RecordedCase, *kinds: str) -> bool:
    return case.file == FILE and case.kind in kinds


def _base(case: RecordedCase, name: str) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = case.given["base"][name]
    return rows


def _mails(case: RecordedCase) -> list[Mapping[str, Any]]:
    return list(case.expect.get("mails", []))


# --- Closed tasks -----------------------------------------------------------------------------------------------------


def _task_row(case: RecordedCase) -> Mapping[str, Any]:
    rows = case.given.get("rows_before", {}).get("task", [])
    found: Mapping[str, Any] = next((row for row in rows if row["id"] == case.input["args"]["id"]), {})
    return found


def _strangers(case: RecordedCase) -> set[str]:
    """Give the agents who have nothing to do with the task: not its department, not its assignee, not its team."""
    task = _task_row(case)
    granted = {(row["staff_id"], row["dept_id"]) for row in _base(case, "dept_access")}
    members = {row["staff_id"] for row in _base(case, "team_members") if row["team_id"] == task.get("team_id")}
    managers = {row.get("manager_id") for row in _base(case, "departments") if row["id"] == task.get("dept_id")}
    found = set()
    for agent in _base(case, "agents"):
        pk = agent["staff_id"]
        works_there = agent["dept_id"] == task.get("dept_id") or (pk, task.get("dept_id")) in granted or pk in managers
        sees_all = works_there and not agent.get("assigned_only")
        if not sees_all and pk != task.get("staff_id") and pk not in members:
            found.add(agent["username"])
    return found


def _shows_a_closed_task_to_everybody(case: RecordedCase) -> bool:
    if not _is(case, "query.check_staff_permission type=A") or not _task_row(case):
        return False
    if _task_row(case).get("flags", 0) & 1:
        return False
    return any(case.expect["result"].get(name, {}).get("(view)") for name in _strangers(case))


def _hidden_from_strangers(case: RecordedCase, expect: dict[str, Any]) -> None:
    for name in _strangers(case) & expect["result"].keys():
        expect["result"][name] = dict.fromkeys(expect["result"][name], False)


# --- Refusals without a reason ----------------------------------------------------------------------------------------


def _says_nothing_of_the_missing_permission(case: RecordedCase) -> bool:
    if not _is(case, CLOSE, REOPEN) or case.expect["http_status"] != 200:
        return False
    said = {kind for message in case.expect.get("messages", []) for kind in message}
    return not case.expect["changes"] and not said & {"error", "field_error"}


def _with_the_reason(case: RecordedCase, expect: dict[str, Any]) -> None:
    verb = "Close" if case.kind == CLOSE else "Reopen"
    expect["messages"] = [{"error": f"You do not have permission to {verb} tasks"}]


# --- What a deleted task leaves ---------------------------------------------------------------------------------------


def _leaves_the_answers(case: RecordedCase) -> bool:
    if not _is(case, DELETE):
        return False
    deleted = {change["table"] for change in case.expect["changes"] if change["action"] == "delete"}
    return "task" in deleted and "task__cdata" not in deleted


def _without_the_answers(case: RecordedCase, expect: dict[str, Any]) -> None:
    gone = [one["pk"] for one in expect["changes"] if one["table"] == "task" and one["action"] == "delete"]
    expect["changes"] += [{"table": "task__cdata", "action": "delete", "pk": pk} for pk in gone]


# --- Mails ------------------------------------------------------------------------------------------------------------


def _address(mailbox: str) -> str:
    return (mailbox.rpartition("<")[2].rstrip(">") if "<" in mailbox else mailbox).lower()


def _repeated(case: RecordedCase) -> list[int]:
    """Give the places of mails of one kind to an address that had one already."""
    seen: set[tuple[str, str]] = set()
    places = []
    for place, mail in enumerate(_mails(case)):
        key = (mail["template"][0], _address(mail["to"]))
        if key in seen:
            places.append(place)
        seen.add(key)
    return places


def _tells_the_administrator_twice(case: RecordedCase) -> bool:
    return _is(case, *CREATE) and bool(_repeated(case))


def _once(case: RecordedCase, expect: dict[str, Any]) -> None:
    repeated = _repeated(case)
    expect["mails"] = [mail for place, mail in enumerate(expect["mails"]) if place not in repeated]


def _is_addressed_to_nobody(mail: Mapping[str, Any]) -> bool:
    return not mail["to"] and bool(mail.get("cc"))


def _copies_a_mail_to_nobody(case: RecordedCase) -> bool:
    return _is(case, "task.post_update") and any(map(_is_addressed_to_nobody, _mails(case)))


def _addressed(case: RecordedCase, expect: dict[str, Any]) -> None:
    for mail in expect["mails"]:
        if _is_addressed_to_nobody(mail):
            mail["to"] = mail.pop("cc")


# --- Open tasks of a ticket -------------------------------------------------------------------------------------------

_ONE = re.compile(r"\b1 open tasks\b")


def _counts_one_task_in_the_plural(case: RecordedCase) -> bool:
    if case.file != FILE:
        return False
    texts = [text for message in case.expect.get("messages", []) for text in message.values()]
    return any(_ONE.search(text) for text in texts)


def _in_the_singular(case: RecordedCase, expect: dict[str, Any]) -> None:
    for message in expect["messages"]:
        for kind, text in message.items():
            message[kind] = _ONE.sub("1 open task", text)


TASK_DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        name="a closed task is shown to those who saw it open",
        reason=Reason.SECURITY,
        explanation=(
            "osTicket asks who may see a task only while it is open; a closed one opens for every agent who tries its "
            "number. It is no less private than before."
        ),
        applies=_shows_a_closed_task_to_everybody,
        expectation=changed(_hidden_from_strangers),
    ),
    Deviation(
        name="who may not close or reopen a task is told so",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket shows the question again without a word, as if the answer had not arrived.",
        applies=_says_nothing_of_the_missing_permission,
        expectation=changed(_with_the_reason),
    ),
    Deviation(
        name="a deleted task leaves no answers behind",
        reason=Reason.SECURITY,
        explanation="osTicket deletes the answers, and their copy in task__cdata stays: what was to be deleted.",
        applies=_leaves_the_answers,
        expectation=changed(_without_the_answers),
    ),
    Deviation(
        name="nobody is told of a new task twice",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket means to leave the administrator out who was mailed as an agent; its test never holds.",
        applies=_tells_the_administrator_twice,
        expectation=changed(_once),
    ),
    Deviation(
        name="an update of a task is addressed to its collaborator",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation=(
            "osTicket mails each collaborator a copy of a mail to nobody: without To, which filters of spam take as a "
            "sign of it."
        ),
        applies=_copies_a_mail_to_nobody,
        expectation=changed(_addressed),
    ),
    Deviation(
        name="one open task is no open tasks",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket's sentence knows no singular; ours is made for translations and does.",
        applies=_counts_one_task_in_the_plural,
        expectation=changed(_in_the_singular),
    ),
)
