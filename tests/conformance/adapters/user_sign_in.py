"""Adapters for the flows of `auth.json` at the end users' door (osticket/auth.md §5 to §7, §14).

Our pages have addresses of their own; what is compared is whether one is let in, told why not, or sent on.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.test import Client, override_settings

from helpdesk.configuration.models import ConfigItem, SystemLogEntry
from helpdesk.mail.rendering import render
from helpdesk.outbox.models import Effect
from helpdesk.people.models import UserAccount
from tests.conformance.base_rows import apply_given, load_base_rows
from tests.conformance.environment import PASSWORD_COST
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter

FILE = "auth.json"
SIGN_IN, TICKETS, RESET, PROFILE = "/login.php", "/tickets/", "/pwreset.php", "/account/"
STATUS = "/tickets/status/"
_LINK = re.compile(r"(/view\.php\?auth=[^\"<> ]+)")
THEIRS = {TICKETS: "tickets.php", PROFILE: "account.php?confirmed"}


@contextmanager
def _recorded_world(case: RecordedCase) -> Iterator[Client]:
    load_base_rows()
    apply_given(case.given)
    with override_settings(PASSWORD_COST=PASSWORD_COST):
        yield Client(headers={"user-agent": "case-agent"})


def _location(answer: Any, *, otherwise: str | None = None) -> str | None:
    if not answer.has_header("Location"):
        return None
    path = answer["Location"].partition("?")[0]
    return THEIRS.get(path, otherwise or path)


def _message(answer: Any, wanted: Any) -> str | None:
    """Give the wanted text when the page shows it: all else of a page is ours."""
    text = answer.content.decode().replace("&#x27;", "'")
    return wanted if wanted and wanted in text else None


def _accounts(before: dict[int, str | None]) -> list[dict[str, Any]]:
    return [
        {"passwd": "unchanged" if before.get(row.pk) == row.passwd else row.passwd, "status": int(row.status)}
        for row in UserAccount.objects.order_by("pk")
    ]


def _is_signed_in(browser: Client) -> bool:
    page = browser.get(PROFILE)
    return page.status_code == 200


@adapter(FILE, "client_login", uses_database=True)
def sign_in(case: RecordedCase) -> dict[str, Any]:
    with _recorded_world(case) as browser:
        before = dict(UserAccount.objects.values_list("pk", "passwd"))
        answer = browser.post(SIGN_IN, {"luser": case.input["luser"], "lpasswd": case.input["lpasswd"]})
        found = {
            "status": answer.status_code,
            "location": _location(answer),
            "account": _accounts(before),
            "then_GET_tickets": {"status": 200, "logged_in": _is_signed_in(browser)},
        }
        if "message" in case.expect:
            found["message"] = _message(answer, case.expect["message"])
        return found


@adapter(FILE, "client_lockout", uses_database=True)
def fail_often(case: RecordedCase) -> dict[str, Any]:
    with _recorded_world(case) as browser:
        answers = [browser.post(SIGN_IN, {"luser": "jodoe", "lpasswd": "wrong"}) for _ in range(case.input["failures"])]
        last = browser.post(SIGN_IN, {"luser": "jodoe", "lpasswd": "Client-pw-9"})
        then: Any = case.expect["then"]
        told = _message(last, then) if isinstance(then, str) else {
            "status": last.status_code, "location": _location(last)
        }  # fmt: skip
        failed = [_message(one, text) for one, text in zip(answers, case.expect["failed_messages"], strict=True)]
        lines = SystemLogEntry.objects.order_by("log_id").values_list("log_type", "title")
        mails = [[effect.payload["to"][0]["address"], effect.payload["subject"]] for effect in Effect.objects.all()]
        return {
            "failed_messages": failed,
            "then": told,
            "syslog": [list(line) for line in lines],
            "emails": mails,
        }


@adapter(FILE, "client_pwreset", uses_database=True)
def reset(case: RecordedCase) -> dict[str, Any]:
    with _recorded_world(case) as browser:
        answer = browser.post(RESET, {"do": "sendmail", "userid": case.input["userid"]})
        tokens = list(ConfigItem.objects.filter(namespace="pwreset"))
        found: dict[str, Any] = {
            "status": answer.status_code,
            "emails": [_letter(effect) for effect in Effect.objects.order_by("pk")],
            "config_rows": [{"namespace": one.namespace, "key": one.key, "value": one.value} for one in tokens],
        }
        if "use_token" in case.expect:
            used = _follow(browser, tokens[0].key)
            found["use_token"] = {"status": used.status_code, "location": "index.php" if _location(used) else None}
            found["user_account.status"] = int(UserAccount.objects.order_by("pk")[0].status)
        return found


@adapter(FILE, "client_confirm", uses_database=True)
def confirm(case: RecordedCase) -> dict[str, Any]:
    with _recorded_world(case) as browser:
        answer = _follow(browser, "T" * 48)
        return {
            "status": answer.status_code,
            "location": _location(answer),
            "user_account.status": int(UserAccount.objects.order_by("pk")[0].status),
            "config_rows_left": ConfigItem.objects.filter(namespace="pwreset").count(),
        }


def _follow(browser: Client, token: str) -> Any:
    """Follow a link and press the button there, which osTicket's page does not have."""
    page = browser.get(RESET, {"token": token})
    return browser.post(RESET, {"token": token}) if page.status_code == 200 else page


