"""Administrators make forms, fields and lists by their pages."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.field_types.choices import items_of
from helpdesk.forms.list_services import ItemDefinition, add_item, create_list
from helpdesk.forms.models import CustomList, Form, FormField
from helpdesk.forms.selectors import fields_of
from helpdesk.people.actor import Actor
from tests.sign_in import agent_client
from tickets.models import HelpTopic, HelpTopicForm

SYSTEM = Actor.system("tests")


def soup_of(answer: Any) -> Any:
    assert answer.status_code == 200, answer.status_code
    return BeautifulSoup(answer.content, "html.parser")


@pytest.fixture
def ticket_form(db: None) -> Form:
    return Form.objects.get(type="T")


SWITCHES = {"enabled": "on", "client_view": "on", "client_edit": "on", "agent_view": "on", "agent_edit": "on"}


def field_data(**more: Any) -> dict[str, Any]:
    return {"type": "text", "label": "Order", "name": "order", "hint": "", **SWITCHES, **more}


class TestForms:
    def test_a_form_is_made_and_filled_with_fields(self, browser: Client) -> None:
        answer = browser.post("/admin/forms/add/", {"title": "VPN access", "instructions": "Who?", "notes": ""})
        form = Form.objects.get(title="VPN access")
        assert answer["Location"] == f"/admin/forms/{form.pk}/"
        browser.post(f"/admin/forms/{form.pk}/fields/add/", field_data(**{"options-validator": "number"}))
        (field,) = fields_of(form)
        assert (field.label, field.name, field.flags) == ("Order", "order", FieldFlag(0x3301))
        assert (field.configuration or {})["validator"] == "number"
        page = soup_of(browser.get("/admin/forms/"))
        assert "VPN access" in page.text
        preview = soup_of(browser.get(f"/admin/forms/{form.pk}/preview/"))
        assert preview.find("input", id=f"id_field-{field.pk}")

    def test_what_is_wrong_is_shown_beside_its_input(self, browser: Client, ticket_form: Form) -> None:
        address = f"/admin/forms/{ticket_form.pk}/fields/add/"
        page = soup_of(browser.post(address, field_data(name="subject")))
        assert "Field variable name is not unique" in page.find(id="id_name").parent.text
        page = soup_of(
            browser.post(address, field_data(**{"options-validator": "regex", "options-regex": "/[unclosed/"}))
        )
        assert page.find(id="id_options-regex").parent.find(class_="errorlist")
        assert not ticket_form.fields.filter(label="Order").exists()

    def test_a_hidden_option_is_not_judged(self, browser: Client, ticket_form: Form) -> None:
        data = field_data(**{"options-validator": "", "options-regex": "/[unclosed/"})
        browser.post(f"/admin/forms/{ticket_form.pk}/fields/add/", data)
        assert ticket_form.fields.filter(label="Order").exists()

    def test_choosing_another_type_keeps_what_was_typed(self, browser: Client, ticket_form: Form) -> None:
        page = soup_of(
            browser.get(f"/admin/forms/{ticket_form.pk}/fields/add/", field_data(type="choices", label="Colour"))
        )
        assert page.find(id="id_label")["value"] == "Colour"
        assert page.find(id="id_options-choices")

    @pytest.mark.parametrize(
        "type_", ["text", "memo", "datetime", "phone", "bool", "choices", "files", "info", "break", "department",
                  "assignee", "timezone", "priority"]
    )  # fmt: skip
    def test_every_type_can_be_added_and_saved_again_unchanged(
        self, browser: Client, ticket_form: Form, type_: str
    ) -> None:
        data = field_data(type=type_, **{"options-choices": "r:Red", "options-format": "us", "options-target": "both"})
        answer = browser.post(f"/admin/forms/{ticket_form.pk}/fields/add/", data)
        assert answer.status_code == 302, soup_of(answer).find_all(class_="errorlist")
        field = ticket_form.fields.get(label="Order")
        before = field.configuration
        page = soup_of(browser.get(f"/admin/forms/fields/{field.pk}/"))
        values = submitted(page.find("form", class_="adf-form"))
        assert browser.post(f"/admin/forms/fields/{field.pk}/", values).status_code == 302
        field.refresh_from_db()
        assert field.configuration == before

    def test_masks_lock_inputs(self, browser: Client, ticket_form: Form) -> None:
        subject = ticket_form.fields.get(name="subject")
        page = soup_of(browser.get(f"/admin/forms/fields/{subject.pk}/"))
        locked = {each["name"] for each in page.find_all(disabled=True) if each.has_attr("name")}
        assert locked >= {"type", "name", "client_view", "client_required", "agent_required"}
        browser.post(f"/admin/forms/fields/{subject.pk}/", {"label": "What is it?", "enabled": "on"})
        subject.refresh_from_db()
        assert (subject.label, subject.name, subject.flags) == ("What is it?", "subject", FieldFlag(0x77731))

    def test_order_by_buttons_and_by_dragging(self, browser: Client, ticket_form: Form) -> None:
        ids = [field.pk for field in fields_of(ticket_form)]
        answer = browser.post(f"/admin/forms/{ticket_form.pk}/", {"action": f"down-{ids[0]}"}, follow=True)
        focused = soup_of(answer).find(autofocus=True)
        assert focused["aria-label"] == "Move Issue Summary down"
        assert [field.pk for field in fields_of(ticket_form)] == [ids[1], ids[0], ids[2]]
        browser.post(f"/admin/forms/{ticket_form.pk}/", {"action": "order", "order": [ids[2], ids[0], ids[1]]})
        assert [field.pk for field in fields_of(ticket_form)] == [ids[2], ids[0], ids[1]]

    def test_protected_fields_stay_and_others_go(self, browser: Client, ticket_form: Form) -> None:
        subject = ticket_form.fields.get(name="subject")
        other = FormField.objects.create(form=ticket_form, label="Other", name="other", sort=9)
        page = f"/admin/forms/{ticket_form.pk}/"
        refused = soup_of(browser.post(page, {"action": f"remove-{subject.pk}"}))
        assert "This field cannot be deleted." in refused.text
        browser.post(page, {"action": f"remove-{other.pk}"})
        assert [field.name for field in fields_of(ticket_form)] == ["subject", "message", "priority"]

    def test_a_deleted_form_is_gone_from_the_pages(self, browser: Client) -> None:
        form = Form.objects.create(type="G", title="Old form")
        browser.post(f"/admin/forms/{form.pk}/", {"action": "delete"})
        assert browser.get(f"/admin/forms/{form.pk}/").status_code == 404
        assert "Old form" not in soup_of(browser.get("/admin/forms/")).text

    def test_agents_do_not_get_in(self, make_agent: Any, ticket_form: Form) -> None:
        visitor = agent_client(make_agent())
        for path in ("forms/", f"forms/{ticket_form.pk}/", "lists/", "topic-forms/"):
            assert visitor.get(f"/admin/{path}").status_code in {302, 403}


def submitted(form: Any) -> dict[str, Any]:
    """Give what a browser would post from a page, untouched."""
    values: dict[str, Any] = {}
    for each in form.find_all(["input", "textarea"]):
        if not each.get("name") or each.has_attr("disabled"):
            continue
        if each.get("type") in {"checkbox", "radio"} and not each.has_attr("checked"):
            continue
        text = each.text.removeprefix("\n") if each.name == "textarea" else each.get("value", "")
        values.setdefault(each["name"], []).append(text or ("on" if each.get("type") == "checkbox" else ""))
    for each in form.find_all("select"):
        if not each.has_attr("disabled"):
            chosen = each.find("option", selected=True) or each.find("option")
            values[each["name"]] = chosen["value"] if chosen else ""
    return values


class TestLists:
    @pytest.fixture
    def devices(self, db: None) -> CustomList:
        made = create_list("Device", actor=SYSTEM, sort_mode="SortCol")
        for name in ("Laptop", "Phone"):
            add_item(made, ItemDefinition(name), actor=SYSTEM)
        return made

    def test_a_list_is_made_with_items_and_properties(self, browser: Client) -> None:
        browser.post("/admin/lists/add/", {"name": "Device", "sort_mode": "Alpha"})
        made = CustomList.objects.get(name="Device")
        properties = Form.objects.get(type=f"L{made.pk}")
        browser.post(f"/admin/forms/{properties.pk}/fields/add/", field_data(label="Vendor", name="vendor"))
        (vendor,) = fields_of(properties)
        data = {"value": "Laptop", "extra": "LT", "is_enabled": "on", f"field-{vendor.pk}": "Lenovo"}
        browser.post(f"/admin/lists/{made.pk}/items/add/", data)
        (item,) = items_of(made)
        assert item.properties == {str(vendor.pk): "Lenovo"}
        page = soup_of(browser.get(f"/admin/lists/items/{item.pk}/"))
        assert page.find("input", attrs={"name": f"field-{vendor.pk}"})["value"] == "Lenovo"
        assert browser.get(f"/admin/lists/{made.pk}/items.csv").content.decode().splitlines() == [
            "value,abbreviation,enabled,vendor",
            "Laptop,LT,1,Lenovo",
        ]

    def test_items_are_moved_removed_and_imported(self, browser: Client, devices: CustomList) -> None:
        address = f"/admin/lists/{devices.pk}/"
        laptop, phone = items_of(devices)
        browser.post(address, {"action": f"up-{phone.pk}"})
        assert [item.value for item in items_of(devices)] == ["Phone", "Laptop"]
        browser.post(address, {"action": f"remove-{laptop.pk}"})
        upload = SimpleUploadedFile("items.csv", b"value\nTablet\n")
        page = soup_of(browser.post(address, {"action": "import", "file": upload}, follow=True))
        assert "1 items added, 0 changed." in page.text
        assert [item.value for item in items_of(devices)] == ["Phone", "Tablet"]

    def test_a_wrong_file_is_explained(self, browser: Client, devices: CustomList) -> None:
        for content, words in ((b"\xff\xfe\x00", "not encoded in UTF-8"), (b"value,colour\nA,red\n", "Unknown column")):
            upload = SimpleUploadedFile("items.csv", content)
            page = soup_of(browser.post(f"/admin/lists/{devices.pk}/", {"action": "import", "file": upload}))
            assert words in page.text
        assert len(items_of(devices)) == 2

    def test_a_list_in_use_is_not_deleted(self, browser: Client, devices: CustomList) -> None:
        FormField.objects.create(form_id=2, type=f"list-{devices.pk}", label="Device", name="device", sort=9)
        page = soup_of(browser.post(f"/admin/lists/{devices.pk}/", {"action": "delete"}))
        assert "Fields still use this list" in page.text

    def test_ticket_statuses_are_not_edited_here(self, browser: Client) -> None:
        statuses = CustomList.objects.get(type="ticket-status")
        assert "statuses of tickets" in soup_of(browser.get(f"/admin/lists/{statuses.pk}/")).text


class TestTopics:
    def test_forms_are_added_ordered_and_their_fields_left_out(self, browser: Client, ticket_form: Form) -> None:
        topic = HelpTopic.objects.order_by("pk").first()
        assert topic is not None
        vpn = Form.objects.create(type="G", title="VPN access")
        field = FormField.objects.create(form=vpn, label="Where", name="where", sort=1)
        address = f"/admin/topic-forms/{topic.pk}/"
        fields = [each.pk for each in fields_of(ticket_form)]
        browser.post(address, {"action": "add", "form": vpn.pk, "order": [ticket_form.pk], "fields": fields})
        assert rows(topic) == [(ticket_form.pk, 1, {"disable": []}), (vpn.pk, 2, {"disable": []})]
        data = {"action": f"up-{vpn.pk}", "order": [ticket_form.pk, vpn.pk], "fields": fields}
        browser.post(address, data)
        assert rows(topic) == [(vpn.pk, 1, {"disable": [field.pk]}), (ticket_form.pk, 2, {"disable": []})]
        page = soup_of(browser.get(address))
        boxes = {each["value"]: each.has_attr("checked") for each in page.find_all("input", attrs={"name": "fields"})}
        assert boxes == {str(field.pk): False, **{str(each): True for each in fields}}
        browser.post(address, {"action": f"remove-{vpn.pk}", "order": [vpn.pk, ticket_form.pk], "fields": fields})
        assert rows(topic) == [(ticket_form.pk, 1, {"disable": []})]

    def test_the_ticket_form_stays_whatever_is_posted(self, browser: Client, ticket_form: Form) -> None:
        topic = HelpTopic.objects.order_by("pk").first()
        assert topic is not None
        contact = Form.objects.get(type="U")
        page = browser.post(f"/admin/topic-forms/{topic.pk}/", {"order": [contact.pk]}, follow=True)
        assert "This form cannot be used for tickets." in page.content.decode()
        browser.post(f"/admin/topic-forms/{topic.pk}/", {"action": "save"})
        assert [form_id for form_id, _sort, _extra in rows(topic)] == [ticket_form.pk]


def rows(topic: HelpTopic) -> list[tuple[int | None, int, Any]]:
    return [(row.form_id, row.sort, row.extra) for row in HelpTopicForm.objects.filter(topic=topic).order_by("sort")]
