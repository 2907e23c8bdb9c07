"""The editors of queues, columns and orders: stored as osTicket stores them, shown at once, usable without scripts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent
from tests.factories import EndUserFactory, collaborate
from tests.sign_in import agent_client
from tests.tickets.conftest import Desk
from tickets.constants import QueueFlag, TicketFlag
from tickets.criteria import Criterion
from tickets.models import (
    Queue,
    QueueColumn,
    QueueColumnPlacement,
    QueueExportField,
    QueuePreference,
    QueueSort,
    QueueSortChoice,
    Ticket,
)
from tickets.services.queue_parts import PlacedColumn
from tickets.services.queues import LONGEST_PATH, QueueDraft, change_queue, create_queue, delete_queue

SUBJECT, NUMBER, SEARCH = 3, 1, "cdata__subject"


@pytest.fixture
def browser(desk: Desk) -> Client:
    """The browser of an administrator."""
    Agent.objects.filter(pk=desk.agent.pk).update(isadmin=True)
    return agent_client(Agent.objects.get(pk=desk.agent.pk))


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def as_shown(page: BeautifulSoup) -> dict[str, list[str]]:
    """Give what the form would send as it stands."""
    form = page.select_one("#rows-form")
    assert form is not None
    sent: dict[str, list[str]] = {}
    for one in form.select("input[name], select[name]"):
        if one.name == "select":
            values = [str(option["value"]) for option in one.select("option[selected]")]
            if not values and not one.has_attr("multiple"):
                values = [str(option["value"]) for option in one.select("option")[:1]]
        elif one.get("type") == "checkbox" and not one.has_attr("checked"):
            values = []
        else:
            values = [str(one.get("value", ""))]
        if values:
            sent.setdefault(str(one["name"]), []).extend(values)
    sent.pop("csrfmiddlewaretoken", None)
    return sent


def rows_of(model: Any, **which: Any) -> list[dict[str, Any]]:
    rows = model.objects.filter(**which).values()
    return sorted(({k: v for k, v in row.items() if k != "updated"} for row in rows), key=repr)


def headings(page: BeautifulSoup) -> list[str]:
    return [" ".join(one.get_text().split()) for one in page.select(".queue th:not(.cell-choose)")]


def texts(page: BeautifulSoup, selector: str) -> list[str]:
    return [" ".join(one.get_text(" ").split()) for one in page.select(selector)]


class TestRoundTrips:
    """Saving a form as it is shown changes nothing that osTicket stored."""

    @pytest.mark.parametrize("queue_id", [1, 2, 6, 9])
    def test_queues(self, browser: Client, queue_id: int) -> None:
        parts = (QueueColumnPlacement, QueueSortChoice, QueueExportField)
        Queue.objects.filter(pk=1).update(
            config={
                "criteria": [["status__state", "includes", {"open": "Open"}]],
                "conditions": [{"crit": ["isoverdue", "set", None], "prop": {"background-color": "#123456"}}],
            }
        )
        (old,), of_parts = rows_of(Queue, pk=queue_id), [rows_of(part, queue_id=queue_id) for part in parts]
        page = browser.get(f"/scp/queues/{queue_id}/edit/")
        assert browser.post(f"/scp/queues/{queue_id}/edit/", as_shown(soup(page))).status_code == 302
        (new,) = rows_of(Queue, pk=queue_id)
        assert {**new, "path": old["path"], "config": old["config"]} == {**old, "flags": new["flags"]}
        config = old["config"] if isinstance(old["config"], dict) else {"criteria": old["config"], "conditions": []}
        assert new["config"] == config
        assert new["flags"] & ~QueueFlag.INHERIT_EXPORT == old["flags"] & ~QueueFlag.INHERIT_EXPORT
        again = [rows_of(part, queue_id=queue_id) for part in parts]
        assert without_places(again) == without_places(of_parts)

    @pytest.mark.parametrize("column_id", [1, 3, 4, 9])
    def test_columns(self, browser: Client, column_id: int) -> None:
        before = rows_of(QueueColumn, pk=column_id)
        page = browser.get(f"/scp/queues/columns/{column_id}/")
        assert browser.post(f"/scp/queues/columns/{column_id}/", as_shown(soup(page))).status_code == 302
        assert rows_of(QueueColumn, pk=column_id) == before

    def test_orders(self, browser: Client) -> None:
        before = rows_of(QueueSort, pk=1)
        page = browser.get("/scp/queues/orders/1/")
        assert browser.post("/scp/queues/orders/1/", as_shown(soup(page))).status_code == 302
        assert rows_of(QueueSort, pk=1) == before


def without_places(parts: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Leave the numbers out that say the order: osTicket leaves gaps in them."""
    return [[{**row, "sort": 0} for row in part] for part in parts]


