"""Emoji and their like in a database that osTicket made: its tables are utf8mb3, and nothing is lost."""

# ruff: noqa: RUF001, S608 -- texts of many scripts; the values in statements are ids of rows
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from helpdesk.forms import cdata
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import subject_of
from helpdesk.knowledge.models import Faq
from helpdesk.legacy import originals
from helpdesk.legacy.characters import storable_html
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser
from helpdesk.threads.bodies import NewFile
from tests.adoption.scratch import SALT, Scratch
from tests.adoption.test_first_day import sign_in
from tickets.constants import TicketSource
from tickets.criteria_operands import Answer
from tickets.models import HelpTopic, Ticket
from tickets.services import NewTicket, Origin, create_ticket, post_note

pytestmark = pytest.mark.mysql
SMILE, FLAG, BOLD = "😀", "🇩🇪", "\N{MATHEMATICAL BOLD CAPITAL B}"
NAME, SUBJECT, FILE = f"Zoë שלום {SMILE}", f"{BOLD}roken © {FLAG} מדפסת", f"{SMILE}.txt"
BODY = f"<p>It smokes {SMILE} é {FLAG} \u200fשלום\u200e ©</p>"
NOTE = f"Seen it {SMILE} &amp; 𠀋"
WorkingOn = Callable[..., AbstractContextManager[None]]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    """Adopt a database of this module's own, with all tickets of the reference database closed."""
    database = Scratch("characters").create().load()
    database.execute("UPDATE ost_ticket SET status_id = 3, closed = updated")
    outcome = database.manage("adopt", data_directory=tmp_path_factory.mktemp("data"))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "shows the original" in " ".join(outcome.stdout.split())
    yield database
    database.drop()


@pytest.fixture
def ticket(desk: Scratch, working_on: WorkingOn) -> Iterator[Ticket]:
    """Open a ticket full of them, with answers, and give it; it stays."""
    with working_on(desk):
        new = NewTicket(
            origin=Origin.API,
            source=TicketSource.API,
            email=f"zoe{Ticket.objects.count()}@umbrella.example",
            name=NAME,
            subject=SUBJECT,
            message=BODY,
            files=[NewFile(FILE, b"x")],
        )
        made = create_ticket(new, actor=Actor.system())
        post_note(made, body=NOTE, actor=Actor.system(), title=f"Title {SMILE}")
        yield Ticket.objects.get(pk=made.pk)


def test_an_agent_sees_every_character_and_php_a_readable_form(desk: Scratch, ticket: Ticket) -> None:
    browser = sign_in("adminada")
    page = browser.get(f"/scp/tickets/{ticket.pk}/").content.decode()
    for text in (NAME, SUBJECT, FILE, f"Title {SMILE}", "\u200fשלום\u200e ©", "𠀋"):
        assert text in page, text
    assert "[grinning face]" not in page
    assert cdata.fetch("T", [ticket.pk])[ticket.pk]["subject"] == subject_of(ticket.pk) == SUBJECT
    php = f"SELECT subject FROM ost_ticket__cdata WHERE ticket_id = {ticket.pk}"
    readable = "Broken © [regional indicator symbol letter d][regional indicator symbol letter e] מדפסת"
    assert desk.value(php) == readable
    assert desk.value(f"SELECT name FROM ost_user WHERE id = {ticket.user_id}") == "Zoë שלום [grinning face]"
    assert "&#x1F600;" in desk.value("SELECT body FROM ost_thread_entry WHERE body LIKE '%smokes%' LIMIT 1")


def test_the_queue_shows_them_for_no_statement_more(ticket: Ticket) -> None:
    browser = sign_in("adminada")
    page = browser.get("/scp/", follow=True)
    assert SUBJECT in page.content.decode()
    assert NAME in page.content.decode()
    address = page.request["PATH_INFO"]
    with CaptureQueriesContext(connection) as with_originals:
        browser.get(address)
    connection.known_originals = (float("inf"), frozenset())  # type: ignore[attr-defined]  # as if there were none
    with CaptureQueriesContext(connection) as without:
        browser.get(address)
    originals.forget_columns(connection)
    assert len(with_originals) - len(without) in (0, 1)


def test_what_php_writes_counts(desk: Scratch, ticket: Ticket) -> None:
    desk.execute(f"UPDATE ost_user SET name = 'Zoe Renamed' WHERE id = {ticket.user_id}")
    desk.execute(f"UPDATE ost_ticket__cdata SET subject = 'By PHP' WHERE ticket_id = {ticket.pk}")
    assert Ticket.objects.select_related("user").get(pk=ticket.pk).user.name == "Zoe Renamed"
    assert cdata.fetch("T", [ticket.pk])[ticket.pk]["subject"] == "By PHP"
    assert subject_of(ticket.pk) == SUBJECT


