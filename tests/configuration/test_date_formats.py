"""Dates as the administrator wants them shown (osticket/config.md §2)."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from helpdesk.configuration.date_formats import short_date, short_date_and_time, short_time
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget

pytestmark = pytest.mark.django_db
MOMENT = datetime(2026, 3, 4, 15, 30, tzinfo=UTC)


def choose(**settings: str) -> None:
    for key, value in settings.items():
        ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": value})
    forget()


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ({}, "3/4/26 3:30 PM"),
        ({"date_formats": "24"}, "3/4/26 15:30"),
        ({"default_locale": "de_DE"}, "04.03.26 15:30"),
        ({"default_locale": "en-GB"}, "04/03/2026 15:30"),
        ({"default_locale": "tlh_XX", "system_language": "nonsense"}, "3/4/26 3:30 PM"),
        ({"date_formats": "custom", "datetime_format": "EEE, MMM d y HH:mm"}, "Wed, Mar 4 2026 15:30"),
        ({"date_formats": "custom", "datetime_format": "", "date_format": "y-MM-dd", "time_format": "HH.mm"},
         "2026-03-04 15.30"),
    ],
)  # fmt: skip
def test_settings_decide(chosen: dict[str, str], shown: str) -> None:
    choose(**chosen)
    assert short_date_and_time(MOMENT) == shown


def test_the_zone_is_that_of_whoever_looks_unless_one_is_given() -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Riga")):
        assert (short_date(late), short_time(late)) == ("1/1/27", "1:30 AM")
        assert (short_date(late, ZoneInfo("America/New_York")), short_time(late, UTC)) == ("12/31/26", "11:30 PM")