def _letter(effect: Effect) -> list[str]:
    mail = render(effect.payload, key=effect.key)
    return [f"{mail.to[0].name} <{mail.to[0].address}>", mail.subject]


@adapter(FILE, "client_access_link", uses_database=True)
def ask_for_link(case: RecordedCase) -> dict[str, Any]:
    """osTicket takes this form at the address of the sign-in; ours has an address of its own."""
    with _recorded_world(case) as browser:
        answer = browser.post(STATUS, {"lemail": case.input["lemail"], "lticket": case.input["lticket"]})
        letters = [render(effect.payload, key=effect.key) for effect in Effect.objects.order_by("pk")]
        found: dict[str, Any] = {
            "status": answer.status_code,
            "location": "tickets.php" if (_location(answer) or "").startswith(TICKETS) else _location(answer),
            "emails": [[f"{one.to[0].name} <{one.to[0].address}>", one.subject] for one in letters],
            "logged_in": _may_look(browser, 1),
        }
        if "message" in case.expect:
            sent = "Look into your mail" in answer.content.decode() and case.expect["emails"]
            found["message"] = case.expect["message"] if sent else _message(answer, case.expect["message"])
        if "link_in_mail" in case.expect:
            link = _LINK.search(letters[0].html or "") if letters else None
            found["link_in_mail"] = f"%{{url}}{html.unescape(link[1])}" if link else None
        return found


@adapter(FILE, "view", uses_database=True)
def follow_link(case: RecordedCase) -> dict[str, Any]:
    with _recorded_world(case) as browser, override_settings(SECRET_SALT=case.input["SECRET_SALT"]):
        answer = browser.get("/view.php", case.input["query"])
        inside = f"{TICKETS}{case.input['ticket']['ticket_id']}/"
        is_in = (_location(answer) or "") == inside
        looked = browser.get("/tickets.php", follow=True)
        return {
            "status": answer.status_code,
            "location": f"tickets.php?id={case.input['ticket']['ticket_id']}" if is_in else _location(answer),
            "then_GET_ticket": {"status": 200, "shows_ticket": _may_look(browser, case.input["ticket"]["ticket_id"])},
            "then_GET_tickets": {"status": looked.status_code, "location": None},
        }


def _may_look(browser: Client, ticket_id: int) -> bool:
    return browser.get(f"{TICKETS}{ticket_id}/").status_code == 200
