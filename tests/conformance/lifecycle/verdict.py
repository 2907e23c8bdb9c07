"""What of a case of `lifecycle.json` is compared, aspect by aspect (cases/README §8)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from helpdesk.legacy.errors import DomainError, NotFound, PermissionRefused
from tests.conformance.comparison import (
    Bindings,
    differences,
    html_differences,
    list_differences_as_set,
)
from tests.conformance.deviations import expectation_for
from tests.conformance.lifecycle.steps import OPERATIONS, Answer
from tests.conformance.recorded import RecordedCase, operation_kind
from tests.conformance.registry import Aspect
from tests.conformance.table_rows import JSON_COLUMNS

DUE = "est_duedate"
"""'' once mails are made from their templates."""

Change = Mapping[str, Any]


# --- Outcome ----------------------------------------------------------------------------------------------------------

_HEADLINES = frozenset(
    {
        "Permission denied",
        "Unable to assign ticket",
        "Unable to refer ticket",
        "Unable to update field",
        "Unable to manage ticket",
        "Unable to change status for selected ticket",
        "Unable to assign task",
        "Unable to transfer task",
        "Unable to change status of the task",
        "Missing or invalid data — Correct any errors below and try again",
        "No fields set up",
        "Unable to post the reply. Correct any errors below and try again.",
    }
)
"""What osTicket says above the reason, or instead of it."""
_FIELDS = {
    "user": ("user", "email", "name"),
    "topicId": ("topic",),
    "slaId": ("sla",),
    "deptId": ("department",),
    "assignId": ("assignee",),
    "user_id": ("user",),
}
"""Fields of osTicket's forms under which ours name the part that is wrong."""
_OTHER_WORDS = {"Selected date is earlier than permitted": "duedate_past"}
"""Beginnings of texts for which ours has other words, under this code."""
_UNKNOWN = frozenset({"Unknown ticket #", "No such ticket", "No such field"})
_DENIED = ("permission", "access denied", "action denied. contact admin")