def test_columns_of_a_queue_have_order_heading_width_and_sorting(desk: Desk, browser: Client) -> None:
    desk.ticket(subject="Late")
    form = as_shown(soup(browser.get("/scp/queues/1/edit/")))
    page = soup(browser.post("/scp/queues/1/edit/", {**form, "do": "column-up-2"}))
    assert [one["value"] for one in page.select("[name^=was-]")][:3] == ["1", "3", "10"]
    assert headings(page)[:3] == ["Ticket", "Subject", "Last Updated"], "the preview shows it"
    assert rows_of(QueueColumnPlacement, queue_id=1, column_id=3)[0]["sort"] == 3, "nothing is stored yet"
    form = {**as_shown(page), "heading-1": ["What  for"], "width-1": ["420"], "column-5": [""]}
    del form["sortable-1"]
    browser.post("/scp/queues/1/edit/", form)
    stored = QueueColumnPlacement.objects.filter(queue=1, staff_id=0).order_by("sort")
    assert [(row.column_id, row.sort) for row in stored] == [(1, 1), (3, 2), (10, 3), (4, 4), (5, 5)]
    assert (stored[1].heading, stored[1].width, stored[1].bits, stored[2].bits) == ("What for", 420, 0, 1)
    shown = soup(browser.get("/scp/queues/1/"))
    assert headings(shown) == ["Ticket", "What for", "Last Updated", "From", "Priority"]
    assert [one.get("width") for one in shown.select("col:not([class])")] == ["420"]
    assert "What for" not in texts(shown, ".sort-link")


def test_another_column_does_not_keep_the_heading_of_the_old_one(browser: Client) -> None:
    form = as_shown(soup(browser.get("/scp/queues/1/edit/")))
    browser.post("/scp/queues/1/edit/", {**form, "column-3": ["11"]})
    assert QueueColumnPlacement.objects.get(queue=1, column=11, staff_id=0).heading == "Department"


def test_a_queue_inherits_columns_and_export_until_it_has_its_own(desk: Desk, browser: Client) -> None:
    ticket = desk.ticket(subject="Late")
    QueueExportField.objects.create(queue_id=1, path="number", heading="No.", sort=1)
    form = {"title": "Sub", "kind": "queue", "parent": "1", "c-0-path": "isanswered", "c-0-method": "nset"}
    browser.post("/scp/queues/new/", form)
    queue = Queue.objects.get(title="Sub")
    inherited = QueueFlag.INHERIT_COLUMNS | QueueFlag.INHERIT_EXPORT | QueueFlag.INHERIT_DEFAULT_SORT
    assert queue.flags & inherited == inherited
    assert headings(soup(browser.get(f"/scp/queues/{queue.pk}/")))[1] == "Last Updated"
    assert exported(browser, queue.pk) == ["No.", str(ticket.number)]
    page = soup(browser.post(f"/scp/queues/{queue.pk}/edit/", {**form, "do": "export-own"}))
    assert [one["value"] for one in page.select("[name^=export-heading-]")] == ["No."]
    own = {**as_shown(page), "export-1": ["cdata__subject"]}
    page = soup(browser.post(f"/scp/queues/{queue.pk}/edit/", {**own, "do": "export-up-1"}))
    browser.post(f"/scp/queues/{queue.pk}/edit/", as_shown(page))
    assert exported(browser, queue.pk) == ["Subject,No.", f"Late,{ticket.number}"]
    queue.refresh_from_db()
    assert queue.flags & inherited == QueueFlag.INHERIT_COLUMNS | QueueFlag.INHERIT_DEFAULT_SORT
    assert exported(browser, 1) == ["No.", str(ticket.number)]


def exported(browser: Client, queue_id: int) -> list[str]:
    response = browser.get(f"/scp/queues/{queue_id}/export.csv")
    return b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]


