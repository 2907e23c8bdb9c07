"""`manage.py load_sample_data`: a believable help desk, made through the services."""

# ruff: noqa: S311 -- times of sample data are no secrets

import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from PIL import Image

from helpdesk import configuration
from helpdesk.configuration.services import set_setting
from helpdesk.files.models import Attachment
from helpdesk.files.services import read_file
from helpdesk.forms import cdata
from helpdesk.forms.models import Form
from helpdesk.forms.selectors import answered_forms, company_answers, subject_of
from helpdesk.forms.services import save_answers
from helpdesk.knowledge.models import CannedResponse
from helpdesk.outbox.models import Effect
from helpdesk.outbox.services import NewEffect, enqueue
from helpdesk.people.models import Agent, Department, EndUser, Organization, TeamMember
from helpdesk.portal.sample_data import files, loader, people
from helpdesk.portal.sample_data.story import ADMINISTRATOR, Assigns, Plans, Story, as_html, stories
from helpdesk.portal.sample_data.timeline import Timeline
from helpdesk.threads.constants import EntryType
from helpdesk.threads.models import Collaborator, Referral, Thread, ThreadEntry, ThreadEvent
from tasks.models import Task
from tickets.models import Ticket
from tickets.services import mark_all_overdue

NOW = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)
STORIES = stories()


def load(now: datetime = NOW, seed: int = 1) -> loader.Summary:
    return loader.load(now=now, seed=seed, progress=lambda _made: None)


def entries_of(ticket: Ticket) -> list[ThreadEntry]:
    thread = Thread.objects.get(object_type="T", object_id=ticket.pk)
    return list(ThreadEntry.objects.filter(thread=thread).order_by("id"))


@pytest.fixture
def administrator(db: None) -> Agent:
    return Agent.objects.create(
        username="ina", firstname="Ina", lastname="Admin", isadmin=True, dept_id=1, role_id=1, email="ina@x.example"
    )


@pytest.fixture
def sample(administrator: Agent) -> loader.Summary:
    enqueue(NewEffect("mail", "asked for before", {}))
    return load()