def _compare_outcome(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    refusal: DomainError | None = found["refusal"]
    if isinstance(found["result"], Answer):
        return _compare_answer(expected, found["result"], _bound(found))
    if not _was_done(expected):
        return _compare_refusal(expected, found)
    if refusal is not None:
        return [f"$.outcome: expected to be done, refused: {refusal!r}"]
    wanted = expected.get("result")
    if isinstance(wanted, Mapping | list):
        return differences(wanted, found["result"], bindings=_bound(found), at="$.result")
    return []


def _compare_answer(expected: Mapping[str, Any], answer: Answer, bindings: Bindings) -> list[str]:
    """Our addresses for scripts say the same: the class of the status, and what its JSON or plain body holds."""
    lines = differences(expected["http_status"] // 100, answer.status // 100, at="$.http_status")
    if "json" in expected:
        lines += differences(expected["json"], answer.json, bindings=bindings, at="$.json")
    if "result" in expected:
        lines += differences(expected["result"], answer.json, bindings=bindings, at="$.result")
    return lines


def _was_done(expected: Mapping[str, Any]) -> bool:
    if "http_status" not in expected:
        return "errors" not in expected and bool(expected.get("result"))
    if expected["http_status"] != 200:
        return expected["http_status"] in {201, 302}
    said = {kind for message in expected.get("messages", []) for kind in message}
    if said & {"error", "field_error"}:
        return False
    return "notice" in said or not said


def _compare_refusal(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Our error names the same field or gives the same reason; where osTicket gives none, any refusal will do."""
    refusal: DomainError | None = found["refusal"]
    if refusal is None:
        # Routines of osTicket answer "nothing" where nothing is to be done: no error, and no change either.
        is_quiet = expected.get("result", "") in (None, False) and not found["result"]
        return [] if is_quiet else [f"$.outcome: expected to be refused, done: {found['result']!r}"]
    texts = [text for text in _reasons(expected) if text not in _HEADLINES]
    denied = [text for text in texts if any(word in text.lower() for word in _DENIED)]
    fields = {known for name in expected.get("errors", {}) for known in _FIELDS.get(name, (name,))}
    if not texts or str(refusal) in texts or refusal.field in fields:
        return []
    if any(text.startswith(start) and refusal.code == code for start, code in _OTHER_WORDS.items() for text in texts):
        return []
    if denied and isinstance(refusal, PermissionRefused | NotFound):
        return []
    if _UNKNOWN & set(texts) and isinstance(refusal, NotFound):
        return []
    return [f"$.outcome: expected {texts}, refused: {refusal!r}"]


_SAME_REASON = {"Response required": "Response content is required"}
"""What osTicket's page says where its routine, which we follow, says something else."""


def _reasons(expected: Mapping[str, Any]) -> list[str]:
    texts = [text for message in expected.get("messages", []) for text in message.values()]
    texts += [expected["body"]] if "body" in expected else []
    for reason in expected.get("errors", {}).values():
        texts += reason if isinstance(reason, list) else [reason]
    tidy = [" ".join(text.split()) for text in texts]
    return [_SAME_REASON.get(text, text) for text in tidy]


# --- Rows -------------------------------------------------------------------------------------------------------------

_MAPPED = frozenset({"form_entry", "form_entry_values", "attachment", "thread_referral", "thread_collaborator"})
"""Tables whose rows are told by what they say, not by their number."""
_IDS_OF_MAPPED = {"form_entry": "id", "thread_referral": "id", "thread_collaborator": "id", "attachment": "id"}
_OFTEN_OMITTED = frozenset({"created", "updated", "timestamp"})
_NOTHING = (None, "", 0, "0", "0000-00-00 00:00:00", "S", "SYSTEM", "html", "M")
"""Defaults of columns, which recorded inserts leave out."""


def _compare_rows(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    bindings = _bound(found)
    lines = _compare_rows_before(found["rows_before"], found)
    wanted, present = list(expected["changes"]), list(found["changes"])
    for table in sorted({change["table"] for change in (*wanted, *present)}):
        for action in ("insert", "update", "delete"):
            of_case = [_simple(change) for change in _of(wanted, table, action)]
            of_ours = [_simple(change) for change in _of(present, table, action)]
            of_case, of_ours = _without_empty(of_case), _without_empty(of_ours)
            at = f"$.{action}.{table}"
            if table in _MAPPED:
                lines += list_differences_as_set(_unnumbered(of_case), _unnumbered(of_ours), bindings=bindings, at=at)
                continue
            by_key = {str(change["pk"]): change["columns"] for change in of_ours}
            expected_by_key = {str(change["pk"]): change["columns"] for change in of_case}
            for key in sorted(by_key.keys() | expected_by_key.keys()):
                place = f"{at}[{key}]"
                if key not in by_key or key not in expected_by_key:
                    lines.append(f"{place}: expected {expected_by_key.get(key)!r}, found {by_key.get(key)!r}")
                    continue
                lines += _column_differences(expected_by_key[key], by_key[key], action, bindings, place)
    return lines


def _of(changes: Iterable[Change], table: str, action: str) -> list[Change]:
    return [change for change in changes if change["table"] == table and change["action"] == action]


def _simple(change: Change) -> dict[str, Any]:
    """Leave out the due date by SLA, which is an aspect of its own, and what deleted rows were."""
    if change["action"] == "delete":
        return {"pk": change["pk"], "columns": {}, "action": "delete"}
    columns = {column: _comparable(column, value) for column, value in change["columns"].items() if column != DUE}
    if change["table"] in {"ticket", "form_entry"} and change["action"] == "update":
        columns.pop("updated", None)
    return {"pk": change["pk"], "columns": columns, "action": change["action"]}


def _without_empty(changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out updates of nothing but what is not compared."""
    return [change for change in changes if change["columns"] or change["action"] != "update"]


def _unnumbered(changes: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    numbers = {"id", "created", "updated"}
    return [
        {column: value for column, value in change["columns"].items() if column not in numbers} for change in changes
    ]


def _comparable(column: str, value: Any) -> Any:
    """Read JSON in a column; an empty list is an empty object."""
    if column in JSON_COLUMNS and isinstance(value, str) and value[:1] in ("[", "{"):
        return json.loads(value) or {}
    return value


def _column_differences(
    wanted: Mapping[str, Any], present: Mapping[str, Any], action: str, bindings: Bindings, at: str
) -> list[str]:
    lines: list[str] = []
    for column in sorted(wanted.keys() | present.keys()):
        place = f"{at}.{column}"
        if column not in present:
            lines.append(f"{place}: expected {wanted[column]!r}, unchanged")
        elif column in wanted:
            if column == "body":
                lines += html_differences(str(wanted[column]), str(present[column]), at=place)
            else:
                lines += differences(wanted[column], present[column], bindings=bindings, exact=True, at=place)
        elif action == "update":
            lines.append(f"{place}: unexpected, {present[column]!r}")
        elif present[column] not in _NOTHING and column not in _OFTEN_OMITTED:
            lines.append(f"{place}: expected the default, found {present[column]!r}")
    return lines


def _compare_rows_before(case_rows: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for table, rows in case_rows.items():
        present = found["before"][table]
        for row in rows:
            key = row["ticket_id" if table == "ticket" else "lock_id" if table == "lock" else "id"]
            wanted = {column: _comparable(column, value) for column, value in row.items() if column != DUE}
            ours = {column: _comparable(column, value) for column, value in present.get(key, {}).items()}
            lines += differences(wanted, ours, bindings=_bound(found), at=f"$.before.{table}[{key}]")
    return lines


# --- Due dates and mails ----------------------------------------------------------------------------------------------


def _due_dates(changes: Iterable[Change]) -> dict[str, Any]:
    return {
        str(change["pk"]): change["columns"][DUE]
        for change in changes
        if change["table"] == "ticket" and change["action"] != "delete" and change["columns"].get(DUE, "") != ""
    }


def _compare_due_dates(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    present = _due_dates(found["changes"])
    inserted = {str(c["pk"]) for c in found["changes"] if c["table"] == "ticket" and c["action"] == "insert"}
    kept = {pk: due for pk, due in present.items() if due is not None or pk not in inserted}
    return differences(_due_dates(expected["changes"]), kept, bindings=_bound(found), exact=True, at="$.due")


def _compare_mails(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Compare who gets which template from which address."""
    wanted, present = expected["mails"], found["mails"]
    if len(wanted) != len(present):
        return [f"$.mails: expected {_short(wanted)}, found {_short(present)}"]
    lines: list[str] = []
    for position, (one, ours) in enumerate(zip(wanted, present, strict=True)):
        at = f"$.mails[{position}]"
        if ours["template"] and ours["template"] not in one["template"]:
            lines.append(f"{at}.template: expected one of {one['template']}, found {ours['template']}")
        for part in ("to", "cc"):
            lines += differences(one.get(part, ""), ours[part], at=f"{at}.{part}")
        lines += differences(_address(one["from"]), ours["from"], at=f"{at}.from")
    return lines


def _short(mails: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [(mail["template"], mail["to"], mail.get("cc", "")) for mail in mails]


def _address(mailbox: str) -> str:
    return mailbox.rpartition("<")[2].rstrip(">")


def _compare_mail_texts(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Compare what only a made mail has: subject, headers, signature."""
    texts = ("subject", "auto_submitted", "precedence", "signature", "from")
    wanted = [{key: mail[key] for key in texts if key in mail} for mail in expected["mails"]]
    return differences(wanted, [mail["text"] for mail in found["mails"]], bindings=_bound(found), at="$.mails")


# --- Together ---------------------------------------------------------------------------------------------------------


def _waits_for_operations(case: RecordedCase) -> str:
    """Name what the set-up does and nothing carries out yet."""
    steps = case.given.get("setup", [])
    kinds = {operation_kind(step) for step in steps}
    return ", ".join(sorted(kinds - OPERATIONS.keys()))


def _bound(found: Mapping[str, Any]) -> Bindings:
    return Bindings(now=found["now"], values=dict(found["numbers"]))


ASPECTS = (
    Aspect("outcome", _compare_outcome, _waits_for_operations),
    Aspect("rows", _compare_rows, _waits_for_operations),
    Aspect(
        "due date",
        _compare_due_dates,
        _waits_for_operations,
        concerns=lambda case: any(change["table"] == "ticket" for change in case.expect["changes"]),
    ),
    Aspect("mails", _compare_mails, _waits_for_operations),
    Aspect(
        "mail texts",
        _compare_mail_texts,
        _waits_for_operations,
        concerns=lambda case: bool(expectation_for(case)[0]["mails"]),
    ),
)
