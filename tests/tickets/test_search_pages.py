"""The search page: words, conditions, what is left out, and who finds what."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.models import FormAnswer
from helpdesk.legacy.time_limits import TookTooLong
from helpdesk.people.access import access_of
from helpdesk.people.models import Agent
from sla.models import SlaPlan
from tests.factories import (
    DepartmentFactory,
    EndUserFactory,
    HelpTopicFactory,
    OrganizationFactory,
    TeamFactory,
    give_access,
    refer_ticket,
)
from tests.sign_in import agent_client
from tests.tickets.conftest import NOW, Desk
from tests.tickets.list_pages import criteria, subjects
from tickets import paging
from tickets.constants import TicketFlag
from tickets.criteria import Criterion, compile_criteria
from tickets.models import Queue, Ticket, TicketStatus
from tickets.navigation import context_for
from tickets.search import hits as search_hits
from tickets.search.language import read_query
from tickets.services import post_note


@pytest.fixture
def browser(desk: Desk) -> Client:
    return agent_client(desk.agent)


def found(browser: Client, **query: str) -> list[str]:
    response = browser.get("/scp/search/", query)
    assert response.status_code == 200, response
    return subjects(response.content.decode())


@pytest.mark.django_db(transaction=True)
def test_words_of_subject_entry_and_requester_lead_to_tickets(desk: Desk, browser: Client) -> None:
    printer = desk.ticket(
        subject="Printer on fire",
        message="The smoking laser",
        user=EndUserFactory.new(name="Ann Bee", address="ann@acme.test"),
    )
    desk.ticket(subject="Réglages perdus", message="Bonjour")
    post_note(printer, actor=desk.actor, body="<p>Replace the fuser</p>")
    assert found(browser, q="printer fire") == ["Printer on fire"]
    assert found(browser, q="smoking") == ["Printer on fire"]
    assert found(browser, q="fuser") == ["Printer on fire"]
    assert found(browser, q="reglages") == ["Réglages perdus"]
    assert found(browser, q="Bee") == ["Printer on fire"]
    assert found(browser, q="printer perdus") == []
    assert found(browser, q="-printer bonjour") == ["Réglages perdus"]
    assert found(browser, q='"laser smoking"') == []
    assert found(browser, q="print*", sort="relevance") == ["Printer on fire"]
    assert found(browser, q="from:ann@acme.test status:open created:<7d smoking") == []  # opened in March


@pytest.fixture
def history(desk: Desk) -> None:
    """Two tickets that differ in everything, and one with as little as a ticket can have."""
    bob = EndUserFactory.new(name="Bob Cat", address="bob@other.test", org=OrganizationFactory.new(name="Other"))
    ann = EndUserFactory.new(name="Ann Bee", address="ann@acme.test", org=OrganizationFactory.new(name="Acme Ltd"))
    printer = desk.ticket(subject="Printer", user=ann, source="Phone", answers={"priority": 3})
    phone = desk.ticket(subject="Phone", user=bob, source="Email", answers={"priority": 1}, closed=True)
    bare = desk.ticket(subject="Bare", source="Web")
    bare_values = {"user": None, "topic": None, "sla": None, "staff": None, "team": None, "number": "B1"}
    Ticket.objects.filter(pk=bare.pk).update(**bare_values)
    FormAnswer.objects.filter(entry__object_type="T", entry__object_id=bare.pk).update(value=None, value_id=None)
    cdata.refresh(EntryObject.TICKET, [bare.pk])
    team = TeamFactory.new(members=[desk.agent], name="Menders")
    topic = HelpTopicFactory.new(topic="Repairs")
    sla = SlaPlan.objects.create(name="Fast", grace_period=4, flags=1)
    attic = DepartmentFactory.new(name="Attic")
    Ticket.objects.filter(pk=printer.pk).update(
        staff=desk.agent, topic=topic, sla=sla, isoverdue=True, isanswered=True, flags=TicketFlag.LINKED, number="A1"
    )
    Ticket.objects.filter(pk=phone.pk).update(team=team, number="P1", dept=attic, reopened=NOW)
    give_access(desk.agent, attic)


def numbers(criteria: Sequence[Criterion], desk: Desk) -> list[str]:
    condition = compile_criteria(criteria, context_for(access_of(desk.agent), NOW))
    return sorted(ticket.number or "" for ticket in Ticket.objects.filter(condition))


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("subject:prin", "A1"),
        ("org:acme", "A1"),
        ("org:ltd", "A1"),
        ("from:ann", "A1"),
        ("from:ann@acme.test", "A1"),
        ("from:@acme", "A1"),
        ("number:A1", "A1"),
        ("priority:high", "A1"),
        ("source:phone", "A1"),
        ("dept:attic", "P1"),
        ("topic:repairs", "A1"),
        ("topic:none", "B1 P1"),
        ("sla:fast", "A1"),
        ("agent:ada", "A1"),
        ("team:menders", "P1"),
        ("team:none", "A1 B1"),
        ("assignee:me", "A1"),
        ("assignee:my-teams", "P1"),
        ("assignee:none", "B1"),
        ("status:closed", "P1"),
        ("status:resolved", "P1"),
        ("is:closed", "P1"),
        ("is:overdue", "A1"),
        ("is:answered", "A1"),
        ("is:unanswered", "B1 P1"),
        ("is:assigned", "A1 P1"),
        ("is:linked", "A1"),
        ("is:merged", ""),
        ("is:reopened", "P1"),
        ("reopened:none", "A1 B1"),
        ("closed:none", "A1 B1"),
        ("has:attachments", ""),
        ("has:collaborators", ""),
        ("has:tasks", ""),
    ],
)
def test_a_minus_turns_each_part_round(desk: Desk, history: None, part: str, expected: str) -> None:
    """Every ticket is found with the minus or without it, also those that have nothing there."""
    context = context_for(access_of(desk.agent), NOW)
    assert not (problems := [*read_query(part, context).errors, *read_query(f"-{part}", context).errors]), problems
    with_it = numbers(read_query(part, context).criteria, desk)
    without_it = numbers(read_query(f"-{part}", context).criteria, desk)
    assert with_it == expected.split()
    assert without_it == sorted({"A1", "B1", "P1"} - set(with_it))


@pytest.fixture(params=["in time", "cut off"])
def looking(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a page is found by the first way that is tried."""

    @contextmanager
    def cut_off(_seconds: float) -> Iterator[None]:
        yield
        raise TookTooLong

    if request.param == "cut off":
        monkeypatch.setattr(paging, "time_limit", cut_off)


