"""Administrators change forms and fields; answers and cdata follow (osticket/forms.md §1, §2, §8)."""

from typing import Any

import pytest

from helpdesk.audit.models import AdministrativeChange
from helpdesk.forms import cdata
from helpdesk.forms.constants import FieldFlag, FormFlag
from helpdesk.forms.form_services import (
    FieldDefinition,
    add_field,
    create_form,
    delete_form,
    move_field,
    order_fields,
    remove_field,
    update_field,
    update_form,
)
from helpdesk.forms.models import Form, FormAnswer, FormField
from helpdesk.forms.selectors import answered_forms, fields_of
from helpdesk.forms.services import save_answers
from helpdesk.legacy.errors import Conflict, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from tests.factories import AgentFactory

SYSTEM = Actor.system("tests")


@pytest.fixture
def ticket_form(db: None) -> Form:
    return Form.objects.get(type="T")


def text_field(label: str = "Order", name: str = "order", **more: Any) -> FieldDefinition:
    return FieldDefinition(type="text", label=label, name=name, **more)


class TestForms:
    pytestmark = pytest.mark.django_db

    def test_a_custom_form_is_made_changed_and_taken_out_of_use(self) -> None:
        form = create_form("VPN access", actor=SYSTEM, instructions="Tell us who needs it")
        assert (form.type, form.flags, form.title) == ("G", FormFlag.DELETABLE, "VPN access")
        update_form(form, title="Remote access", actor=SYSTEM)
        assert (form.title, form.instructions) == ("Remote access", "")
        delete_form(form, actor=SYSTEM)
        assert Form.objects.get(pk=form.pk).flags == FormFlag.DELETABLE | FormFlag.DELETED

    def test_built_in_forms_stay(self, ticket_form: Form) -> None:
        with pytest.raises(Conflict):
            delete_form(ticket_form, actor=SYSTEM)

    def test_a_title_is_needed_and_has_to_fit(self) -> None:
        for title in ("", "x" * 256):
            with pytest.raises(ValidationFailed) as refusal:
                create_form(title, actor=SYSTEM)
            assert refusal.value.field == "title"

    def test_only_administrators_change_forms(self, ticket_form: Form) -> None:
        agent, administrator = AgentFactory.new(), AgentFactory.new(isadmin=True)
        with pytest.raises(PermissionRefused):
            add_field(ticket_form, text_field(), actor=Actor.for_agent(agent))
        assert add_field(ticket_form, text_field(), actor=Actor.for_agent(administrator)).pk


