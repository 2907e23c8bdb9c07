"""An end user's list of tickets, and what he may do with one (osticket/tickets.md §5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from filters.ban_list import ban
from helpdesk.configuration.services import set_setting
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import FormField
from helpdesk.forms.selectors import subject_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser
from helpdesk.threads.models import Collaborator, ThreadEvent
from tests.factories import EndUserFactory, OrganizationFactory, collaborate, new_task, new_ticket, resolved_status
from tests.sign_in import sign_in_user
from tickets import portal_ticket_views, user_list
from tickets.access_links import link_of
from tickets.models import Ticket, TicketStatus
from tickets.services import MergeKind, close_ticket, merge_tickets
from tickets.states import is_open, thread_of

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


@dataclass
class People:
    """Maria owns tickets; Carol collaborates on one, Ben is of Maria's organization, Sven is nothing to them."""

    maria: EndUser
    carol: EndUser
    ben: EndUser
    sven: EndUser


@pytest.fixture
def people() -> People:
    organization = OrganizationFactory.new(status=0x10)
    return People(
        maria=EndUserFactory.new(name="Maria Silva", org=organization),
        carol=EndUserFactory.new(name="Carol Clark"),
        ben=EndUserFactory.new(name="Ben Brown", org=organization),
        sven=EndUserFactory.new(name="Sven Stranger"),
    )


def client_of(user: EndUser) -> Client:
    return sign_in_user(Client(), user)


def soup_of(answer: Any) -> BeautifulSoup:
    return BeautifulSoup(answer.content, "html.parser")


def listed(user: EndUser, query: str = "") -> list[str]:
    answer = client_of(user).get(f"/tickets/{query}")
    assert answer.status_code == 200
    return [row.text for row in soup_of(answer).select(".user-tickets-subject")]


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


