"""Forms as pages and programs fill them in: who is asked, what counts as wrong (osticket/forms.md §2, §3)."""

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict

from helpdesk.files.models import Attachment, StoredFile
from helpdesk.forms.bound import BoundForm, FormPart, Origin
from helpdesk.forms.constants import FieldFlag
from helpdesk.forms.field_types import Asked, Control, FieldType, register, type_for, unregister
from helpdesk.forms.field_types.files import attachment_object
from helpdesk.forms.models import CustomList, Form, FormAnswer, FormEntry, FormField, ListItem
from helpdesk.forms.services import save_answers
from helpdesk.forms.submission_services import parts_of, save_submission
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.actor import Actor

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
CLIENT, AGENT = Asked(visitor="u1"), Asked(is_agent=True, visitor="a1")


@pytest.fixture
def form() -> Form:
    return Form.objects.create(type="G", title="VPN access", instructions="Who needs <b>what</b>?")


def add(form: Form, type_: str, name: str = "f", flags: int = 0x3301, **configuration: Any) -> FormField:
    return FormField.objects.create(
        form=form, type=type_, name=name, label=name.title(), flags=flags, sort=9, configuration=configuration
    )


def page(**values: Any) -> QueryDict:
    """What a page posts; `f901=…` is the control of field 901."""
    data = QueryDict(mutable=True)
    for name, value in values.items():
        key = f"field-{name[1:]}" if name[1:2].isdigit() else name
        data.setlist(key, value if isinstance(value, list) else [value])
    return data


def html_of(bound: BoundForm) -> Any:
    return BeautifulSoup(render_to_string("forms/form.html", {"form": bound}), "html.parser")


class TestWhoIsAsked:
    @pytest.mark.parametrize(
        ("flags", "asked"),
        [
            (0x3301, {Origin.CLIENT, Origin.AGENT, Origin.CLIENT_UPDATE, Origin.AGENT_UPDATE, Origin.API}),
            (0x3001, {Origin.AGENT, Origin.AGENT_UPDATE, Origin.API}),
            (0x0701, {Origin.CLIENT, Origin.CLIENT_UPDATE, Origin.API}),
            (0x1101, {Origin.CLIENT, Origin.AGENT, Origin.API}),
            (0x3300, set()),
        ],
    )
    def test_the_bits_decide(self, form: Form, flags: int, asked: set[Origin]) -> None:
        field = add(form, "text", flags=flags)
        assert {origin for origin in Origin if origin.accepts(field)} == asked

    def test_each_side_has_its_own_required_bit(self, form: Form) -> None:
        add(form, "text", "agents", flags=0x7301)
        add(form, "text", "users", flags=0x3701)
        for asked, name in ((AGENT, "Agents"), (CLIENT, "Users")):
            bound = BoundForm([form], asked=asked, data={})
            assert list(bound.errors.values()) == [[f"{name} is a required field"]]

    def test_programs_are_told_of_hidden_required_fields_and_pages_are_not(self, form: Form) -> None:
        add(form, "text", flags=0x3401)
        assert BoundForm([form], asked=CLIENT, data={}).is_valid()
        assert not BoundForm([form], asked=CLIENT, origin=Origin.API, data={}).is_valid()
        assert BoundForm([form], asked=CLIENT, origin=Origin.EMAIL, data={}).is_valid()

    def test_nobody_answers_what_is_hidden_from_him(self, form: Form) -> None:
        internal = add(form, "text", flags=0x3001)
        for data in ({"f": "sneaky"}, page(**{f"f{internal.pk}": "sneaky"})):
            assert BoundForm([form], asked=CLIENT, data=data).answers() == {}

    def test_a_topic_switches_fields_off(self, form: Form) -> None:
        field = add(form, "text", flags=0x7701)
        bound = BoundForm([FormPart(form, disabled=[field.pk])], asked=CLIENT, data={})
        assert bound.is_valid()
        assert list(bound) == []


