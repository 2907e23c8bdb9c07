"""The pages of tasks: what they show, what their forms do, what they say when a service refuses."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from helpdesk.files.models import Attachment
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from helpdesk.threads.models import ThreadEntry
from tasks.constants import TaskFlag
from tasks.models import Task
from tasks.services import add_task_collaborator, assign_task, close_task
from tests.factories import AgentFactory, DepartmentFactory, EndUserFactory, RoleFactory
from tests.sign_in import agent_client
from tests.tasks.conftest import Desk, entries, events, fresh, mails, thread_of
from tickets.models import Ticket

NO_CURSORS = {
    "nested": "[" * 5000 + "]" * 5000,
    "5000_digits": f"[null, {'9' * 5000}]",
    "infinite": "[null, 1e999]",
    "before_all_time": '["0001-01-01T00:00:00+14:00", 1]',
    "no_text": "[{}, 1]",
}
"""What is in cursors that nobody gave out."""


@pytest.fixture
def browser(desk: Desk) -> Client:
    return agent_client(desk.agent)


def soup(response: object) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")  # type: ignore[attr-defined]


def titles(browser: Client, address: str) -> list[str]:
    return [link.get_text() for link in soup(browser.get(address)).select(".subject-link")]


def reload(agent: Agent) -> Agent:
    return Agent.objects.get(pk=agent.pk)


class TestLists:
    def test_each_shows_its_own(self, desk: Desk, browser: Client) -> None:
        now = timezone.now()
        late = desk.task("Late", now=now, duedate=now + timedelta(hours=1))
        Task.objects.filter(pk=late.pk).update(duedate=now - timedelta(hours=1))
        mine = desk.task("Mine", assign_to=desk.agent, duedate=now + timedelta(days=2))
        close_task(desk.task("Done"), actor=desk.actor)
        hidden = desk.task("Elsewhere")
        Task.objects.filter(pk=hidden.pk).update(dept=desk.stranger.dept_id)
        desk.task("Whenever")
        assert titles(browser, "/scp/tasks/") == ["Late", "Mine", "Whenever"]
        assert titles(browser, "/scp/tasks/list/mine/") == ["Mine"]
        assert titles(browser, "/scp/tasks/list/overdue/") == ["Late"]
        assert titles(browser, "/scp/tasks/list/closed/") == ["Done"]
        assert titles(browser, "/scp/tasks/list/search/?q=lat") == ["Late"]
        assert titles(browser, "/scp/tasks/list/search/?q=la%00t") == ["Late"]
        assert titles(browser, f"/scp/tasks/list/search/?q=%23{mine.number}") == ["Mine"]
        assert titles(browser, "/scp/tasks/list/search/?q=elsewhere") == []
        counts = [count.get_text() for count in soup(browser.get("/scp/tasks/")).select(".rail-tasks .rail-count")]
        assert counts == ["3", "1", "1"]

    def test_the_numbers_follow_what_happens(
        self, desk: Desk, browser: Client, django_capture_on_commit_callbacks: object
    ) -> None:
        task = desk.task()
        assert "1" in soup(browser.get("/scp/tasks/")).select(".rail-tasks .rail-count")[0].get_text()
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            close_task(task, actor=desk.actor)
        assert soup(browser.get("/scp/tasks/")).select(".rail-tasks .rail-count")[0].get_text() == "0"

    @pytest.mark.parametrize("list_key", ["open", "closed"])
    def test_pages_follow_each_other(self, desk: Desk, browser: Client, list_key: str) -> None:
        desk.agent.max_page_size = 3
        desk.agent.save()
        now = timezone.now()
        for number in range(8):
            due = now + timedelta(days=number % 3 + 1) if number % 2 else None
            task = desk.task(f"T{number}", duedate=due)
            if list_key == "closed":
                close_task(task, actor=desk.actor)
        address, seen, forwards = f"/scp/tasks/list/{list_key}/", [], []
        while True:
            page = soup(browser.get(address))
            forwards.append(address)
            seen += [link.get_text() for link in page.select(".subject-link")]
            following = page.select_one("a[rel=next]")
            if following is None:
                break
            address = f"/scp/tasks/list/{list_key}/{following['href']}"
        assert sorted(seen) == [f"T{number}" for number in range(8)]
        if list_key == "open":
            assert seen == ["T3", "T1", "T7", "T5", "T0", "T2", "T4", "T6"]
        back = [link.get_text() for link in page.select(".subject-link")]
        while (previous := page.select_one("a[rel=prev]")) is not None:
            page = soup(browser.get(f"/scp/tasks/list/{list_key}/{previous['href']}"))
            back = [link.get_text() for link in page.select(".subject-link")] + back
        assert back == seen

    @pytest.mark.parametrize("cursor", ["x", "W10", "WyJ4IiwgMV0", "WzEsIC0xXQ", "!!", "WzEsMSwxXQ"])
    def test_cursors_that_are_none(self, browser: Client, cursor: str) -> None:
        assert browser.get(f"/scp/tasks/?after={cursor}").status_code == 404

    @pytest.mark.parametrize("content", NO_CURSORS.values(), ids=NO_CURSORS)
    def test_hostile_cursors(self, browser: Client, content: str) -> None:
        cursor = base64.urlsafe_b64encode(content.encode()).decode()
        for way in ("after", "before"):
            assert browser.get("/scp/tasks/", {way: cursor}).status_code == 404

    def test_unknown_lists_and_formats(self, browser: Client) -> None:
        for address in ("list/nothing/", "list/nothing/export.csv", "list/open/export.pdf", "99/", "0/"):
            assert browser.get(f"/scp/tasks/{address}").status_code == 404

    def test_an_empty_list_says_so(self, browser: Client) -> None:
        assert "Nothing here" in browser.get("/scp/tasks/").content.decode()

    def test_only_the_table_for_htmx(self, desk: Desk, browser: Client) -> None:
        desk.task()
        part = soup(browser.get("/scp/tasks/", headers={"HX-Request": "true"}))
        assert part.select(".task-table")
        assert not part.select(".rail")


class TestTaskPage:
    def test_facts_and_conversation(self, desk: Desk, browser: Client) -> None:
        ticket = desk.ticket()
        task = desk.task("Call & ask", ticket=ticket, description="<p>Ask for a quote</p>", assign_to=desk.colleague)
        page = soup(browser.get(f"/scp/tasks/{task.pk}/"))
        assert page.select_one("h1").get_text() == "Call & ask"  # type: ignore[union-attr]
        text = page.select_one("main").get_text(" ", strip=True)  # type: ignore[union-attr]
        for expected in ("Ask for a quote", "Cora Clark", f"#{ticket.number}", "created the task", "Take over"):
            assert expected in text
        assert page.select(f'a[href="/scp/tickets/{ticket.pk}/"]')

    def test_strangers_get_the_same_as_for_nothing(self, desk: Desk) -> None:
        task = close_task(desk.task(), actor=desk.actor)
        stranger = agent_client(desk.stranger)
        assert stranger.get(f"/scp/tasks/{task.pk}/").status_code == 404
        for name in ("update", "note", "claim", "assign", "transfer", "close", "reopen", "due", "delete", "edit"):
            assert stranger.post(f"/scp/tasks/{task.pk}/{name}/", {"body": "x"}).status_code == 404

    def test_update_with_files_and_completion(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        add_task_collaborator(task, EndUserFactory.new(address="jo@x.test"), actor=desk.actor)
        response = browser.post(
            f"/scp/tasks/{task.pk}/update/",
            {
                "body": "It is ordered.",
                "new_state": "closed",
                "tell_collaborators": "on",
                "attachments": SimpleUploadedFile("order.txt", b"1"),
            },
        )
        assert response["Location"] == f"/scp/tasks/{task.pk}/"
        [entry] = entries(task)
        assert (entry.type, entry.body, entry.format) == ("R", "It is ordered.", "text")
        assert Attachment.objects.filter(type="H", object_id=entry.pk).count() == 1
        assert not fresh(task).flags & TaskFlag.OPEN
        assert mails() == [("task.activity.notice", "jo@x.test")]

    def test_note_and_its_refusal(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        response = browser.post(f"/scp/tasks/{task.pk}/note/", {"body": "  ", "title": "Kept"})
        assert response.status_code == 422
        page = soup(response)
        assert page.select("#note .errorlist")
        assert page.select_one("#note_title")["value"] == "Kept"  # type: ignore[index]
        browser.post(f"/scp/tasks/{task.pk}/note/", {"body": "Look", "title": "Hm"})
        assert [(entry.type, entry.title) for entry in entries(task)] == [("N", "Hm")]

    def test_a_viewer_may_write_notes_and_nothing_else(self, desk: Desk) -> None:
        task = desk.task()
        viewer = agent_client(desk.viewer)
        page = soup(viewer.get(f"/scp/tasks/{task.pk}/"))
        assert page.select("#note")
        assert not page.select("#reply, [data-shortcut=claim], [data-shortcut=assign], [data-shortcut=delete]")
        assert viewer.post(f"/scp/tasks/{task.pk}/note/", {"body": "Look"}).status_code == 302
        for name, data in (
            ("update", {"body": "x"}),
            ("close", {}),
            ("delete", {}),
            ("claim", {}),
            ("due", {}),
            ("assign", {}),
            ("transfer", {}),
        ):
            assert viewer.post(f"/scp/tasks/{task.pk}/{name}/", data).status_code == 403, name
        assert len(entries(task)) == 1

    def test_claim_and_take_over(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        browser.post(f"/scp/tasks/{task.pk}/claim/")
        assert fresh(task).staff_id == desk.agent.pk
        colleague = agent_client(desk.colleague)
        refused = colleague.post(f"/scp/tasks/{task.pk}/claim/")
        assert refused.status_code == 409
        assert "ada Admin has this task already." in refused.content.decode()
        colleague.post(f"/scp/tasks/{task.pk}/claim/", {"from": desk.agent.pk})
        assert fresh(task).staff_id == desk.colleague.pk

    def test_assign_transfer_due_close_reopen(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        address = f"/scp/tasks/{task.pk}"
        browser.post(f"{address}/assign/", {"assignee": f"s{desk.colleague.pk}", "comments": "Please"})
        assert fresh(task).staff_id == desk.colleague.pk
        due = timezone.now() + timedelta(days=3)
        browser.post(f"{address}/due/", {"duedate": f"{due:%Y-%m-%dT%H:%M}"})
        assert fresh(task).duedate is not None
        refused = browser.post(f"{address}/due/", {"duedate": "2020-01-01T10:00"})
        assert refused.status_code == 422
        assert "must be in the future" in refused.content.decode()
        assert soup(refused).select(".action-form .has-errors .errorlist")
        browser.post(f"{address}/due/", {"duedate": ""})
        assert fresh(task).duedate is None
        browser.post(f"{address}/close/", {"comments": "Done"})
        assert not fresh(task).flags & TaskFlag.OPEN
        assert browser.post(f"{address}/close/", {}).status_code == 409
        browser.post(f"{address}/reopen/", {})
        assert fresh(task).flags & TaskFlag.OPEN
        assert [name for name, _data in events(task)] == [
            *("created", "assigned", "edited", "edited", "closed", "reopened"),
        ]

    def test_a_dialog_tells_what_others_did_meanwhile(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        page = soup(browser.get(f"/scp/tasks/{task.pk}/"))
        [opener] = page.select("#do-assign")
        assign_task(task, actor=Actor.for_agent(desk.colleague), agent=desk.colleague)
        htmx = {"HX-Request": "true"}
        dialog = soup(browser.get(f"{opener['href']}", headers=htmx))
        assert "Cora Clark claimed the task" in dialog.get_text(" ", strip=True)
        assert not dialog.select(".rail")
        old = str(opener["href"]).partition("seen=")[2]
        data = {"assignee": f"s{desk.agent.pk}", "comments": "", "seen": old}
        refused = browser.post(f"/scp/tasks/{task.pk}/assign/", data, headers=htmx)
        assert refused.status_code == 409
        assert fresh(task).staff_id == desk.colleague.pk
        [mark] = soup(refused).select("[name=seen]")
        done = browser.post(f"/scp/tasks/{task.pk}/assign/", {**data, "seen": str(mark["value"])}, headers=htmx)
        assert done["HX-Redirect"] == f"/scp/tasks/{task.pk}/"
        assert fresh(task).staff_id == desk.agent.pk

    def test_what_is_in_the_way_of_completing_is_said_before(self, desk: Desk, browser: Client) -> None:
        field = FormField.objects.get(form__type="A", name="title")
        task = desk.task()
        FormField.objects.filter(pk=field.pk).update(flags=(field.flags or 0) | FieldFlag.CLOSE_REQUIRED)
        FormAnswer.objects.filter(entry__object_type="A").update(value=None)
        page = soup(browser.get(f"/scp/tasks/{task.pk}/close/"))
        assert "missing data" in page.get_text()
        assert not page.select(".action-form")

    def test_edit(self, desk: Desk, browser: Client) -> None:
        task = desk.task("Old")
        page = soup(browser.get(f"/scp/tasks/{task.pk}/edit/"))
        [title] = page.select('input[name^="field-"][value="Old"]')
        response = browser.post(f"/scp/tasks/{task.pk}/edit/", {str(title["name"]): "New", "note": "Because"})
        assert response.status_code == 302, response.content.decode()[-3000:]
        field_id = str(title["name"]).removeprefix("field-")
        assert events(task)[-1] == ("edited", {"fields": {field_id: ["Old", "New"]}})
        assert entries(task)[-1].title == "Task Updated"
        refused = browser.post(f"/scp/tasks/{task.pk}/edit/", {str(title["name"]): "", "note": ""})
        assert refused.status_code == 422
        assert titles(browser, "/scp/tasks/") == ["New"]

    def test_a_form_for_editing_tells_what_others_did_meanwhile(self, desk: Desk, browser: Client) -> None:
        task = desk.task("Old")
        address = f"/scp/tasks/{task.pk}/edit/"
        page = soup(browser.get(address))
        [title], [mark] = page.select('input[name^="field-"][value="Old"]'), page.select("[name=seen]")
        name = str(title["name"])
        agent_client(desk.colleague).post(address, {name: "Theirs", "note": ""})
        sent = {name: "Mine", "note": "Because", "seen": str(mark["value"])}
        refused = browser.post(address, sent)
        assert refused.status_code == 409
        page = soup(refused)
        assert "Cora Clark" in page.select(".changes")[0].get_text(" ", strip=True)
        assert [str(one["value"]) for one in page.select(f'input[name="{name}"]')] == ["Mine"]
        assert "Because" in page.select("[name=note]")[0].get_text()
        assert titles(browser, "/scp/tasks/") == ["Theirs"]
        assert "Because" not in [entry.body for entry in entries(task)]
        [mark] = page.select("[name=seen]")
        assert browser.post(address, {**sent, "seen": str(mark["value"])}).status_code == 302
        assert titles(browser, "/scp/tasks/") == ["Mine"]

    @pytest.mark.parametrize("kind", ["update", "note"])
    def test_what_completes_a_task_tells_what_others_did_meanwhile(
        self, desk: Desk, browser: Client, kind: str
    ) -> None:
        task = desk.task()
        form = soup(browser.get(f"/scp/tasks/{task.pk}/")).select_one(f'form[action$="/{kind}/"]')
        assert form is not None
        [mark], [body], [state] = form.select("[name=seen]"), form.select("textarea"), form.select("select")
        completed = state.select("option")[-1]["value"]
        agent_client(desk.colleague).post(f"/scp/tasks/{task.pk}/note/", {str(body["name"]): "Not yet!"})
        sent = {str(body["name"]): "All done", str(state["name"]): completed, "seen": str(mark["value"])}
        refused = browser.post(f"/scp/tasks/{task.pk}/{kind}/", sent)
        assert refused.status_code == 409
        assert len(soup(refused).select(".changes")) == 1
        assert "Cora Clark wrote a note" in soup(refused).select(".changes")[0].get_text(" ", strip=True)
        assert fresh(task).flags & TaskFlag.OPEN
        assert "All done" in soup(refused).get_text()

    def test_collaborators(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        EndUserFactory.new(name="Jo Doe", address="jo@x.test")
        address = f"/scp/tasks/{task.pk}/collaborators/"
        refused = browser.post(address, {"address": "nobody@x.test"})
        assert "Nobody with this address is known." in refused.content.decode()
        browser.post(address, {"address": "jo@x.test"})
        assert "Jo Doe" in browser.get(f"/scp/tasks/{task.pk}/").content.decode()
        assert [name for name, _data in events(task)] == ["created", "collab"]

    def test_delete(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        response = browser.post(f"/scp/tasks/{task.pk}/delete/", {"comments": ""}, follow=True)
        assert response.redirect_chain == [("/scp/tasks/", 302)]
        assert f"Task #{task.number} deleted successfully" in response.content.decode()
        assert browser.get(f"/scp/tasks/{task.pk}/").status_code == 404

    def test_a_long_conversation_in_parts(self, desk: Desk, browser: Client) -> None:
        task = desk.task()
        thread = thread_of(task)
        ThreadEntry.objects.bulk_create(ThreadEntry(thread=thread, type="N", body="x") for _ in range(40))
        page = soup(browser.get(f"/scp/tasks/{task.pk}/"))
        assert len(page.select(".entry")) == 30
        older = page.select_one("#older-entries")["href"]  # type: ignore[index]
        part = soup(browser.get(f"/scp/tasks/{task.pk}/{older}", headers={"HX-Request": "true"}))
        assert len(part.select(".entry")) == 10


def blank(values: dict[str, str]) -> dict[str, str]:
    return {name: "" if name.removeprefix("field-").isdigit() else value for name, value in values.items()}


def test_texts_are_kept_while_they_are_written(desk: Desk, browser: Client) -> None:
    task = desk.task()
    page = soup(browser.get(f"/scp/tasks/{task.pk}/"))
    addresses = [str(one["data-draft-url"]) for one in page.select("[data-writing]")]
    assert addresses == [f"/scp/drafts/task.{kind}.{task.pk}/" for kind in ("response", "note")]
    browser.post(addresses[1], {"body": "half a note", "format": "text"})
    assert browser.get(addresses[1], {"format": "text"}).json()["body"] == "half a note"
    assert agent_client(desk.stranger).get(addresses[1]).status_code == 404
    browser.post(f"/scp/tasks/{task.pk}/note/", {"body": "a note"})
    assert browser.get(addresses[1]).status_code == 204
    for namespace in ("task.add", f"task.{task.pk}.edit"):
        assert browser.get(f"/scp/drafts/{namespace}/").status_code == 204
    for namespace in (f"task.other.{task.pk}", "task.note.0", f"task.note.{2**33}", "task.note.x"):
        assert browser.get(f"/scp/drafts/{namespace}/").status_code == 404


class TestNewTask:
    def form(self, browser: Client, query: str = "") -> dict[str, str]:
        page = soup(browser.get(f"/scp/tasks/new/{query}"))
        form = page.select_one("form.open-form")
        assert form is not None
        values = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[name]")}
        values |= {str(one["name"]): one.get_text() for one in form.select("textarea[name]")}
        for select in form.select("select[name]"):
            chosen = select.select_one("option[selected]")
            values[str(select["name"])] = str(chosen["value"]) if chosen is not None else ""
        title, description = FormField.objects.filter(form__type="A").order_by("sort").values_list("pk", flat=True)
        return {**values, f"field-{title}": "Order paper", f"field-{description}": "<p>A4</p>"}

    def test_on_its_own(self, desk: Desk, browser: Client) -> None:
        values = self.form(browser)
        response = browser.post("/scp/tasks/new/", {**values, "assignee": f"s{desk.agent.pk}"})
        task = Task.objects.get()
        assert response["Location"] == f"/scp/tasks/{task.pk}/"
        assert (task.dept_id, task.staff_id, task.object_id) == (desk.department.pk, desk.agent.pk, 0)
        again = browser.post("/scp/tasks/new/", values)
        assert again["Location"] == f"/scp/tasks/{task.pk}/"
        assert Task.objects.count() == 1

    def test_on_a_ticket(self, desk: Desk, browser: Client) -> None:
        ticket = desk.ticket()
        values = self.form(browser, f"?ticket={ticket.pk}")
        response = browser.post("/scp/tasks/new/", values)
        assert response["Location"] == f"/scp/tickets/{ticket.pk}/#tasks"
        assert Task.objects.get().object_id == ticket.pk

    def test_what_is_missing_is_said_at_its_place(self, browser: Client) -> None:
        values = self.form(browser)
        response = browser.post("/scp/tasks/new/", {**blank(values), "department": "", "duedate": "2020-01-01T10:00"})
        assert response.status_code == 422
        page = soup(response)
        assert "Title is a required field" in page.get_text()
        assert page.select("#id_department.is-invalid")
        assert not Task.objects.exists()

    def test_who_may_not(self, desk: Desk) -> None:
        viewer = agent_client(desk.viewer)
        assert viewer.get("/scp/tasks/new/")["Location"] == "/scp/tasks/"
        ticket = desk.ticket()
        assert viewer.get(f"/scp/tasks/new/?ticket={ticket.pk}")["Location"] == f"/scp/tickets/{ticket.pk}/"
        stranger = agent_client(desk.stranger)
        assert stranger.get(f"/scp/tasks/new/?ticket={ticket.pk}").status_code == 404
        assert stranger.post("/scp/tasks/new/", {"ticket": str(ticket.pk)}).status_code == 404

    def test_to_a_department_that_the_agent_does_not_see(self, desk: Desk, browser: Client) -> None:
        desk.agent.permissions = {"visibility.departments": 1}
        desk.agent.save()
        values = self.form(browser)
        target = DepartmentFactory.new()
        response = browser.post("/scp/tasks/new/", {**values, "department": str(target.pk)})
        assert response["Location"] == "/scp/tasks/"
        assert Task.objects.get().dept_id == target.pk


@pytest.mark.parametrize(
    ("query", "address"),
    [
        ("id=7", "/scp/tasks/7/"),
        ("status=assigned", "/scp/tasks/list/mine/"),
        ("status=closed", "/scp/tasks/list/closed/"),
        ("a=search&query=toner", "/scp/tasks/list/search/?q=toner"),
        ("", "/scp/tasks/"),
        ("id=x", "/scp/tasks/"),
    ],
)
def test_addresses_of_osticket(browser: Client, query: str, address: str) -> None:
    assert browser.get(f"/scp/tasks.php?{query}")["Location"] == address


def test_nobody_comes_in_without_signing_in(db: None) -> None:
    client = Client()
    for address in ("", "new/", "list/open/", "1/", "list/open/export.csv"):
        assert client.get(f"/scp/tasks/{address}").status_code == 302


class TestExport:
    def test_csv_without_formulas(self, desk: Desk, browser: Client) -> None:
        desk.department.name = "=HYPERLINK(1)"
        desk.department.save()
        task = desk.task(assign_to=desk.colleague, description="<p>x</p>")
        close_task(desk.task("Done"), actor=desk.actor)
        response = browser.get("/scp/tasks/list/open/export.csv")
        lines = response.getvalue().decode("utf-8-sig").splitlines()
        assert lines[0] == (
            "Task Number,Date Created,Title,Department,Current Status,Due Date,Agent Assigned,Team Assigned,"
            "Thread Count,Attachment Count"
        )
        assert lines[1].split(",")[0] == task.number
        assert "'=HYPERLINK(1)" in lines[1]
        assert lines[1].endswith(",Open,,Cora Clark,,1,")
        assert len(lines) == 2

    def test_spreadsheet(self, desk: Desk, browser: Client) -> None:
        desk.task("Order")
        response = browser.get("/scp/tasks/list/open/export.xlsx")
        assert response.getvalue()[:2] == b"PK"

    def test_only_what_the_agent_sees(self, desk: Desk) -> None:
        desk.task("Secret")
        response = agent_client(desk.stranger).get("/scp/tasks/list/open/export.csv")
        assert "Secret" not in response.getvalue().decode()


def test_assigned_only(desk: Desk) -> None:
    agent = AgentFactory.new(dept=desk.department, role=RoleFactory.new(), assigned_only=True)
    own, other = desk.task("Own"), desk.task("Other")
    assign_task(own, actor=desk.actor, agent=agent)
    client = agent_client(reload(agent))
    assert titles(client, "/scp/tasks/") == ["Own"]
    assert client.get(f"/scp/tasks/{other.pk}/").status_code == 404
    assert client.get(f"/scp/tasks/{own.pk}/").status_code == 200


def test_the_agent_of_the_ticket_sees_its_tasks(desk: Desk) -> None:
    agent = AgentFactory.new()
    ticket = desk.ticket()
    task = desk.task(ticket=ticket)
    client = agent_client(agent)
    assert client.get(f"/scp/tasks/{task.pk}/").status_code == 404
    Ticket.objects.filter(pk=ticket.pk).update(staff=agent)
    assert client.get(f"/scp/tasks/{task.pk}/").status_code == 200
    assert titles(client, "/scp/tasks/") == ["Call the vendor"]
