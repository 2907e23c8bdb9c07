"""Where accounts of end users behave otherwise than osTicket's, on purpose (`auth.json`)."""

from __future__ import annotations

import re
from typing import Any

from tests.conformance.deviation import Deviation, Reason
from tests.conformance.environment import PASSWORD_COST
from tests.conformance.recorded import RecordedCase

_BCRYPT = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$.{53}")


def _is(case: RecordedCase, kind: str) -> bool:
    return (case.file, case.kind) == ("auth.json", kind)


def _account(case: RecordedCase) -> dict[str, Any]:
    rows = [row["values"] for row in case.given.get("rows", []) if row["table"] == "user_account"]
    return rows[0] if rows else {}


def _signs_in_weakly(case: RecordedCase) -> bool:
    if not _is(case, "client_login") or case.expect["location"] != "tickets.php":
        return False
    stored = _BCRYPT.fullmatch(_account(case).get("passwd") or "")
    return stored is None or int(stored["cost"]) < PASSWORD_COST


def _with_our_cost(case: RecordedCase) -> dict[str, Any]:
    rows = [{**row, "passwd": f"$2a${PASSWORD_COST:02}$<hash>"} for row in case.expect["account"]]
    return {**case.expect, "account": rows}


def _once_for_each(case: RecordedCase) -> dict[str, Any]:
    """One line for every failure beyond the limit and for every attempt that was refused; one mail."""
    lines = case.expect["syslog"]
    refused = max(case.input["failures"] - case.input["client_max_logins"], 0) + 1
    kept = [line for line in lines if line[0] != "Error"] + [line for line in lines if line[0] == "Error"][:refused]
    return {**case.expect, "syslog": kept, "emails": case.expect["emails"][:1]}


def _tells_why(case: RecordedCase) -> bool:
    return _is(case, "client_pwreset") and "message" in case.expect and _account(case).get("backend") != "client"


def _silent(case: RecordedCase) -> dict[str, Any]:
    return {key: value for key, value in case.expect.items() if key != "message"}


def _mailed(case: RecordedCase) -> dict[str, Any]:
    letter = ["Jo Doe <jo@acme.test>", "Acme Support Help Desk Access"]
    row = {"namespace": "pwreset", "key": "<48 chars>", "value": "c1"}
    return {**_silent(case), "emails": [letter], "config_rows": [row]}


def _link_is_used(case: RecordedCase) -> bool:
    return _is(case, "staff_pwreset") and bool(case.expect.get("config_rows_after"))


def _is_wrong_number(case: RecordedCase) -> bool:
    return _is(case, "client_access_link") and case.expect.get("message") == "Access denied"


ACCOUNT_DEVIATIONS = (
    Deviation(
        "a password that was chosen before the address was confirmed is chosen anew in another browser",
        Reason.SECURITY,
        "Anybody can register the address of somebody else: by confirming it he would let the stranger in.",
        applies=lambda case: _is(case, "client_confirm"),
        expectation=lambda case: {**case.expect, "user_account.status": 5},
    ),
    Deviation(
        "the link for a new password of an agent is good once",
        Reason.SECURITY,
        "osTicket keeps the token until the password is changed: who reads the mail later comes in by it, too.",
        applies=_link_is_used,
        expectation=lambda case: {**case.expect, "config_rows_after": 0},
    ),
    Deviation(
        "who asks for an access link learns nothing about the ticket",
        Reason.SECURITY,
        "osTicket's refusal tells a stranger which numbers and addresses belong together.",
        applies=_is_wrong_number,
        expectation=lambda case: {**case.expect, "message": None},
    ),
    Deviation(
        "signing in replaces a weakly stored password of an end user",
        Reason.SECURITY,
        "The column may leak: bcrypt of a lower cost than ours is replaced while the password is at hand.",
        applies=_signs_in_weakly,
        expectation=_with_our_cost,
    ),
    Deviation(
        "too many failures of an end user are noted once each, and mailed once",
        Reason.SECURITY,
        "osTicket notes a refusal twice and mails every one: a stranger can fill the administrator's mailbox.",
        applies=lambda case: _is(case, "client_lockout") and len(case.expect["emails"]) > 1,
        expectation=_once_for_each,
    ),
    Deviation(
        "who asks for a new password learns nothing about the account",
        Reason.SECURITY,
        "osTicket's refusal tells a stranger that there is such an account, and what it may.",
        applies=_tells_why,
        expectation=_silent,
    ),
    Deviation(
        "an account of the local backend may reset its password",
        Reason.PLAINLY_WRONG_RESULT,
        "The local backend of end users is called client; osTicket looks for the agents' name of it.",
        applies=lambda case: _is(case, "client_pwreset") and _account(case).get("backend") == "client",
        expectation=_mailed,
    ),
)