class TestReading:
    def test_pages_programs_by_name_and_by_id(self, form: Form) -> None:
        field = add(form, "text", "Order_No")
        for data in (page(**{f"f{field.pk}": "A-1"}), {"order_no": "A-1"}, {str(field.pk): "A-1"}, {field.pk: "A-1"}):
            assert BoundForm([form], asked=CLIENT, data=data).answers() == {field.pk: "A-1"}

    def test_a_page_that_does_not_tick_a_box_means_no(self, form: Form) -> None:
        field = add(form, "bool", flags=0x3701)
        ticked = page(**{f"f{field.pk}": "1", "field-asked": str(field.pk)})
        left = page(**{"field-asked": str(field.pk)})
        assert BoundForm([form], asked=CLIENT, data=ticked).answers() == {field.pk: True}
        assert BoundForm([form], asked=CLIENT, data=left).errors == {field.pk: ["F is a required field"]}

    def test_people_are_told_what_programs_are_not(self, form: Form) -> None:
        fields = [
            (add(form, "choices", "one", choices="r:Red"), "zz"),
            (add(form, "choices", "many", choices="r:Red", multiselect=True), ["r", "zz"]),
            (add(form, "datetime", "day"), "some day"),
            (add(form, "department", "dept"), "999"),
            (add(form, "priority", "urgency"), "High"),
            (add(form, "assignee", "who"), "s999"),
            (add(form, "timezone", "zone"), "Moon/Base"),
            (add(form, "list-77", "gone"), "4"),
        ]
        by_page = BoundForm([form], asked=AGENT, data=page(**{f"f{field.pk}": value for field, value in fields}))
        assert set(by_page.errors) == {field.pk for field, _value in fields}
        by_program = BoundForm([form], asked=AGENT, data={field.name: value for field, value in fields})
        assert by_program.is_valid()

    def test_dates_of_a_page_are_in_the_zone_that_it_shows(self, form: Form) -> None:
        field = add(form, "datetime", time=True, timezone="America/New_York")
        bound = BoundForm([form], asked=CLIENT, data=page(**{f"f{field.pk}": "2026-07-04T15:30"}))
        assert bound.field(field.pk).stored.value == "2026-07-04 15:30:00 EDT"
        assert html_of(bound).find("input")["value"] == "2026-07-04T15:30"

    def test_a_telephone_has_its_extension_apart(self, form: Form) -> None:
        field = add(form, "phone")
        bound = BoundForm([form], asked=CLIENT, data=page(**{f"f{field.pk}": "5550100123", f"f{field.pk}-ext": "77"}))
        assert bound.answers() == {field.pk: "5550100123X77"}
        assert [box["value"] for box in html_of(bound).find_all("input")] == ["5550100123", "77"]

    def test_plain_typing_into_rich_text_keeps_its_lines(self, form: Form) -> None:
        field = add(form, "memo")
        bound = BoundForm([form], asked=CLIENT, data=page(**{f"f{field.pk}": "one\ntwo\n\nthree < four"}))
        assert bound.answers() == {field.pk: "<p>one<br>two</p>\n\n<p>three &lt; four</p>"}
        assert "one\ntwo\n\nthree < four" in html_of(bound).find("textarea").text

    def test_messages_come_with_files(self, form: Form) -> None:
        field = add(form, "thread", "message", flags=0x7701)
        upload = SimpleUploadedFile("log.txt", b"x", content_type="text/plain")
        files = MultiValueDict({f"field-{field.pk}-files": [upload]})
        bound = BoundForm([form], asked=CLIENT, data=page(**{f"f{field.pk}": "Help <me>"}), files=files)
        assert (bound.value("message").body, list(bound.value("message").uploads)) == ("Help <me>", [upload])
        assert bound.answers() == {}, "the thread keeps it"
        blank = BoundForm([form], asked=CLIENT, data=page(**{f"f{field.pk}": "<p>&nbsp;</p>"}))
        assert blank.errors == {field.pk: ["Message is a required field"]}