def test_rows_and_cells_are_styled_by_conditions(desk: Desk, browser: Client) -> None:
    overdue = desk.ticket(subject="Late")
    desk.ticket(subject="Fine")
    Ticket.objects.filter(pk=overdue.pk).update(isoverdue=True)
    form = as_shown(soup(browser.get("/scp/queues/1/edit/")))
    page = soup(browser.post("/scp/queues/1/edit/", {**form, "do": "mark-own"}))
    mark = {"m-0-path": ["isoverdue"], "m-0-method": ["set"], "m-0-style-background-color": ["#ffd6d6"]}
    form = {**as_shown(page), **mark}
    refused = browser.post("/scp/queues/1/edit/", {**form, "m-0-style-font-weight": ["heavy"]})
    assert (refused.status_code, "font-weight cannot be" in refused.content.decode()) == (422, True)
    assert browser.post("/scp/queues/1/edit/", form).status_code == 302
    config = Queue.objects.get(pk=1).config
    assert isinstance(config, dict)
    assert config["conditions"] == [{"crit": ["isoverdue", "set", None], "prop": {"background-color": "#ffd6d6"}}]
    shown = soup(browser.get("/scp/queues/1/"))
    assert texts(shown, "tr.mark-ground-red .subject-link") == ["Late"]
    assert not shown.select("td.mark-ground-red"), "the whole row has the background, the box to choose it included"


def test_a_column_shows_another_field_annotations_and_styles(desk: Desk, browser: Client) -> None:
    ticket = desk.ticket(subject="Late", source="Phone")
    collaborate(ticket, EndUserFactory.new())
    Ticket.objects.filter(pk=ticket.pk).update(flags=TicketFlag.COMBINE_THREADS)
    form = {
        "name": "Where from",
        "primary": "topic_id",
        "secondary": "source",
        "filter": "",
        "truncate": "wrap",
        "annotation-0": "TicketSourceDecoration",
        "annotation-place-0": "b",
        "annotation-1": "MergedFlagDecoration",
        "annotation-place-1": ">",
        "annotation-2": "ThreadCollaboratorCount",
        "annotation-place-2": "<",
        "m-0-path": "source",
        "m-0-method": "includes",
        "m-0-value": "Phone",
        "m-0-style-font-style": "italic",
    }
    assert "Phone" in texts(soup(browser.post("/scp/queues/columns/new/", {**form, "preview": "1"})), ".mark-italic")[0]
    assert browser.post("/scp/queues/columns/new/", form).status_code == 302
    column = QueueColumn.objects.get(name="Where from")
    assert (column.primary, column.secondary, column.filter) == ("topic_id", "source", None)
    assert column.annotations == [
        {"c": "TicketSourceDecoration", "p": "b"},
        {"c": "MergedFlagDecoration", "p": ">"},
        {"c": "ThreadCollaboratorCount", "p": "<"},
    ]
    assert column.conditions == [{"crit": ["source", "includes", {"Phone": "Phone"}], "prop": {"font-style": "italic"}}]
    Ticket.objects.filter(pk=ticket.pk).update(topic=None)
    QueueColumnPlacement.objects.create(queue_id=1, column=column, sort=0, heading="Where", bits=1)
    shown = soup(browser.get("/scp/queues/1/"))
    assert texts(shown, "td.mark-italic") == ["1 1 collaborator Phone Phone Merged"]
    refused = browser.post(f"/scp/queues/columns/{column.pk}/", {"delete": "1"})
    assert (refused.status_code, "It is used by: Open" in refused.content.decode()) == (409, True)
    QueueColumnPlacement.objects.filter(column=column).delete()
    browser.post(f"/scp/queues/columns/{column.pk}/", {"delete": "1"})
    assert not QueueColumn.objects.filter(pk=column.pk).exists()


@pytest.mark.parametrize(
    ("primary", "secondary", "shown_as", "note"),
    [
        ("source", "", "date:full", "only dates of the ticket"),
        ("source", "topic_id", "date:human", "only dates of the ticket"),
        ("source", "created", "date:human", ""),
        ("est_duedate", "", "date:full", ""),
        ("thread__lastmessage", "", "date:human", ""),
        ("cdata__subject", "", "link:org", "the subject always leads to its ticket"),
        ("cdata__subject", "", "link:ticketP", ""),
        ("topic_id", "", "link:org", ""),
        ("", "", "date:full", ""),
    ],
)
def test_what_a_column_is_shown_as_without_effect_is_named_at_the_field(
    browser: Client, primary: str, secondary: str, shown_as: str, note: str
) -> None:
    column = QueueColumn.objects.create(name="Odd", primary=primary, secondary=secondary or None, filter=shown_as)
    form = {"name": "Odd", "primary": primary, "secondary": secondary, "filter": shown_as, "preview": "1"}
    for page in (
        soup(browser.get(f"/scp/queues/columns/{column.pk}/")),
        soup(browser.post("/scp/queues/columns/new/", form)),
    ):
        (select,) = page.select("select[name=filter]")
        named = page.find(id=str(select.get("aria-describedby", "none")))
        assert note in (named.get_text() if named else "")
        assert bool(named) == bool(note)


