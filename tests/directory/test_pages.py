"""Pages of users and organizations: what agents do there, and who may."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from helpdesk.configuration.models import QuickNote
from helpdesk.directory.csv_table import LONGEST_FILE
from helpdesk.directory.models import UserImport
from helpdesk.forms.models import FormAnswer, FormField
from helpdesk.outbox.models import Effect
from helpdesk.people.models import Agent, EndUser, Organization, UserAccount
from helpdesk.people.permissions import AgentPermission, stored_form
from tests.desk import Desk, closed_ticket, open_ticket, set_up_desk
from tests.factories import EndUserFactory, OrganizationFactory
from tests.sign_in import agent_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Desk:
    desk = set_up_desk()
    Agent.objects.filter(pk=desk.grace.pk).update(permissions=stored_form(AgentPermission))
    Agent.objects.filter(pk=desk.vera.pk).update(permissions=stored_form([AgentPermission.USER_DIRECTORY]))
    return desk


@pytest.fixture
def grace(desk: Desk) -> Client:
    return agent_client(Agent.objects.get(pk=desk.grace.pk))


@pytest.fixture
def vera(desk: Desk) -> Client:
    return agent_client(Agent.objects.get(pk=desk.vera.pk))


def page(client: Client, address: str, status: int = 200) -> BeautifulSoup:
    answer = client.get(address)
    assert answer.status_code == status, answer.content[:2000]
    return BeautifulSoup(answer.content, "html.parser")


def post(client: Client, at: str, status: int = 302, /, **data: Any) -> BeautifulSoup:
    answer = client.post(at, data)
    assert answer.status_code == status, BeautifulSoup(answer.content, "html.parser").get_text()[:2000]
    return BeautifulSoup(answer.content, "html.parser")


def message_after(client: Client, address: str) -> str:
    found = page(client, address).select_one("#messages")
    return found.get_text(" ", strip=True) if found else ""


def mark(found: BeautifulSoup) -> str:
    [mark] = found.select("input[name=seen]")
    return str(mark["value"])


def contact(**named: str) -> dict[str, str]:
    fields = FormField.objects.filter(form__type="U")
    return {f"field-{field.pk}": named.get(field.name, "") for field in fields}


class TestDirectory:
    def test_users_by_name_with_their_tickets(self, desk: Desk, grace: Client) -> None:
        open_ticket()
        closed_ticket(desk)
        found = page(grace, "/scp/users/")
        [row] = [row for row in found.select("tbody tr") if "Maria Silva" in row.get_text()]
        cells = [cell.get_text(" ", strip=True) for cell in row.select("th, td")]
        assert cells[:5] == ["Maria Silva", "maria@customer.test", "", "Guest", "2"]

    @pytest.mark.parametrize("query", ["maria", "SÍLVA mar", "MARIA@cust", "maria   silva", "ma%00ria"])
    def test_search(self, grace: Client, query: str) -> None:
        EndUserFactory.new(name="Maria Silva", address="maria@customer.test")
        EndUserFactory.new(name="Jane Doe", address="jane@other.test")
        names = [link.get_text() for link in page(grace, f"/scp/users/?q={query}").select("tbody th a")]
        assert names == ["Maria Silva"]

    @pytest.mark.parametrize("query", ["acme", "ÂCME L", "acme.test", "ac%00me"])
    def test_search_of_organizations(self, grace: Client, query: str) -> None:
        OrganizationFactory.new(name="Acme Ltd", domain="acme.test")
        OrganizationFactory.new(name="Other", domain="other.test")
        names = [link.get_text() for link in page(grace, f"/scp/organizations/?q={query}").select("tbody th a")]
        assert names == ["Acme Ltd"]

    @pytest.mark.parametrize("query", ["nobody", "%", "_", "'", "=1", "\\"])
    def test_nobody_found(self, grace: Client, query: str) -> None:
        EndUserFactory.new(name="Maria Silva")
        assert "Nobody found" in page(grace, f"/scp/users/?q={query}").get_text()

    def test_pages_follow_each_other_and_lead_back(self, grace: Client) -> None:
        EndUser.objects.all().delete()
        for number in range(120):
            EndUserFactory.new(name=f"User {number // 2:03}")
        seen: list[str] = []
        address = "/scp/users/"
        while address:
            found = page(grace, address)
            seen += [str(link["href"]) for link in found.select("tbody th a")]
            later = found.select_one("a[rel=next]")
            address = f"/scp/users/{later['href']}" if later else ""
        assert len(seen) == len(set(seen)) == 120
        earlier = found.select_one("a[rel=prev]")
        assert earlier is not None
        back = [link["href"] for link in page(grace, f"/scp/users/{earlier['href']}").select("tbody th a")]
        assert back == seen[50:100]

    def test_each_page_costs_the_same(self, grace: Client) -> None:
        def statements() -> int:
            with CaptureQueriesContext(connection) as queries:
                grace.get("/scp/users/")
            return len(queries)

        EndUserFactory.new()
        statements()
        few = statements()
        for _ in range(20):
            EndUserFactory.new(org=OrganizationFactory.new())
        assert statements() == few

    @pytest.mark.parametrize("anchor", ["x", "-1", "4000000", "99999999999999999999", "1'"])
    def test_wrong_anchors_begin_at_the_start(self, grace: Client, anchor: str) -> None:
        user = EndUserFactory.new(name="Aaron")
        for name in ("after", "before"):
            links = page(grace, f"/scp/users/?{name}={anchor}").select("tbody th a")
            assert links[0]["href"] == f"/scp/users/{user.pk}/"

    def test_download(self, grace: Client) -> None:
        EndUserFactory.new(name="=Maria", address="maria@customer.test")
        answer = grace.get("/scp/users/export/?format=csv&q=maria")
        rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
        assert rows[1][:2] == ["'=Maria", "maria@customer.test"]
        assert grace.get("/scp/users/export/?format=pdf").status_code == 404

    def test_addresses_of_osticket_lead_here(self, grace: Client) -> None:
        user, organization = EndUserFactory.new(), OrganizationFactory.new()
        for address, target in (
            ("/scp/users.php", "/scp/users/"),
            (f"/scp/users.php?id={user.pk}", f"/scp/users/{user.pk}/"),
            (f"/scp/orgs.php?id={organization.pk}", f"/scp/organizations/{organization.pk}/"),
            ("/scp/orgs.php?id=x", "/scp/organizations/"),
        ):
            assert grace.get(address)["Location"] == target


class TestUser:
    def test_a_user_is_made_and_changed(self, grace: Client) -> None:
        post(grace, "/scp/users/new/", **contact(name="Jane Doe", email="jane@customer.test", phone="555-0100"))
        user = EndUser.objects.get(name="Jane Doe")
        assert FormAnswer.objects.get(entry__object_id=user.pk, field__name="phone").value == "5550100"
        assert "Jane Doe has been added." in message_after(grace, f"/scp/users/{user.pk}/")
        edit = page(grace, f"/scp/users/{user.pk}/edit/")
        assert {"Jane Doe", "jane@customer.test"} <= {box.get("value") for box in edit.select("input")}
        post(grace, f"/scp/users/{user.pk}/edit/", **contact(name="Jane Roe", email="jane@roe.test"))
        user = EndUser.objects.select_related("default_email").get(pk=user.pk)
        assert user.default_email is not None
        assert (user.name, user.default_email.address) == ("Jane Roe", "jane@roe.test")

    @pytest.mark.parametrize(
        "given",
        [
            {"name": "", "email": "jane@customer.test"},
            {"name": "Jane", "email": "no address"},
            {"name": "Jane", "email": "TAKEN@customer.test"},
            {"name": "Jane", "email": "jane@customer.test", "phone": "call me"},
            {"name": "J" * 200, "email": "jane@customer.test"},
        ],
    )
    def test_wrong_input_is_told_and_kept(self, grace: Client, given: dict[str, str]) -> None:
        EndUserFactory.new(address="taken@customer.test")
        found = post(grace, "/scp/users/new/", 422, **contact(**given))
        assert found.select(".form-errors, .error-summary, .has-errors")
        assert given["email"] in {box.get("value") for box in found.select("input")}
        assert not EndUser.objects.filter(name=given["name"]).exists()

    def test_further_addresses(self, grace: Client) -> None:
        user = EndUserFactory.new(address="jane@customer.test")
        EndUserFactory.new(address="taken@customer.test")
        at = f"/scp/users/{user.pk}/addresses/"
        post(grace, at, address="jane@home.test")
        for wrong in ("taken@customer.test", "jane@customer.test", "none", ""):
            assert post(grace, at, 422, address=wrong).select(".has-errors")
        post(grace, f"{at}change/", address="jane@home.test", do="default")
        post(grace, f"{at}change/", address="jane@home.test", do="remove")
        assert "choose another one" in message_after(grace, f"/scp/users/{user.pk}/")
        post(grace, f"{at}change/", address="jane@customer.test", do="remove")
        assert [email.address for email in user.emails.all()] == ["jane@home.test"]

    def test_organization_by_name(self, grace: Client) -> None:
        user, acme = EndUserFactory.new(), OrganizationFactory.new(name="Acme")
        at = f"/scp/users/{user.pk}/organization/"
        post(grace, at, organization="acme", is_contact="on")
        user.refresh_from_db()
        assert (user.org, user.is_primary_contact) == (acme, True)
        assert post(grace, at, 422, organization="No such").select(".has-errors")
        post(grace, at, organization="")
        assert not EndUser.objects.filter(pk=user.pk, org__isnull=False).exists()

    def test_notes(self, grace: Client, vera: Client) -> None:
        acme = OrganizationFactory.new()
        user = EndUserFactory.new(org=acme)
        post(vera, f"/scp/users/{user.pk}/notes/", note="Calls often\n<script>alert(1)</script>")
        post(grace, f"/scp/organizations/{acme.pk}/notes/", note="Pays late")
        found = page(grace, f"/scp/users/{user.pk}/")
        assert ["Calls often" in n.get_text() or "Pays late" in n.get_text() for n in found.select(".quick-note")] == [
            True,
            True,
        ]
        assert not found.select(".quick-note script")
        note = QuickNote.objects.get(ext_id=f"U{user.pk}")
        post(grace, f"/scp/notes/{note.pk}/", note="Calls daily")
        note.refresh_from_db()
        assert note.body == "<p>Calls daily</p>"
        assert post(grace, f"/scp/notes/{note.pk}/", 422, note=" ").select(".has-errors")
        post(grace, f"/scp/notes/{note.pk}/", do="delete")
        assert page(grace, f"/scp/notes/{note.pk}/", 404)

    def test_deleting(self, desk: Desk, grace: Client) -> None:
        ticket = open_ticket()
        at = f"/scp/users/{ticket.user_id}/delete/"
        assert "1 ticket belongs to this user." in page(grace, at).get_text(" ", strip=True)
        assert post(grace, at, 409).select(".form-errors")
        post(grace, at, with_tickets="on")
        assert not EndUser.objects.filter(name="Maria Silva").exists()
        assert page(grace, f"/scp/users/{ticket.user_id}/", 404)

    def test_tickets_that_one_may_not_see_stay_unseen(self, desk: Desk, grace: Client) -> None:
        ticket = open_ticket("Secret matter")
        sam = agent_client(desk.sam)
        Agent.objects.filter(pk=desk.sam.pk).update(permissions=stored_form([AgentPermission.USER_DIRECTORY]))
        at = f"/scp/users/{ticket.user_id}/"
        assert "Secret matter" in page(grace, at).get_text()
        assert "Secret matter" not in page(sam, at).get_text()


class TestAccount:
    def test_from_guest_to_account_and_back(self, grace: Client) -> None:
        user = EndUserFactory.new(name="Jane")
        at = f"/scp/users/{user.pk}/account/"
        assert "Guest" in page(grace, f"/scp/users/{user.pk}/").get_text()
        post(grace, at, username="jane")
        assert Effect.objects.get(kind="mail").payload["template"] == "registration-client"
        for do, state in (
            ("send-activation", "Locked (Pending Activation)"),
            ("activate", "Active (Registered)"),
            ("send-reset", "Active (Registered)"),
            ("new-password", "Active (Registered)"),
            ("lock", "Locked (Administrative)"),
            ("unlock", "Active (Registered)"),
        ):
            post(grace, f"{at}action/", do=do)
            assert state in page(grace, f"/scp/users/{user.pk}/").get_text()
        assert int(UserAccount.objects.get(user=user).status) == 5

    def test_wrong_input_stands_at_its_field(self, grace: Client) -> None:
        user = EndUserFactory.new()
        at = f"/scp/users/{user.pk}/account/"
        for data, field in (({"username": "a@b"}, "username"), ({"password": "x"}, "password")):
            found = post(grace, at, 422, **data)
            assert found.select_one(f".has-errors [name={field}]")
        post(grace, f"{at}action/", 404, do="explode")
        post(grace, f"{at}action/", do="lock")
        assert "has no account" in message_after(grace, f"/scp/users/{user.pk}/")


class TestOrganization:
    def test_made_changed_and_deleted(self, grace: Client) -> None:
        name = FormField.objects.get(form__type="O", name="name").pk
        fields = {f"field-{field.pk}": "" for field in FormField.objects.filter(form__type="O")}
        post(grace, "/scp/organizations/new/", **{**fields, f"field-{name}": "Acme"}, domain="acme.test", sharing="all")
        acme = Organization.objects.get(name="Acme")
        assert (acme.domain, int(acme.status)) == ("acme.test", 0x10)
        user = EndUserFactory.new(address="jane@acme.test")
        at = f"/scp/organizations/{acme.pk}/"
        post(grace, f"{at}members/", do="add", address="JANE@acme.test")
        post(
            grace,
            f"{at}edit/",
            **{**fields, f"field-{name}": "Acme Inc"},
            sharing="contacts",
            contacts=str(user.pk),
            assign_manager="on",
        )
        acme.refresh_from_db()
        assert (acme.name, int(acme.status)) == ("Acme Inc", 0x08 | 0x04)
        found = page(grace, at)
        assert "Primary contact" in found.select_one("section[aria-labelledby=members-title]").get_text()  # type: ignore[union-attr]
        wrong = post(grace, f"{at}edit/", 422, **{**fields, f"field-{name}": "Acme"}, domain="no domain!")
        assert wrong.select_one(".has-errors [name=domain]")
        post(grace, f"{at}members/", do="remove", user=str(user.pk))
        post(grace, f"{at}members/", do="add", address="nobody@acme.test")
        assert "No user has this address." in message_after(grace, at)
        post(grace, f"{at}delete/")
        assert not Organization.objects.filter(pk=acme.pk).exists()

    def test_tickets_of_all_members(self, grace: Client) -> None:
        acme = OrganizationFactory.new()
        ticket = open_ticket("Of a member")
        EndUser.objects.filter(pk=ticket.user_id or 0).update(org=acme)
        assert "Of a member" in page(grace, f"/scp/organizations/{acme.pk}/").get_text()


MEANWHILE = "Somebody else has changed this meanwhile"


class TestTwoAgents:
    """Both have the same page open; the second one is told before he replaces what the first one saved."""

    def test_a_user(self, grace: Client) -> None:
        user = EndUserFactory.new(name="Jane Doe", address="jane@customer.test")
        at = f"/scp/users/{user.pk}/edit/"
        mine = mark(page(grace, at))
        theirs = contact(name="Jane Roe", email="jane@customer.test", phone="555-0100")
        post(grace, at, **theirs, seen=mine)
        changes = contact(name="Jane Poe", email="jane@customer.test", phone="555-0199")
        refused = post(grace, at, 409, **changes, seen=mine)
        assert f"{MEANWHILE}: Full Name, Phone Number." in refused.get_text()
        assert {"Jane Poe", "5550199"} <= {str(box.get("value")).replace("-", "") for box in refused.select("input")}
        user.refresh_from_db()
        assert user.name == "Jane Roe"
        assert FormAnswer.objects.get(entry__object_id=user.pk, field__name="phone").value == "5550100"
        post(grace, at, **changes, seen=mark(refused))
        user.refresh_from_db()
        assert user.name == "Jane Poe"

    def test_what_is_saved_without_a_change_is_no_change(self, grace: Client) -> None:
        user = EndUserFactory.new(name="Jane Doe", address="jane@customer.test")
        at, same = f"/scp/users/{user.pk}/edit/", contact(name="Jane Doe", email="jane@customer.test")
        mine = mark(page(grace, at))
        post(grace, at, **same, seen=mine)
        post(grace, at, **same, seen=mine)

    def test_an_organization(self, grace: Client) -> None:
        acme = OrganizationFactory.new(name="Acme")
        at = f"/scp/organizations/{acme.pk}/edit/"
        fields = {f"field-{field.pk}": "" for field in FormField.objects.filter(form__type="O")}
        given = {**fields, f"field-{FormField.objects.get(form__type='O', name='name').pk}": "Acme"}
        mine = mark(page(grace, at))
        post(grace, at, **given, domain="acme.test", sharing="all", seen=mine)
        refused = post(grace, at, 409, **given, domain="acme.example", sharing="none", seen=mine)
        assert f"{MEANWHILE}: Mail domains, Who sees the tickets of the organization." in refused.get_text()
        acme.refresh_from_db()
        assert (acme.domain, int(acme.status)) == ("acme.test", 0x10)
        post(grace, at, **given, domain="acme.example", sharing="none", seen=mark(refused))
        acme.refresh_from_db()
        assert (acme.domain, int(acme.status)) == ("acme.example", 0)

    def test_an_account(self, grace: Client) -> None:
        user = EndUserFactory.new(name="Jane")
        at = f"/scp/users/{user.pk}/account/"
        as_guest = mark(page(grace, at))
        post(grace, at, username="jane", seen=as_guest)
        refused = post(grace, at, 409, username="mine", seen=as_guest)
        assert f"{MEANWHILE}. " in refused.get_text()
        assert UserAccount.objects.get(user=user).username == "jane"
        post(grace, at, username="mine", seen=mark(refused))
        assert UserAccount.objects.get(user=user).username == "mine"

    def test_the_organization_of_a_user(self, grace: Client) -> None:
        user, acme, other = EndUserFactory.new(), OrganizationFactory.new(name="Acme"), OrganizationFactory.new()
        at = f"/scp/users/{user.pk}/organization/"
        mine = mark(page(grace, f"/scp/users/{user.pk}/"))
        post(grace, at, organization="Acme", seen=mine)
        refused = post(grace, at, 422, organization=other.name, seen=mine)
        assert MEANWHILE in refused.select_one(".has-errors").get_text()  # type: ignore[union-attr]
        user.refresh_from_db()
        assert user.org == acme
        post(grace, at, organization=other.name, seen=mark(refused))
        user.refresh_from_db()
        assert user.org == other

    def test_a_note(self, grace: Client) -> None:
        user = EndUserFactory.new()
        post(grace, f"/scp/users/{user.pk}/notes/", note="Calls often")
        note = QuickNote.objects.get(ext_id=f"U{user.pk}")
        at = f"/scp/notes/{note.pk}/"
        mine = mark(page(grace, at))
        post(grace, at, note="Calls daily", seen=mine)
        refused = post(grace, at, 409, note="Never calls", seen=mine)
        assert MEANWHILE in refused.get_text()
        note.refresh_from_db()
        assert note.body == "<p>Calls daily</p>"
        post(grace, at, note="Never calls", seen=mark(refused))
        note.refresh_from_db()
        assert note.body == "<p>Never calls</p>"


class TestImport:
    def test_upload_plan_progress_report(self, grace: Client) -> None:
        file = SimpleUploadedFile("people.csv", "Name;Mail\nJürgen;j@acme.test\nX;nobody\n".encode("cp1252"))
        post(grace, "/scp/users/import/", file=file)
        found = UserImport.objects.get()
        at = f"/scp/users/import/{found.pk}/"
        plan = page(grace, at)
        chosen = {
            str(box["name"]): str(option["value"])
            for box in plan.select("select")
            for option in box.select("option[selected]")
        }
        assert chosen == {"column_0": "name", "column_1": "email"}
        assert "Jürgen" in plan.get_text()
        assert post(grace, f"{at}start/", 422, column_0="email", column_1="email").select(".form-errors")
        post(grace, f"{at}start/", **chosen, has_headings="on", updates_known="on", organization="")
        assert page(grace, at).select_one("[hx-post]")
        post(grace, f"{at}go-on/")
        done = page(grace, at)
        assert not done.select("[hx-post]")
        assert [row.select("td")[0].get_text() for row in done.select("tbody tr")] == ["3"]
        answer = grace.get(f"{at}report/?format=csv")
        assert "j@acme.test" in b"".join(answer).decode()
        assert EndUser.objects.filter(name="Jürgen").exists()

    def test_pasted_lines(self, grace: Client) -> None:
        post(grace, "/scp/users/import/", pasted="Jane Doe, jane@acme.test\nZoë, zoe@acme.test")
        assert UserImport.objects.get().total == 2

    @pytest.mark.parametrize(
        "content",
        [b"", b"PK\x03\x04", b"\x00\x01", b"x" * (LONGEST_FILE + 2)],
        ids=["empty", "spreadsheet", "binary", "too large"],
    )
    def test_what_is_no_list_is_told(self, grace: Client, content: bytes) -> None:
        file = SimpleUploadedFile("people.csv", content)
        assert post(grace, "/scp/users/import/", 422, file=file).select(".has-errors")
        assert post(grace, "/scp/users/import/", 422).select(".has-errors")

    def test_lists_of_others_do_not_exist(self, desk: Desk, grace: Client) -> None:
        post(grace, "/scp/users/import/", pasted="jane@acme.test")
        found = UserImport.objects.get()
        Agent.objects.filter(pk=desk.alan.pk).update(permissions=stored_form(AgentPermission))
        alan = agent_client(desk.alan)
        assert alan.get(f"/scp/users/import/{found.pk}/").status_code == 404
        for action in ("start", "go-on", "cancel"):
            assert alan.post(f"/scp/users/import/{found.pk}/{action}/").status_code == 404


class TestWhoMay:
    def test_without_the_directory_nothing_opens(self, desk: Desk) -> None:
        user, organization = EndUserFactory.new(), OrganizationFactory.new()
        alan = agent_client(desk.alan)
        for address in (
            "/scp/users/",
            f"/scp/users/{user.pk}/",
            "/scp/organizations/",
            f"/scp/organizations/{organization.pk}/",
            "/scp/users/export/?format=csv",
        ):
            assert alan.get(address).status_code == 403
        assert not page(alan, "/scp/statistics/").select('.rail-areas a[href="/scp/users/"]')

    def test_looking_is_not_changing(self, vera: Client) -> None:
        user, organization = EndUserFactory.new(name="Jane"), OrganizationFactory.new()
        UserAccount.objects.create(user=user, status=1)
        shown = page(vera, f"/scp/users/{user.pk}/")
        assert not shown.select('a[href$="/edit/"], a[href$="/delete/"], form[action*="account"]')
        pages: list[tuple[Callable[..., Any], str]] = [
            *((vera.get, f"/scp/users/{user.pk}/{part}/") for part in ("edit", "delete", "account")),
            *((vera.post, f"/scp/users/{user.pk}/{part}/") for part in ("edit", "delete", "account")),
            *((vera.post, f"/scp/organizations/{organization.pk}/{part}/") for part in ("edit", "delete")),
            (vera.get, "/scp/users/new/"),
            (vera.get, "/scp/users/import/"),
            (vera.get, "/scp/organizations/new/"),
        ]
        assert [(address, ask(address).status_code) for ask, address in pages if ask(address).status_code != 403] == []
        for address, data in (
            (f"/scp/users/{user.pk}/account/action/", {"do": "lock"}),
            (f"/scp/users/{user.pk}/organization/", {"organization": str(organization)}),
            (f"/scp/users/{user.pk}/addresses/change/", {"do": "default", "address": "x@y.test"}),
            (f"/scp/organizations/{organization.pk}/members/", {"do": "add", "address": "nobody@x.test"}),
        ):
            vera.post(address, data)
        user.refresh_from_db()
        assert (user.name, user.org_id) == ("Jane", None)
        assert int(UserAccount.objects.get(user=user).status) == 1

    def test_unknown_numbers_are_404(self, grace: Client) -> None:
        for address in ("users/4000000", "users/0", "organizations/4000000", "notes/4000000", "users/import/4000000"):
            assert grace.get(f"/scp/{address}/").status_code == 404
        assert grace.get("/scp/users/99999999999999999999/").status_code == 404


@pytest.mark.parametrize("number", ["9" * 5000, "9" * 11, "0", "\u0662"])
def test_numbers_that_are_none_of_ours_lead_nowhere(grace: Client, number: str) -> None:
    """Python itself refuses to read a number of thousands of digits."""
    assert grace.get("/scp/users.php", {"id": number}).status_code == 302
    assert grace.get("/scp/orgs.php", {"id": number}).status_code == 302
    assert grace.get("/scp/users/new/", {"organization": number}).status_code in {200, 404}
    organization = OrganizationFactory.new()
    address = f"/scp/organizations/{organization.pk}/members/"
    assert grace.post(address, {"do": "remove", "user": number}).status_code in {302, 404}
