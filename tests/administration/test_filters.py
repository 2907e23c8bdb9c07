"""Ticket filters in the administration: list, form, test bench (osticket/filters.md §10)."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client

from filters.matching import BAN_LIST_NAME
from filters.models import FilterAction, FilterRule, TicketFilter
from helpdesk.people.models import Agent
from tests.administration.conftest import MakeAgent
from tests.factories import DepartmentFactory, EndUserFactory, new_ticket
from tests.filters.making import make_filter
from tests.sign_in import agent_client
from tickets.models import HelpTopic, Ticket

pytestmark = pytest.mark.django_db


def form(*rules: tuple[str, str, str], actions: dict[str, dict[str, Any]] | None = None, **said: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"name": "Invoices", "execorder": "5", "target": "Any", "match": "any", "do": "save"}
    data |= {"is_active": "on", **said}
    data["rule"] = [str(number) for number in range(len(rules))]
    for number, rule in enumerate(rules):
        data |= {f"rule-{number}-{name}": value for name, value in zip(("what", "how", "val"), rule, strict=True)}
    data["action"] = [str(number) for number in range(len(actions or {}))]
    for number, (kind, options) in enumerate((actions or {}).items()):
        data[f"action-{number}-type"] = kind
        data |= {f"action-{number}-{kind}-{name}": value for name, value in options.items()}
    return data


def text_of(answer: Any) -> str:
    return " ".join(BeautifulSoup(answer.content, "html.parser").get_text(" ").split())


def test_a_filter_is_made_in_one_form(browser: Client) -> None:
    department = DepartmentFactory.new(name="Accounting")
    page = browser.get("/admin/filters/add/")
    assert page.status_code == 200
    soup = BeautifulSoup(page.content, "html.parser")
    offered = {one["value"]: one.get_text() for one in soup.select("[data-what]")[0].select("option")}
    assert (offered["field.20"], offered["email"], offered["topicId"]) == (
        "Issue Summary",
        "Address of the sender",
        "Help topic asked for",
    )
    topic = HelpTopic.objects.get(topic="Access Issue")
    answer = browser.post(
        "/admin/filters/add/",
        form(
            ("field.20", "match", "invoice"),
            ("topicId", "equal", "report a problem / access issue"),
            actions={"dept": {"dept_id": department.pk}, "pri": {"priority": 3}, "noresp": {}},
            target="mailbox-1",
            match="all",
            stops="on",
        ),
    )
    assert answer.status_code == 302
    made = TicketFilter.objects.get(name="Invoices")
    assert (made.target, made.email_id, made.match_all_rules, made.stop_onmatch) == ("Email", 1, True, True)
    rules = FilterRule.objects.filter(filter=made).order_by("id")
    assert [(one.what, one.how, one.val) for one in rules] == [
        ("field.20", "match", "/invoice/iu"),
        ("topicId", "equal", str(topic.pk)),
    ]
    actions = FilterAction.objects.filter(filter=made).order_by("sort")
    assert [(one.type, one.configuration) for one in actions] == [
        ("dept", {"dept_id": department.pk}),
        ("pri", {"priority": "3"}),
        ("noresp", []),
    ]
    again = BeautifulSoup(browser.get(f"/admin/filters/{made.pk}/").content, "html.parser")
    assert again.select_one("[name=rule-1-val]")["value"] == "Report a Problem / Access Issue"  # type: ignore[index]
    assert again.select_one("[name=action-0-dept-dept_id] option[selected]").get_text() == "Accounting"  # type: ignore[union-attr]
    listed = text_of(browser.get("/admin/filters/"))
    for words in ("Issue Summary matches the pattern", "Set the department: Accounting", "Email to", "Later filters"):
        assert words in listed


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("Any", "Any origin; of the mails only those to"),
        ("Web", "Web, and tickets that agents open; of the mails only those to"),
        ("API", "API; of the mails only those to"),
        ("Email", "Email to"),
    ],
)
def test_saving_keeps_the_mailbox_of_every_target(browser: Client, target: str, words: str) -> None:
    made = make_filter(("name", "equal", "Anna"), actions={"reject": []}, name="Mine", target=target, email_id=1)
    soup = BeautifulSoup(browser.get(f"/admin/filters/{made.pk}/").content, "html.parser")
    chosen = soup.select_one("[name=target] option[selected]")
    assert chosen is not None
    assert chosen.get_text().startswith(words)
    data = form(("name", "equal", "Bert"), actions={"reject": {}}, name="Mine", target=str(chosen["value"]))
    assert browser.post(f"/admin/filters/{made.pk}/", data).status_code == 302
    made.refresh_from_db()
    assert (made.target, made.email_id) == (target, 1)
    assert words in text_of(browser.get("/admin/filters/"))


@pytest.mark.parametrize("target", ["mailbox-x", "mailbox-", "Any-mailbox-999", "Fax-mailbox-1"])
def test_a_target_that_does_not_exist_is_named(browser: Client, target: str) -> None:
    answer = browser.post("/admin/filters/add/", form(("name", "equal", "Anna"), actions={"reject": {}}, target=target))
    assert "Unknown or invalid target" in text_of(answer)
    assert not TicketFilter.objects.filter(name="Invoices").exists()


def test_a_pasted_text_that_is_no_mail_is_named(browser: Client) -> None:
    answer = browser.post("/admin/try-filters/", {"way": "mail", "raw": "Please pay\n\nthe invoice"})
    assert answer.status_code == 200
    assert "It names no sender." in text_of(answer)
    assert BeautifulSoup(answer.content, "html.parser").select_one(".flt-result") is None


def test_mistakes_stand_at_their_rows_and_nothing_typed_is_lost(browser: Client) -> None:
    answer = browser.post(
        "/admin/filters/add/",
        form(
            ("name", "equal", "Anna"), ("name", "match", "b(ob"), actions={"agent": {"staff_id": ""}}, execorder="soon"
        ),
    )
    assert answer.status_code == 200
    soup = BeautifulSoup(answer.content, "html.parser")
    assert "cannot be used" in soup.select_one("#rule-1-errors").get_text()  # type: ignore[union-attr]
    assert "something has to be chosen" in soup.select_one("#action-0-errors").get_text()  # type: ignore[union-attr]
    assert soup.select_one("#execorder-errors") is not None
    assert soup.select_one("[name=rule-0-val]")["value"] == "Anna"  # type: ignore[index]
    assert not TicketFilter.objects.filter(name="Invoices").exists()


def test_rows_come_and_go_without_scripts(browser: Client) -> None:
    data = form(("name", "equal", "Anna"), actions={"reject": {}})
    for action, rules, actions in (("add_rule", 2, 1), ("add_action", 1, 2), ("remove_rule-0", 0, 1)):
        soup = BeautifulSoup(browser.post("/admin/filters/add/", {**data, "do": action}).content, "html.parser")
        found = [len(soup.select(f"[data-rows={kind}] > [data-row]")) for kind in ("rule", "action")]
        assert found == [rules, actions]
    assert not TicketFilter.objects.filter(name="Invoices").exists()


def test_order_switch_copy_and_delete(browser: Client) -> None:
    one, two = make_filter(actions={"reject": []}, name="One"), make_filter(actions={"reject": []}, name="Two")
    browser.post("/admin/filters/", {"action": f"up-{two.pk}"})
    names = TicketFilter.objects.order_by("execorder").values_list("name", flat=True)
    assert list(names) == ["Two", "One", BAN_LIST_NAME]
    ban_list = TicketFilter.objects.get(name=BAN_LIST_NAME)
    browser.post("/admin/filters/", {"action": "order", "order": [ban_list.pk, one.pk, two.pk]})
    assert list(names.all()) == [BAN_LIST_NAME, "One", "Two"]
    browser.post("/admin/filters/", {"action": f"off-{one.pk}"})
    assert not TicketFilter.objects.get(pk=one.pk).isactive
    answer = browser.post(f"/admin/filters/{one.pk}/", {"do": "copy"})
    copied = TicketFilter.objects.get(name="One (2)")
    assert answer["Location"] == f"/admin/filters/{copied.pk}/"
    browser.post(f"/admin/filters/{copied.pk}/", {"do": "delete"})
    assert not TicketFilter.objects.filter(pk=copied.pk).exists()


def test_broken_filters_are_named_in_list_and_form(browser: Client) -> None:
    made = make_filter(
        ("name", "match", "/b(ob/"), ("body", "contains", "x"), actions={"dept": {"dept_id": 99}, "brew": {}}
    )
    for page in ("/admin/filters/", f"/admin/filters/{made.pk}/"):
        text = text_of(browser.get(page))
        for words in ("pattern cannot be used", "gone (number 99)", "“brew” is not known here"):
            assert words in text, (page, words)
    answer = browser.get(f"/admin/filters/{made.pk}/")
    assert "body" in {one["value"] for one in BeautifulSoup(answer.content, "html.parser").select("option[selected]")}


def test_what_does_not_fit_on_the_page_is_not_lost(browser: Client) -> None:
    long = make_filter(*((("name", "equal", f"Name {n}")) for n in range(401)), actions={"reject": []}, name="Long")
    answer = browser.get(f"/admin/filters/{long.pk}/", follow=True)
    assert "“Long” has 401 rules" in text_of(answer)
    data = form(*((("name", "equal", f"Name {n}")) for n in range(401)))
    assert "At most 400 rules" in text_of(browser.post("/admin/filters/add/", data))
    assert long.rules.count() == 401
    stored = make_filter(actions={"reject": []}, name="Notes", notes="<b>Ask</b> Jo")
    browser.post(f"/admin/filters/{stored.pk}/", form(("name", "equal", "x"), name="Notes", notes="Ask Jo"))
    stored.refresh_from_db()
    assert stored.notes == "<b>Ask</b> Jo"


def test_a_filter_for_an_address_that_is_gone_says_so(browser: Client) -> None:
    made = make_filter(actions={"reject": []}, name="Old", target="Email", email_id=99)
    page = browser.get(f"/admin/filters/{made.pk}/")
    chosen = BeautifulSoup(page.content, "html.parser").select_one("[name=target] option[selected]")
    assert chosen is not None
    assert (chosen["value"], chosen.get_text()) == ("mailbox-99", "An address that is gone")
    answer = browser.post(f"/admin/filters/{made.pk}/", form(("name", "equal", "x"), target="mailbox-99"))
    assert "Unknown or invalid target" in text_of(answer)
    assert "The address that the filter is for is gone (number 99)" in text_of(browser.get("/admin/filters/"))


def test_only_administrators_pass(make_agent: MakeAgent) -> None:
    client = agent_client(make_agent("eve"))
    for page in ("/admin/filters/", "/admin/filters/add/", "/admin/try-filters/"):
        assert client.get(page).status_code in {302, 403}


# --- The test bench ---------------------------------------------------------------------------------------------------


@pytest.fixture
def filters(db: None) -> None:
    department = DepartmentFactory.new(name="Accounting")
    make_filter(
        ("field.20", "contains", "invoice"),
        ("email", "ends", "@nowhere.test"),
        actions={"dept": {"dept_id": department.pk}, "noresp": []},
        name="Invoices",
        stop_onmatch=True,
    )
    make_filter(("email", "contains", "@"), actions={"pri": {"priority": 4}}, name="Everybody")
    make_filter(("email", "contains", "@"), actions={"reject": []}, name="Nobody", isactive=False)
    make_filter(("email", "contains", "@"), actions={"reject": []}, name="API only", target="API")


def standings(answer: Any) -> dict[str, str]:
    soup = BeautifulSoup(answer.content, "html.parser")
    return {
        one.strong.get_text(): one.select_one(".flt-standing").get_text()  # type: ignore[union-attr]
        for one in soup.select(".flt-trace > li")
    }


def actions_shown(answer: Any) -> dict[str, str]:
    """Give what is said of the actions of each filter."""
    soup = BeautifulSoup(answer.content, "html.parser")
    return {
        one.strong.get_text(): one.select_one(".flt-then").get_text(" ", strip=True)  # type: ignore[union-attr]
        for one in soup.select(".flt-trace > li")
    }


MAIL = "From: Jo <jo@customer.test>\nTo: support@acme.test\nSubject: Invoice 7\n\nPlease pay.\n"


@pytest.mark.usefixtures("filters")
def test_a_mail_shows_what_matched_and_what_the_ticket_would_be(browser: Client) -> None:
    answer = browser.post("/admin/try-filters/", {"way": "mail", "raw": MAIL})
    assert standings(answer) == {
        "Invoices": "applied",
        "Everybody": "matches, but stopped",
        "Nobody": "switched off",
        "API only": "not asked",
        BAN_LIST_NAME: "no match",
    }
    not_done = {name for name, words in actions_shown(answer).items() if words.startswith("Not done:")}
    assert not_done == {"Everybody", "Nobody", "API only", BAN_LIST_NAME}
    text = text_of(answer)
    for words in (
        "Department Accounting by “Invoices”",
        "Priority Normal",
        "it was Invoice 7",
        "Automatic confirmation none",
    ):
        assert words in text
    assert not Ticket.objects.exists()


@pytest.mark.usefixtures("filters")
def test_a_rejection_is_said_and_nothing_is_logged(browser: Client) -> None:
    from helpdesk.configuration.models import SystemLogEntry

    data = {"way": "words", "origin": "api", "email": "jo@customer.test", "subject": "Hello"}
    answer = browser.post("/admin/try-filters/", data)
    assert "would be refused by “API only”" in text_of(answer)
    assert standings(answer)["API only"] == "rejected"
    banned = browser.post("/admin/try-filters/", {**data, "origin": "web", "email": "test@example.com"})
    assert standings(banned)[BAN_LIST_NAME] == "rejected"
    assert not SystemLogEntry.objects.filter(title="Ticket denied").exists()


def test_a_ticket_that_is_there_is_tried_by_those_who_may_see_it(
    browser: Client, admin: Agent, request: pytest.FixtureRequest
) -> None:
    mine = new_ticket(user=EndUserFactory.new(address="jo@nowhere.test"), department=admin.dept, subject="Hello")
    foreign = new_ticket(department=DepartmentFactory.new())
    Ticket.objects.filter(pk=mine.pk).update(source="Web")
    request.getfixturevalue("filters")
    answer = browser.post("/admin/try-filters/", {"way": "ticket", "number": mine.number})
    assert standings(answer)["Invoices"] == "applied"
    for number in (foreign.number, "nothing"):
        answer = browser.post("/admin/try-filters/", {"way": "ticket", "number": number})
        assert "no ticket with this number" in text_of(answer)


def test_empty_inputs_say_what_is_missing(browser: Client) -> None:
    assert "Paste a mail, or choose a file." in text_of(browser.post("/admin/try-filters/", {"way": "mail"}))
    assert browser.get("/admin/try-filters/").status_code == 200


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"notes": "x" * 70_000}, "At most 65535 bytes fit here"),
        ({"action-0-email-message": "x" * 70_000}, "At most 65535 bytes fit here"),
        ({"name": "\0"}, "Name required"),
        ({"rule-0-val": "\0"}, "Value required"),
    ],
)
def test_texts_that_do_not_fit_or_say_nothing_are_named(browser: Client, said: dict[str, str], words: str) -> None:
    mail = {"recipients": "a@b.test", "subject": "Hello", "message": "Hello"}
    answer = browser.post(
        "/admin/filters/add/", form(("field.20", "contains", "invoice"), actions={"email": mail}) | said
    )
    assert answer.status_code == 200
    assert words in text_of(answer)
    assert not FilterRule.objects.filter(what="field.20").exists()
