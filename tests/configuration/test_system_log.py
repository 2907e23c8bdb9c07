"""Lines of the system log as osTicket writes them (setting `log_level`, osticket/config.md §2)."""

import pytest

from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import LogLevel, log_system, set_setting
from helpdesk.people.actor import Actor

pytestmark = pytest.mark.django_db


def lines() -> list[tuple[str, str]]:
    return list(SystemLogEntry.objects.order_by("log_id").values_list("log_type", "title"))


@pytest.mark.parametrize(
    ("log_level", "written"),
    [
        ("0", []),
        ("1", ["Error"]),
        ("2", ["Error", "Warning"]),
        ("3", ["Error", "Warning", "Debug"]),
        ("", []),
    ],
)
def test_the_setting_says_what_is_kept(log_level: str, written: list[str]) -> None:
    set_setting("core", "log_level", log_level, Actor.system())
    for level in LogLevel:
        log_system(level, "Something", "happened", "192.0.2.7")
    assert [log_type for log_type, _ in lines()] == written


def test_a_line_holds_title_text_and_address() -> None:
    entry = log_system(LogLevel.WARNING, "T" * 300, "漢" * 30_000, "2001:db8::1")
    assert entry is not None
    stored = SystemLogEntry.objects.get(pk=entry.pk)
    assert (stored.log_type, stored.title, stored.log) == ("Warning", "T" * 254 + "…", "漢" * 21_844 + "…")
    assert (stored.ip_address, stored.logger) == ("2001:db8::1", "")
    assert stored.created is not None
