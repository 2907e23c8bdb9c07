"""Where our search differs from the recorded one on purpose (`queues.json`)."""

from __future__ import annotations

import re
from typing import Any

from tests.conformance.deviation import Deviation, Reason
from tests.conformance.recorded import RecordedCase

FILE = "queues.json"
SHORTEST_TEXT = 3
"""Bytes: osTicket ignores a shorter text."""


def _text(case: RecordedCase) -> str:
    return str(case.input.get("query", "")) if (case.file, case.kind) == (FILE, "search") else ""


def _is_ignored(case: RecordedCase) -> bool:
    text = _text(case).strip()
    return 0 < len(text.encode()) < SHORTEST_TEXT and not text.isdecimal()


def _finds_nothing(case: RecordedCase) -> dict[str, Any]:
    return {**case.expect, "matches": []}


def _beginning(case: RecordedCase) -> str:
    """Give the beginning of a word that a text asks for with a star, '' for other texts."""
    found = re.fullmatch(r"(\w{3,})\*", _text(case).strip())
    return found[1].casefold() if found else ""


def _begins_in(case: RecordedCase, text: str) -> bool:
    return any(word.startswith(_beginning(case)) for word in re.findall(r"\w+", text.casefold()))


def _with_beginning(case: RecordedCase) -> dict[str, Any]:
    """All tickets in which a word begins so: in number, subject, entries, or what their owners are called."""
    data = case.given["data"]
    owners = {row["id"] for row in data["users"] if _begins_in(case, row["name"]) or _begins_in(case, row["email"])}
    found = [
        row["ticket_id"]
        for row in data["tickets"]
        if row["user_id"] in owners
        or _begins_in(case, f"{row['number']} {row['subject']}")
        or any(_begins_in(case, re.sub("<[^>]+>", " ", entry["body"])) for entry in row.get("entries", []))
    ]
    return {**case.expect, "matches": found}


QUEUE_DEVIATIONS = (
    Deviation(
        name="words too short to be looked for find nothing",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket drops the condition and lists every ticket; we list none and say why.",
        applies=_is_ignored,
        expectation=_finds_nothing,
    ),
    Deviation(
        name="a star asks for the beginning of a word",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation="osTicket knows the star only beside another sign of its boolean mode, and else finds nothing.",
        applies=lambda case: bool(_beginning(case)),
        expectation=_with_beginning,
    ),
)
