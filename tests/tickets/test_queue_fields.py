"""Every field that a queue can ask for is shown by columns and exports; those of help topics' forms are offered."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk.forms import cdata
from helpdesk.forms.constants import FieldFlag, FormFlag
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField
from helpdesk.people.access import access_of
from helpdesk.people.models import Agent, Department, EndUser
from helpdesk.threads.models import Thread
from tests.factories import EndUserFactory, HelpTopicFactory, OrganizationFactory
from tests.sign_in import agent_client
from tests.tickets.conftest import NOW, Desk
from tickets.constants import QueueFlag, TicketFlag
from tickets.criteria import Criterion, compile_criteria
from tickets.models import HelpTopic, Queue, QueueColumn, QueueColumnPlacement, QueueExportField, Ticket
from tickets.navigation import context_for
from tickets.reference_data import forget_reference_data
from tickets.selectors import queue_for, queue_page

OPEN = 1


@pytest.fixture
def browser(desk: Desk) -> Client:
    Agent.objects.filter(pk=desk.agent.pk).update(isadmin=True)
    return agent_client(Agent.objects.get(pk=desk.agent.pk))


@pytest.fixture
def form(desk: Desk) -> Form:
    return Form.objects.create(title="Devices", type="G", flags=FormFlag(1))


def field_of(form: Form, label: str, **values: Any) -> FormField:
    number = form.fields.count() + 1
    return FormField.objects.create(form=form, label=label, name=f"f{number}", sort=number, **values)


def answer(object_type: str, object_id: int, field: FormField, value: str) -> None:
    entry, _is_new = FormEntry.objects.get_or_create(object_type=object_type, object_id=object_id, form=field.form)
    FormAnswer.objects.update_or_create(entry=entry, field=field, defaults={"value": value})


def path_of(field: FormField) -> str:
    return f"entries__answers!{field.pk}__value"


def field_named(object_type: str, name: str) -> FormField:
    return cdata.fields_by_column(object_type)[name]


def soup(response: Any) -> BeautifulSoup:
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def show(*paths: str) -> None:
    """Let the open queue show and export these fields alone, as rows of an adopted database."""
    QueueColumnPlacement.objects.filter(queue_id=OPEN).delete()
    QueueExportField.objects.filter(queue_id=OPEN).delete()
    for number, path in enumerate(paths, 1):
        column = QueueColumn.objects.create(name=f"Column {number}", primary=path, truncate="wrap")
        QueueColumnPlacement.objects.create(queue_id=OPEN, column=column, sort=number, heading=path, bits=1)
        QueueExportField.objects.create(queue_id=OPEN, path=path, heading=path, sort=number)
    forget_reference_data()


def exported(browser: Client) -> list[dict[str, str]]:
    response: Any = browser.get(f"/scp/queues/{OPEN}/export.csv")
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


def full_ticket(desk: Desk, serial: FormField) -> Ticket:
    """A ticket that has something for every path."""
    organization = OrganizationFactory.new(name="Acme")
    user = EndUserFactory.new(name="Ann Bee", address=None, org=organization)
    ticket = desk.ticket(subject="Printer", user=user)
    answer("U", user.pk, field_named("U", "phone"), "5551234")
    answer("O", organization.pk, field_named("O", "phone"), "5559876")
    answer("T", ticket.pk, serial, "SN-7")
    Ticket.objects.filter(pk=ticket.pk).update(
        topic=HelpTopic.objects.filter(topic="Repairs").first() or HelpTopicFactory.new(topic="Repairs"),
        flags=TicketFlag.LINKED | TicketFlag.SEPARATE_THREADS,
        duedate=NOW,
        est_duedate=NOW + timedelta(days=1),
    )
    Thread.objects.filter(object_id=ticket.pk, object_type="T").update(lastmessage=NOW, lastresponse=NOW)
    Department.objects.filter(pk=desk.department.pk).update(manager=desk.colleague)
    return ticket


def test_columns_and_exports_show_every_field(desk: Desk, browser: Client, form: Form) -> None:
    serial = field_of(form, "Serial")
    ticket = full_ticket(desk, serial)
    address = ticket.user.default_email.address if ticket.user and ticket.user.default_email else ""
    expected: dict[str, Any] = {
        "user__org__name": "Acme",
        "dept__name": desk.department.name,
        "dept__manager": "Cora Clark",
        "topic__topic": "Repairs",
        "status__state": "Open",
        "merged": "Yes",
        "linked": "Yes",
        "isassigned": "No",
        "due": NOW,
        "thread__lastmessage": NOW,
        "thread__lastresponse": NOW,
        "user__cdata__phone": "555-1234",
        "user__cdata__name": "Ann Bee",
        "user__cdata__email": address,
        "user__org__cdata__phone": "555-9876",
        "user__org__cdata__name": "Acme",
        path_of(serial): "SN-7",
        "user__name": "Ann Bee",
        "cdata__subject": "Printer",
        "cdata__priority": "Normal",
        "thread_count": 1,
    }
    show(*expected)
    page = queue_page(access_of(desk.agent), queue_for(access_of(desk.agent), OPEN), now=NOW)
    (row,) = page.rows
    assert page.problems == []
    assert dict(zip(expected, (cell.value for cell in row.cells), strict=True)) == expected
    (line,) = exported(browser)
    moments = {path: f"{NOW:%Y-%m-%d %H:%M:%S}" for path, value in expected.items() if value == NOW}
    assert line == {path: str(value) for path, value in {**expected, **moments}.items()}


def test_answers_that_are_dates_are_shown_and_exported_as_dates(desk: Desk, browser: Client, form: Form) -> None:
    """In the zone of the agent, also when the file is written after the request; a fixed zone keeps its day."""
    Agent.objects.filter(pk=desk.agent.pk).update(timezone="Asia/Tokyo")
    browser = agent_client(Agent.objects.get(pk=desk.agent.pk))
    visit = field_of(form, "Visit", type="datetime", configuration={"time": True})
    bought = field_of(form, "Bought", type="datetime", configuration={"time": False})
    paris = field_of(form, "Bought there", type="datetime", configuration={"time": False, "timezone": "Europe/Paris"})
    ticket, odd = desk.ticket(subject="A"), desk.ticket(subject="B")
    for field in (visit, bought, paris):
        answer("T", ticket.pk, field, "2026-03-04 20:30:00 UTC")
    answer("T", odd.pk, visit, "9999-12-31 23:30:00 UTC")
    answer("T", odd.pk, bought, "soon")
    paths = [path_of(visit), path_of(bought), path_of(paris)]
    show("cdata__subject", *paths)
    QueueColumn.objects.filter(primary=path_of(visit)).update(filter="date:full")
    forget_reference_data()
    rows = soup(browser.get(f"/scp/queues/{OPEN}/")).select("tr.queue-row")
    shown = sorted([cell.get_text(strip=True) for cell in row.select("td:not(.cell-choose)")][1:] for row in rows)
    assert shown == [["5 Mar 2026, 05:30", "5 Mar 2026", "4 Mar 2026"], ["9999-12-31 23:30", "soon", ""]]
    by_subject = {row["cdata__subject"]: [row[path] for path in paths] for row in exported(browser)}
    assert by_subject == {
        "A": ["2026-03-05 05:30:00", "2026-03-05", "2026-03-04"],
        "B": ["9999-12-31 23:30", "soon", ""],
    }
    book: Any = browser.get(f"/scp/queues/{OPEN}/export.xlsx")
    sheet = zipfile.ZipFile(io.BytesIO(b"".join(book.streaming_content))).read("xl/worksheets/sheet1.xml").decode()
    assert {"46086.22916666666", "46086", "46085"} <= set(re.findall(r"<v>([\d.]+)</v>", sheet))


def test_what_refers_to_nothing_is_empty(desk: Desk, browser: Client, form: Form) -> None:
    serial = field_of(form, "Serial")
    bare = desk.ticket()
    Ticket.objects.filter(pk=bare.pk).update(user=None, topic=None, sla=None)
    paths = ["number", "user__org__name", "dept__manager", "topic__topic", "user__cdata__phone"]
    show(*paths, "user__org__cdata__phone", path_of(serial), "thread__lastresponse", "closed")
    lone = desk.ticket()
    EndUser.objects.filter(tickets=lone).update(org=None, default_email=None)
    (page,) = [queue_page(access_of(desk.agent), queue_for(access_of(desk.agent), OPEN), now=NOW)]
    assert [[cell.value or "" for cell in row.cells][1:] for row in page.rows] == [[""] * 8] * 2
    assert [list(line.values())[1:] for line in exported(browser)] == [[""] * 8] * 2


def test_a_page_reads_the_answers_of_all_its_tickets_at_once(desk: Desk, browser: Client, form: Form) -> None:
    serial = field_of(form, "Serial")
    show(*("user__org__name", "dept__manager", "user__cdata__phone", "user__org__cdata__phone", path_of(serial)))
    costs = []
    for number in (1, 6):
        for _ in range(number):
            full_ticket(desk, serial)
        for address in (f"/scp/queues/{OPEN}/", f"/scp/queues/{OPEN}/export.csv"):
            cache.clear()
            forget_reference_data()
            with CaptureQueriesContext(connection) as captured:
                response: Any = browser.get(address)
                content = b"".join(response.streaming_content) if response.streaming else response.content
            assert content.count(b"SN-7") == (1 if number == 1 else 7)
            costs.append(len([one for one in captured if "form_entry_values" in one["sql"]]))
    assert costs == [3, 3, 3, 3]


def test_a_field_that_cannot_be_shown_is_named(desk: Desk, browser: Client) -> None:
    desk.ticket()
    show("number", "cdata__gone", "entries__answers!999__value", "nonsense")
    page = soup(browser.get(f"/scp/queues/{OPEN}/")).get_text()
    listed = soup(browser.get("/scp/queues/setup/")).get_text()
    for path in ("cdata__gone", "entries__answers!999__value", "nonsense"):
        assert f"{path}: there is no such field to be shown" in page
        assert f"{path}: there is no such field to be shown" in listed
    assert [line["number"] for line in exported(browser)] == [Ticket.objects.get().number]


def test_fields_of_help_topics_forms_are_offered_everywhere(desk: Desk, browser: Client, form: Form) -> None:
    serial = field_of(form, "Serial")
    off = field_of(form, "Off", flags=FieldFlag.AGENT_VIEW)
    title = field_of(form, "Heading", type="break")
    gone = field_of(Form.objects.create(title="Gone", type="G", flags=FormFlag.DELETED), "Deleted")
    places = [
        (browser.get("/scp/search/advanced/"), 'select[name="c-0-path"]'),
        (browser.get("/scp/queues/new/"), 'select[name="c-0-path"]'),
        (browser.get("/scp/queues/columns/new/"), 'select[name="primary"]'),
        (browser.post("/scp/queues/1/edit/", {"title": "Open", "do": "mark-own"}), 'select[name="m-0-path"]'),
    ]
    for response, selector in places:
        options = {option["value"]: option.get_text() for option in soup(response).select(f"{selector} option")}
        assert options.get(path_of(serial)) == "Devices / Serial", selector
        assert not {path_of(other) for other in (off, title, gone)} & set(options)


def test_a_search_asks_for_fields_of_help_topics_forms(desk: Desk, browser: Client, form: Form) -> None:
    serial, bought = field_of(form, "Serial"), field_of(form, "Bought", type="datetime")
    size = field_of(form, "Size", type="choices", configuration={"choices": "s:Small\nl:Large"})
    ticket, other = desk.ticket(subject="Ours"), desk.ticket(subject="Bare")
    for field, value in ((serial, "SN-7"), (bought, "2026-02-01 10:00:00"), (size, '{"l":"Large"}')):
        answer("T", ticket.pk, field, value)
    asked: list[tuple[FormField, str, Any, set[Ticket]]] = [
        (serial, "contains", "n-7", {ticket}),
        (serial, "!contains", "n-7", {other}),
        (serial, "nset", None, {other}),
        (bought, "before", "2026-02-02", {ticket}),
        (bought, "between", {"left": "2026-02-02", "right": "2026-02-09"}, set()),
        (size, "includes", {"l": "Large"}, {ticket}),
        (size, "!includes", {"l": "Large"}, set()),
        (size, "!chosen", {"l": "Large"}, {other}),
    ]
    context = context_for(access_of(desk.agent), NOW)
    for field, method, value, expected in asked:
        condition = compile_criteria([Criterion(path_of(field), method, value)], context)
        assert set(Ticket.objects.filter(condition)) == expected, (field.label, method)
    found = browser.get("/scp/search/", {"c": json.dumps([[path_of(size), "includes", {"l": "Large"}]])})
    assert "Ours" in found.content.decode()
    queue = {"title": "Large", "kind": "queue", "c-0-path": path_of(size), "c-0-method": "includes", "c-0-value": "l"}
    assert browser.post("/scp/queues/new/", queue).status_code == 302
    saved = Queue.objects.get(title="Large")
    assert saved.flags & QueueFlag.PUBLIC
    assert (saved.config or {})["criteria"] == [[path_of(size), "includes", {"l": "Large"}]]
