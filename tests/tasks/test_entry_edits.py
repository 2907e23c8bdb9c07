"""Corrected entries of tasks: by the service, and in the dialog of their page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.threads.constants import EntryFlag
from helpdesk.threads.models import ThreadEntry
from tasks.models import Task
from tasks.services import edit_task_entry, post_task_note, post_task_update
from tests.factories import AgentFactory, RoleFactory
from tests.sign_in import agent_client
from tests.tasks.conftest import NOW, Desk, entries, events, mails
from tests.tasks.test_pages import soup

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def task(desk: Desk) -> Task:
    return desk.task()


@pytest.fixture
def note(desk: Desk, task: Task) -> ThreadEntry:
    return post_task_note(task, actor=desk.actor, body="<p>Teh vendor</p>", title="Call", now=NOW).entry


class TestService:
    def test_the_new_text_takes_the_place_and_the_old_one_stays_hidden(
        self, desk: Desk, task: Task, note: ThreadEntry
    ) -> None:
        before, told = events(task), mails()
        new = edit_task_entry(task, actor=desk.actor, entry=note, body="<p>The vendor</p>", now=LATER)
        old, shown = entries(task)
        assert (shown.pk, shown.body, shown.title, shown.type) == (new.pk, "<p>The vendor</p>", "Call", "N")
        assert (shown.parent_id, shown.editor, shown.created, shown.updated) == (old.pk, desk.agent.pk, NOW, LATER)
        assert shown.flags & EntryFlag.EDITED
        assert old.flags & EntryFlag.HIDDEN
        assert (events(task), mails()) == (before, told)

    def test_the_same_text_changes_nothing(self, desk: Desk, task: Task, note: ThreadEntry) -> None:
        assert edit_task_entry(task, actor=desk.actor, entry=note, body="<p>Teh vendor</p>").pk == note.pk
        assert len(entries(task)) == 1

    def test_a_further_correction_takes_the_place_of_the_own_one(
        self, desk: Desk, task: Task, note: ThreadEntry
    ) -> None:
        first = edit_task_entry(task, actor=desk.actor, entry=note, body="<p>The vender</p>")
        edit_task_entry(task, actor=desk.actor, entry=first, body="<p>The vendor</p>")
        assert [entry.body for entry in entries(task)] == ["<p>Teh vendor</p>", "<p>The vendor</p>"]

    def test_what_cannot_be(self, desk: Desk, task: Task, note: ThreadEntry) -> None:
        with pytest.raises(ValidationFailed, match="must not be empty"):
            edit_task_entry(task, actor=desk.actor, entry=note, body="<p> </p>")
        with pytest.raises(NotFound):
            edit_task_entry(desk.task("Another"), actor=desk.actor, entry=note, body="<p>x</p>")
        system = post_task_note(task, actor=Actor.system(), body="<p>x</p>").entry
        with pytest.raises(Conflict) as by_system:
            edit_task_entry(task, actor=desk.actor, entry=system, body="<p>y</p>")
        assert by_system.value.code == "entry_of_system"
        edit_task_entry(task, actor=desk.actor, entry=note, body="<p>The vendor</p>")
        with pytest.raises(Conflict) as replaced:
            edit_task_entry(task, actor=desk.actor, entry=note, body="<p>y</p>")
        assert replaced.value.code == "entry_replaced"

    def test_who_may(self, desk: Desk, task: Task, note: ThreadEntry) -> None:
        with pytest.raises(PermissionRefused):
            edit_task_entry(task, actor=Actor.for_agent(desk.viewer), entry=note, body="<p>y</p>")
        with pytest.raises(NotFound):
            edit_task_entry(task, actor=Actor.for_agent(desk.stranger), entry=note, body="<p>y</p>")
        own = post_task_note(task, actor=Actor.for_agent(desk.viewer), body="<p>mien</p>").entry
        edit_task_entry(task, actor=Actor.for_agent(desk.viewer), entry=own, body="<p>mine</p>")
        editor = AgentFactory.new(dept=desk.department, role=RoleFactory.new(keys=["thread.edit"]))
        edit_task_entry(task, actor=Actor.for_agent(editor), entry=note, body="<p>The vendor</p>")
        assert [entry.body for entry in entries(task) if not entry.flags & EntryFlag.HIDDEN] == [
            "<p>mine</p>",
            "<p>The vendor</p>",
        ]


class TestDialog:
    @pytest.fixture
    def browser(self, desk: Desk) -> Client:
        return agent_client(desk.agent)

    def tools(self, client: Client, task: Task) -> dict[str, str]:
        """Give the addresses of what may be done to the entries by their words."""
        page = soup(client.get(f"/scp/tasks/{task.pk}/"))
        return {link.get_text(strip=True): str(link["href"]) for link in page.select(".entry-action")}

    def form(self, page: BeautifulSoup) -> dict[str, str]:
        form = page.select_one(".action-form")
        assert form is not None
        values = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[name]")}
        return values | {str(one["name"]): one.get_text().strip() for one in form.select("textarea")}

    def test_an_entry_is_corrected_and_its_history_read(
        self, desk: Desk, task: Task, note: ThreadEntry, browser: Client
    ) -> None:
        address = self.tools(browser, task)["Edit"]
        values = self.form(soup(browser.get(address)))
        assert (values["title"], values["body"]) == ("Call", "Teh vendor")
        refused = browser.post(address, {**values, "body": " "})
        assert refused.status_code == 422
        response = browser.post(address, {**values, "body": "The vendor"}, headers={"HX-Request": "true"})
        assert response["HX-Redirect"] == f"/scp/tasks/{task.pk}/"
        page = browser.get(f"/scp/tasks/{task.pk}/").content.decode()
        assert "The vendor" in page
        assert "Teh vendor" not in page
        history = soup(browser.get(self.tools(browser, task)["How it was before"]))
        assert [one.get_text(strip=True) for one in history.select(".entry-body")] == ["The vendor", "Teh vendor"]
        assert str(history.select(".dialog-actions a")[0]["href"]) == f"/scp/tasks/{task.pk}/"

    def test_a_stale_page_is_told_and_keeps_what_was_typed(
        self, desk: Desk, task: Task, note: ThreadEntry, browser: Client
    ) -> None:
        address = self.tools(browser, task)["Edit"]
        values = self.form(soup(browser.get(address)))
        post_task_update(task, actor=Actor.for_agent(desk.colleague), body="<p>I called</p>")
        refused = browser.post(address, {**values, "body": "The vendor"})
        assert refused.status_code == 409
        page = soup(refused)
        assert "Cora Clark" in page.select(".changes")[0].get_text(" ", strip=True)
        again = self.form(page)
        assert again["body"] == "The vendor"
        assert browser.post(address, again).status_code == 302

    def test_nothing_is_offered_to_who_may_not(self, desk: Desk, task: Task, note: ThreadEntry) -> None:
        client = agent_client(desk.viewer)
        assert "Edit" not in self.tools(client, task)
        address = f"/scp/tasks/{task.pk}/entries/{note.pk}/edit/"
        assert client.get(address).status_code == 403
        assert client.post(address, {"body": "x", "title": ""}).status_code == 403
        assert agent_client(desk.stranger).get(address).status_code == 404
        other = desk.task("Another")
        assert agent_client(desk.agent).get(f"/scp/tasks/{other.pk}/entries/{note.pk}/edit/").status_code == 404
