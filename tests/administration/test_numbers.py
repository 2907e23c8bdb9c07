"""Numbers that no id is, sent by hand to the pages of administrators: answered, not an error of the server."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from helpdesk.configuration.models import SystemLogEntry

POSTS: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "filter_order": ("/admin/filters/", lambda n: {"action": "order", "order": [n]}),
    "filter_up": ("/admin/filters/", lambda n: {"action": f"up-{n}"}),
    "filter_off": ("/admin/filters/", lambda n: {"action": f"off-{n}"}),
    "filter_save": ("/admin/filters/add/", lambda n: {"do": "save", "rule": [n], "action": [n], "execorder": n}),
    "filter_rows": ("/admin/filters/add/", lambda n: {"do": "add_rule", "rule": [n], "action": [n]}),
    "field_up": ("/admin/forms/2/", lambda n: {"action": f"up-{n}"}),
    "field_order": ("/admin/forms/2/", lambda n: {"action": "order", "order": [n]}),
    "field_remove": ("/admin/forms/2/", lambda n: {"action": f"remove-{n}"}),
    "item_up": ("/admin/lists/1/", lambda n: {"action": f"up-{n}"}),
    "item_remove": ("/admin/lists/1/", lambda n: {"action": f"remove-{n}"}),
    "schedule_entry": ("/admin/schedules/1/", lambda n: {"action": f"remove-{n}"}),
    "mailbox": ("/admin/mailboxes/", lambda n: {"action": "fetch", "account": n}),
    "topic_up": ("/admin/topic-forms/1/", lambda n: {"action": f"up-{n}", "order": [n], "fields": [n], "form": n}),
    "topic_add": ("/admin/topic-forms/1/", lambda n: {"action": "add", "form": n}),
    "log_lines": (
        "/admin/hd_configuration/systemlogentry/",
        lambda n: {"action": "delete_chosen", "_selected_action": [n], "index": "0"},
    ),
    "ban_list": ("/scp/ban-list/", lambda n: {"action": f"remove-{n}"}),
}


@pytest.mark.parametrize("number", ["9" * 4400, "9" * 20], ids=["4400_digits", "20_digits"])
def test_they_are_answered(browser: Client, number: str) -> None:
    SystemLogEntry.objects.create(log_type="Error", title="x", log="x", logger="", ip_address="")
    browser.raise_request_exception = False
    found = {name: browser.post(path, data(number)).status_code for name, (path, data) in POSTS.items()}
    found["ban_list_page"] = browser.get("/scp/ban-list/", {"after": number}).status_code
    found["agent_form"] = browser.get("/admin/hd_people/agent/add/", {"access": number}).status_code
    assert {name: status for name, status in found.items() if status >= 500} == {}
    assert SystemLogEntry.objects.filter(title="x").count() == 1
