"""Lists, their items and properties, and their way through spreadsheets (osticket/forms.md §9)."""

import pytest

from helpdesk.forms.constants import ListItemStatus, ListMask
from helpdesk.forms.field_types.choices import items_of
from helpdesk.forms.form_services import FieldDefinition, add_field
from helpdesk.forms.list_services import (
    ItemDefinition,
    add_item,
    create_list,
    delete_list,
    export_items,
    import_items,
    order_items,
    property_fields,
    remove_item,
    update_item,
    update_list,
)
from helpdesk.forms.models import CustomList, Form, FormField, ListItem
from helpdesk.legacy.errors import Conflict, PermissionRefused, ValidationFailed
from helpdesk.people.actor import Actor
from tests.factories import AgentFactory

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


@pytest.fixture
def devices() -> CustomList:
    """A list with one property."""
    custom_list = create_list("Device", actor=SYSTEM, sort_mode="SortCol")
    form = Form.objects.get(type=f"L{custom_list.pk}")
    add_field(form, FieldDefinition(type="text", label="Vendor", name="vendor"), actor=SYSTEM)
    return custom_list


def values(custom_list: CustomList) -> list[str]:
    return [item.value for item in items_of(custom_list)]


def test_items_have_properties_by_field_id(devices: CustomList) -> None:
    (vendor,) = property_fields(devices)
    item = add_item(devices, ItemDefinition(" Laptop ", "LT", properties={vendor.pk: "Lenovo"}), actor=SYSTEM)
    assert (item.value, item.extra, item.status) == ("Laptop", "LT", ListItemStatus.ENABLED)
    assert ListItem.objects.get(pk=item.pk).properties == {str(vendor.pk): "Lenovo"}
    update_item(item, ItemDefinition("Notebook", is_enabled=False), actor=SYSTEM)
    item = ListItem.objects.get(pk=item.pk)
    assert (item.value, item.extra, item.status) == ("Notebook", None, ListItemStatus(0))
    assert item.properties == {str(vendor.pk): "Lenovo"}, "what was not given stays"


@pytest.mark.parametrize(
    ("definition", "field"),
    [(ItemDefinition(""), "value"), (ItemDefinition("x" * 256), "value"), (ItemDefinition("Router"), "value")],
)
def test_wrong_items_are_refused(devices: CustomList, definition: ItemDefinition, field: str) -> None:
    add_item(devices, ItemDefinition("Router"), actor=SYSTEM)
    with pytest.raises(ValidationFailed) as refusal:
        add_item(devices, definition, actor=SYSTEM)
    assert refusal.value.field == field


def test_a_removed_item_keeps_its_row(devices: CustomList) -> None:
    item = add_item(devices, ItemDefinition("Router"), actor=SYSTEM)
    remove_item(item, actor=SYSTEM)
    assert values(devices) == []
    assert ListItem.objects.get(pk=item.pk).list is None
    with pytest.raises(Conflict):
        update_item(item, ItemDefinition("Again"), actor=SYSTEM)


def test_order_follows_the_list(devices: CustomList) -> None:
    first, second, third = (add_item(devices, ItemDefinition(name), actor=SYSTEM) for name in ("B", "C", "A"))
    order_items(devices, [third.pk, first.pk], actor=SYSTEM)
    assert values(devices) == ["A", "B", "C"]
    update_list(devices, name="Device", sort_mode="-Alpha", actor=SYSTEM)
    assert values(devices) == ["C", "B", "A"]
    assert second.list == devices


def test_a_list_in_use_stays(devices: CustomList) -> None:
    field = FormField.objects.create(form_id=2, type=f"list-{devices.pk}", label="Device", name="device", sort=9)
    with pytest.raises(Conflict):
        delete_list(devices, actor=SYSTEM)
    field.delete()
    number = devices.pk
    delete_list(devices, actor=SYSTEM)
    assert not Form.objects.filter(type=f"L{number}").exists()


def test_protected_lists_stay_as_they_are() -> None:
    statuses = CustomList.objects.get(type="ticket-status")
    with pytest.raises(Conflict):
        delete_list(statuses, actor=SYSTEM)
    with pytest.raises(Conflict):
        add_item(statuses, ItemDefinition("On hold"), actor=SYSTEM)
    update_list(statuses, name="Renamed", sort_mode="Alpha", actor=SYSTEM)
    assert (statuses.name, statuses.sort_mode) == ("Ticket Status", "Alpha")


def test_a_closed_list_takes_no_items(devices: CustomList) -> None:
    CustomList.objects.filter(pk=devices.pk).update(masks=ListMask.NO_ADD)
    devices.refresh_from_db()
    with pytest.raises(Conflict):
        add_item(devices, ItemDefinition("Router"), actor=SYSTEM)


def test_agents_change_no_lists(devices: CustomList) -> None:
    with pytest.raises(PermissionRefused):
        add_item(devices, ItemDefinition("Router"), actor=Actor.for_agent(AgentFactory.new()))


class TestCsv:
    def test_what_is_exported_can_be_imported(self, devices: CustomList) -> None:
        (vendor,) = property_fields(devices)
        for value in ("=SUM(A1)", "'quoted", 'With "quotes", and\nlines', "Größe"):
            add_item(devices, ItemDefinition(value, "x", properties={vendor.pk: 'Größe, "x"'}), actor=SYSTEM)
        text = export_items(devices)
        assert "\r\n'=SUM(A1)," in text
        before = list(ListItem.objects.filter(list=devices).order_by("id").values())
        assert import_items(devices, text, actor=SYSTEM).changed == 0
        assert list(ListItem.objects.filter(list=devices).order_by("id").values()) == before

    def test_lines_add_items_or_change_those_of_the_same_value(self, devices: CustomList) -> None:
        add_item(devices, ItemDefinition("Router", "RT"), actor=SYSTEM)
        done = import_items(devices, "\ufeffvalue,enabled,VENDOR\nrouter,no,Cisco\nSwitch,,HP\n", actor=SYSTEM)
        assert (done.added, done.changed) == (1, 1)
        router, switch = items_of(devices)
        assert (router.extra, router.status, list((router.properties or {}).values())) == ("RT", 0, ["Cisco"])
        assert (switch.value, switch.status) == ("Switch", 1)

    def test_without_a_heading_it_is_value_and_abbreviation(self, devices: CustomList) -> None:
        import_items(devices, "Router,RT\n\nSwitch\n", actor=SYSTEM)
        assert [(item.value, item.extra) for item in items_of(devices)] == [("Router", "RT"), ("Switch", None)]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("value,colour\nA,red\n", "Unknown column: colour"),
            ("A\n" + "x" * 300 + "\n", "Line 2: At most 255 characters fit here"),
            ('A\n"never closed\n', "This is no CSV: unexpected end of data"),
            ("A\n" * 20001, "At most 20000 lines can be imported at once."),
        ],
    )
    def test_a_wrong_line_stops_everything(self, devices: CustomList, text: str, message: str) -> None:
        with pytest.raises(ValidationFailed) as refusal:
            import_items(devices, text, actor=SYSTEM)
        assert str(refusal.value.message) == message
        assert values(devices) == []
