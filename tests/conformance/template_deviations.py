"""Where e-mail templates say something else than osTicket's, on purpose (`mail-templates.json`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from html import escape, unescape
from typing import Any

from tests.conformance.deviation import Deviation, Reason
from tests.conformance.recorded import RecordedCase

_TOKEN = re.compile(r"%\{([\w.]+)\}")
_TIME = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d\d)[\u202f ](?P<half>AM|PM)?")


def _is_template(case: RecordedCase) -> bool:
    return case.file == "mail-templates.json" and isinstance(case.expect.get("output"), str)


def _texts_with_marks(fixture: Mapping[str, Any]) -> Iterator[str]:
    """Give the texts of the objects that mean something else in HTML than as text, as osTicket puts them in."""
    yield fixture["dept"]["name"]
    yield fixture["owner"]["organization"]["name"]
    for person in (fixture["owner"], *fixture["collaborators"]):
        yield f"{person['name']} <{person['email']}>"
    yield escape(fixture["ticket"]["subject_stored"].replace("  ", " "), quote=False)


def _escaped(case: RecordedCase) -> str:
    output: str = case.expect["output"]
    for text in _texts_with_marks(case.given["fixture"]):
        output = output.replace(text, escape(unescape(text)))
    return output


def _array(case: RecordedCase) -> dict[str, Any]:
    found = re.search(r"(\w+)=(\{.*\}) \(array\)", case.given["context_variables"])
    return {found[1]: json.loads(found[2])} if found else {}


def _looked_up(case: RecordedCase) -> str:
    def value(token: re.Match[str]) -> str:
        place: Any = _array(case)
        for step in token[1].split("."):
            place = place.get(step, "") if isinstance(place, dict) else ""
        return "" if isinstance(place, dict) else str(place)

    return _TOKEN.sub(value, case.input["template"])


def _on_24_hours(time: re.Match[str]) -> str:
    hour = int(time["hour"]) % 12 + (12 if time["half"] == "PM" else 0)
    return f"{hour:02}:{time['minute']}"


def _output(text: str) -> dict[str, Any]:
    return {"output": text, "errors": []}


TEMPLATE_DEVIATIONS = (
    Deviation(
        "values of variables are escaped in HTML",
        Reason.SECURITY,
        "A name or subject is text that somebody wrote: put in raw, it becomes markup of our mail.",
        applies=lambda case: _is_template(case) and _escaped(case) != case.expect["output"],
        expectation=lambda case: _output(_escaped(case)),
    ),
    Deviation(
        "a variable with an empty step is empty",
        Reason.CRASH,
        "`%{ticket.}` ends the request of osTicket, and the mail is never sent.",
        applies=lambda case: case.file == "mail-templates.json" and "exception" in case.expect,
        expectation=lambda case: _output(re.sub(r"%\{\w+\.[\w.]*\}", "", case.input["template"])),
    ),
    Deviation(
        "a table of texts is looked up to its end",
        Reason.PLAINLY_WRONG_RESULT,
        "PHP writes the word Array where a table stands.",
        applies=lambda case: _is_template(case) and bool(_array(case)) and "Array" in case.expect["output"],
        expectation=lambda case: _output(_looked_up(case)),
    ),
    Deviation(
        "an open task has no closing date",
        Reason.PLAINLY_WRONG_RESULT,
        "osTicket mails the variable itself.",
        applies=lambda case: _is_template(case) and "%{task.close_date}" in case.expect["output"],
        expectation=lambda case: _output(case.expect["output"].replace("%{task.close_date}", "")),
    ),
    Deviation(
        "the ticket of a task is found",
        Reason.PLAINLY_WRONG_RESULT,
        "`%{task.ticket}` is documented, and empty for every task of a ticket.",
        applies=lambda case: _is_template(case) and case.input["template"] == "[%{task.ticket.number}]",
        expectation=lambda case: _output(f"[{case.given['fixture']['ticket']['number']}]"),
    ),
    Deviation(
        "a clock of 24 hours shows hours",
        Reason.PLAINLY_WRONG_RESULT,
        "With date_formats 24 osTicket drops AM and PM from some times and keeps a clock of twelve hours.",
        applies=lambda case: _is_template(case) and (case.given.get("config") or {}).get("date_formats") == "24",
        expectation=lambda case: _output(_TIME.sub(_on_24_hours, case.expect["output"])),
    ),
)