def test_a_list_without_subjects_still_leads_to_its_tickets(desk: Desk, browser: Client) -> None:
    ticket = desk.ticket(subject="Late")
    QueueColumnPlacement.objects.filter(queue_id=1, column_id=SUBJECT).delete()
    (link,) = soup(browser.get("/scp/queues/1/")).select(".subject-link")
    assert (link["href"], link.get_text()) == (f"/scp/tickets/{ticket.pk}/", ticket.number)


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"name": " ", "primary": "number"}, "Name required"),
        ({"name": "subject", "primary": "number"}, "Name already in use"),
        ({"name": "x"}, "Choose the field that it shows"),
        ({"name": "x", "primary": "gone"}, "Choose the field that it shows"),
        ({"name": "x", "primary": "number", "filter": "javascript"}, "Choose one from the list"),
        ({"name": "x", "primary": "number", "annotation-0": "Nothing"}, "Choose annotations from the list"),
        ({"name": "x", "primary": "number", "m-0-path": "gone", "m-0-style-color": "#ff0000"}, "no such field"),
        ({"name": "x", "primary": "number", "m-0-path": "", "m-0-style-color": "#ff0000"}, "it has no condition"),
    ],
)
def test_what_is_wrong_with_a_column_is_named(browser: Client, form: dict[str, str], message: str) -> None:
    answer = browser.post("/scp/queues/columns/new/", form)
    assert (answer.status_code, message in answer.content.decode()) == (422, True)
    assert not QueueColumn.objects.filter(name="x").exists()


def test_an_order_is_made_used_and_deleted(desk: Desk, browser: Client) -> None:
    for subject in ("B", "A"):
        desk.ticket(subject=subject)
    form = {"name": "By subject", "path-0": SEARCH, "direction-0": "up", "path-1": "created", "direction-1": "down"}
    moved = as_shown(soup(browser.post("/scp/queues/orders/new/", {**form, "do": "path-down-0"})))
    assert (moved["path-0"], moved["direction-0"], moved["path-1"]) == (["created"], ["down"], [SEARCH])
    browser.post("/scp/queues/orders/new/", form)
    order = QueueSort.objects.get(name="By subject")
    assert (order.columns, order.root) == ([SEARCH, "-created"], "T")
    queue = as_shown(soup(browser.get("/scp/queues/1/edit/")))
    browser.post("/scp/queues/1/edit/", {**queue, "sort_id": [str(order.pk)]})
    assert texts(soup(browser.get("/scp/queues/1/")), ".subject-link") == ["A", "B"]
    assert browser.post(f"/scp/queues/orders/{order.pk}/", {"delete": "1"}).status_code == 409
    queue = as_shown(soup(browser.get("/scp/queues/1/edit/")))
    browser.post("/scp/queues/1/edit/", {**queue, "sort_id": ["1"]})
    QueuePreference.objects.create(queue_id=1, staff=desk.agent, setting={"sort_id": str(order.pk)})
    assert browser.post(f"/scp/queues/orders/{order.pk}/", {"delete": "1"}).status_code == 409
    QueuePreference.objects.all().delete()
    browser.post(f"/scp/queues/orders/{order.pk}/", {"delete": "1"})
    assert not QueueSort.objects.filter(pk=order.pk).exists()


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"name": "x"}, "Choose one to 6 fields"),
        ({"name": "x", "path-0": "created", "path-1": "created", "direction-1": "down"}, "sorted by once"),
        ({"name": "x", "path-0": "gone"}, "cannot be sorted by this field"),
    ],
)
def test_what_is_wrong_with_an_order_is_named(browser: Client, form: dict[str, str], message: str) -> None:
    answer = browser.post("/scp/queues/orders/new/", form)
    assert (answer.status_code, message in answer.content.decode()) == (422, True)


