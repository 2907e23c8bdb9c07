"""Where we differ from the recorded osTicket on purpose.

A rule says to which cases it applies, by what a case contains, never by its id, and what must happen there instead; the
runner checks that. There are four reasons for a rule, no others: being merely different is a bug.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from helpdesk.legacy.crypto import SecretUnreadable, decrypt
from tests.conformance.account_deviations import ACCOUNT_DEVIATIONS
from tests.conformance.api_deviations import API_DEVIATIONS
from tests.conformance.comparison import DATABASE_TIME
from tests.conformance.deviation import Deviation, Reason
from tests.conformance.environment import PASSWORD_COST
from tests.conformance.filter_deviations import FILTER_DEVIATIONS
from tests.conformance.lifecycle_deviations import LIFECYCLE_DEVIATIONS
from tests.conformance.mail_deviations import MAIL_DEVIATIONS
from tests.conformance.mail_thread_deviations import MAIL_THREAD_DEVIATIONS
from tests.conformance.queue_deviations import QUEUE_DEVIATIONS
from tests.conformance.recorded import RecordedCase, support_file
from tests.conformance.task_deviations import TASK_DEVIATIONS
from tests.conformance.template_deviations import TEMPLATE_DEVIATIONS
from tests.conformance.thread_deviations import THREAD_DEVIATIONS


class AmbiguousDeviationError(Exception):
    """Two rules claim the same case."""


def expectation_for(case: RecordedCase) -> tuple[Any, Deviation | None]:
    """What must happen in `case`, and the rule that says so where it is not what was recorded."""
    rule = rule_for(case)
    return (rule.expectation(case), rule) if rule else (case.expect, None)


@cache
def rule_for(case: RecordedCase) -> Deviation | None:
    """The rule that applies to `case`; raises `AmbiguousDeviationError` when there are two."""
    rules = [rule for rule in DEVIATIONS if rule.applies(case)]
    if len(rules) > 1:
        raise AmbiguousDeviationError(f"{case.test_id}: {', '.join(rule.name for rule in rules)}")
    return rules[0] if rules else None


# Passwords

_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$.{53}")
_DES = re.compile(r"[./0-9A-Za-z]{13}")
_EXTENDED_DES = re.compile(r"_[./0-9A-Za-z]{19}")


def _accepts_weakly_stored_password(case: RecordedCase) -> bool:
    if (case.file, case.kind) != ("auth.json", "check_password") or not case.expect["accepted"]["staff"]:
        return False
    bcrypt = _BCRYPT.fullmatch(case.given["stored"])
    is_strong = bcrypt is not None and int(bcrypt["cost"]) >= PASSWORD_COST
    return not is_strong and not _stored_value_accepts_other_texts(case)


def _stored_value_accepts_other_texts(case: RecordedCase) -> bool:
    """DES reads 8 characters, both DES kinds 7 bits of each: the typed text may be a misspelling of the real one."""
    stored, password = case.given["stored"], case.input["password"]
    if _DES.fullmatch(stored):
        return len(password) > 8 or not password.isascii()
    return bool(_EXTENDED_DES.fullmatch(stored)) and not password.isascii()


def _stored_with_our_cost(case: RecordedCase) -> dict[str, Any]:
    new_hash = f"$2a${PASSWORD_COST:02}$<hash>"
    return {**case.expect, "stored_after": {"staff": new_hash, "client": new_hash}}


# Sign-in of agents


def _is_sign_in_of_inactive_agent(case: RecordedCase) -> bool:
    return (case.file, case.kind) == ("auth.json", "staff_login") and _given_of_agent(case).get("isactive") == 0


def _refused(case: RecordedCase) -> dict[str, Any]:
    return {**case.expect, "json": {"message": "Access denied", "show_reset": True, "status": 401}}


def _signs_in_with_weakly_stored_password(case: RecordedCase) -> bool:
    if (case.file, case.kind) != ("auth.json", "staff_login") or _is_sign_in_of_inactive_agent(case):
        return False
    stored = _given_of_agent(case).get("passwd") or support_file("api_base.json")["tables"]["staff"][0]["passwd"]
    bcrypt = _BCRYPT.fullmatch(stored)
    is_strong = bcrypt is not None and int(bcrypt["cost"]) >= PASSWORD_COST
    return not is_strong and case.expect["json"].get("redirect") == "index.php"


def _stored_with_our_cost_at_sign_in(case: RecordedCase) -> dict[str, Any]:
    return {**case.expect, "staff": {**case.expect["staff"], "passwd": f"$2a${PASSWORD_COST:02}$<hash>"}}


def _given_of_agent(case: RecordedCase) -> dict[str, Any]:
    """What the case changes in the row of the agent who signs in."""
    changes: dict[str, Any] = {}
    for update in case.given.get("update", []):
        changes |= update["set"] if update["table"] == "staff" else {}
    return changes


# Encrypted secrets


def _is_readable_mcrypt_secret(case: RecordedCase) -> bool:
    return (
        (case.file, case.kind) == ("auth.json", "decrypt")
        and case.input["ciphertext"].startswith("$1$")
        and _plaintext_under_tag_2(case) is not None
    )


def _read_like_tag_2(case: RecordedCase) -> dict[str, Any]:
    return {"plaintext": _plaintext_under_tag_2(case), "failed": False}


def _plaintext_under_tag_2(case: RecordedCase) -> str | None:
    """The layout behind all tags is one: tag 1 must read as the same text does under the tag that PHP still reads."""
    ciphertext = "$2$" + case.input["ciphertext"].removeprefix("$1$")
    try:
        return decrypt(ciphertext, subkey=case.input["subkey"], secret_salt=case.given["SECRET_SALT"])
    except SecretUnreadable:
        return None


# Periods of queue criteria


def _is_miscounted_period(case: RecordedCase) -> bool:
    return (case.file, case.kind) == ("queues.json", "period") and _calendar_period(case) != case.expect


def _calendar_period(case: RecordedCase) -> dict[str, Any]:
    """Look through the days around now for those of the wanted week, month, quarter or year."""
    zone = ZoneInfo(case.given["timezone"])
    now = datetime.strptime(case.input["now_utc"], DATABASE_TIME).replace(tzinfo=UTC).astimezone(zone)
    code, day = case.input["period"], timedelta(days=1)
    today = now.date()
    nearby = [today + offset * day for offset in range(-800, 801)]
    name_of = _PERIOD_NAMES[code[1]] if code not in {"td", "yd"} else date.isoformat
    names = sorted({name_of(date) for date in nearby})
    wanted = names[names.index(name_of(today)) - (code[0] in {"l", "y"})]
    days = [date for date in nearby if name_of(date) == wanted]
    start = datetime.combine(days[0], time(), zone)
    end = datetime.combine(days[-1], time(23, 59, 59), zone)
    return {
        "start_utc": start.astimezone(UTC).strftime(DATABASE_TIME),
        "end_utc": end.astimezone(UTC).strftime(DATABASE_TIME),
    }


_PERIOD_NAMES: dict[str, Callable[[date], str]] = {
    "w": lambda day: "{:04}-{:02}".format(*day.isocalendar()[:2]),
    "m": lambda day: day.strftime("%Y-%m"),
    "q": lambda day: f"{day.year}-{(day.month - 1) // 3}",
    "y": lambda day: day.strftime("%Y"),
}


# Forms

_EMOTICONS = re.compile("[©®\u2702-\u27b0\U0001f000-\U0010ffff]")
_TAG = re.compile(r"<[a-z][^<>]*>", re.IGNORECASE)


def _loses_emoticons(case: RecordedCase) -> bool:
    if (case.file, case.kind) != ("forms.json", "field text"):
        return False
    value = case.input.get("value")
    return isinstance(value, str) and _EMOTICONS.sub("", value) == case.expect["stored_value"] != value


def _keeps_emoticons(case: RecordedCase) -> dict[str, Any]:
    value = case.input["value"]
    texts = ("stored_value", "cdata_value", "to_string", "filter_data", "searchable", "export")
    return {**case.expect, **dict.fromkeys(texts, value), "display": escape(value)}


def _hides_tags_of_plain_text(case: RecordedCase) -> bool:
    return (
        (case.file, case.kind) == ("forms.json", "field memo")
        and not case.given["configuration"].get("html", True)
        and _TAG.search(case.input["value"]) is not None
    )


def _shows_tags_of_plain_text(case: RecordedCase) -> dict[str, Any]:
    value = case.input["value"]
    return {**case.expect, "searchable": value, "export": value, "display": escape(value)}


DEVIATIONS = (
    Deviation(
        name="answers keep every character",
        reason=Reason.DATA_LOSS,
        explanation="osTicket removes emoji, and with them ©, ® and dingbats, from lines of text.",
        applies=_loses_emoticons,
        expectation=_keeps_emoticons,
    ),
    Deviation(
        name="plain long answers show what was typed",
        reason=Reason.DATA_LOSS,
        explanation="osTicket stores `<x>` in a plain answer but shows, exports and indexes it without.",
        applies=_hides_tags_of_plain_text,
        expectation=_shows_tags_of_plain_text,
    ),
    Deviation(
        name="periods follow the calendar",
        reason=Reason.PLAINLY_WRONG_RESULT,
        explanation=(
            "On Mondays osTicket's last week is the one before it; on the 29th to 31st its last month, last quarter "
            "and this quarter may begin or end in a wrong month."
        ),
        applies=_is_miscounted_period,
        expectation=_calendar_period,
    ),
    Deviation(
        name="weakly stored passwords are replaced by bcrypt of our cost",
        reason=Reason.SECURITY,
        explanation=(
            "osTicket keeps cost 8, phpass and crypt() hashes for ever and rehashes md5 with cost 8. A successful "
            "sign-in replaces all of these, in osTicket's notation, except where the old hash also accepts other texts."
        ),
        applies=_accepts_weakly_stored_password,
        expectation=_stored_with_our_cost,
    ),
    Deviation(
        name="inactive agents are refused at the sign-in",
        reason=Reason.SECURITY,
        explanation=(
            "osTicket signs an inactive agent in and sends him away at the next page, which tells a stranger that the "
            "password is right."
        ),
        applies=_is_sign_in_of_inactive_agent,
        expectation=_refused,
    ),
    Deviation(
        name="signing in replaces a weakly stored password",
        reason=Reason.SECURITY,
        explanation="The same as above, seen at the agents' door: osTicket keeps cost 8 and rehashes md5 with it.",
        applies=_signs_in_with_weakly_stored_password,
        expectation=_stored_with_our_cost_at_sign_in,
    ),
    Deviation(
        name="secrets written by mcrypt are decrypted",
        reason=Reason.DATA_LOSS,
        explanation=(
            "PHP 7.2 lost the library, and osTicket with it the mail passwords of old installations. "
            "The layout is that of the other tags."
        ),
        applies=_is_readable_mcrypt_secret,
        expectation=_read_like_tag_2,
    ),
    *API_DEVIATIONS,
    *ACCOUNT_DEVIATIONS,
    *LIFECYCLE_DEVIATIONS,
    *TASK_DEVIATIONS,
    *FILTER_DEVIATIONS,
    *QUEUE_DEVIATIONS,
    *THREAD_DEVIATIONS,
    *TEMPLATE_DEVIATIONS,
    *MAIL_DEVIATIONS,
    *MAIL_THREAD_DEVIATIONS,
)
