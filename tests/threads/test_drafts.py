"""Drafts (osticket/tickets.md §15.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.threads.drafts import draft_as_text, find_draft, purge_drafts, save_draft, text_as_draft
from helpdesk.threads.models import Draft
from tests.desk import open_ticket, set_up_desk
from tests.factories import EndUserFactory, collaborate
from tests.sign_in import agent_client, sign_in_user
from tickets.models import Ticket
from tickets.services import post_message, post_note, post_reply

pytestmark = pytest.mark.django_db
NAMESPACE = "ticket.response.7"


class TestKeeping:
    def test_one_row_for_each_namespace_and_owner(self) -> None:
        for body in ("<p>One</p>", "<p>Two</p>"):
            save_draft(NAMESPACE, owner_id=1, body=body)
        save_draft(NAMESPACE, owner_id=2, body="<p>Other</p>")
        save_draft("ticket.note.7", owner_id=1, body="<p>Note</p>")
        assert Draft.objects.count() == 3
        row = Draft.objects.get(staff_id=1, namespace=NAMESPACE)
        assert row.body == "<p>Two</p>"
        assert row.updated is not None

    def test_two_windows_that_made_one_each_become_one(self) -> None:
        for _window in range(2):
            Draft.objects.create(namespace=NAMESPACE, staff_id=1, body="x")
        save_draft(NAMESPACE, owner_id=1, body="y")
        assert [draft.body for draft in Draft.objects.all()] == ["y"]

    def test_an_empty_text_is_no_draft(self) -> None:
        save_draft(NAMESPACE, owner_id=1, body="x")
        assert save_draft(NAMESPACE, owner_id=1, body="<p> </p>") is None
        assert not Draft.objects.exists()

    def test_scripts_go_and_what_is_too_long_is_refused(self) -> None:
        draft = save_draft(NAMESPACE, owner_id=1, body="<p>a<script>b</script></p>")
        assert draft is not None
        assert draft.body == "<p>a</p>"
        with pytest.raises(ValidationFailed):
            save_draft(NAMESPACE, owner_id=1, body="x" * 70_000)

    @pytest.mark.parametrize(
        "text", ["a", "a\nb", "a\n\n\nb", "  indented\n   more", "1 < 2 & <b>", "ünï 😀", "a  b", "&nbsp; &lt;"]
    )
    def test_plain_text_comes_back_as_it_was(self, text: str) -> None:
        save_draft(NAMESPACE, owner_id=1, body=text, format="text")
        found = find_draft(NAMESPACE, owner_id=1, format="text")
        assert found is not None
        assert found.body == text
        assert draft_as_text(text_as_draft(text)) == text

    def test_text_of_an_editor_for_html(self) -> None:
        html = "<p>Dear Jo,</p>\n<p>one<br />\ntwo</p><ul><li>a</li><li>b</li></ul>"
        assert draft_as_text(html) == "Dear Jo,\n\none\ntwo\n\na\nb"

    def test_old_ones_go(self) -> None:
        now = timezone.now()
        for days, updated in ((15, None), (15, 13), (13, None), (30, 15)):
            Draft.objects.create(
                namespace=f"{days} {updated}",
                staff_id=1,
                body="x",
                created=now - timedelta(days=days),
                updated=None if updated is None else now - timedelta(days=updated),
            )
        assert purge_drafts(now=now) == 2
        assert set(Draft.objects.values_list("namespace", flat=True)) == {"15 13", "13 None"}


class TestAddresses:
    @pytest.fixture
    def ticket(self) -> Ticket:
        return open_ticket()

    def test_an_agent_keeps_reads_and_discards_his_own(self, ticket: Ticket) -> None:
        desk = set_up_desk()
        grace, alan = agent_client(desk.grace), agent_client(desk.alan)
        url = f"/scp/drafts/ticket.response.{ticket.pk}/"
        assert grace.get(url).status_code == 204
        answer = grace.post(url, {"body": "a < b\nc", "format": "text"})
        assert answer.json() == {"draft_id": Draft.objects.get().pk}
        assert grace.get(url, {"format": "text"}).json()["body"] == "a < b\nc"
        assert alan.get(url).status_code == 204
        assert alan.delete(url).status_code == 204
        assert Draft.objects.get().staff_id == desk.grace.pk
        assert grace.delete(url).status_code == 204
        assert not Draft.objects.exists()

    def test_an_end_user_keeps_his_message(self, ticket: Ticket) -> None:
        assert ticket.user is not None
        client = sign_in_user(Client(), ticket.user)
        url = f"/drafts/ticket.client.{ticket.pk}/"
        client.post(url, {"body": "Hello"})
        assert client.get(url).json()["body"] == "Hello"
        assert Draft.objects.get().staff_id == ticket.user.pk
        post_message(ticket, actor=Actor.system(), user=ticket.user, body="Hello")
        assert not Draft.objects.exists()

    def test_nobody_reaches_the_namespaces_of_others(self, ticket: Ticket) -> None:
        desk = set_up_desk()
        assert ticket.user is not None
        sam, grace = agent_client(desk.sam), agent_client(desk.grace)
        owner, stranger = sign_in_user(Client(), ticket.user), sign_in_user(Client(), EndUserFactory.new())
        number = ticket.pk
        refused: list[tuple[Any, str]] = [
            (sam, f"/scp/drafts/ticket.response.{number}/"),
            (grace, f"/scp/drafts/ticket.client.{number}/"),
            (grace, "/scp/drafts/ticket.response.99999999999/"),
            (grace, "/scp/drafts/whatever/"),
            (owner, f"/drafts/ticket.note.{number}/"),
            (stranger, f"/drafts/ticket.client.{number}/"),
            (Client(), f"/drafts/ticket.client.{number}/"),
        ]
        for client, url in refused:
            for answer in (client.get(url), client.post(url, {"body": "x"}), client.delete(url)):
                assert answer.status_code == 404, url
                assert answer.json()["code"] == "draft_not_found"
        assert not Draft.objects.exists()

    def test_a_token_is_needed(self, ticket: Ticket) -> None:
        assert ticket.user is not None
        client = sign_in_user(Client(enforce_csrf_checks=True), ticket.user)
        assert client.post(f"/drafts/ticket.client.{ticket.pk}/", {"body": "x"}).status_code in {400, 403}
        assert not Draft.objects.exists()

    def test_a_collaborator_keeps_one_too(self, ticket: Ticket) -> None:
        user = EndUserFactory.new()
        collaborate(ticket, user)
        client = sign_in_user(Client(), user)
        assert client.post(f"/drafts/ticket.client.{ticket.pk}/", {"body": "x"}).status_code == 200


def test_posting_deletes_the_draft_of_who_posts() -> None:
    desk, ticket = set_up_desk(), open_ticket()
    for kind in ("response", "note"):
        for owner in (desk.grace, desk.alan):
            save_draft(f"ticket.{kind}.{ticket.pk}", owner_id=owner.pk, body="x")
    post_reply(ticket, actor=Actor.for_agent(desk.grace), body="x")
    post_note(ticket, actor=Actor.for_agent(desk.alan), body="x")
    left = Draft.objects.values_list("namespace", "staff_id")
    assert set(left) == {(f"ticket.response.{ticket.pk}", desk.alan.pk), (f"ticket.note.{ticket.pk}", desk.grace.pk)}
