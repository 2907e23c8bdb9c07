"""What is done to many tasks at once, and what is said of each."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from helpdesk.people.actor import Actor
from helpdesk.threads.models import Thread, ThreadEntry
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.services import assign_task, post_task_note, transfer_task
from tests.factories import DepartmentFactory
from tests.sign_in import agent_client
from tests.tasks.conftest import Desk, fresh
from tests.tasks.test_pages import soup


@pytest.fixture
def browser(desk: Desk) -> Client:
    return agent_client(desk.agent)


class TestBulk:
    def do(self, browser: Client, name: str, *tasks: Task, **values: str) -> str:
        data = {"do": name, "tids": [str(task.pk) for task in tasks], "back": "/scp/tasks/list/mine/", **values}
        response = browser.post("/scp/tasks/bulk/", data, follow=True)
        if response.redirect_chain:
            assert response.redirect_chain == [("/scp/tasks/list/mine/", 302)]
            [told] = [message.get_text(" ", strip=True) for message in soup(response).select(".message p")]
            return told
        page = soup(response)
        assert [link["href"] for link in page.select(".dialog-actions a")] == ["/scp/tasks/list/mine/"]
        return " | ".join(" ".join(one.get_text().split()) for one in page.select(".bulk-result, .bulk-refused li"))

    def test_every_operation(self, desk: Desk, browser: Client) -> None:
        first, second = desk.task(), desk.task()
        assert self.do(browser, "claim", first, second) == "Successfully claimed 2 selected tasks."
        assert {fresh(first).staff_id, fresh(second).staff_id} == {desk.agent.pk}
        assert "assigned 2" in self.do(browser, "assign", first, second, assignee=f"s{desk.colleague.pk}")
        assert fresh(first).staff_id == desk.colleague.pk
        assert "closed 1 selected task." in self.do(browser, "close", first)
        assert self.do(browser, "close", first, second).startswith("1 of 2 selected tasks closed | #1:")
        assert "reopened 2" in self.do(browser, "reopen", first, second)
        assert "deleted 1" in self.do(browser, "delete", first)
        assert not Task.objects.filter(pk=first.pk).exists()

    def test_transfer(self, desk: Desk, browser: Client) -> None:
        desk.agent.permissions = {"visibility.departments": 1, "visibility.agents": 1}
        desk.agent.save()
        target = DepartmentFactory.new()
        task = desk.task()
        assert "transferred 1" in self.do(browser, "transfer", task, department=str(target.pk))
        assert fresh(task).dept_id == target.pk

    def test_due_date(self, desk: Desk, browser: Client) -> None:
        first, second = desk.task(), desk.task()
        day = timezone.localtime() + timedelta(days=3)
        told = self.do(browser, "due", first, second, duedate=f"{day:%Y-%m-%dT%H:%M}")
        assert told == "Successfully changed 2 selected tasks."
        assert fresh(first).duedate == fresh(second).duedate == day.replace(second=0, microsecond=0)
        for wrong in ("", "tomorrow"):
            assert "date" in self.do(browser, "due", first, duedate=wrong)
        assert fresh(first).duedate is not None
        assert "0 of 1" in self.do(browser, "due", first, duedate="2001-01-01T10:00")

    def test_what_cannot_be(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        assert self.do(browser, "close") == "You must select at least one task."
        assert "Choose what" in self.do(browser, "explode", task)
        assert "Unknown assignee" in self.do(browser, "assign", task, assignee="s999999")
        assert "Department" in self.do(browser, "transfer", task, department="x")
        viewer = agent_client(desk.viewer)
        assert self.do(viewer, "close", task).startswith("0 of 1 selected tasks closed | #1:")
        assert fresh(task).flags == TaskFlag.OPEN

    @pytest.mark.parametrize("back", ["//evil.test/", "https://evil.test/scp/", "javascript:alert(1)", "/", ""])
    def test_the_way_back_stays_here(self, browser: Client, back: str) -> None:
        response = browser.post("/scp/tasks/bulk/", {"do": "close", "back": back})
        assert response["Location"] == "/scp/tasks/"


class TestWhatOthersDidMeanwhile:
    def test_it_is_told_first_and_the_others_are_done(self, desk: Desk, browser: Client) -> None:
        quiet, own, busy = desk.task(), desk.task(), desk.task()
        shown = int(timezone.now().timestamp()) + 5
        later = timezone.now() + timedelta(seconds=60)
        post_task_note(own, actor=desk.actor, body="<p>x</p>", now=later)
        assign_task(busy, actor=Actor.for_agent(desk.colleague), agent=desk.colleague, now=later)
        post_task_note(busy, actor=Actor.for_agent(desk.colleague), body="<p>Wait</p>", now=later)
        data = {"do": "close", "tids": [quiet.pk, own.pk, busy.pk], "since": shown, "back": "/scp/tasks/"}
        page = soup(browser.post("/scp/tasks/bulk/", data))
        assert page.select(".bulk-result")[0].get_text() == "2 of 3 selected tasks closed"
        [refused] = [" ".join(one.get_text().split()) for one in page.select(".bulk-refused li")]
        assert refused.startswith(f"#{busy.number}: Meanwhile: ")
        assert "Cora Clark claimed the task" in refused
        assert "Cora Clark wrote a note" in refused
        assert [bool(fresh(one).flags & TaskFlag.OPEN) for one in (quiet, own, busy)] == [False, False, True]
        again = {str(field["name"]): str(field["value"]) for field in page.select(".action-form input[type=hidden]")}
        assert again.pop("csrfmiddlewaretoken")
        assert int(again["since"]) >= shown - 5
        again["since"] = str(shown + 120)
        assert again == {"do": "close", "tids": str(busy.pk), "since": str(shown + 120), "back": "/scp/tasks/"}
        assert browser.post("/scp/tasks/bulk/", again)["Location"] == "/scp/tasks/"
        assert not fresh(busy).flags & TaskFlag.OPEN

    def test_what_was_filled_in_is_sent_again(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        later = timezone.now() + timedelta(seconds=60)
        transfer_task(task, actor=Actor.system("tests"), department=DepartmentFactory.new(), now=later)
        transfer_task(task, actor=Actor.system("tests"), department=desk.department, now=later)
        values = {"do": "assign", "assignee": f"s{desk.colleague.pk}", "tids": str(task.pk)}
        page = soup(browser.post("/scp/tasks/bulk/", {**values, "since": str(int(timezone.now().timestamp()))}))
        assert fresh(task).staff_id is None
        again = {str(field["name"]): str(field["value"]) for field in page.select(".action-form input[type=hidden]")}
        assert values.items() <= again.items()

    def test_the_list_says_when_it_was_made_and_nothing_is_told_without(self, desk: Desk, browser: Client) -> None:
        task, before = desk.task(), int(timezone.now().timestamp())
        [shown] = soup(browser.get("/scp/tasks/")).select(".task-bulk [name=since]")
        assert before <= int(str(shown["value"])) <= int(timezone.now().timestamp())
        later = timezone.now() + timedelta(seconds=60)
        post_task_note(task, actor=Actor.for_agent(desk.colleague), body="<p>x</p>", now=later)
        for since in ("", "x", "-1", "9" * 30):
            browser.post("/scp/tasks/bulk/", {"do": "claim", "tids": [task.pk], "since": since})
            assert fresh(task).staff_id == desk.agent.pk
            Task.objects.filter(pk=task.pk).update(staff=None)

    def test_a_ticket_with_the_same_number_is_somebody_elses(self, desk: Desk, browser: Client) -> None:
        ticket, task = desk.ticket(), desk.task()
        Thread.objects.filter(object_type="T", object_id=ticket.pk).update(object_id=task.pk)
        later = timezone.now() + timedelta(seconds=60)
        ThreadEntry.objects.filter(thread__object_type="T").update(created=later)
        since = int(timezone.now().timestamp())
        response = browser.post("/scp/tasks/bulk/", {"do": "claim", "tids": [task.pk], "since": since})
        assert response.status_code == 302