@pytest.mark.ignore_template_errors
def test_hidden_queues_are_found_again(desk: Desk, browser: Client) -> None:
    Queue.objects.filter(pk=1).update(flags=QueueFlag.PUBLIC | QueueFlag.QUEUE | QueueFlag.DISABLED)
    Queue.objects.filter(pk=2).update(config=[["cdata__gone", "set", None]])
    page = soup(browser.get("/scp/queues/setup/"))
    assert texts(page, 'li:has(a[href="/scp/queues/1/edit/"])') == ["Open hidden"]
    assert texts(page, ".setup-problem") == ["cdata__gone: there is no such field"]
    health = browser.get("/admin/health/").content.decode()
    assert "Queue “Open” asks for a field that is gone: cdata__gone" in health
    assert {"Subject", "Priority + Due Date"} <= set(texts(page, ".setup-rows a"))
    [new] = [link for link in page.select("a") if link.get_text(strip=True) == "New queue"]
    form = soup(browser.get(str(new["href"])))
    assert texts(form, "#queue-kind option[selected]") == ["Queue for everybody"]
    assert texts(soup(browser.get("/scp/queues/new/")), "#queue-kind option[selected]") == ["My search"]


def test_an_agent_gives_his_own_columns_headings_and_widths(desk: Desk, browser: Client) -> None:
    desk.ticket()
    agent = agent_client(desk.colleague)
    form = as_shown(soup(agent.get("/scp/queues/1/arrange/")))
    page = soup(agent.post("/scp/queues/1/arrange/", {**form, "sort_id": ["4"], "do": "column-remove-1"}))
    shown = as_shown(page)
    assert (shown["sort_id"], [one["value"] for one in page.select("[name^=was-]")]) == (
        ["4"],
        ["1", "3", "4", "5", "8"],
    )
    assert not QueuePreference.objects.exists()
    agent.post("/scp/queues/1/arrange/", {**shown, "heading-0": ["Nr."], "width-0": ["77"]})
    own = QueueColumnPlacement.objects.get(queue=1, column=NUMBER, staff_id=desk.colleague.pk)
    assert (own.heading, own.width, own.bits) == ("Nr.", 77, 1)
    assert headings(soup(agent.get("/scp/queues/1/")))[:2] == ["Nr.", "Subject"]
    assert headings(soup(browser.get("/scp/queues/1/")))[:2] == ["Ticket", "Last Updated"]
    assert agent.get("/scp/queues/columns/1/").status_code == 403


def test_who_arranges_a_queue_without_columns_of_its_own_begins_with_those_that_it_shows(
    desk: Desk, browser: Client
) -> None:
    desk.ticket()
    made = create_queue(
        QueueDraft(title="All", criteria=[Criterion("status__state", "includes", {"open": "Open"})], is_queue=True),
        actor=Actor.system("tests"),
    )
    shown = headings(soup(browser.get(f"/scp/queues/{made.pk}/")))
    form = soup(browser.get(f"/scp/queues/{made.pk}/arrange/"))
    assert [str(one["value"]) for one in form.select("[name^=heading-]")] == shown