class TestFiles:
    def upload(self, form: Form, field: FormField, name: str = "a.png", size: int = 10, **more: Any) -> BoundForm:
        upload = SimpleUploadedFile(name, b"\x89PNG" + b"x" * size, content_type="image/png")
        files = MultiValueDict({f"field-{field.pk}": [upload]})
        return BoundForm([form], asked=CLIENT, data=page(**more), files=files)

    @pytest.mark.parametrize(
        ("configuration", "name", "error"),
        [
            ({}, "a.exe", None),
            ({"extensions": ".png, jpg"}, "a.PNG", None),
            ({"extensions": ".*"}, "a.exe", None),
            ({"extensions": ".png, jpg"}, "a.exe", "a.exe: File type is not allowed"),
            ({"size": "5"}, "a.png", "a.png: File is too large"),
            ({"mimetypes": {"image": "Images"}}, "a.png", None),
            ({"mimetypes": {"audio": "Sounds"}}, "a.png", "a.png: File type is not allowed"),
        ],
    )
    def test_rules_of_the_field(self, form: Form, configuration: dict[str, Any], name: str, error: str | None) -> None:
        field = add(form, "files", **configuration)
        assert self.upload(form, field, name).field(field.pk).errors == ([error] if error else [])

    def test_number_of_files(self, form: Form) -> None:
        field = add(form, "files", max=1)
        files = [SimpleUploadedFile(f"{number}.txt", b"x") for number in range(2)]
        bound = BoundForm([form], asked=CLIENT, data=page(), files=MultiValueDict({f"field-{field.pk}": files}))
        assert bound.errors == {field.pk: ["At most 1 files can be attached here"]}

    def test_they_are_stored_and_attached_and_can_be_left_out_later(self, form: Form) -> None:
        field = add(form, "files")
        save_submission(self.upload(form, field), "T", 7, actor=SYSTEM)
        (stored,) = StoredFile.objects.filter(name="a.png")
        entry = FormEntry.objects.get(object_id=7, form=form)
        link = Attachment.objects.get(type="E", object_id=attachment_object(field.pk, entry.pk))
        assert (link.file, FormAnswer.objects.get(entry=entry).value) == (stored, f'{{"{stored.pk}":"a.png"}}')
        parts = [part for part in parts_of("T", 7) if part.form == form]
        box = html_of(BoundForm(parts, asked=CLIENT)).find("input", type="checkbox")
        kept = page(**{f"f{field.pk}": box["value"], "field-asked": str(field.pk)})
        assert save_submission(BoundForm(parts, asked=CLIENT, data=kept), "T", 7, actor=SYSTEM) == {}
        left_out = page(**{"field-asked": str(field.pk)})
        changes = save_submission(BoundForm(parts, asked=CLIENT, data=left_out), "T", 7, actor=SYSTEM)
        assert changes == {str(field.pk): [f'{{"{stored.pk}":"a.png"}}', "[]"]}
        assert not Attachment.objects.filter(type="E").exists()

    def test_nobody_names_the_file_of_another(self, form: Form) -> None:
        field = add(form, "files")
        for data in ({"f": {"94": "x.png"}}, page(**{f"f{field.pk}": "94"}), page(**{f"f{field.pk}": "94,x.png"})):
            assert BoundForm([form], asked=CLIENT, data=data).field(field.pk).stored.value == "[]"


class TestSaving:
    def test_a_new_object_then_an_edit(self, form: Form) -> None:
        field, other = add(form, "choices", "colour", choices="r:Red\ng:Green"), add(form, "text", "other")
        new = BoundForm([FormPart(form, sort=3, disabled=[5])], asked=AGENT, data={"colour": "r", "other": "x"})
        assert save_submission(new, "T", 7, actor=SYSTEM) == {}
        entry = FormEntry.objects.get(object_id=7, form=form)
        assert (entry.sort, entry.extra) == (3, {"disable": [5]})
        edit = BoundForm(parts_of("T", 7), asked=AGENT, only=[field.pk], data=page(**{f"f{field.pk}": "g"}))
        changes = save_submission(edit, "T", 7, actor=SYSTEM)
        assert changes == {str(field.pk): ['{"r":"Red"}', '{"g":"Green"}']}
        assert FormAnswer.objects.get(entry=entry, field=other).value == "x"

    def test_priorities_change_with_their_ids(self) -> None:
        priority = FormField.objects.get(name="priority", form__type="T")
        save_answers("T", 7, Form.objects.get(type="T"), {"subject": "Help", "priority": 2}, SYSTEM)
        edit = BoundForm(parts_of("T", 7), asked=AGENT, only=[priority.pk], data=page(**{f"f{priority.pk}": "4"}))
        changes = save_submission(edit, "T", 7, actor=SYSTEM)
        assert changes == {str(priority.pk): [["Normal", 2], ["Emergency", 4]]}

    def test_what_is_wrong_is_not_saved(self, form: Form) -> None:
        add(form, "text", flags=0x7701)
        with pytest.raises(ValidationFailed, match="F is a required field"):
            save_submission(BoundForm([form], asked=AGENT, data={}), "T", 7, actor=SYSTEM)
        assert not FormEntry.objects.filter(object_id=7).exists()

    def test_the_company_has_one_entry_without_object(self) -> None:
        field = FormField.objects.get(name="phone", form__type="C")
        bound = BoundForm(parts_of("C", None), asked=AGENT, only=[field.pk], data={"phone": "555 0100 123"})
        save_submission(bound, "C", None, actor=SYSTEM)
        assert FormAnswer.objects.get(field=field).value == "5550100123"
        assert FormEntry.objects.filter(object_type="C", object_id=None).count() == 1