def test_cdata_that_php_drops_is_built_with_the_same_texts(desk: Scratch, ticket: Ticket) -> None:
    desk.execute("DROP TABLE ost_ticket__cdata")
    assert cdata.fetch("T", [ticket.pk])[ticket.pk]["subject"] == SUBJECT


def test_every_character_of_unicode_can_be_written(ticket: Ticket) -> None:
    """A plane at a time; what is unassigned or private included."""
    for start in (0x1F000, 0x1D400, 0x20000, 0xE0000, 0xF0000, 0x10FF00):
        text = "".join(map(chr, range(start, start + 0x60)))
        user = EndUser.objects.create(name=text)
        post_note(ticket, body=f"<p>{text}</p>", actor=Actor.system(), title=text)
        assert EndUser.objects.get(pk=user.pk).name == text


def test_help_topics_and_other_names(ticket: Ticket) -> None:
    with transaction.atomic():
        topic = HelpTopic.objects.create(topic=f"Fun {SMILE}")
        assert HelpTopic.objects.get(topic=f"fun {SMILE}").topic == topic.topic
        transaction.set_rollback(True)


SEARCHED = (
    "/kb/", "/scp/kb/", "/scp/canned/", "/scp/users/", "/scp/organizations/", "/scp/ban-list/", "/scp/people/find/",
    "/scp/search/", "/scp/search/suggestions/", "/scp/tasks/", "/admin/hd_api/apikey/", "/admin/hd_people/agent/",
    "/admin/hd_people/department/", "/admin/hd_people/role/", "/admin/hd_people/team/", "/admin/hd_knowledge/page/",
    "/admin/hd_configuration/systemlogentry/", "/admin/hd_mail/emailaddress/", "/admin/hd_sla/slaplan/",
    "/admin/hd_tickets/helptopic/", "/admin/hd_audit/administrativechange/",
)  # fmt: skip


@pytest.mark.ignore_template_errors
def test_whatever_is_searched_for_there_is_an_answer(desk: Scratch, working_on: WorkingOn) -> None:
    with working_on(desk):
        browser = sign_in("adminada")
        for address in SEARCHED:
            for words in (SMILE, f"zoë {SMILE}", "a\0b"):
                answer = browser.get(address, query_params={"q": words})
                assert answer.status_code == 200, (address, words)
        for address, filters, status in (
            ("configuration/systemlogentry", {"log_type__exact": SMILE}, 200),
            ("configuration/systemlogentry", {"log_type__in": f"Error,{SMILE}"}, 400),
            ("people/role", {"name__iregex": SMILE}, 400),
            ("people/role", {"permissions__icontains": SMILE}, 400),
        ):
            answer = browser.get(f"/admin/hd_{address}/", query_params=filters)
            assert answer.status_code == status, filters


def test_what_is_searched_for_is_found_in_the_form_that_the_column_holds(ticket: Ticket) -> None:
    faq = Faq.objects.order_by("pk").first()
    assert faq
    Faq.objects.filter(pk=faq.pk).update(answer=storable_html(f"<p>Press {FLAG}.</p>"), keywords=f"tea {SMILE}")
    agent = Agent.objects.get(username="adminada")
    Agent.objects.filter(pk=agent.pk).update(firstname=f"Ada {SMILE}")
    for words in (SMILE, f"ada {SMILE}", f"{SMILE}"):
        assert list(Agent.objects.filter(firstname__icontains=words)) == [agent]
    assert Agent.objects.filter(firstname__istartswith=f"ADA {SMILE}", firstname__iexact=f"ada {SMILE}").exists()
    assert not Agent.objects.filter(firstname__icontains=BOLD * 2).exists()
    assert ticket.user in EndUser.objects.filter(name__folded_contains=SMILE)
    assert EndUser.objects.filter(name__folded=NAME, name__pattern=f"{SMILE}$", name__folded_endswith=SMILE).exists()
    assert list(Faq.objects.filter(answer__folded_contains=FLAG)) == [faq]
    assert list(Faq.objects.filter(keywords__folded_contains=f"TEA {SMILE}")) == [faq]


