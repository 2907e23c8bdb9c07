"""Saving answers and reading them for pages (osticket/forms.md §3, §7, §10)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from helpdesk.forms import cdata, selectors
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.models import Form, FormAnswer, FormEntry, FormField
from helpdesk.forms.services import remove_answers, save_answers
from helpdesk.people.actor import Actor
from tickets.models import HelpTopic, HelpTopicForm, TicketPriority

pytestmark = pytest.mark.django_db

ACTOR = Actor.system("tests")
CREATED = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
CHANGED = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
CLOSE_REQUIRED = FieldFlag(0x3005)


@pytest.fixture
def ticket_form() -> Form:
    return Form.objects.get(type="T")


def add_field(form: Form, name: str, type_: str = "text", **more: Any) -> FormField:
    more = {"flags": FieldFlag(0x3301), "sort": 60, **more}
    return FormField.objects.create(form=form, name=name, type=type_, label=name.title(), **more)


def answers_of(entry: FormEntry) -> dict[str, tuple[str | None, int | None]]:
    rows = FormAnswer.objects.filter(entry=entry).select_related("field")
    return {row.field.name: (row.value, row.value_id) for row in rows}


class TestSaving:
    def test_a_new_entry_has_a_row_for_every_field_that_stores_answers(self, ticket_form: Form) -> None:
        add_field(ticket_form, "order_no")
        add_field(ticket_form, "heading", "break")
        entry = save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR, sort=0, now=CREATED)
        assert answers_of(entry) == {"subject": ("Help", None), "priority": (None, None), "order_no": (None, None)}
        assert (entry.object_type, entry.object_id, entry.sort, entry.extra) == ("T", 7, 0, None)
        assert entry.created == entry.updated == CREATED

    def test_priority_fills_both_columns(self, ticket_form: Form) -> None:
        entry = save_answers("T", 7, ticket_form, {"priority": "3"}, ACTOR)
        assert answers_of(entry)["priority"] == ("High", 3)

    def test_fields_stored_elsewhere_have_no_row(self) -> None:
        contact = Form.objects.get(type="U")
        entry = save_answers("U", 4, contact, {"name": "Ann", "email": "a@b.example", "phone": "555 0100"}, ACTOR)
        assert answers_of(entry) == {"phone": ("5550100", None), "notes": (None, None)}

    def test_values_are_found_by_name_in_any_case_or_by_id(self, ticket_form: Form) -> None:
        field = add_field(ticket_form, "Order_No")
        entry = save_answers("T", 7, ticket_form, {"SUBJECT": "Help", str(field.pk): "A-1", "unknown": 1}, ACTOR)
        assert answers_of(entry)["subject"] == ("Help", None)
        assert answers_of(entry)["Order_No"] == ("A-1", None)

    def test_a_second_call_changes_only_what_is_given(self, ticket_form: Form) -> None:
        first = save_answers("T", 7, ticket_form, {"subject": "Help", "priority": 2}, ACTOR, now=CREATED)
        second = save_answers("T", 7, ticket_form, {"priority": 4}, ACTOR, now=CHANGED)
        assert first.pk == second.pk
        assert answers_of(second) == {"subject": ("Help", None), "priority": ("Emergency", 4)}
        assert FormEntry.objects.get(pk=first.pk).updated == CHANGED

    def test_the_same_answers_again_touch_nothing(self, ticket_form: Form) -> None:
        entry = save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR, now=CREATED)
        save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR, now=CHANGED)
        assert FormEntry.objects.get(pk=entry.pk).updated == CREATED

    def test_a_field_added_later_gets_its_row_with_its_first_answer(self, ticket_form: Form) -> None:
        entry = save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR)
        add_field(ticket_form, "order_no")
        save_answers("T", 7, ticket_form, {"order_no": "A-1"}, ACTOR)
        assert answers_of(entry)["order_no"] == ("A-1", None)

    def test_switched_off_fields_are_noted(self, ticket_form: Form) -> None:
        entry = save_answers("T", 7, ticket_form, {}, ACTOR, disabled=[22, 20])
        assert FormEntry.objects.get(pk=entry.pk).extra == {"disable": [20, 22]}

    def test_the_company_has_no_object_id(self) -> None:
        company = Form.objects.get(type="C")
        save_answers("C", None, company, {"website": "https://acme.test"}, ACTOR)
        assert FormEntry.objects.filter(object_type="C").count() == 1
        assert selectors.company_answers()["website"] == "https://acme.test"
        assert selectors.company_answers()["name"] == "Acme Support"

    def test_it_costs_the_same_whatever_the_number_of_fields(
        self, ticket_form: Form, django_assert_max_num_queries: Callable[..., Any]
    ) -> None:
        for number in range(20):
            add_field(ticket_form, f"field{number}", sort=number)
        values = {"subject": "Help", **{f"field{number}": str(number) for number in range(20)}}
        with django_assert_max_num_queries(12):
            save_answers("T", 7, ticket_form, values, ACTOR)

    def test_removal_takes_everything(self, ticket_form: Form) -> None:
        save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR)
        other = save_answers("T", 8, ticket_form, {"subject": "Stay"}, ACTOR)
        remove_answers("T", 7)
        assert list(FormEntry.objects.filter(object_type="T")) == [other]
        assert not FormAnswer.objects.exclude(entry=other).filter(entry__object_type="T").exists()
        assert set(cdata.fetch("T", [7, 8])) == {8}


class TestShowing:
    def shown(self, *, for_agent: bool = True) -> dict[str, str]:
        forms = selectors.answered_forms("T", 7, for_agent=for_agent)
        return {answer.name: answer.text for form in forms for answer in form.answers}

    def test_agents_and_end_users_see_their_fields(self, ticket_form: Form) -> None:
        add_field(ticket_form, "order_no")
        add_field(ticket_form, "margin", flags=FieldFlag(0x3001))
        add_field(ticket_form, "off", flags=FieldFlag(0x3300))
        values = {"subject": "Help", "priority": 1, "order_no": "A-1", "margin": "7 %", "off": "x"}
        save_answers("T", 7, ticket_form, values, ACTOR)
        assert self.shown() == {"subject": "Help", "priority": "Low", "order_no": "A-1", "margin": "7 %"}
        assert self.shown(for_agent=False) == {"subject": "Help", "order_no": "A-1"}

    def test_forms_come_in_their_order_with_their_labels(self, ticket_form: Form) -> None:
        custom = Form.objects.create(type="G", title="Equipment")
        add_field(custom, "asset")
        save_answers("T", 7, custom, {"asset": "PC-7"}, ACTOR, sort=1)
        save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR, sort=0)
        forms = selectors.answered_forms("T", 7)
        assert [form.form.title for form in forms] == ["Ticket Details", "Equipment"]
        assert [(answer.label, answer.text) for answer in forms[1].answers] == [("Asset", "PC-7")]

    def test_fields_that_the_topic_switched_off_are_left_out(self, ticket_form: Form) -> None:
        save_answers("T", 7, ticket_form, {"subject": "Help", "priority": 1}, ACTOR, disabled=[22])
        assert self.shown() == {"subject": "Help"}

    def test_answers_of_a_removed_field_still_show(self, ticket_form: Form) -> None:
        field = add_field(ticket_form, "order_no")
        save_answers("T", 7, ticket_form, {"order_no": "A-1"}, ACTOR)
        FormField.objects.filter(pk=field.pk).update(form=None)
        assert self.shown()["order_no"] == "A-1"

    def test_an_answer_whose_field_is_gone_shows_nothing(self, ticket_form: Form) -> None:
        field = add_field(ticket_form, "order_no")
        save_answers("T", 7, ticket_form, {"order_no": "A-1"}, ACTOR)
        FormField.objects.filter(pk=field.pk).delete()
        assert "order_no" not in self.shown()

    def test_text_is_escaped_for_pages(self, ticket_form: Form) -> None:
        save_answers("T", 7, ticket_form, {"subject": "a < b & c"}, ACTOR)
        answer = selectors.answered_forms("T", 7)[0].answers[0]
        assert (answer.text, answer.html) == ("a < b & c", "a &lt; b &amp; c")

    def test_subject_and_priority(self, ticket_form: Form) -> None:
        save_answers("T", 7, ticket_form, {"subject": "Help", "priority": 4}, ACTOR)
        save_answers("T", 8, ticket_form, {}, ACTOR)
        assert (selectors.subject_of(7), selectors.priority_of(7)) == ("Help", 4)
        assert (selectors.subject_of(8), selectors.priority_of(8)) == ("", None)
        assert (selectors.subject_of(9), selectors.priority_of(9)) == ("", None)
        assert selectors.subjects_of([7, 8, 9]) == {7: "Help", 8: "", 9: ""}

    def test_a_renamed_priority_shows_its_new_name(self, ticket_form: Form) -> None:
        save_answers("T", 7, ticket_form, {"priority": 4}, ACTOR)
        TicketPriority.objects.filter(pk=4).update(priority_desc="Now!")
        assert self.shown()["priority"] == "Now!"


class TestRequiredForClose:
    @pytest.fixture
    def field(self, ticket_form: Form) -> FormField:
        return add_field(ticket_form, "solution", flags=CLOSE_REQUIRED)

    def missing(self, topic_id: int | None = None) -> list[str]:
        return [field.name for field in selectors.missing_required_for_close(7, topic_id)]

    def test_null_is_missing_and_text_is_not(self, ticket_form: Form, field: FormField) -> None:
        save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR)
        assert self.missing() == ["solution"]
        save_answers("T", 7, ticket_form, {"solution": ""}, ACTOR)
        assert self.missing() == []

    def test_a_missing_row_counts_as_present(self, ticket_form: Form, field: FormField) -> None:
        save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR)
        FormAnswer.objects.filter(field=field).delete()
        assert self.missing() == []

    def test_the_enabled_bit_is_not_looked_at(self, ticket_form: Form, field: FormField) -> None:
        save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR)
        FormField.objects.filter(pk=field.pk).update(flags=FieldFlag.CLOSE_REQUIRED)
        assert self.missing() == ["solution"]

    def test_with_a_topic_its_list_counts_and_not_the_entry_s(self, ticket_form: Form, field: FormField) -> None:
        save_answers("T", 7, ticket_form, {"subject": "Help"}, ACTOR, disabled=[field.pk])
        topic = HelpTopic.objects.create(topic="Rare")
        assert self.missing() == []
        assert self.missing(topic.pk) == ["solution"]
        HelpTopicForm.objects.create(topic=topic, form=ticket_form, extra={"disable": [field.pk]})
        assert self.missing(topic.pk) == []

    def test_other_tickets_do_not_matter(self, ticket_form: Form, field: FormField) -> None:
        save_answers("T", 8, ticket_form, {"subject": "Help"}, ACTOR)
        assert self.missing() == []
