"""What every recorded case begins with: the same rows and settings, however many cases came before."""

import pytest

from helpdesk.configuration import current
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.services import set_setting
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from tests.conformance.base_rows import load_base_rows
from tests.conformance.recorded_settings import use_recorded_settings

pytestmark = pytest.mark.django_db


def departments() -> list[object]:
    return list(Department.objects.order_by("pk").values())


def test_what_a_case_changed_is_undone_by_the_base_of_the_next() -> None:
    load_base_rows()
    before = departments()
    assert before
    Department.objects.update(name="Changed")
    load_base_rows()
    assert departments() == before


def test_settings_hold_and_rows_that_say_so_already_stay_as_they_are() -> None:
    set_setting("core", "helpdesk_title", "Recorded", Actor.system())
    stays = ConfigItem.objects.get(namespace="core", key="helpdesk_title")
    use_recorded_settings({"helpdesk_title": "Recorded", "max_open_tickets": 7, "allow_pw_reset": False})
    assert ConfigItem.objects.get(pk=stays.pk).updated == stays.updated
    assert current().text("max_open_tickets") == "7"
    assert not current().boolean("allow_pw_reset")
