"""Where what we do to conversations and families of tickets differs from what was recorded on purpose."""

from __future__ import annotations

from typing import Any

from tests.conformance.deviation import Deviation, Reason
from tests.conformance.recorded import RecordedCase

FILE = "lifecycle.json"
_RENEW = "POST /scp/ajax.php/lock/<id>/ticket/<id>/renew"
_MERGE = "POST /scp/ajax.php/tickets/<id>/merge"


def _was_linked_and_says_no(case: RecordedCase) -> bool:
    if case.file != FILE or case.kind not in {"ticket.merge", _MERGE}:
        return False
    values = case.input.get("body") or case.input["args"]["vars"]
    is_refusal = case.expect.get("http_status") == 404 or case.expect.get("result") is False
    return values.get("title") == "link" and is_refusal and bool(case.expect["changes"])


def _says_yes(case: RecordedCase) -> dict[str, Any]:
    kept = {key: value for key, value in case.expect.items() if key not in {"body", "http_status", "result"}}
    return {**kept, **({"http_status": 201} if "http_status" in case.expect else {"result": True})}


def _crashes_while_refusing_to_renew(case: RecordedCase) -> bool:
    return (case.file, case.kind) == (FILE, _RENEW) and case.expect["http_status"] == 500


def _refuses_to_renew(case: RecordedCase) -> dict[str, Any]:
    return {**case.expect, "http_status": 403, "json": {"id": 0, "retry": False}}


THREAD_DEVIATIONS: tuple[Deviation, ...] = (
    Deviation(
        name="tickets that were linked are said to be linked",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket links the tickets and answers that they could not be managed.",
        applies=_was_linked_and_says_no,
        expectation=_says_yes,
    ),
    Deviation(
        name="renewing the lock of somebody else is refused in words",
        reason=Reason.CRASH,
        explanation="osTicket means to refuse and fails on the way: the script learns nothing.",
        applies=_crashes_while_refusing_to_renew,
        expectation=_refuses_to_renew,
    ),
)