@pytest.mark.usefixtures("looking")
@pytest.mark.parametrize("text", ["-subject:printer", "-from:nobody", "-priority:low", "source:web -subject:printer"])
def test_what_is_not_so_is_found_in_every_status_and_wherever_the_agent_sees_tickets(
    desk: Desk, browser: Client, text: str
) -> None:
    attic = DepartmentFactory.new(name="Attic")
    tickets = {
        name: desk.ticket(subject=name, source="Web")
        for name in ("Own", "Old", "Gone", "Mine", "Mine, closed", "Given", "Given, closed", "Hidden")
    }
    desk.ticket(subject="Printer", source="Web")
    closed = TicketStatus.objects.filter(state="closed")[0]
    gone = TicketStatus.objects.order_by("-pk")[0].pk + 7
    changes: dict[str, dict[str, Any]] = {
        "Old": {"status": closed},
        "Gone": {"status_id": gone},
        "Mine": {"staff": desk.agent},
        "Mine, closed": {"staff": desk.agent, "status": closed},
        "Given, closed": {"status": closed},
    }
    for name, values in changes.items():
        Ticket.objects.filter(pk=tickets[name].pk).update(**values)
    elsewhere = [ticket.pk for name, ticket in tickets.items() if name not in {"Own", "Old", "Gone"}]
    Ticket.objects.filter(pk__in=elsewhere).update(dept=attic)
    refer_ticket(tickets["Given"], desk.agent)
    refer_ticket(tickets["Given, closed"], desk.department)
    for number, name in enumerate(reversed(tickets)):
        Ticket.objects.filter(pk=tickets[name].pk).update(lastupdate=NOW + timedelta(hours=number))
    seen = ["Own", "Old", "Gone", "Mine", "Given", "Given, closed"]
    answers = found(browser, q=text)
    assert [name for name in answers if name != "Printer"] == seen
    assert ("Printer" in answers) == ("printer" not in text)
    Agent.objects.filter(pk=desk.agent.pk).update(max_page_size=2)
    first = BeautifulSoup(browser.get("/scp/search/", {"q": text}).content, "html.parser")
    older = first.select_one("a[rel=next]")
    assert older is not None
    assert subjects(str(first)) == seen[:2]
    assert subjects(browser.get(f"/scp/search/{older['href']}").content.decode()) == seen[2:4]


