"""Adapters for the flows of `auth.json` at the agents' door (osticket/auth.md §3 and §14).

osTicket shows the first queue, or the page for a new password, under the address of the start page; ours have addresses
of their own, and following the redirect to them is part of the flow. A session row counts for the agent whom it lets
in, for 0 until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core import mail
from django.test import Client, override_settings

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.people.models import Agent
from tests.conformance.base_rows import apply_given, load_base_rows
from tests.conformance.comparison import differences
from tests.conformance.environment import PASSWORD_COST
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter

FILE = "auth.json"
SIGN_IN, START, NEW_PASSWORD = "/scp/login.php", "/scp/index.php", "/scp/password/"
FIRST_AGENT = 1


@contextmanager
def _recorded_world(case: RecordedCase) -> Iterator[Client]:
    """The rows of the case, and a browser that has fetched the sign-in page for its token."""
    load_base_rows()
    apply_given(case.given)
    browser = Client(enforce_csrf_checks=True, headers={"user-agent": "case-agent"})
    with override_settings(PASSWORD_COST=PASSWORD_COST):
        browser.get(SIGN_IN)
        yield browser


def _compare_by_user(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Our sessions live in a table of our own: only whose they are is compared."""
    rows = [{"user_id": row["user_id"]} for row in expected.get("session_rows", [])]
    return differences({**expected, "session_rows": rows} if rows else expected, found)


@adapter(FILE, "staff_login", compare=_compare_by_user, uses_database=True)
def sign_in(case: RecordedCase) -> dict[str, Any]:
    with _recorded_world(case) as browser:
        before = Agent.objects.get(pk=FIRST_AGENT)
        answer = _send(browser, case.input["userid"], case.input["passwd"], csrf=case.input.get("csrf", "right"))
        page = _start_page(browser)
        is_in = page.status_code == 200 and page.wsgi_request.path != NEW_PASSWORD
        return {
            **answer,
            "then_GET_scp_index": {"status": page.status_code, "location": _path(page)},
            "session_rows": [{"user_id": str(FIRST_AGENT) if is_in else "0"}],
            "staff": _password_columns(before),
            "syslog": _log_lines(),
        }


@adapter(FILE, "staff_lockout", uses_database=True)
def fail_often(case: RecordedCase) -> dict[str, Any]:
    with _recorded_world(case) as browser:
        failures = [_send(browser, "adminada", "wrong") for _ in range(case.input["failures"])]
        return {
            "failed_messages": [failure["json"]["message"] for failure in failures],
            "then": _send(browser, "adminada", "Secret-pw-1"),
            "syslog": _log_lines(),
            "emails": [[message.to[0], message.subject] for message in mail.outbox],
        }


def _start_page(browser: Client) -> Any:
    """What one sees at the start: the page behind the start address, or the way to the sign-in."""
    page = browser.get(START)
    while page.status_code == 302 and _path(page) != SIGN_IN:
        page = browser.get(page["Location"])
    return page


def _send(browser: Client, userid: str, password: str, *, csrf: str = "right") -> dict[str, Any]:
    form = {"userid": userid, "passwd": password, "do": "scplogin", "ajax": "1"}
    tokens = {"right": browser.cookies["ostler_agent_csrf"].value, "wrong": "0" * 32}
    if csrf in tokens:
        form["csrfmiddlewaretoken"] = tokens[csrf]
    answer = browser.post(SIGN_IN, form)
    return {"status": answer.status_code, "json": answer.json()}


def _path(response: Any) -> str | None:
    return response["Location"].partition("?")[0] if response.has_header("Location") else None


def _password_columns(before: Agent) -> dict[str, Any]:
    after = Agent.objects.get(pk=before.pk)
    stored = "unchanged" if after.passwd == before.passwd else after.passwd
    return {"passwd": stored, "change_passwd": int(after.change_passwd)}


def _log_lines() -> list[list[str]]:
    return [list(line) for line in SystemLogEntry.objects.order_by("log_id").values_list("log_type", "title")]