class TestHtml:
    def test_every_control_has_a_name_and_says_what_is_wrong(self, form: Form) -> None:
        field = add(form, "text", flags=0x7701)
        FormField.objects.filter(pk=field.pk).update(hint="As on <b>the bill</b>")
        soup = html_of(BoundForm([form], asked=CLIENT, data={}))
        box = soup.find("input")
        assert (box["id"], box["name"], box["aria-invalid"]) == (f"id_field-{field.pk}", f"field-{field.pk}", "true")
        assert soup.find("label")["for"] == box["id"]
        texts = [soup.find(id=each).get_text(" ", strip=True) for each in box["aria-describedby"].split()]
        assert texts == ["As on the bill", "F is a required field"]
        assert box.has_attr("required")
        assert soup.find("legend").get_text(strip=True) == "VPN access"

    def test_earlier_answers_fill_the_form(self, form: Form) -> None:
        gone = add(form, "choices", "colour", choices="g:Green")
        ticked = add(form, "bool", "agreed")
        save_answers("T", 7, form, {"agreed": True}, SYSTEM)
        FormAnswer.objects.filter(field=gone).update(value='{"r":"Red"}')
        soup = html_of(BoundForm([part for part in parts_of("T", 7) if part.form == form], asked=CLIENT))
        assert soup.find("option", selected=True).get_text() == "Red (retired)"
        assert soup.find("input", type="checkbox", id=f"id_field-{ticked.pk}").has_attr("checked")

    def test_nothing_of_a_field_becomes_markup(self, form: Form) -> None:
        nasty = '"><script>alert(1)</script>'
        add(form, "choices", "a", choices=f"{nasty}:{nasty}", prompt=nasty)
        add(form, "text", "b", placeholder=nasty)
        add(form, "info", "c", content=f"<b>ok</b>{nasty}")
        add(form, "bool", "d", desc=nasty)
        FormField.objects.update(label=nasty, hint=nasty)
        soup = html_of(BoundForm([form], asked=CLIENT, data={"b": nasty}))
        assert not soup.find("script")
        assert soup.find(class_="form-information").find("b").get_text() == "ok"

    def test_an_error_without_words_gets_some(self, form: Form) -> None:
        add(form, "text", validator="regex", regex="/^x$/")
        soup = html_of(BoundForm([form], asked=CLIENT, data={"f": "y"}))
        assert soup.find(class_="errorlist").get_text(strip=True) == "This is not in the required form"

    def test_lists_offer_enabled_items_in_their_order(self, form: Form) -> None:
        devices = CustomList.objects.create(name="Device", sort_mode="-Alpha")
        for name, status in (("A", 1), ("B", 0), ("C", 1)):
            ListItem.objects.create(list=devices, value=name, status=status)
        add(form, f"list-{devices.pk}", "menu")
        add(form, f"list-{devices.pk}", "typed", widget="typeahead")
        soup = html_of(BoundForm([form], asked=CLIENT))
        assert [option.get_text() for option in soup.find("select").find_all("option")] == ["Select", "C", "A"]
        assert [option["value"] for option in soup.find("datalist").find_all("option")] == ["C", "A"]


def test_a_plugin_adds_a_type_with_one_class(form: Form) -> None:
    @register
    class Stars(FieldType):
        key = "stars"
        label = "Stars"

        def parse(self, field: FormField, submitted: Any) -> int | None:
            return len(str(submitted)) if submitted else None

        def validate(self, field: FormField, clean: Any) -> list[str]:
            return [] if clean is None or clean <= 5 else ["Five stars at most"]

        def from_database(self, field: FormField, stored: Any) -> int | None:
            return int(stored.value) if stored.value else None

        def to_string(self, field: FormField, clean: Any) -> str:
            return "★" * (clean or 0)

        def control(self, field: FormField, value: Any, asked: Asked) -> Control:
            return Control("text", values=[str(value or "")], attributes={"type": "text", "maxlength": 5})

    try:
        field = add(form, "stars", flags=FieldFlag(0x3701))
        assert BoundForm([form], asked=CLIENT, data={"f": "******"}).errors == {field.pk: ["Five stars at most"]}
        assert BoundForm([form], asked=CLIENT, data={}).errors == {field.pk: ["F is a required field"]}
        bound = BoundForm([form], asked=CLIENT, data={"f": "***"})
        save_submission(bound, "T", 7, actor=SYSTEM)
        assert FormAnswer.objects.get(field=field).value == "3"
        assert type_for("stars").to_string(field, 3) == "★★★"
        assert html_of(bound).find("input")["maxlength"] == "5"
    finally:
        unregister("stars")
    assert type_for("stars").key == "unknown"