def test_a_search_with_a_minus_is_saved_as_it_was_typed(desk: Desk, browser: Client, history: None) -> None:
    assert sorted(found(browser, q="-subject:prin")) == ["(no subject)", "Phone"]
    context = context_for(access_of(desk.agent), NOW)
    typed = [one.as_json() for one in read_query("-subject:prin -priority:high -from:a@b.test", context).criteria]
    form = BeautifulSoup(browser.get("/scp/search/advanced/", {"c": json.dumps(typed)}).content, "html.parser")
    chosen = [option["value"] for option in form.select('select[name$="-method"] option[selected]')]
    assert chosen == ["!contains", "!chosen", "!equal"]
    queue = {"title": "Others", "kind": "personal", **criteria(("cdata__subject", "!contains", "prin"))}
    browser.post("/scp/queues/new/", queue)
    saved = Queue.objects.get(title="Others")
    assert (saved.config or {})["criteria"] == [["cdata__subject", "!contains", "prin"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("due:<2d", "agent's plan's"),
        ("due:>2d", "late"),
        ("due:2026-03-03", "agent's plan's"),
        ("due:none", "none"),
        ("-due:none", "agent's late plan's"),
        ("due:<2026-03-01", ""),
        (">", ""),
    ],
)
def test_due_is_the_date_of_the_agent_or_else_that_of_the_plan(desk: Desk, text: str, expected: str) -> None:
    soon, later = NOW + timedelta(days=1), NOW + timedelta(days=9)
    dates = {"agent's": (soon, later), "plan's": (None, soon), "late": (later, soon), "none": (None, None)}
    for number, (due, estimated) in dates.items():
        Ticket.objects.filter(pk=desk.ticket().pk).update(number=number, duedate=due, est_duedate=estimated)
    if text == ">":
        assert numbers([Criterion("due", "nequal", "2026-03-03")], desk) == ["late"]
        return
    context = context_for(access_of(desk.agent), NOW)
    assert " ".join(numbers(read_query(text, context).criteria, desk)) == expected


@pytest.mark.django_db(transaction=True)
def test_nobody_finds_what_he_may_not_see(desk: Desk) -> None:
    desk.ticket(subject="Secret plan")
    assert found(agent_client(desk.stranger), q="secret plan") == []
    assert found(agent_client(desk.stranger), q="secret plan", sort="relevance") == []


def test_a_number_leads_to_its_ticket(desk: Desk, browser: Client) -> None:
    ticket = desk.ticket(subject="One")
    response = browser.get("/scp/search/", {"q": f"#{ticket.number}"})
    assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"
    response = browser.get("/scp/tickets.php", {"a": "search", "query": "one two"})
    assert response.headers["Location"] == "/scp/search/?q=one+two"


@pytest.mark.parametrize(
    ("text", "marked", "reason"),
    [
        ("status:open dept:nowhere", "dept:nowhere", "Nothing is called"),
        ("colour:red", "colour:red", "There is no field"),
        ('printer "open end', '"open end', "closing quotation mark"),
        ("created:soon", "created:soon", "is no date"),
        ("is:purple", "is:purple", "cannot be"),
        ("status:", "status:", "What should"),
        ("printer of", "of", "Too short or too common"),
    ],
)
def test_what_cannot_be_read_is_pointed_at(desk: Desk, browser: Client, text: str, marked: str, reason: str) -> None:
    html = browser.get("/scp/search/", {"q": text}).content.decode()
    from bs4 import BeautifulSoup

    page = BeautifulSoup(html, "html.parser")
    assert [mark.get_text() for mark in page.select(".search-marked mark")] == [marked]
    assert reason in page.select_one("#search-errors").get_text()  # type: ignore[union-attr]


@pytest.mark.django_db(transaction=True)
def test_typing_offers_numbers_and_people(desk: Desk, browser: Client) -> None:
    ticket = desk.ticket(subject="One", user=EndUserFactory.new(name="Ànn Bee", address="ann@acme.test"))
    offered = browser.get("/scp/search/suggestions/", {"q": (ticket.number or "")[:4]}).content.decode()
    assert f"/scp/tickets/{ticket.pk}/" in offered
    assert "from:ann%40acme.test" in browser.get("/scp/search/suggestions/", {"q": "ann"}).content.decode()
    assert f"/scp/tickets/{ticket.pk}/" not in (
        agent_client(desk.stranger).get("/scp/search/suggestions/", {"q": (ticket.number or "")[:4]}).content.decode()
    )