def test_tickets_are_found_by_criteria_with_every_character(
    desk: Scratch, working_on: WorkingOn, ticket: Ticket
) -> None:
    found = {
        method: Ticket.objects.filter(pk=ticket.pk).filter(operand.test(method, words)).exists()
        for operand in [Answer(EntryObject.TICKET, "subject")]
        for method, words in [
            ("folded", SUBJECT), ("folded_contains", f"© {FLAG}"), ("folded_startswith", BOLD), ("pattern", f"{FLAG} "),
        ]
    }  # fmt: skip
    assert found == dict.fromkeys(found, True)
    with working_on(desk):
        browser = sign_in("adminada")
        for path in ("cdata__subject", "user__name", "user__emails__address", "thread__entries__body", "number"):
            for method in ("contains", "equal", "nequal", "match"):
                answer = browser.get("/scp/search/", query_params={"c": json.dumps([[path, method, SMILE]])})
                assert answer.status_code == 200, (path, method)


def texts_in(path: Path) -> dict[str, Any]:
    """Read an SQLite database as it lies there."""
    link = sqlite3.connect(path)
    try:
        return {
            "names": {row[0] for row in link.execute("SELECT name FROM ost_user")},
            "subjects": {row[0] for row in link.execute("SELECT subject FROM ost_ticket__cdata")},
            "answers": {row[0] for row in link.execute("SELECT value FROM ost_form_entry_values")},
            "files": {row[0] for row in link.execute("SELECT name FROM ost_file")},
            "left": link.execute("SELECT COUNT(*) FROM hd_original_text").fetchone()[0],
        }
    finally:
        link.close()


def assert_whole(path: Path) -> None:
    found = texts_in(path)
    assert NAME in found["names"]
    assert SUBJECT in found["subjects"] & found["answers"]
    assert FILE in found["files"]
    assert not any("[grinning" in name for name in found["names"] | found["files"])
    assert found["left"] == 0


@pytest.mark.usefixtures("ticket")
def test_an_import_makes_them_whole(desk: Scratch, tmp_path: Path) -> None:
    target = tmp_path / "imported.sqlite3"
    url = f"sqlite:///{target}"
    done = desk.manage(
        "import_osticket", desk.url, data_directory=tmp_path / "data", DATABASE_URL=url, SECRET_SALT=SALT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert_whole(target)


def test_an_import_into_a_help_desk_in_use_leaves_its_own_texts_alone(
    desk: Scratch, ticket: Ticket, tmp_path: Path
) -> None:
    target, user_id = tmp_path / "in-use.sqlite3", ticket.user_id
    settings = {"DATABASE_URL": f"sqlite:///{target}", "SECRET_SALT": SALT}
    for command in ("migrate", "setup"):
        done = desk.manage(command, data_directory=tmp_path / "data", **settings)
        assert done.returncode == 0, done.stdout + done.stderr
    stored = "[grinning face] ours"
    with closing(sqlite3.connect(target)) as link, link:
        link.execute(
            "INSERT INTO ost_user (id, org_id, default_email_id, status, name, created, updated)"
            " VALUES (?, 0, 0, 0, ?, '2026-01-01', '2026-01-01')",
            [user_id, stored],
        )
        link.execute(
            "INSERT INTO hd_original_text (table_name, column_name, row_id, part_id, stored_hash, original)"
            " VALUES ('user', 'name', ?, 0, ?, ?)",
            [user_id, originals.hash_of(stored), f"{SMILE} ours"],
        )
    done = desk.manage("import_osticket", desk.url, "--into-non-empty", data_directory=tmp_path / "data", **settings)
    assert done.returncode == 2, done.stdout + done.stderr
    with closing(sqlite3.connect(target)) as link:
        names = dict(link.execute("SELECT id, name FROM ost_user").fetchall())
        files = {name for (name,) in link.execute("SELECT name FROM ost_file")}
    assert names[user_id] == f"{SMILE} ours"
    assert FILE in files


@pytest.mark.usefixtures("ticket")
def test_a_restored_backup_has_them_whole(desk: Scratch, tmp_path: Path) -> None:
    archive, target = tmp_path / "backup", tmp_path / "restored.sqlite3"
    made = desk.manage("backup", str(archive), data_directory=tmp_path / "data")
    assert made.returncode == 0, made.stdout + made.stderr
    (found,) = [path for path in tmp_path.iterdir() if path.name.startswith("backup")]
    url = f"sqlite:///{target}"
    done = desk.manage("restore", str(found), data_directory=tmp_path / "other", DATABASE_URL=url, SECRET_SALT=SALT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert_whole(target)
