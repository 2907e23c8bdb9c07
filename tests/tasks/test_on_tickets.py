"""The tasks of a ticket on its page."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from helpdesk.forms.models import FormField
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.services import close_task
from tests.sign_in import agent_client
from tests.tasks.conftest import Desk, entries, fresh
from tests.tasks.test_pages import soup
from tickets.models import Ticket
from tickets.services import post_note


@pytest.fixture
def browser(desk: Desk) -> Client:
    return agent_client(desk.agent)


class TestOnATicket:
    def section(self, browser: Client, ticket: Ticket) -> BeautifulSoup | None:
        return soup(browser.get(f"/scp/tickets/{ticket.pk}/")).select_one("#tasks")  # type: ignore[return-value]

    def test_shows_its_tasks_and_leads_to_new_ones(self, desk: Desk, browser: Client) -> None:
        ticket = desk.ticket()
        done = close_task(desk.task("Done", ticket=ticket), actor=desk.actor)
        task, hidden = desk.task("Order", ticket=ticket, assign_to=desk.colleague), desk.task("Secret", ticket=ticket)
        Task.objects.filter(pk=hidden.pk).update(dept=desk.stranger.dept_id)
        section = self.section(browser, ticket)
        assert section is not None
        lines = [line.get_text(" ", strip=True) for line in section.select(".ticket-task")]
        assert len(lines) == 3
        assert f"#{task.number} Order" in lines[0]
        assert "Cora Clark" in lines[0]
        assert "Secret" not in section.get_text()
        assert "Completed" in lines[2]
        assert [link["href"] for link in section.select("a.ticket-task-title")] == [
            f"/scp/tasks/{task.pk}/",
            f"/scp/tasks/{done.pk}/",
        ]
        assert section.select(f'a[href="/scp/tasks/new/?ticket={ticket.pk}"]')
        [form] = section.select("form")
        response = browser.post(str(form["action"]), {"back": "ticket"})
        assert response["Location"] == f"/scp/tickets/{ticket.pk}/#tasks"
        assert not fresh(task).flags & TaskFlag.OPEN

    def test_an_entry_becomes_a_task(self, desk: Desk, browser: Client) -> None:
        ticket = desk.ticket(message="<p>The fuser is worn out</p>")
        page = soup(browser.get(f"/scp/tickets/{ticket.pk}/"))
        [link] = [one for one in page.select(".entry-action") if "Make a task" in one.get_text()]
        form = soup(browser.get(str(link["href"]))).select_one("form.open-form")
        assert form is not None
        assert "The fuser is worn out" in form.select("textarea")[0].get_text()
        values = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[name]")}
        title, description = FormField.objects.filter(form__type="A").order_by("sort").values_list("pk", flat=True)
        values |= {f"field-{title}": "Order a fuser", f"field-{description}": "<p>x</p>"}
        browser.post("/scp/tasks/new/", {**values, "department": str(desk.department.pk), "assignee": ""})
        task = Task.objects.get()
        assert [entry.title for entry in entries(task)] == ["Order a fuser", "Task Created From Thread Entry"]
        viewer = soup(agent_client(desk.viewer).get(f"/scp/tickets/{ticket.pk}/"))
        assert not [one for one in viewer.select(".entry-action") if "Make a task" in one.get_text()]

    @pytest.mark.parametrize("length", [1, 70_000])
    def test_a_plain_or_a_very_long_entry_becomes_a_task(self, desk: Desk, browser: Client, length: int) -> None:
        ticket = desk.ticket()
        entry = post_note(ticket, actor=desk.actor, body=f"One & two\nthree{'!' * length}", format="text").entry
        page = soup(browser.get(f"/scp/tasks/new/?ticket={ticket.pk}&entry={entry.pk}"))
        text = page.select("form.open-form textarea")[0].get_text()
        assert "three!" in text
        assert "One" in text
        other = desk.ticket()
        page = soup(browser.get(f"/scp/tasks/new/?ticket={other.pk}&entry={entry.pk}"))
        assert page.select("form.open-form textarea")[0].get_text().strip() == ""

    def test_nothing_for_who_may_not_add_one(self, desk: Desk, browser: Client) -> None:
        ticket = desk.ticket()
        assert self.section(agent_client(desk.viewer), ticket) is None
        section = self.section(browser, ticket)
        assert section is not None
        assert section.select(".btn")