class TestWhatIsMade:
    """One loading, looked at from all sides (it takes seconds)."""

    pytestmark = pytest.mark.django_db

    def test_the_company(self, sample: loader.Summary, administrator: Agent) -> None:
        self.check_people(administrator)
        self.check_tickets(sample)
        self.check_threads()
        self.check_files(sample)
        self.check_states(administrator)
        self.check_answers()
        self.check_mails()

    def check_people(self, administrator: Agent) -> None:
        assert Department.objects.count() == 5
        assert Department.objects.get(name="Billing").path.startswith("/2/")
        assert Agent.objects.count() == 9
        assert Agent.objects.get(username="mara").permissions
        assert not Agent.objects.exclude(pk=administrator.pk).filter(passwd__isnull=False).exists()
        assert administrator.department_access.count() == 4
        assert TeamMember.objects.filter(staff=administrator).exists()
        organization = Organization.objects.get(name="Clinique des Tilleuls")
        assert organization.members.count() == 4
        assert EndUser.objects.count() == len(people.USERS) == 25
        assert company_answers()["name"] == "Acme Support"  # chosen by the administrator: kept
        assert configuration.current().text("helpdesk_title") == "Acme Support"
        assert CannedResponse.objects.filter(dept__name="Billing").count() == 1

    def check_tickets(self, sample: loader.Summary) -> None:
        tickets = Ticket.objects.all()
        assert len(STORIES) == tickets.count() == sample.open_tickets + sample.closed_tickets > 70
        assert tickets.filter(created__lt=NOW - timedelta(days=61)).count() == 0
        assert tickets.filter(created__gt=NOW - timedelta(days=1)).count() >= 4
        assert tickets.filter(created__lt=NOW - timedelta(days=50)).count() >= 5
        assert len(set(tickets.values_list("number", flat=True))) == tickets.count()
        sources = Counter(tickets.values_list("source", flat=True))
        assert all(sources[source] >= 3 for source in ("Web", "Email", "Phone", "API"))
        assert set(tickets.values_list("dept__name", flat=True)) == set(
            Department.objects.values_list("name", flat=True)
        )

    def check_threads(self) -> None:
        lengths = Counter(ThreadEntry.objects.values_list("thread_id", flat=True))
        assert max(lengths.values()) >= 7
        assert sum(length >= 2 for length in lengths.values()) >= 50
        types = Counter(ThreadEntry.objects.values_list("type", flat=True))
        assert all(types[kind] > 20 for kind in (EntryType.MESSAGE, EntryType.RESPONSE, EntryType.NOTE))
        text = " ".join(ThreadEntry.objects.values_list("body", flat=True))
        for sign in ("<ul><li>", "<pre><code>", "🍅", "שלום", "السلام", "ありがとう", "é", "ü"):
            assert sign in text
        for ticket in Ticket.objects.all():
            moments = [entry.created for entry in entries_of(ticket)]
            assert moments == sorted(moments)
            assert ticket.created <= moments[0]
            assert moments[-1] <= NOW
        assert Collaborator.objects.count() >= 4

    def check_files(self, sample: loader.Summary) -> None:
        attached = Attachment.objects.filter(type="H").select_related("file")
        assert attached.count() == sample.attachments >= 20
        assert attached.filter(inline=True).count() >= 3
        shown = ThreadEntry.objects.get(body__contains="cid:", title="Firmware update stops at 63 %")
        inline = attached.get(object_id=shown.pk, inline=True)
        assert f"cid:{inline.file.key.lower()}" in shown.body.lower()
        kinds = {attachment.file.type for attachment in attached}
        assert {"image/png", "application/pdf"} <= kinds
        assert b"".join(read_file(inline.file)).startswith(b"\x89PNG")

    def check_states(self, administrator: Agent) -> None:
        still_open = Ticket.objects.filter(status__state="open")
        assert still_open.filter(isanswered=True).count() >= 5
        assert still_open.filter(isanswered=False).count() >= 10
        assert still_open.filter(staff=administrator).count() >= 3
        assert still_open.filter(staff=None, team__isnull=False).count() >= 1
        assert still_open.filter(staff=None, team=None).count() >= 5
        overdue = Ticket.objects.filter(isoverdue=True)
        assert overdue.count() >= 5
        assert all((ticket.duedate or ticket.est_duedate or NOW) < NOW for ticket in overdue)
        assert mark_all_overdue(now=NOW) == 0
        closed = Ticket.objects.filter(status__state="closed")
        assert {"Resolved", "Closed"} == set(closed.values_list("status__name", flat=True))
        assert all(ticket.closed and ticket.closed <= NOW for ticket in closed)
        assert Ticket.objects.filter(reopened__isnull=False).count() >= 3
        names = Counter(ThreadEvent.objects.values_list("event__name", flat=True))
        assert all(names[name] for name in ("created", "assigned", "closed", "reopened", "overdue", "collab"))
        assert Referral.objects.exists()
        tasks = Task.objects.all()
        assert tasks.open().count() >= 3
        assert tasks.closed().count() >= 1
        assert tasks.overdue(NOW).count() >= 1
        assert all(task.object_id for task in tasks)

    def check_mails(self) -> None:
        """Invented people get none, even when there is a mail server later."""
        mails = Effect.objects.exclude(key="asked for before")
        assert set(mails.values_list("kind", "state")) == {("mail", Effect.State.DISCARDED)}
        assert Effect.objects.get(key="asked for before").state == Effect.State.WAITING

    def check_answers(self) -> None:
        oldest = Ticket.objects.order_by("pk")[0]
        assert subject_of(oldest.pk) == STORIES[0].subject
        rows = cdata.fetch("T", Ticket.objects.values_list("pk", flat=True), ["subject", "priority"])
        assert {row["subject"] for row in rows.values()} == {story.subject for story in STORIES}
        assert {row["priority"] for row in rows.values()} == {"1", "2", "3", "4"}
        harbour = Organization.objects.get(name="Velden Harbour Authority")
        shown = {answer.name: answer.text for answer in answered_forms("O", harbour.pk)[0].answers}
        assert shown["phone"] == "(555) 010-0201"


@pytest.mark.django_db
def test_the_command_shows_what_was_made_and_refuses_a_second_time(administrator: Agent) -> None:
    # Nobody has named the company yet, so the sample one gives its name.
    set_setting("core", "helpdesk_title", settings.HELPDESK_TITLE, loader.SYSTEM)
    save_answers("C", None, Form.objects.get(type="C"), {"name": settings.HELPDESK_TITLE}, loader.SYSTEM)
    output = io.StringIO()
    call_command("load_sample_data", stdout=output, password="Meadow-7-lark")
    text = output.getvalue()
    assert configuration.current().text("helpdesk_title") == people.TITLE
    assert company_answers()["name"] == "Larkspur Instruments"
    assert "open tickets" in text
    assert str(Ticket.objects.filter(status__state="open").count()) in text
    assert Agent.objects.exclude(passwd=None).count() == 8
    before = ThreadEntry.objects.count()
    with pytest.raises(CommandError, match="has tickets already"):
        call_command("load_sample_data", stdout=output)
    assert ThreadEntry.objects.count() == before


