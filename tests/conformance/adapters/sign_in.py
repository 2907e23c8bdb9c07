"""Adapters for the flows of `auth.json` at the agents' door (osticket/auth.md §3 and §14).

osTicket shows the first queue, or the page for a new password, under the address of the start page; ours have addresses
of their own, and following the redirect to them is part of the flow. A session row counts for the agent whom it lets
in, for 0 until then.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urljoin

from bs4 import BeautifulSoup
from django.core import mail
from django.test import Client, override_settings

from helpdesk.accounts.second_factor import mailed_code
from helpdesk.accounts.services.tokens import RESET_TOKENS
from helpdesk.configuration.models import ConfigItem, SystemLogEntry
from helpdesk.mail.rendering import RenderedMail, render
from helpdesk.outbox.models import Effect
from helpdesk.people.models import Agent
from tests.conformance.base_rows import apply_given, load_base_rows
from tests.conformance.comparison import differences
from tests.conformance.environment import PASSWORD_COST
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter

FILE = "auth.json"
SIGN_IN, START, NEW_PASSWORD, RESET = "/scp/login.php", "/scp/index.php", "/scp/password/", "/scp/pwreset.php"
THEIRS = {"csrfmiddlewaretoken": "__CSRFToken__", "code": "_<hash16>", "do": "do"}
"""Inputs of the page for the code by the names of osTicket's."""
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


@adapter(FILE, "staff_login_2fa", uses_database=True)
def sign_in_with_code(case: RecordedCase) -> dict[str, Any]:
    """The name of osTicket's input for the code changes with the session; ours is `code`."""
    with _recorded_world(case) as browser:
        login = _send(browser, "adminada", "Secret-pw-1")
        between = browser.get(START)
        form = BeautifulSoup(browser.get(SIGN_IN).content, "html.parser").select_one("form")
        names = [str(field["name"]) for field in form.select("input[name]")] if form else []
        effect = Effect.objects.get()
        letter = render(effect.payload, key=effect.key)
        code = {"the code of the mail": str(mailed_code(effect.payload["context"]["code"]))}
        token = browser.cookies["ostler_agent_csrf"].value
        sent = {"do": "2fa", "code": code[case.input["code"]], "ajax": "1", "csrfmiddlewaretoken": token}
        answer = browser.post(SIGN_IN, sent)
        told = {**answer.json(), "redirect": urljoin(SIGN_IN, answer.json()["redirect"])}
        after = browser.get(START, follow=True)
        return {
            "login": login,
            "GET_scp_index": {"status": between.status_code, "location": _path(between)},
            "login_page_fields": [theirs for ours, theirs in THEIRS.items() if ours in names],
            "email": [_told(letter)],
            "post_code": {"status": answer.status_code, "json": told, "location": _path(answer)},
            "GET_scp_index_after": {"status": after.status_code, "location": _path(after)},
        }


@adapter(FILE, "staff_pwreset", uses_database=True)
def reset(case: RecordedCase) -> dict[str, Any]:
    with _recorded_world(case) as browser:
        answer = _ask(browser, {"do": "sendmail", "userid": case.input["userid"]})
        tokens = list(ConfigItem.objects.filter(namespace=RESET_TOKENS))
        letters = [render(effect.payload, key=effect.key) for effect in Effect.objects.order_by("pk")]
        found: dict[str, Any] = {
            "sendmail_status": answer.status_code,
            "shows_sent_page": "Look into your mailbox" in answer.content.decode(),
            "emails": [_told(letter) for letter in letters],
            "config_rows": [{"namespace": one.namespace, "key": one.key, "value": one.value} for one in tokens],
        }
        if "use_token" in case.expect:
            other = Client(enforce_csrf_checks=True, headers={"user-agent": "case-agent"})
            other.get(RESET, {"token": tokens[0].key})
            name = case.input["then_login_with"]
            used = _ask(other, {"do": "newpasswd", "userid": name, "token": tokens[0].key})
            is_in = _path(used) == NEW_PASSWORD and other.get(NEW_PASSWORD).status_code == 200
            found["use_token"] = {"status": used.status_code, "location": "index.php" if is_in else None}
            found["change_passwd"] = int(Agent.objects.get(pk=FIRST_AGENT).change_passwd)
            found["config_rows_after"] = ConfigItem.objects.filter(namespace=RESET_TOKENS).count()
        return found


def _told(letter: RenderedMail) -> list[str]:
    """Give address and subject; the texts of a new installation name the program, which is another one here."""
    return [letter.to[0].address, letter.subject.replace("Ostler", "osTicket")]


def _ask(browser: Client, form: dict[str, str]) -> Any:
    browser.get(RESET)
    return browser.post(RESET, {**form, "csrfmiddlewaretoken": browser.cookies["ostler_agent_csrf"].value})