@pytest.mark.parametrize(
    "address",
    [
        "/scp/search/?q=%00&c=[[%22number%22,%22contains%22,%22%00%22]]",
        "/scp/search/?q=subject:%00x+from:%00%40%00",
        "/scp/search/?c=[[%22number%22,%22match%22,%22(%22]]",
        "/scp/search/?c=[[%22created%22,%22ndaysago%22,{%22until%22:%2299999%22,%22int%22:%22m%22}]]",
        "/scp/search/?c=[[%22created%22,%22equal%22,%229999-12-31%22]]",
        "/scp/search/?c=[[%22dept_id%22,%22includes%22,%2299999999999999999999%22]]",
        "/scp/search/?c={}&sort=relevance",
        "/scp/search/?q=((+%22+-&sort=relevance",
        "/scp/search/?q=-only+-these",
        "/scp/search/suggestions/?q=%00%25_",
        "/scp/queues/1/?sort=%00&filter=%00",
        "/scp/search/condition/?c-x-path=created&c-9-path=%00",
    ],
)
def test_no_input_breaks_a_page(desk: Desk, browser: Client, address: str) -> None:
    desk.ticket()
    assert browser.get(address).status_code == 200


def _walked(browser: Client, **query: str) -> tuple[list[str], list[str]]:
    """Give the subjects of all pages forwards, and those of the pages before the last one, backwards."""

    def page(**cursor: str) -> tuple[list[str], dict[str, str]]:
        html = browser.get("/scp/search/", query | cursor).content.decode()
        links = BeautifulSoup(html, "html.parser").select('a[rel="prev"], a[rel="next"]')
        addresses = {str(link["rel"][0]): parse_qs(urlsplit(str(link["href"])).query) for link in links}
        names = {"prev": "before", "next": "after"}
        return subjects(html), {rel: values[names[rel]][0] for rel, values in addresses.items()}

    shown, links = page()
    forwards = list(shown)
    for _page in range(30):
        if "next" not in links:
            break
        shown, links = page(after=links["next"])
        forwards += shown
    backwards = list(shown)
    for _page in range(30):
        if "prev" not in links:
            break
        shown, links = page(before=links["prev"])
        backwards = [*shown, *backwards]
    return forwards, backwards


