"""What each action of the ticket page does, from the form to the rows; the services have tests of their own."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from filters.ban_list import is_banned
from helpdesk.forms.constants import FieldFlag, FormFlag
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, Department, Role
from helpdesk.people.permissions import AgentPermission
from helpdesk.threads.models import Collaborator, ThreadEntry, ThreadEvent
from tests.desk import Desk, open_ticket, set_up_desk
from tests.factories import EndUserFactory, HelpTopicFactory, TeamFactory, collaborate, new_task, refer_ticket
from tests.sign_in import agent_client
from tickets.changes import mark_of
from tickets.constants import TicketFlag
from tickets.models import HelpTopicForm, Ticket, TicketStatus
from tickets.services import edit_entry, post_note, post_reply
from tickets.states import find_thread, thread_of
from tickets.topic_choices import topics_for_agents

pytestmark = pytest.mark.django_db

Answer = Any


@pytest.fixture
def desk(db: None) -> Desk:
    return set_up_desk()


@pytest.fixture
def grace(desk: Desk) -> Client:
    desk.grace.permissions = dict.fromkeys(
        [AgentPermission.VISIBILITY_DEPARTMENTS.value, AgentPermission.USER_CREATE.value], 1
    )
    desk.grace.save()
    return agent_client(desk.grace)


def act(client: Client, ticket: Ticket, action: str, /, *more: int, **data: Any) -> Answer:
    return client.post(reverse(f"agent:ticket_{action}", args=[ticket.pk, *more]), data)


def shown(client: Client, ticket: Ticket, name: str, *more: int) -> BeautifulSoup:
    response = client.get(reverse(f"agent:ticket_{name}", args=[ticket.pk, *more]))
    assert response.status_code == 200
    return BeautifulSoup(response.content, "html.parser")


def problem(response: Answer, field: str = "") -> str:
    page = BeautifulSoup(response.content, "html.parser")
    found = page.select(f"#{field}_error" if field else ".form-errors")
    return found[0].get_text(" ", strip=True) if found else ""


def said(response: Answer) -> list[str]:
    return [str(message) for message in get_messages(response.wsgi_request)]


def fresh(ticket: Ticket) -> Ticket:
    return Ticket.objects.get(pk=ticket.pk)


def notes(ticket: Ticket) -> list[str]:
    return list(ThreadEntry.objects.filter(thread__object_id=ticket.pk, type="N").values_list("body", flat=True))


def referred(ticket: Ticket) -> set[tuple[str, int]]:
    return set(thread_of(ticket).referrals.values_list("object_type", "object_id"))


class TestRoute:
    def test_transfer(self, grace: Client, desk: Desk) -> None:
        ticket, sales = open_ticket(), Department.objects.get(name="Sales")
        assert not shown(grace, ticket, "transfer").select(f"option[value='{ticket.dept_id}']")
        response = act(grace, ticket, "transfer", department=str(sales.pk), comments="A question of price", refer="on")
        assert said(response) == [f"#{ticket.number} transferred."]
        assert fresh(ticket).dept == sales
        assert notes(ticket) == ["A question of price"]
        assert referred(ticket) == {("D", ticket.dept_id)}
        assert response.headers["Location"] == f"/scp/tickets/{ticket.pk}/"

    def test_who_loses_the_ticket_by_the_transfer_goes_on_to_the_queue(self, grace: Client) -> None:
        ticket, sales = open_ticket(), Department.objects.get(name="Sales")
        grace.get("/scp/queues/8/")
        response = act(grace, ticket, "transfer", department=str(sales.pk))
        assert response.headers["Location"] == "/scp/queues/8/"

    @pytest.mark.parametrize("department", ["", "0", "4711", "x"])
    def test_no_such_department(self, grace: Client, department: str) -> None:
        response = act(grace, open_ticket(), "transfer", department=department)
        assert response.status_code == 422
        assert problem(response, "transfer_department")

    def test_refer_and_take_back(self, grace: Client, desk: Desk) -> None:
        ticket, team = open_ticket(), TeamFactory.new(members=[desk.sam])
        response = act(grace, ticket, "refer", referee=f"t{team.pk}", comments="Have a look")
        assert response.status_code == 302
        assert referred(ticket) == {("E", team.pk)}
        again = act(grace, ticket, "refer", referee=f"t{team.pk}")
        assert again.status_code == 409
        assert problem(again, "refer_referee") == "The ticket is referred there already."
        box = shown(grace, ticket, "refer").select("[name=withdraw]")[0]
        act(grace, ticket, "refer", withdraw=str(box["value"]))
        assert referred(ticket) == set()

    def test_a_referral_needs_somebody(self, grace: Client) -> None:
        response = act(grace, open_ticket(), "refer")
        assert (response.status_code, problem(response, "refer_referee")) == (
            422,
            "Choose to whom the ticket is referred.",
        )

    def test_a_refused_referral_takes_none_back(self, grace: Client, desk: Desk) -> None:
        ticket, team = open_ticket(), TeamFactory.new(members=[desk.sam])
        refer_ticket(ticket, team)
        box = str(shown(grace, ticket, "refer").select("[name=withdraw]")[0]["value"])
        Agent.objects.filter(pk=desk.alan.pk).update(onvacation=True)
        response = act(grace, ticket, "refer", withdraw=box, referee=f"s{desk.alan.pk}")
        assert response.status_code == 422
        assert referred(ticket) == {("E", team.pk)}


class TestState:
    def test_answered_and_back(self, grace: Client) -> None:
        ticket = open_ticket()
        assert act(grace, ticket, "answered", comments="By phone").status_code == 302
        assert fresh(ticket).isanswered
        assert "By phone" in notes(ticket)
        again = act(grace, ticket, "answered")
        assert (again.status_code, problem(again)) == (409, "Ticket is already marked as answered")
        assert act(grace, ticket, "unanswered").status_code == 302
        assert not fresh(ticket).isanswered

    def test_overdue_is_for_the_manager(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        assert act(grace, ticket, "overdue").status_code == 403
        Department.objects.filter(pk=desk.grace.dept_id or 0).update(manager=desk.grace)
        assert act(grace, ticket, "overdue").status_code == 302
        assert fresh(ticket).isoverdue
        assert act(grace, ticket, "not-overdue").status_code == 302
        assert not fresh(ticket).isoverdue

    def test_delete_asks_to_be_sure(self, grace: Client) -> None:
        ticket = open_ticket()
        grace.get("/scp/queues/8/")
        assert "Nobody can bring them back" in shown(grace, ticket, "delete").select(".form-warning")[0].get_text()
        response = act(grace, ticket, "delete")
        assert (response.status_code, problem(response, "delete_sure")) == (422, "Check this box to delete.")
        response = act(grace, ticket, "delete", sure="on", comments="Spam")
        assert (said(response), response.headers["Location"]) == ([f"#{ticket.number} deleted."], "/scp/queues/8/")
        assert not Ticket.objects.filter(pk=ticket.pk).exists()


class TestPeople:
    def test_owner_by_address_or_name(self, grace: Client) -> None:
        ticket, user = open_ticket(), EndUserFactory.new(name="Jo Doe", address="jo@x.test")
        assert act(grace, ticket, "owner", user="JO@x.test").status_code == 302
        assert fresh(ticket).user == user
        other = EndUserFactory.new(name="Zoe Unique")
        assert act(grace, ticket, "owner", user="zoe uni").status_code == 302
        assert fresh(ticket).user == other

    def test_owner_that_is_nobody_or_several(self, grace: Client) -> None:
        ticket = open_ticket()
        for name in ("Ann Able", "Ann Baker"):
            EndUserFactory.new(name=name)
        for text, reason in (("", "required"), ("nobody@x.test", "Nobody found."), ("Ann", "Several people")):
            response = act(grace, ticket, "owner", user=text)
            assert response.status_code == 422
            assert reason in problem(response, "owner_user")
        same = act(grace, ticket, "owner", user="maria@customer.test")
        assert (same.status_code, problem(same, "owner_user")) == (409, "The ticket belongs to this person already.")

    def test_collaborators_join_get_mail_or_not_and_leave(self, grace: Client) -> None:
        ticket = open_ticket()
        act(grace, ticket, "collaborators", user="new@x.test", name="Nora New")
        row = Collaborator.objects.get()
        assert row.user is not None
        assert row.user.name == "Nora New"
        page = shown(grace, ticket, "collaborators")
        assert page.select(f"[name=active][value='{row.pk}'][checked]")
        act(grace, ticket, "collaborators")
        assert not Collaborator.objects.get().flags & 1
        act(grace, ticket, "collaborators", active=str(row.pk))
        assert Collaborator.objects.get().flags & 1
        act(grace, ticket, "collaborators", removed=str(row.pk))
        assert not Collaborator.objects.exists()

    def test_an_owner_is_no_collaborator_and_then_nothing_else_changes(self, grace: Client) -> None:
        ticket = open_ticket()
        row = collaborate(ticket, EndUserFactory.new())
        response = act(grace, ticket, "collaborators", user="maria@customer.test", removed=str(row.pk))
        assert response.status_code == 409
        assert problem(response, "collaborators_user") == "Ticket Owner cannot be a Collaborator"
        assert Collaborator.objects.filter(pk=row.pk).exists()

    def test_ban_and_unban(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        assert act(grace, ticket, "ban").status_code == 403
        Agent.objects.filter(pk=desk.grace.pk).update(permissions={AgentPermission.EMAILS_BANLIST.value: 1})
        assert "will be accepted" in shown(grace, ticket, "ban").select(".form-warning")[0].get_text()
        act(grace, ticket, "ban")
        assert is_banned("maria@customer.test")
        page = shown(grace, ticket, "ban")
        assert page.select("main [type=submit]")[0].get_text(strip=True) == "Take off the ban list"
        act(grace, ticket, "ban", was_banned="yes")
        assert not is_banned("maria@customer.test")


class TestFamily:
    def test_merge(self, grace: Client) -> None:
        parent, child = open_ticket("One"), open_ticket("Two")
        response = act(
            grace, parent, "merge", tickets=f"#{child.number}", kind="combine", participants="user", move_tasks="on"
        )
        assert said(response) == [f"Merged into #{parent.number}."]
        assert fresh(child).parent == parent
        page = BeautifulSoup(grace.get(f"/scp/tickets/{parent.pk}/").content, "html.parser")
        assert page.select(f"#facts a[href='/scp/tickets/{child.pk}/']")

    def test_the_status_of_the_parent(self, grace: Client) -> None:
        parent, child, busy, other = (open_ticket() for _ in range(4))
        resolved = TicketStatus.objects.get(name="Resolved")
        values = {"kind": "combine", "participants": "user", "parent_status": str(resolved.pk)}
        form = shown(grace, parent, "merge")
        assert form.select("#merge_parent_status option")[0].get_text(strip=True) == "keep Open"
        act(grace, parent, "merge", tickets=str(child.number), **values)
        assert fresh(parent).status == resolved
        new_task(busy)
        assert said(act(grace, busy, "merge", tickets=str(other.number), **values))[-2:] == [
            f"Merged into #{busy.number}.",
            "The status was not changed: This ticket has 1 open task and cannot be closed",
        ]
        assert fresh(other).parent == busy

    def test_merged_tickets_are_deleted_where_that_is_asked_for(self, grace: Client, desk: Desk) -> None:
        parent, child = open_ticket("One"), open_ticket("Two")
        box = shown(grace, parent, "merge").select("#merge_delete_children")[0]
        assert not box.has_attr("checked")
        help_text = shown(grace, parent, "merge").select(f"#{box['aria-describedby']}")[0].get_text()
        assert "nobody can bring them back" in help_text
        values = {"tickets": str(child.number), "kind": "combine", "participants": "user", "delete_children": "on"}
        act(grace, parent, "merge", **values)
        assert not Ticket.objects.filter(pk=child.pk).exists()
        assert ThreadEntry.objects.filter(thread__object_id=parent.pk, thread__object_type="T", type="M").count() == 2
        role = Role.objects.create(name="No deleting", permissions={"ticket.merge": 1, "ticket.close": 1})
        Agent.objects.filter(pk=desk.grace.pk).update(role=role)
        one, two = open_ticket(), open_ticket()
        assert not shown(grace, one, "merge").select("#merge_delete_children")
        act(grace, one, "merge", **{**values, "tickets": str(two.number)})
        assert fresh(two).parent == one

    def test_a_merge_changes_its_kind_without_other_tickets(self, grace: Client) -> None:
        parent, child = open_ticket("One"), open_ticket("Two")
        values = {"kind": "combine", "participants": "user"}
        response = act(grace, parent, "merge", tickets="", **values)
        assert response.status_code == 422
        assert problem(response, "merge_tickets")
        act(grace, parent, "merge", tickets=str(child.number), **values)
        form = shown(grace, parent, "merge")
        assert form.select("#merge_kind option[selected]")[0]["value"] == "combine"
        assert not form.select("#merge_tickets[required]")
        response = act(grace, parent, "merge", tickets="", **{**values, "kind": "separate"})
        assert said(response)[-1:] == [f"The merge of #{parent.number} has changed."]
        assert fresh(parent).flags == TicketFlag.SEPARATE_THREADS | TicketFlag.PARENT
        assert shown(grace, parent, "merge").select("#merge_kind option[selected]")[0]["value"] == "separate"
        assert fresh(child).parent == parent

    def test_link_and_unlink(self, grace: Client) -> None:
        one, two, three = open_ticket(), open_ticket(), open_ticket()
        assert act(grace, one, "link", tickets=f"{two.number}, {three.number}").status_code == 302
        assert fresh(two).parent == fresh(three).parent == one
        assert act(grace, two, "unlink").status_code == 302
        assert fresh(two).parent is None
        assert shown(grace, one, "unlink").select(".form-warning")

    def test_the_whole_family_is_closed_at_once(self, grace: Client) -> None:
        one, two, busy = open_ticket(), open_ticket(), open_ticket()
        assert not shown(grace, one, "close").select("#close_children")
        act(grace, one, "link", tickets=f"{two.number}, {busy.number}")
        new_task(busy)
        assert shown(grace, one, "close").select("#close_children")
        closed = TicketStatus.objects.get(name="Resolved")
        response = act(grace, one, "close", status=str(closed.pk), children="on", comments="All of it")
        assert f"#{busy.number}: This ticket has 1 open task and cannot be closed" in said(response)
        assert [fresh(ticket).status == closed for ticket in (one, two, busy)] == [True, True, False]
        assert notes(two) == ["<p>All of it</p>"]

    def test_numbers_that_are_none(self, grace: Client, desk: Desk) -> None:
        ticket, foreign = open_ticket(), open_ticket()
        Ticket.objects.filter(pk=foreign.pk).update(dept=desk.sam.dept)
        for numbers in ("999999999", str(foreign.number)):
            response = act(grace, ticket, "link", tickets=numbers)
            assert response.status_code == 422
            assert numbers in problem(response, "link_tickets")
        response = act(grace, ticket, "link", tickets=str(ticket.number))
        assert "cannot be merged or linked with itself" in problem(response, "link_tickets")


class TestForms:
    def general(self, title: str, *labels: str) -> Form:
        form = Form.objects.create(title=title, type="G")
        for place, label in enumerate(labels, 1):
            flags = FieldFlag.ENABLED | FieldFlag.AGENT_VIEW | FieldFlag.AGENT_EDIT
            FormField.objects.create(form=form, type="text", label=label, name=label.lower(), flags=flags, sort=place)
        return form

    def entries(self, ticket: Ticket) -> list[str]:
        found = FormEntry.objects.filter(object_type="T", object_id=ticket.pk).order_by("sort", "id")
        return [entry.form.title for entry in found if entry.form is not None and entry.form.type != "T"]

    def test_a_form_comes_empty_is_filled_in_and_goes_with_its_answers(self, grace: Client, desk: Desk) -> None:
        ticket, rooms = open_ticket(), self.general("Rooms", "Room", "Floor")
        dialog = shown(grace, ticket, "forms")
        assert not dialog.select("#forms_taken_off, .form-warning")
        assert f"#{ticket.number}" in said(act(grace, ticket, "forms", added=str(rooms.pk)))[0]
        assert self.entries(ticket) == ["Rooms"]
        room = FormField.objects.get(name="room")
        assert FormAnswer.objects.filter(entry__form=rooms).count() == 2
        page = BeautifulSoup(grace.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser")
        assert page.select(f"a[href^='/scp/tickets/{ticket.pk}/edit/answers/{room.pk}/']")
        act(grace, ticket, "edit-answer", room.pk, **{f"field-{room.pk}": "B12"})
        dialog = shown(grace, ticket, "forms")
        assert "Nobody can bring them back" in dialog.select(".form-warning")[0].get_text()
        (box,) = dialog.select("[name=taken_off]")
        assert not box.has_attr("checked")
        assert "Rooms (1 answer)" in dialog.select(".form-boxes")[0].get_text()
        assert str(rooms.pk) not in {str(one["value"]) for one in dialog.select("#forms_added option")}
        response = act(grace, ticket, "forms", taken_off=str(box["value"]), comments="Not about a room")
        assert response.status_code == 302
        assert self.entries(ticket) == []
        assert not FormAnswer.objects.filter(entry__form=rooms).exists()
        assert notes(ticket) == ["Not about a room"]
        event = ThreadEvent.objects.filter(thread=thread_of(ticket), event__name="edited").order_by("-pk")[0]
        assert event.data == {"fields": {str(room.pk): ["B12", None]}}
        page = BeautifulSoup(grace.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser")
        assert "Room: “B12” was taken away" in page.select("#conversation")[0].get_text()

    def test_those_of_the_present_topic_come_first_without_the_fields_it_leaves_out(self, grace: Client) -> None:
        ticket, other, rooms = open_ticket(), self.general("Assets", "Tag"), self.general("Rooms", "Room", "Floor")
        topic, floor = HelpTopicFactory.new(), FormField.objects.get(name="floor")
        HelpTopicForm.objects.create(topic=topic, form=rooms, sort=1, extra={"disable": [floor.pk]})
        act(grace, ticket, "edit-topic", topic=str(topic.pk), comments="")
        groups = {
            str(group["label"]): [str(one["value"]) for one in group.select("option")]
            for group in shown(grace, ticket, "forms").select("#forms_added optgroup")
        }
        assert groups["Of the help topic"] == [str(rooms.pk)]
        assert str(other.pk) in groups["Others"]
        act(grace, ticket, "forms", added=str(rooms.pk))
        assert FormEntry.objects.get(object_type="T", object_id=ticket.pk, form=rooms).extra == {"disable": [floor.pk]}
        page = BeautifulSoup(grace.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser")
        assert page.select(f"a[href*='/edit/answers/{FormField.objects.get(name='room').pk}/']")
        assert not page.select(f"a[href*='/edit/answers/{floor.pk}/']")

    def test_what_cannot_be(self, grace: Client, desk: Desk) -> None:
        ticket, other, rooms = open_ticket(), open_ticket(), self.general("Rooms", "Room")
        response = act(grace, ticket, "forms", comments="Nothing")
        assert (response.status_code, problem(response)) == (422, "Choose a form to take off or to add.")
        act(grace, other, "forms", added=str(rooms.pk))
        foreign = FormEntry.objects.get(form=rooms, object_id=other.pk)
        own = FormEntry.objects.get(object_type="T", object_id=ticket.pk, form__type="T")
        for entry in (foreign, own):
            assert act(grace, ticket, "forms", taken_off=str(entry.pk)).status_code == 422
        gone = self.general("Gone", "X")
        Form.objects.filter(pk=gone.pk).update(flags=FormFlag.DELETED)
        built_in = Form.objects.get(type="U")
        for form in (gone, built_in):
            assert act(grace, ticket, "forms", added=str(form.pk)).status_code == 422
        assert act(agent_client(desk.vera), ticket, "forms", added=str(rooms.pk)).status_code == 403
        assert self.entries(ticket) == []
        assert self.entries(other) == ["Rooms"]


class TestEntries:
    def test_a_correction_keeps_the_first_text_in_its_history(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        entry = post_reply(ticket, actor=Actor.for_agent(desk.grace), body="<p>Teh printer</p>").entry
        assert shown(grace, ticket, "edit-entry", entry.pk).select("textarea")[0].get_text(strip=True) == "Teh printer"
        response = act(grace, ticket, "edit-entry", entry.pk, body="The printer", signature="none")
        assert response.status_code == 302
        page = BeautifulSoup(grace.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser")
        link = page.select("a[id^=do-history-]")[0]
        assert page.select(".entry-response .entry-body")[0].get_text(strip=True) == "The printer"
        history = BeautifulSoup(grace.get(str(link["href"])).content, "html.parser")
        texts = [one.get_text(strip=True) for one in history.select(".entry-version .entry-body")]
        assert texts == ["The printer", "Teh printer"]
        assert "Grace Hopper" in history.select(".entry-version")[0].get_text()

    def test_formatting_is_edited_as_html(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        entry = post_note(ticket, actor=Actor.for_agent(desk.grace), body="<p>A <b>bold</b> word</p>").entry
        page = shown(grace, ticket, "edit-entry", entry.pk)
        assert "you see its HTML" in page.get_text()
        assert not page.select("#edit-entry_resend")
        act(grace, ticket, "edit-entry", entry.pk, body="<p>Two <b>bold</b> words<script>x</script></p>", title="New")
        now = ThreadEntry.objects.filter(thread__object_id=ticket.pk, type="N").order_by("-pk")[0]
        assert (now.body, now.title) == ("<p>Two <b>bold</b> words</p>", "New")

    def test_plain_text_comes_back_as_it_was_typed(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        grace.post(f"/scp/tickets/{ticket.pk}/note/", {"body": "a < b & c"})
        entry = ThreadEntry.objects.get(thread__object_id=ticket.pk, type="N")
        assert shown(grace, ticket, "edit-entry", entry.pk).select("textarea")[0].get_text().strip() == "a < b & c"

    def test_a_reply_goes_out_again(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        entry = post_reply(ticket, actor=Actor.for_agent(desk.grace), body="<p>Hello</p>").entry
        assert act(grace, ticket, "resend-entry", entry.pk, signature="mine").status_code == 302
        page = BeautifulSoup(grace.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser")
        assert "Grace Hopper sent a reply again" in page.get_text()

    def test_entries_of_others(self, grace: Client, desk: Desk) -> None:
        ticket, other = open_ticket(), open_ticket()
        message = ThreadEntry.objects.get(thread__object_id=ticket.pk)
        elsewhere = ThreadEntry.objects.get(thread__object_id=other.pk)
        vera = agent_client(desk.vera)
        assert act(vera, ticket, "edit-entry", message.pk, body="x").status_code == 403
        assert act(grace, ticket, "edit-entry", elsewhere.pk, body="x").status_code == 404
        assert act(grace, ticket, "resend-entry", message.pk, signature="none").status_code in {403, 409}
        page = BeautifulSoup(vera.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser")
        assert not page.select("a[id^=do-edit-]")
        assert ThreadEntry.objects.filter(body="x").count() == 0

    def test_a_correction_from_a_stale_page_tells_of_the_one_before_and_keeps_what_was_typed(
        self, grace: Client, desk: Desk
    ) -> None:
        ticket = open_ticket()
        entry = post_reply(ticket, actor=Actor.for_agent(desk.grace), body="<p>Teh printer</p>").entry
        seen = mark_of(find_thread(ticket))
        edit_entry(ticket, actor=Actor.for_agent(desk.alan), entry=entry, body="<p>The prnter</p>")
        later = ThreadEntry.objects.get(parent=entry)
        values = {"body": "The printer", "signature": "none"}
        response = act(grace, ticket, "edit-entry", entry.pk, seen=seen, **values)
        assert response.status_code == 409
        page = BeautifulSoup(response.content, "html.parser")
        assert "Alan Kay corrected what Grace Hopper wrote" in page.select(".changes")[0].get_text()
        assert page.select("main textarea[name=body]")[0].get_text(strip=True) == "The printer"
        form = page.select("form.action-form")[0]
        assert f"/entries/{later.pk}/" in str(form["action"])
        again = {**values, "seen": str(form.select("[name=seen]")[0]["value"])}
        assert grace.post(str(form["action"]), again).status_code == 302
        assert ThreadEntry.objects.get(parent=later).body == "<p>The printer</p>"

    def test_ones_own_correction_of_what_another_wrote_is_no_news(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        entry = post_reply(ticket, actor=Actor.for_agent(desk.alan), body="<p>Teh printer</p>").entry
        seen = mark_of(find_thread(ticket))
        edit_entry(ticket, actor=Actor.for_agent(desk.grace), entry=entry, body="<p>The printer</p>")
        assert act(grace, ticket, "unanswered", seen=seen, comments="").status_code == 302

    def test_an_empty_text_is_refused_at_its_field(self, grace: Client, desk: Desk) -> None:
        ticket = open_ticket()
        entry = post_note(ticket, actor=Actor.for_agent(desk.grace), body="x").entry
        response = act(grace, ticket, "edit-entry", entry.pk, body="<p> </p>")
        assert response.status_code == 422
        assert problem(response, "edit-entry_body")


class TestFacts:
    def test_topic_plan_and_source(self, grace: Client) -> None:
        ticket = open_ticket()
        topic = next(one for one in topics_for_agents() if one.pk != ticket.topic_id)
        assert act(grace, ticket, "edit-topic", topic=str(topic.pk), comments="Wrong drawer").status_code == 302
        assert act(grace, ticket, "edit-sla", sla="").status_code == 302
        assert act(grace, ticket, "edit-source", source="Phone").status_code == 302
        now = fresh(ticket)
        assert (now.topic_id, now.sla_id, now.source) == (topic.pk, None, "Phone")
        assert notes(ticket) == ["Wrong drawer"]
        story = BeautifulSoup(grace.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser").get_text()
        assert "Grace Hopper changed the source from “Web” to “Phone”" in story
        assert f"to “{topic.topic}”" in story
        assert "the SLA plan: “Default SLA” was taken away" in story
        same = act(grace, ticket, "edit-source", source="Phone")
        assert (same.status_code, problem(same, "edit-source_source")) == (
            409,
            "Ticket Source is already assigned this value",
        )

    def test_due_date(self, grace: Client) -> None:
        ticket = open_ticket()
        assert act(grace, ticket, "edit-due", duedate="2099-05-01T09:30").status_code == 302
        due = fresh(ticket).duedate
        assert due is not None
        story = BeautifulSoup(grace.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser").get_text()
        assert "the due date to “1 May 2099, 09:30”" in story
        assert timezone.localtime(due).strftime("%Y-%m-%d %H:%M") == "2099-05-01 09:30"
        assert shown(grace, ticket, "edit-due").select("#edit-due_duedate")[0]["value"] == "2099-05-01T09:30"
        past = act(grace, ticket, "edit-due", duedate="2001-01-01T09:30")
        assert (past.status_code, problem(past, "edit-due_duedate")) == (422, "Due date must be in the future")
        assert act(grace, ticket, "edit-due", duedate="").status_code == 302
        assert fresh(ticket).duedate is None

    def test_any_answer(self, grace: Client) -> None:
        ticket = open_ticket()
        page = BeautifulSoup(grace.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser")
        assert page.select("#do-priority")
        address = str(page.select("#do-subject")[0]["href"]).partition("?")[0]
        form = BeautifulSoup(grace.get(address).content, "html.parser").select("main form")[0]
        name = form.select("input[type=text]")[0]["name"]
        assert grace.post(address, {name: "Printer in room 12", "comments": "More precise"}).status_code == 302
        page = BeautifulSoup(grace.get(f"/scp/tickets/{ticket.pk}/").content, "html.parser")
        assert page.select("h1")[0].get_text(strip=True) == "Printer in room 12"
        story = page.select("#conversation")[0].get_text()
        assert "changed Issue Summary from “Printer prints blank pages” to “Printer in room 12”" in story
        empty = grace.post(address, {name: ""})
        assert empty.status_code == 422
        assert BeautifulSoup(empty.content, "html.parser").select("main form .has-errors")
        assert grace.get(address.replace(address.split("/")[-2], "99999")).status_code == 404

    def test_who_may_not_edit_sees_facts_only(self, desk: Desk) -> None:
        ticket = open_ticket()
        page = BeautifulSoup(agent_client(desk.vera).get(f"/scp/tickets/{ticket.pk}/").content, "html.parser")
        assert not page.select(".fact-edit")