class TestPaths:
    """`/1/2/`: the ids of the ancestry, the own one last, whatever happens above (osticket/queues.md §1)."""

    SYSTEM = Actor.system("tests")

    def queue(self, title: str, parent: Queue | int | None) -> Queue:
        return create_queue(self.draft(title, parent), actor=self.SYSTEM)

    def draft(self, title: str, parent: Queue | int | None) -> QueueDraft:
        parent_id = parent.pk if isinstance(parent, Queue) else parent
        answered = Criterion("isanswered", "set", None)
        return QueueDraft(title=title, criteria=[answered], is_queue=True, parent_id=parent_id)

    @pytest.fixture
    def tree(self, db: None) -> dict[str, Queue]:
        """Top, Other; below Top: First, below that: Second, below that: Third."""
        top, other = self.queue("Top", None), self.queue("Other", None)
        first = self.queue("First", top)
        second = self.queue("Second", first)
        return {"top": top, "other": other, "first": first, "second": second, "third": self.queue("Third", second)}

    def paths(self, tree: dict[str, Queue], *names: str) -> list[str]:
        known = {str(queue.pk): name for name, queue in tree.items()}
        stored = dict(Queue.objects.values_list("pk", "path"))
        return [" ".join(known.get(one, one) for one in stored[tree[name].pk].split("/")).strip() for name in names]

    def test_below_a_new_queue(self, tree: dict[str, Queue]) -> None:
        assert self.paths(tree, "top", "first", "third") == ["top", "top first", "top first second third"]
        assert tree["first"].path == f"/{tree['top'].pk}/{tree['first'].pk}/"

    def test_below_a_queue_of_the_installation(self, db: None) -> None:
        """Their own paths are just a slash."""
        assert self.queue("Below", 3).path == f"/1/3/{Queue.objects.get(title='Below').pk}/"

    def test_below_a_queue_that_moved(self, tree: dict[str, Queue]) -> None:
        change_queue(tree["first"], self.draft("First", tree["other"]), actor=self.SYSTEM)
        assert self.paths(tree, "first", "second", "third") == [
            *("other first", "other first second", "other first second third"),
        ]

    def test_below_a_queue_that_was_deleted(self, tree: dict[str, Queue]) -> None:
        delete_queue(tree["first"], actor=self.SYSTEM)
        assert self.paths(tree, "second", "third") == ["top second", "top second third"]
        delete_queue(tree["top"], actor=self.SYSTEM)
        assert self.paths(tree, "second", "third") == ["second", "second third"]

    def test_queues_below_a_deleted_one_list_what_they_listed(self, desk: Desk) -> None:
        kept, other = desk.ticket(), desk.ticket(closed=True)
        Ticket.objects.update(isanswered=True)
        order = QueueSort.objects.create(root="T", name="Oldest", columns=["created"])
        [state] = [Criterion("status__state", "includes", {"open": "Open"})]
        columns = [PlacedColumn(SUBJECT, "What", 200), PlacedColumn(NUMBER, "No.", 80)]
        above = create_queue(
            QueueDraft(
                title="Ours",
                criteria=[state],
                is_queue=True,
                columns=columns,
                sort_id=order.pk,
                sort_ids=[order.pk],
                export=[("number", "No.")],
                filter="staff_id",
            ),
            actor=self.SYSTEM,
        )
        draft = replace(self.draft("Answered", above), filter="::")
        below, search = (
            create_queue(draft, actor=self.SYSTEM),
            create_queue(
                QueueDraft(title="Mine", criteria=[Criterion("isanswered", "set", None)], parent_id=above.pk),
                actor=desk.actor,
            ),
        )
        browser = agent_client(desk.agent)

        def seen(queue: Queue) -> tuple[list[str], list[str], str]:
            page = soup(browser.get(f"/scp/queues/{queue.pk}/"))
            export = browser.get(f"/scp/queues/{queue.pk}/export.csv")
            return (
                [str(row["href"]) for row in page.select(".queue-table tbody a[href*='/tickets/']")],
                [head.get_text(strip=True) for head in page.select(".queue-table thead th")],
                b"".join(export.streaming_content).decode(),  # type: ignore[attr-defined]
            )

        before = [seen(below), seen(search)]
        assert str(kept.number) in before[0][2]
        assert str(other.number) not in before[0][2]
        delete_queue(above, actor=self.SYSTEM)
        assert [seen(below), seen(search)] == before
        below.refresh_from_db()
        assert (below.default_sort, below.filter, below.parent_id) == (order, "staff_id", None)
        assert list(QueueSortChoice.objects.filter(queue=below).values_list("queue_sort_id", flat=True)) == [order.pk]

    def test_the_editor_says_what_becomes_of_the_queues_below(self, browser: Client, tree: dict[str, Queue]) -> None:
        page = soup(browser.get(f"/scp/queues/{tree['top'].pk}/edit/")).select_one(".delete-queue")
        assert page is not None
        assert "1 queue or search stands below it" in page.get_text(" ", strip=True)
        first = soup(browser.get("/scp/queues/1/edit/")).select_one(".delete-queue")
        assert first is not None
        assert "Agents begin their work with it" in first.get_text(" ", strip=True)

    def test_what_the_column_does_not_hold_is_refused(self, tree: dict[str, Queue]) -> None:
        lowest = tree["third"]
        while len(Queue.objects.get(pk=lowest.pk).path) < LONGEST_PATH - len(f"{lowest.pk + 1}/"):
            lowest = self.queue(f"Level {lowest.pk}", lowest)
        with pytest.raises(ValidationFailed) as refused:
            self.queue("Too deep", lowest)
        assert refused.value.code == "too_deep"