@pytest.mark.django_db
def test_it_needs_an_administrator() -> None:
    with pytest.raises(CommandError, match="Make an administrator first"):
        call_command("load_sample_data", stdout=io.StringIO())
    assert not Agent.objects.exists()


@pytest.mark.django_db
def test_an_error_half_way_leaves_nothing() -> None:
    Agent.objects.create(username="priya", dept_id=1, role_id=1)
    with pytest.raises(CommandError, match="in use"):
        call_command("load_sample_data", stdout=io.StringIO())
    assert Agent.objects.count() == 1
    assert not EndUser.objects.exists()
    assert Department.objects.count() == 3


class TestStories:
    """What the files say, without a database."""

    @pytest.mark.parametrize("story", STORIES, ids=lambda story: story.subject)
    def test_everybody_and_everything_named_exists(self, story: Story) -> None:
        agents = {agent.username for agent in people.AGENTS} | {ADMINISTRATOR}
        users = {user.key for user in people.USERS}
        assert story.by in users
        assert set(story.copies) <= users
        assert story.opened_by in agents | {""}
        assert not story.due or story.opened_by
        assert 0 < story.days < 60
        for name in story.files:
            assert files.content_of(name)
        for step in story.steps:
            assert getattr(step, "agent", ADMINISTRATOR) in agents
            assert (getattr(step, "who", "") or story.by) in users
            if isinstance(step, Plans | Assigns):
                assert step.to in {*agents, *(team.name for team in people.TEAMS)}

    def test_names_and_domains_are_invented(self) -> None:
        addresses = [user.email for user in people.USERS]
        assert all(address.endswith(".example") for address in addresses)
        assert len({*addresses}) == len(addresses)
        assert all(organization.domain.endswith(".example") for organization in people.ORGANIZATIONS)

    def test_markup_becomes_html(self) -> None:
        text = "One & **two**\nthree\n\n- `a`\n- b\n\n```\nif x < 1:\n    pass\n```\n\n![p.png]"
        assert as_html(text) == (
            "<p>One &amp; <strong>two</strong><br>three</p><ul><li><code>a</code></li><li>b</li></ul>"
            '<pre><code>if x &lt; 1:\n    pass</code></pre><p><img src="cid:p.png" alt="p.png"></p>'
        )


class TestFiles:
    """Generated files are what their names promise."""

    @pytest.mark.parametrize("name", [name for name in files.MAKERS if name.endswith(".png")])
    def test_pictures(self, name: str) -> None:
        content = files.content_of(name)
        assert len(content) < 40_000
        with Image.open(io.BytesIO(content)) as image:
            image.load()
            assert image.size == (files.WIDTH, files.HEIGHT)

    @pytest.mark.parametrize("name", [name for name in files.MAKERS if name.endswith(".pdf")])
    def test_documents(self, name: str) -> None:
        content = files.content_of(name)
        assert content.startswith(b"%PDF-1.4")
        table = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
        assert content[table:].startswith(b"xref")
        first = int(content[table:].splitlines()[3].split()[0])
        assert content[first:].startswith(b"1 0 obj")


class TestTimeline:
    """Steps happen one after the other, at day, and before the end."""

    @pytest.mark.parametrize("days", [0.05, 0.3, 1, 5, 59])
    def test_time_goes_forward_and_never_past_the_end(self, days: float) -> None:
        line = Timeline(NOW - timedelta(days=days), NOW, Random(1))
        moments = [line.moment, *(line.next() for _step in range(9))]
        assert moments == sorted(set(moments))
        assert moments[-1] <= NOW

    def test_nobody_writes_at_night(self) -> None:
        line = Timeline(NOW - timedelta(days=59, hours=14), NOW, Random(2))
        assert all(7 <= moment.hour < 19 for moment in [line.moment, *(line.next() for _step in range(9))])

    def test_the_seed_decides(self) -> None:
        def moments(seed: int) -> list[datetime]:
            line = Timeline(NOW - timedelta(days=20), NOW, Random(seed))
            return [line.next() for _step in range(5)]

        assert moments(1) == moments(1) != moments(2)
