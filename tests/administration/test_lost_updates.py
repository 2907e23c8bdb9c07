"""Two people with the same form open: the second one is told before he replaces what the first one saved."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from django.test import Client
from django.urls import reverse

from helpdesk.forms.models import CustomList, Form, FormField
from helpdesk.knowledge.models import Page
from helpdesk.mail.models import TemplateSet
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department, Role, Team
from sla.business_hours import Repeat
from sla.models import Schedule, SlaPlan
from sla.services import EntryDraft, store_entry
from tests.administration.forms import _values
from tests.filters.making import make_filter
from tickets.models import HelpTopic, Queue, QueueColumn, QueueSort

pytestmark = pytest.mark.django_db
MEANWHILE = "Somebody else has changed this meanwhile."


def _admin(row: Any) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def _entry() -> str:
    draft = EntryDraft(
        name="Late", repeats=Repeat.DAILY, starts_on=date(2030, 1, 1), starts_at=time(8), ends_at=time(9)
    )
    return reverse(
        "admin:schedule_entry", args=[store_entry(Schedule.objects.get(pk=1), draft, actor=Actor.system()).pk]
    )


def _filter() -> str:
    made = make_filter(("email", "contains", "acme"), actions={"reject": {}})
    return reverse("admin:filter", args=[made.pk])


def _set() -> int:
    return TemplateSet.objects.order_by("pk")[0].pk


EDITORS: dict[str, tuple[Any, str]] = {
    "SLA plan": (lambda: _admin(SlaPlan.objects.get(pk=1)), "name"),
    "help topic": (lambda: _admin(HelpTopic.objects.order_by("pk")[0]), "notes"),
    "page": (lambda: _admin(Page.objects.filter(type="landing")[0]), "notes"),
    "department": (lambda: _admin(Department.objects.get(pk=1)), "name"),
    "team": (lambda: _admin(Team.objects.get(pk=1)), "notes"),
    "role": (lambda: _admin(Role.objects.get(pk=2)), "notes"),
    "schedule": (lambda: reverse("admin:schedule", args=[1]), "description"),
    "entry": (_entry, "name"),
    "form": (lambda: reverse("admin:form", args=[Form.objects.get(type="T").pk]), "instructions"),
    "field": (lambda: reverse("admin:form_field", args=[FormField.objects.get(name="subject").pk]), "hint"),
    "list": (lambda: reverse("admin:list", args=[CustomList.objects.order_by("pk")[0].pk]), "notes"),
    "filter": (_filter, "rule-0-val"),
    "settings": (lambda: reverse("admin:settings", args=["system"]), "helpdesk_title"),
    "set of templates": (
        lambda: reverse("admin:template_set", args=[_set()]),
        "notes",
    ),
    "template": (
        lambda: reverse("admin:template_text", args=[_set(), "ticket.autoresp"]),
        "subject",
    ),
    "queue": (lambda: reverse("agent:edit_queue", args=[Queue.objects.filter(title="Open")[0].pk]), "heading-0"),
    "column": (lambda: reverse("agent:queue_column", args=[QueueColumn.objects.order_by("pk")[0].pk]), "name"),
    "order": (lambda: reverse("agent:queue_order", args=[QueueSort.objects.order_by("pk")[0].pk]), "name"),
}
"""Where each editor is, and a text that it saves."""


def form_of(page: Any) -> dict[str, Any]:
    """Give what the browser sends for the form with the mark, its first button pressed."""
    (form,) = {id(one.find_parent("form")): one.find_parent("form") for one in _marks(page)}.values()
    assert isinstance(form, Tag)
    data: dict[str, list[str]] = {}
    for element in form.select("input[name], select[name], textarea[name]"):
        if not element.has_attr("disabled") and not element.find_parent("template"):
            data.setdefault(str(element["name"]), []).extend(_values(element))
    del data["csrfmiddlewaretoken"]
    button = form.select_one("button:not([formmethod])")
    if button is not None and button.has_attr("name"):
        data[str(button["name"])] = [str(button.get("value", ""))]
    return data


def _marks(page: Any) -> list[Tag]:
    return BeautifulSoup(page.content, "html.parser").select("input[name=seen]")


@pytest.mark.parametrize("kind", list(EDITORS))
def test_nobody_replaces_what_he_has_not_seen(browser: Client, kind: str) -> None:
    where, field = EDITORS[kind]
    address = where()
    mine, theirs = (form_of(browser.get(address)) for _ in range(2))
    assert mine == theirs
    assert browser.post(address, {**theirs, field: "Theirs"}).status_code == 302
    assert form_of(browser.get(address))[field] == ["Theirs"]

    refused = browser.post(address, {**mine, field: "Mine"})
    assert refused.status_code in {200, 409, 422}
    assert MEANWHILE in refused.content.decode()
    assert form_of(browser.get(address))[field] == ["Theirs"]

    again = form_of(refused)
    assert again[field] == ["Mine"]
    assert browser.post(address, again).status_code == 302
    assert form_of(browser.get(address))[field] == ["Mine"]