class TestList:
    def test_own_shared_and_collaborations_by_state(self, people: People) -> None:
        own = new_ticket(user=people.maria, subject="Own")
        new_ticket(user=people.maria, subject="Done", closed=True)
        new_ticket(user=people.sven, subject="Foreign")
        collaborate(own, people.carol)
        assert listed(people.maria) == ["Own"]
        assert listed(people.maria, "?status=closed") == ["Done"]
        assert listed(people.ben) == ["Own"]
        assert listed(people.ben, "?status=closed") == ["Done"]
        assert listed(people.carol) == ["Own"]
        assert listed(people.carol, "?status=closed") == []

    def test_collaborations_are_left_out_where_the_settings_say_so_but_open(self, people: People) -> None:
        ticket = new_ticket(user=people.sven)
        collaborate(ticket, people.carol, active=False)
        set_setting("core", "collaborator_ticket_visibility", "0", SYSTEM)
        assert listed(people.carol) == []
        assert client_of(people.carol).get(f"/tickets/{ticket.pk}/").status_code == 200

    def test_pages_cost_the_same_however_long_the_list_is(
        self, people: People, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(user_list, "PAGE_LENGTH", 2)
        for number in range(5):
            ticket = new_ticket(user=people.maria if number % 2 else people.ben, subject=f"T{number}")
            collaborate(ticket, people.carol)
        client = client_of(people.maria)
        client.get("/tickets/")
        with CaptureQueriesContext(
            connection,
        ) as first:
            answer = client.get("/tickets/")
        assert len([query for query in first if "SAVEPOINT" not in query["sql"]]) <= 9
        seen = [row.text for row in soup_of(answer).select(".user-tickets-subject")]
        while link := soup_of(answer).select_one("a[rel=next]"):
            answer = client.get(f"/tickets/{link['href']}")
            seen += [row.text for row in soup_of(answer).select(".user-tickets-subject")]
        assert seen == ["T4", "T3", "T2", "T1", "T0"]

    def test_guests_have_one_ticket_and_strangers_none(self, people: People) -> None:
        ticket = new_ticket(user=people.maria)
        assert Client().get("/tickets/")["Location"] == "/tickets/status/"
        guest = Client()
        guest.get(link_of(ticket, people.maria).removeprefix("http://testserver"))
        answer = guest.get("/tickets/")
        assert answer["Location"] in {f"/tickets/{ticket.pk}/", "/tickets/status/"}

    def test_the_link_is_there_for_who_is_signed_in(self, people: People) -> None:
        assert "/tickets/" in [link["href"] for link in soup_of(client_of(people.maria).get("/")).select("nav a")]
        assert "/tickets/" not in [link["href"] for link in soup_of(Client().get("/")).select("nav a")]


class TestClosing:
    def test_the_owner_closes_and_opens_again(self, people: People) -> None:
        ticket, client = new_ticket(user=people.maria), client_of(people.maria)
        assert "Close ticket" in client.get(f"/tickets/{ticket.pk}/").content.decode()
        assert client.post(f"/tickets/{ticket.pk}/close/").status_code == 302
        closed = fresh(ticket)
        assert not is_open(closed)
        assert closed.staff_id is None
        event = ThreadEvent.objects.filter(thread=thread_of(closed)).order_by("-pk").first()
        assert event is not None
        assert (event.uid, event.uid_type) == (people.maria.pk, "U")
        assert client.post(f"/tickets/{ticket.pk}/reopen/").status_code == 302
        assert is_open(fresh(ticket))

    def test_others_may_not_and_have_no_buttons(self, people: People) -> None:
        ticket = new_ticket(user=people.maria)
        collaborate(ticket, people.carol)
        for user, status in ((people.carol, 403), (people.ben, 403), (people.sven, 404)):
            client = client_of(user)
            assert "Close ticket" not in client.get(f"/tickets/{ticket.pk}/").content.decode()
            for action in ("close", "reopen"):
                assert client.post(f"/tickets/{ticket.pk}/{action}/").status_code == status
        assert Client().post(f"/tickets/{ticket.pk}/close/")["Location"] == "/tickets/status/"
        assert is_open(fresh(ticket))

    def test_where_users_close_nothing(self, people: People) -> None:
        set_setting("core", "users_close_tickets", "0", SYSTEM)
        ticket, client = new_ticket(user=people.maria), client_of(people.maria)
        assert "Close ticket" not in client.get(f"/tickets/{ticket.pk}/").content.decode()
        assert client.post(f"/tickets/{ticket.pk}/close/").status_code == 403

    def test_what_is_in_the_way_is_not_told(self, people: People) -> None:
        ticket = new_ticket(user=people.maria)
        new_task(ticket)
        answer = client_of(people.maria).post(f"/tickets/{ticket.pk}/close/")
        assert answer.status_code == 409
        assert "somebody is still working on it" in answer.content.decode()
        assert "task" not in soup_of(answer).select_one("main").text.lower()  # type: ignore[union-attr]

    def test_a_page_from_before_is_told_how_it_is_and_changes_nothing(self, people: People) -> None:
        ticket, client = new_ticket(user=people.maria), client_of(people.maria)
        answer = client.post(f"/tickets/{ticket.pk}/reopen/", follow=True)
        assert "The ticket is open already." in answer.content.decode()
        close_ticket(fresh(ticket), actor=SYSTEM, status=resolved_status())
        closed = fresh(ticket)
        answer = client.post(f"/tickets/{ticket.pk}/close/", follow=True)
        assert "The ticket is closed already." in answer.content.decode()
        assert (fresh(ticket).status_id, fresh(ticket).closed) == (closed.status_id, closed.closed)

    def test_what_is_final_stays_closed(self, people: People) -> None:
        final = TicketStatus.objects.create(name="Final", state="closed", mode=1, properties={})
        ticket = new_ticket(user=people.maria)
        close_ticket(fresh(ticket), actor=SYSTEM, status=final)
        answer = client_of(people.maria).post(f"/tickets/{ticket.pk}/reopen/")
        assert answer.status_code == 409
        assert not is_open(fresh(ticket))


class TestCollaborators:
    def test_the_owner_adds_and_removes(self, people: People) -> None:
        ticket, client = new_ticket(user=people.maria), client_of(people.maria)
        url = f"/tickets/{ticket.pk}/collaborators/"
        assert client.post(url, {"email": "friend@customer.test", "name": "Friend"}).status_code == 302
        row = Collaborator.objects.get()
        assert "Friend" in client.get(f"/tickets/{ticket.pk}/").content.decode()
        assert client.post(url, {"email": "friend@customer.test"}).status_code == 409
        assert client.post(url, {"email": "nobody"}).status_code == 422
        assert client.post(f"{url}{row.pk}/remove/").status_code == 302
        assert not Collaborator.objects.exists()

    def test_why_somebody_cannot_join_stands_at_the_field_with_what_was_typed(self, people: People) -> None:
        ticket, client = new_ticket(user=people.maria), client_of(people.maria)
        collaborate(ticket, people.carol)
        known = people.carol.default_email.address if people.carol.default_email else ""
        answer = client.post(f"/tickets/{ticket.pk}/collaborators/", {"email": known, "name": "Carol"})
        field = soup_of(answer).select(".participants-add[open] .has-errors")[0]
        assert "is a collaborator already" in field.get_text()
        assert field.select("input")[0]["value"] == known

    def test_somebody_who_is_gone_already_is_no_error(self, people: People) -> None:
        ticket, client = new_ticket(user=people.maria), client_of(people.maria)
        row = collaborate(ticket, people.carol)
        url = f"/tickets/{ticket.pk}/collaborators/{row.pk}/remove/"
        assert client.post(url).status_code == 302
        assert "takes no part in the ticket any more" in client.post(url, follow=True).content.decode()

    def test_others_do_not_but_may_leave(self, people: People) -> None:
        ticket = new_ticket(user=people.sven)
        row, other = collaborate(ticket, people.carol), collaborate(ticket, people.ben)
        client = client_of(people.carol)
        assert client.post(f"/tickets/{ticket.pk}/collaborators/", {"email": "x@y.test"}).status_code == 403
        assert client.post(f"/tickets/{ticket.pk}/collaborators/{other.pk}/remove/").status_code == 403
        answer = client.post(f"/tickets/{ticket.pk}/collaborators/{row.pk}/remove/")
        assert answer["Location"] == "/tickets/"
        assert client.get(f"/tickets/{ticket.pk}/").status_code == 404

    def test_banned_addresses_and_rows_of_other_tickets(self, people: People) -> None:
        ban("foe@customer.test", actor=SYSTEM)
        ticket, client = new_ticket(user=people.maria), client_of(people.maria)
        foreign = collaborate(new_ticket(user=people.sven), people.carol)
        answer = client.post(f"/tickets/{ticket.pk}/collaborators/", {"email": "foe@customer.test"})
        assert answer.status_code == 403
        assert client.post(f"/tickets/{ticket.pk}/collaborators/{foreign.pk}/remove/").status_code == 302
        assert Collaborator.objects.count() == 1

    def test_at_a_human_pace(self, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(portal_ticket_views, "CHANGES_OF_AN_ADDRESS", 1)
        ticket, client = new_ticket(user=people.maria), client_of(people.maria)
        url = f"/tickets/{ticket.pk}/collaborators/"
        assert [client.post(url, {"email": f"{n}@customer.test"}).status_code for n in "ab"] == [302, 429]


class TestEditing:
    @pytest.fixture
    def subject(self) -> FormField:
        field = FormField.objects.get(name="subject", form__type="T")
        field.flags = (field.flags or 0) | FieldFlag.CLIENT_VIEW | FieldFlag.CLIENT_EDIT
        field.save()
        return field

    def test_the_owner_changes_what_users_may_change(self, people: People, subject: FormField) -> None:
        ticket, client = new_ticket(user=people.maria, subject="Old"), client_of(people.maria)
        page = soup_of(client.get(f"/tickets/{ticket.pk}/edit/"))
        names = [control["name"] for control in page.select("main form [name^=field-]")]
        assert f"field-{subject.pk}" in names
        values = {f"field-{subject.pk}": "New", "seen": page.select_one("[name=seen]")["value"]}  # type: ignore[index]
        assert client.post(f"/tickets/{ticket.pk}/edit/", values).status_code == 302
        assert subject_of(ticket.pk) == "New"
        event = ThreadEvent.objects.filter(thread=thread_of(ticket)).order_by("-pk").first()
        assert event is not None
        assert event.data == {"fields": {str(subject.pk): ["Old", "New"]}}

    def test_stale_wrong_and_foreign(self, people: People, subject: FormField) -> None:
        ticket = new_ticket(user=people.maria, subject="Old")
        collaborate(ticket, people.carol)
        url, values = f"/tickets/{ticket.pk}/edit/", {f"field-{subject.pk}": "New"}
        assert client_of(people.maria).post(url, {**values, "seen": "1"}).status_code == 409
        for user in (people.carol, people.ben, people.sven):
            assert client_of(user).get(url).status_code == 404
            assert client_of(user).post(url, values).status_code == 404
        assert subject_of(ticket.pk) == "Old"

    def test_fields_for_agents_alone_are_neither_shown_nor_saved(self, people: People, subject: FormField) -> None:
        FormField.objects.filter(pk=subject.pk).update(flags=FieldFlag.ENABLED | FieldFlag.CLIENT_VIEW)
        ticket, client = new_ticket(user=people.maria, subject="Old"), client_of(people.maria)
        client.post(f"/tickets/{ticket.pk}/edit/", {f"field-{subject.pk}": "New", "subject": "New"})
        assert subject_of(ticket.pk) == "Old"


def test_a_merged_ticket_leads_to_its_parent(people: People) -> None:
    parent, child = new_ticket(user=people.maria, subject="Parent"), new_ticket(user=people.carol, subject="Child")
    merge_tickets([fresh(parent), fresh(child)], actor=SYSTEM, kind=MergeKind.COMBINE, child_status=resolved_status())
    client = client_of(people.carol)
    assert "Parent" in client.get(f"/tickets/{child.pk}/").content.decode()
    assert client.post(f"/tickets/{child.pk}/close/").status_code == 403