class TestFields:
    def test_a_new_field_comes_last(self, ticket_form: Form) -> None:
        added = add_field(ticket_form, text_field(hint="On <b>your</b> bill<script>"), actor=SYSTEM)
        assert fields_of(ticket_form)[-1] == added
        assert (added.hint, added.flags) == ("On <b>your</b> bill", FieldFlag(0x3301))

    @pytest.mark.parametrize(
        ("definition", "wrong"),
        [
            (text_field(label=""), "label"),
            (text_field(name="1st"), "name"),
            (text_field(name="two words"), "name"),
            (text_field(name="SUBJECT"), "name"),
            (text_field(name="", flags=FieldFlag(0x7701)), "name"),
            (FieldDefinition(type="nonsense", label="A"), "type"),
            (text_field(configuration={"choices": "x" * 70000}), "choices"),
        ],
    )
    def test_what_cannot_be_a_field_is_refused(
        self, ticket_form: Form, definition: FieldDefinition, wrong: str
    ) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            add_field(ticket_form, definition, actor=SYSTEM)
        assert refusal.value.field == wrong
        assert not ticket_form.fields.filter(label="Order").exists()

    def test_protected_parts_of_a_field_stay(self, ticket_form: Form) -> None:
        subject = ticket_form.fields.get(name="subject")
        wanted = FieldDefinition(type="text", label="What is it?", name="renamed", flags=FieldFlag(0))
        update_field(subject, wanted, actor=SYSTEM)
        # Its masks hold name, visibility, requirement and type; label and state may change.
        assert (subject.label, subject.name) == ("What is it?", "subject")
        assert FieldFlag(subject.flags or 0) & FieldFlag(0x7701) == FieldFlag(0x7700)
        with pytest.raises(Conflict):
            update_field(subject, FieldDefinition(type="memo", label="x", name="subject"), actor=SYSTEM)
        with pytest.raises(Conflict):
            remove_field(subject, actor=SYSTEM)

    def test_removing_a_field_keeps_its_answers_readable(self, ticket_form: Form) -> None:
        used, unused = (add_field(ticket_form, text_field(name=name), actor=SYSTEM) for name in ("used", "unused"))
        save_answers("T", 7, ticket_form, {"subject": "Help", "used": "A-1"}, SYSTEM)
        FormAnswer.objects.filter(field=unused).delete()
        remove_field(used, actor=SYSTEM)
        remove_field(unused, actor=SYSTEM)
        assert FormField.objects.get(pk=used.pk).form is None
        assert not FormField.objects.filter(pk=unused.pk).exists()
        assert "A-1" in [answer.text for answer in answered_forms("T", 7)[0].answers]
        with pytest.raises(Conflict):
            update_field(FormField.objects.get(pk=used.pk), text_field(), actor=SYSTEM)

    def test_order_is_kept_without_gaps(self, ticket_form: Form) -> None:
        add_field(ticket_form, text_field(), actor=SYSTEM)
        ids = [field.pk for field in fields_of(ticket_form)]
        order_fields(ticket_form, [ids[3], ids[0]], actor=SYSTEM)
        assert [field.pk for field in fields_of(ticket_form)] == [ids[3], ids[0], ids[1], ids[2]]
        assert [field.sort for field in fields_of(ticket_form)] == [1, 2, 3, 4]
        move_field(fields_of(ticket_form)[0], up=True, actor=SYSTEM)
        move_field(fields_of(ticket_form)[0], up=False, actor=SYSTEM)
        assert [field.pk for field in fields_of(ticket_form)] == [ids[0], ids[3], ids[1], ids[2]]


@pytest.mark.django_db(transaction=True)
def test_cdata_follows_every_change_of_the_form() -> None:
    form = Form.objects.get(type="T")
    field = add_field(form, text_field(), actor=SYSTEM)
    save_answers("T", 7, form, {"subject": "Help", "order": "A-1"}, SYSTEM)
    assert cdata.fetch("T", [7], ["order"]) == {7: {"order": "A-1"}}
    update_field(field, text_field(name="order_no"), actor=SYSTEM)
    assert cdata.fetch("T", [7]) == {7: {"subject": "Help", "priority": None, "order_no": "A-1"}}
    remove_field(field, actor=SYSTEM)
    assert cdata.columns("T") == ["subject", "priority"]
    again = add_field(form, text_field(name="order_no"), actor=SYSTEM)
    assert cdata.fetch("T", [7], ["order_no"]) == {7: {"order_no": None}}, "not the answers of the removed field"
    assert again.pk != field.pk


def test_every_change_stands_in_the_trail(ticket_form: Form) -> None:
    ada = Actor.for_agent(AgentFactory.new(isadmin=True), ip_address="192.0.2.1")
    field = add_field(ticket_form, text_field(), actor=ada)
    update_field(field, text_field(label="Order number"), actor=ada)
    update_field(field, text_field(label="Order number"), actor=ada)
    move_field(field, up=True, actor=ada)
    remove_field(field, actor=ada)
    trail = AdministrativeChange.objects.filter(actor_name=ada.name).order_by("id")
    assert [(row.action, row.object_type, row.object_name) for row in trail] == [
        ("created", "form field", "Order"),
        ("changed", "form field", "Order number"),
        ("changed", "form", "Ticket Details"),
        ("deleted", "form field", "Order number"),
    ]
    assert trail[1].changes == {"label": ["Order", "Order number"]}
