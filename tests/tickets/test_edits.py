"""Editing what a ticket says, one by one and by one form (osticket/tickets.md §12.1, §12.2)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from helpdesk.forms import cdata
from helpdesk.forms.bound import BoundForm, Origin, bind
from helpdesk.forms.constants import EntryObject, FieldFlag
from helpdesk.forms.field_types import Asked
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField
from helpdesk.forms.services import save_answers
from helpdesk.forms.submission_services import parts_of
from helpdesk.legacy.errors import Conflict, NotFound, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.threads.constants import ObjectType
from sla.constants import SlaFlag
from sla.models import SlaPlan
from tests.factories import EndUserFactory, HelpTopicFactory, resolved_status
from tests.tickets.conftest import NOW, Desk, entries, events, fresh
from tickets.constants import TicketSource, TopicFlag
from tickets.filled_forms import TicketInvalid
from tickets.freshness import TicketChanged, version_of
from tickets.models import SearchEntry, Ticket
from tickets.services import (
    TicketEdit,
    change_answer,
    change_due_date,
    change_forms,
    change_sla,
    change_source,
    change_topic,
    close_ticket,
    mark_overdue,
    update_ticket,
)

LATER = NOW + timedelta(days=2)


def form_of(desk: Desk, ticket: Ticket, only: str | None = None, **values: Any) -> BoundForm:
    fields = FormField.objects.filter(form__type=EntryObject.TICKET)
    return bind(
        parts_of(EntryObject.TICKET, ticket.pk),
        asked=Asked(is_agent=True, agent=desk.agent),
        origin=Origin.AGENT_UPDATE,
        data=values,
        only=[field.pk for field in fields if field.name == only] if only else None,
    )


def found_by(ticket: Ticket) -> str:
    row = SearchEntry.objects.get(object_type=ObjectType.TICKET, object_id=ticket.pk)
    return f"{row.title} {row.content}"


class TestOneByOne:
    def test_topic(self, desk: Desk) -> None:
        ticket, topic = desk.ticket(), HelpTopicFactory.new()
        before = ticket.topic_id or 0
        change_topic(ticket, topic=topic, actor=desk.actor, comments="<p>Better</p>", now=NOW)
        row = fresh(ticket)
        assert (row.topic_id, row.lastupdate) == (topic.pk, NOW)
        assert events(ticket)[-1] == ("edited", {"topic_id": [before, topic.pk]})
        assert entries(ticket)[-1].title == "Help Topic updated"

    @pytest.mark.parametrize("code", ["topic_required", "topic_inactive"])
    def test_a_topic_must_be_there_and_active(self, desk: Desk, code: str) -> None:
        topic = HelpTopicFactory.new(flags=TopicFlag(0)) if code == "topic_inactive" else None
        with pytest.raises(ValidationFailed) as refusal:
            change_topic(desk.ticket(), topic=topic, actor=desk.actor)
        assert (refusal.value.code, refusal.value.field) == (code, "topic")

    def test_a_plan_decides_when_it_is_due(self, desk: Desk) -> None:
        ticket = desk.ticket()
        plan = SlaPlan.objects.create(name="Fast", grace_period=4, flags=SlaFlag.ACTIVE)
        change_sla(ticket, sla=plan, actor=desk.actor, now=NOW)
        assert fresh(ticket).est_duedate == ticket.created + timedelta(hours=4)
        change_sla(ticket, sla=None, actor=desk.actor, now=NOW)
        assert (fresh(ticket).sla_id, fresh(ticket).est_duedate) == (None, None)

    def test_a_due_date_takes_the_mark_away(self, desk: Desk) -> None:
        ticket = desk.ticket()
        mark_overdue(ticket, actor=Actor.system(), now=NOW)
        change_due_date(ticket, duedate=LATER, actor=desk.actor, now=NOW)
        assert (fresh(ticket).duedate, fresh(ticket).isoverdue) == (LATER, False)
        assert events(ticket)[-1] == ("edited", {"duedate": [None, f"{LATER:%Y-%m-%d %H:%M:%S}"]})
        change_due_date(ticket, duedate=None, actor=desk.actor, now=NOW)
        assert fresh(ticket).duedate is None

    def test_due_dates_lie_ahead_and_not_on_closed_tickets(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(ValidationFailed) as past:
            change_due_date(ticket, duedate=NOW - timedelta(minutes=1), actor=desk.actor, now=NOW)
        close_ticket(ticket, actor=desk.actor, status=resolved_status(), now=NOW)
        with pytest.raises(Conflict) as closed:
            change_due_date(ticket, duedate=LATER, actor=desk.actor, now=NOW)
        assert [(r.value.code, r.value.field) for r in (past, closed)] == [
            ("duedate_past", "duedate"),
            ("ticket_closed", "duedate"),
        ]

    def test_the_same_value_is_no_change(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(Conflict, match="Ticket Source is already assigned this value"):
            change_source(ticket, source=TicketSource.API, actor=desk.actor)
        with pytest.raises(Conflict) as refusal:
            change_answer(ticket, form_of(desk, ticket, "subject", subject="Printer on fire"), actor=desk.actor)
        assert refusal.value.code == "unchanged"
        assert [name for name, _data in events(ticket)] == ["created"]

    def test_an_answer_is_found_and_shown_at_once(self, desk: Desk) -> None:
        ticket = desk.ticket()
        change_answer(ticket, form_of(desk, ticket, "subject", subject="Scanner at rest"), actor=desk.actor, now=NOW)
        assert cdata.fetch(EntryObject.TICKET, [ticket.pk])[ticket.pk]["subject"] == "Scanner at rest"
        assert "Scanner at rest" in found_by(ticket)
        assert "Printer" not in found_by(ticket)
        changed = {"0": "Printer on fire", "1": "Scanner at rest"}
        name, data = events(ticket)[-1]
        assert (name, {key: data[key] for key in ("0", "1")}) == ("edited", changed)

    def test_fields_that_agents_may_not_edit_do_not_exist(self, desk: Desk) -> None:
        ticket = desk.ticket()
        field = FormField.objects.get(form__type=EntryObject.TICKET, name="subject")
        field.flags = FieldFlag(field.flags or 0) & ~FieldFlag.AGENT_EDIT
        field.save()
        with pytest.raises(NotFound):
            change_answer(ticket, form_of(desk, ticket, "subject", subject="X"), actor=desk.actor)
        with pytest.raises(NotFound):
            change_answer(ticket, form_of(desk, ticket, "unheard_of", subject="X"), actor=desk.actor)

    def test_an_answer_that_is_required_stays(self, desk: Desk) -> None:
        ticket = desk.ticket()
        with pytest.raises(ValidationFailed):
            change_answer(ticket, form_of(desk, ticket, "subject", subject=""), actor=desk.actor)
        assert "Printer on fire" in found_by(ticket)

    def test_permission_and_stale_pages(self, desk: Desk) -> None:
        ticket = desk.ticket()
        seen = version_of(ticket)
        with pytest.raises(PermissionRefused):
            change_source(ticket, source=TicketSource.PHONE, actor=Actor.for_agent(desk.viewer))
        change_source(ticket, source=TicketSource.PHONE, actor=desk.actor, seen=seen, now=NOW)
        with pytest.raises(TicketChanged):
            change_source(ticket, source=TicketSource.WEB, actor=desk.actor, seen=seen, now=NOW)
        assert fresh(ticket).source == "Phone"


class TestForm:
    def edit(self, ticket: Ticket, **values: Any) -> TicketEdit:
        given = {"topic": ticket.topic or HelpTopicFactory.new(), "sla": ticket.sla, "source": TicketSource.API}
        return TicketEdit(**{**given, **values})

    def test_one_event_says_everything(self, desk: Desk) -> None:
        ticket, topic, user = desk.ticket(), HelpTopicFactory.new(), EndUserFactory.new()
        former = ticket.user_id
        form = form_of(desk, ticket, subject="Scanner at rest", priority="3")
        changed = self.edit(ticket, topic=topic, source=TicketSource.PHONE, duedate=LATER, user=user, form=form)
        assert update_ticket(ticket, changed, actor=desk.actor, note="<p>Why</p>", now=NOW)
        name, data = events(ticket)[-1]
        assert name == "edited"
        assert {key: value for key, value in data.items() if key != "fields"} == {
            "topic_id": [0, topic.pk],
            "source": ["API", "Phone"],
            "duedate": [None, f"{LATER:%Y-%m-%d %H:%M:%S}"],
            "user_id": [former, user.pk],
        }
        assert ["Printer on fire", "Scanner at rest"] in data["fields"].values()
        assert entries(ticket)[-1].title == "Ticket Updated"
        assert "Scanner at rest" in found_by(ticket)

    def test_nothing_changed(self, desk: Desk) -> None:
        ticket = desk.ticket(topic=HelpTopicFactory.new())
        assert not update_ticket(ticket, self.edit(ticket), actor=desk.actor, now=NOW)
        assert [name for name, _data in events(ticket)] == ["created"]

    def test_all_mistakes_are_said_and_nothing_is_done(self, desk: Desk) -> None:
        ticket = desk.ticket()
        edit = self.edit(ticket, topic=None, duedate=NOW - timedelta(1), source=TicketSource.PHONE)
        with pytest.raises(TicketInvalid) as refusal:
            update_ticket(ticket, edit, actor=desk.actor, now=NOW)
        assert [problem.name for problem in refusal.value.problems] == ["topic", "duedate"]
        assert fresh(ticket).source == "API"

    def test_a_wrong_answer_undoes_the_rest(self, desk: Desk) -> None:
        ticket = desk.ticket()
        edit = self.edit(ticket, source=TicketSource.PHONE, form=form_of(desk, ticket, subject=""))
        with pytest.raises(ValidationFailed):
            update_ticket(ticket, edit, actor=desk.actor, note="<p>x</p>", now=NOW)
        assert (fresh(ticket).source, len(entries(ticket))) == ("API", 1)

    def test_further_forms_can_be_taken_off_but_not_its_own(self, desk: Desk) -> None:
        ticket = desk.ticket()
        more = Form.objects.create(title="More", type="G")
        field = FormField.objects.create(form=more, type="text", label="Room", name="room", flags=0x33301, sort=1)
        save_answers(EntryObject.TICKET, ticket.pk, more, {field.pk: "B12"}, desk.actor)
        assert update_ticket(ticket, self.edit(ticket, kept_forms=[]), actor=desk.actor, now=NOW)
        left = FormEntry.objects.filter(object_type=EntryObject.TICKET, object_id=ticket.pk)
        assert [entry.form.type for entry in left if entry.form] == [EntryObject.TICKET]
        assert "B12" not in found_by(ticket)

    def test_a_transient_plan_gives_way_to_that_of_the_department(self, desk: Desk) -> None:
        passing = SlaPlan.objects.create(name="Passing", grace_period=4, flags=SlaFlag.ACTIVE | SlaFlag.TRANSIENT)
        own = SlaPlan.objects.create(name="Own", grace_period=2, flags=SlaFlag.ACTIVE)
        ticket = desk.ticket(sla=passing)
        desk.department.sla_id = own.pk
        desk.department.save()
        update_ticket(fresh(ticket), self.edit(ticket), actor=desk.actor, now=NOW)
        assert (fresh(ticket).sla_id, fresh(ticket).est_duedate) == (own.pk, ticket.created + timedelta(hours=2))


class TestFurtherForms:
    def rooms(self) -> Form:
        form = Form.objects.create(title="Rooms", type="G")
        flags = FieldFlag.ENABLED | FieldFlag.AGENT_VIEW | FieldFlag.AGENT_EDIT
        FormField.objects.create(form=form, type="text", label="Room", name="room", flags=flags, sort=1)
        return form

    def entry(self, ticket: Ticket, form: Form) -> FormEntry:
        return FormEntry.objects.get(object_type=EntryObject.TICKET, object_id=ticket.pk, form=form)

    def test_an_empty_form_is_no_event_and_its_answers_go_with_it(self, desk: Desk) -> None:
        ticket, rooms = desk.ticket(), self.rooms()
        change_forms(ticket, actor=desk.actor, added=[rooms], now=NOW)
        assert self.entry(ticket, rooms).sort == 2
        assert [name for name, _data in events(ticket)] == ["created"]
        save_answers(EntryObject.TICKET, ticket.pk, rooms, {"room": "B12"}, desk.actor)
        change_forms(ticket, actor=desk.actor, taken_off=[self.entry(ticket, rooms).pk], note="<p>Why</p>", now=NOW)
        room = FormField.objects.get(form=rooms)
        assert events(ticket)[-1] == ("edited", {"fields": {str(room.pk): ["B12", None]}})
        assert entries(ticket)[-1].title == "Ticket Updated"
        assert not FormAnswer.objects.filter(field=room).exists()
        assert "B12" not in found_by(ticket)

    def test_what_is_refused_changes_nothing(self, desk: Desk) -> None:
        ticket, rooms = desk.ticket(), self.rooms()
        own = self.entry(ticket, Form.objects.get(type=EntryObject.TICKET))
        with pytest.raises(ValidationFailed) as nothing:
            change_forms(ticket, actor=desk.actor, now=NOW)
        assert nothing.value.code == "forms_required"
        with pytest.raises(NotFound):
            change_forms(ticket, actor=desk.actor, taken_off=[own.pk], now=NOW)
        with pytest.raises(ValidationFailed) as unusable:
            change_forms(ticket, actor=desk.actor, added=[Form.objects.get(type=EntryObject.USER)], now=NOW)
        assert unusable.value.code == "form_unusable"
        with pytest.raises(Conflict) as twice:
            change_forms(ticket, actor=desk.actor, added=[rooms, rooms], now=NOW)
        assert twice.value.code == "form_twice"
        with pytest.raises(PermissionRefused):
            change_forms(ticket, actor=Actor.for_agent(desk.viewer), added=[rooms], now=NOW)
        seen = version_of(ticket)
        change_source(ticket, source=TicketSource.PHONE, actor=desk.actor, now=NOW)
        with pytest.raises(TicketChanged):
            change_forms(ticket, actor=desk.actor, added=[rooms], seen=seen, now=NOW)
        left = FormEntry.objects.filter(object_type=EntryObject.TICKET, object_id=ticket.pk)
        assert [entry.pk for entry in left] == [own.pk]