def test_a_search_that_takes_too_long_says_that_only_the_newest_tickets_were_looked_at(
    desk: Desk, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def cut_off(_seconds: float) -> Iterator[None]:
        yield
        raise TookTooLong

    told = b"only the newest ones were looked at"
    for number in range(4):
        ticket = desk.ticket(subject=f"Printer {number}")
        Ticket.objects.filter(pk=ticket.pk).update(lastupdate=NOW + timedelta(hours=number))
    newest_first = [f"Printer {number}" for number in reversed(range(4))]
    assert told not in browser.get("/scp/search/", {"q": "subject:printer"}).content
    monkeypatch.setattr(paging, "time_limit", cut_off)
    monkeypatch.setattr(paging, "NEWEST", 2)
    for text, shown in (("subject:printer", newest_first[:2]), ("subject:nowhere", [])):
        response = browser.get("/scp/search/", {"q": text})
        assert subjects(response.content.decode()) == shown
        assert told in response.content
    assert told not in browser.get("/scp/search/", {"q": "subject:printer status:open"}).content
    lines = b"".join(browser.get("/scp/search/export.csv", {"q": "subject:printer"}).streaming_content)  # type: ignore[attr-defined]
    assert all(subject.encode() in lines for subject in newest_first)


def test_a_saved_search_for_words_has_no_number(desk: Desk, browser: Client) -> None:
    desk.ticket(subject="Printer")
    titles = {"With": "+printer", "Without": "-invoice", "Both": "+printer -invoice"}
    for title, words in titles.items():
        browser.post("/scp/queues/new/", {"title": title, "kind": "personal", **criteria((":keywords", "", words))})
    rail = BeautifulSoup(browser.get("/scp/queues/navigation/").content, "html.parser")
    for queue in Queue.objects.filter(title__in=titles):
        link = rail.select_one(f'a[href="/scp/queues/{queue.pk}/"]')
        assert link is not None
        assert link.select_one(".rail-count") is None
    assert Queue.objects.filter(title__in=titles).count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("most_checked", [2000, 3])
def test_a_minus_leaves_out_every_ticket_with_the_word(
    desk: Desk, browser: Client, monkeypatch: pytest.MonkeyPatch, most_checked: int
) -> None:
    """However few of them a look-up leads to, wherever the word stands, on pages in both directions."""
    for name in ("MOST_TICKETS", "MOST_USERS", "MOST_OF_USERS"):
        monkeypatch.setattr(search_hits, name, 1)
    monkeypatch.setattr(paging, "MOST_CHECKED", most_checked)
    monkeypatch.setattr(paging, "MOST_CHECKED_AT_ONCE", 3)
    Agent.objects.filter(pk=desk.agent.pk).update(max_page_size=2)
    monkeypatch.setattr(search_hits, "MOST_ENTRIES", 100)
    for number in range(5):
        desk.ticket(subject=f"Printer invoice {number}", message="One paper jam")
        noted = desk.ticket(subject=f"Printer noted {number}", message="A jam of paper")
        post_note(noted, actor=desk.actor, body="<p>See the INVOICE</p>")
        desk.ticket(subject=f"Printer invoices {number}", message="Printer: a jam of paper")
    named = EndUserFactory.new(name="Ida Invoice")
    desk.ticket(subject="Printer named", user=named)
    newest_first = [f"Printer invoices {number}" for number in reversed(range(5))]
    monkeypatch.setattr(search_hits, "MOST_ENTRIES", 1)
    for text in ("-invoice", "status:open -invoice", "status:open -invoice -zebra", "printer -invoice"):
        assert _walked(browser, q=text) == (newest_first, newest_first), text
    monkeypatch.setattr(search_hits, "MOST_ENTRIES", 100)
    assert _walked(browser, q="printer -invoice") == (newest_first, newest_first)
    assert sorted(_walked(browser, q="printer -invoice", sort="relevance")[0]) == sorted(newest_first)
    monkeypatch.setattr(search_hits, "MOST_ENTRIES", 1)
    without_jam = set(_walked(browser, q='status:open -"paper jam"')[0])
    assert without_jam == {*newest_first, *(f"Printer noted {number}" for number in range(5)), "Printer named"}
    assert _walked(browser, q="status:open -print*") == ([], [])
    response = browser.get("/scp/search/", {"q": "status:open -print*"})
    assert (b"not all were looked at" in response.content) is (most_checked == 3)
    assert b"more matches than are looked at" not in response.content
    assert found(agent_client(desk.stranger), q="-invoice") == []


MANY = [f"w{number:03}x" for number in range(160)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "words",
    [
        f"elephant {' '.join(f'-{word}' for word in MANY)}",
        f"+elephant -({' '.join(MANY)}) {' '.join(MANY)}",
        f'elephant "{" ".join(MANY)}"',
        f"elephant {'字' * 800}",
        f"elephant {'(' * 1500}",
        f"elephant {'(' * 60}abcd{')' * 60}",
        " ".join(f"+(elephant {word}" for word in MANY) + ")" * len(MANY),
        f"{' '.join(f'+{word}' for word in MANY[:1])} {'+' * 2000}elephant",
    ],
    ids=ascii,
)
def test_no_words_are_too_much_for_an_engine(desk: Desk, browser: Client, words: str) -> None:
    """Each engine refuses other queries: deep ones, long phrases, long words."""
    desk.ticket(subject="Elephant")
    assert browser.get("/scp/search/", {"c": json.dumps([[":keywords", "", words]])}).status_code == 200


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("status:open status:closed", "State"),
        ("is:answered is:unanswered", "Answered"),
        ("priority:high priority:low", ""),
    ],
)
def test_conditions_that_no_ticket_can_fulfil_are_named_where_nothing_is_found(
    desk: Desk, browser: Client, text: str, field: str
) -> None:
    desk.ticket()
    page = browser.get("/scp/search/", {"q": text}).content.decode()
    assert f"{field}: no ticket can fulfil these conditions at once" in page
    assert "no ticket can fulfil" not in browser.get("/scp/search/", {"q": "subject:nowhere"}).content.decode()


def test_a_search_by_fields_leads_to_its_results(desk: Desk, browser: Client) -> None:
    desk.ticket(subject="Mine")
    form = {"find": "1", "c-0-path": "dept_id", "c-0-method": "includes", "c-0-value": str(desk.department.pk)}
    response = browser.get("/scp/search/advanced/", form, follow=True)
    assert subjects(response.content.decode()) == ["Mine"]
    row = browser.get("/scp/search/condition/", {"c-7-path": "created", "c-7-method": "ndaysago"}).content.decode()
    assert 'name="c-7-until"' in row
