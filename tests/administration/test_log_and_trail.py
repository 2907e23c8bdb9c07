"""The system log and the audit trail as administrators read them."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpdesk.audit.models import AdministrativeChange
from helpdesk.configuration.jobs import months_before, purge_system_log
from helpdesk.configuration.models import SystemLogEntry
from helpdesk.configuration.services import LogLevel, delete_log_entries, log_system, purge_log, set_settings
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.people.actor import Actor
from helpdesk.people.models import Department
from helpdesk.people.services import rename_department
from tests.administration.conftest import MakeAgent

pytestmark = pytest.mark.django_db
LOG = "/admin/hd_configuration/systemlogentry/"
TRAIL = "/admin/hd_audit/administrativechange/"


def line(title: str, *, days: int = 0, level: LogLevel = LogLevel.WARNING) -> SystemLogEntry:
    entry = log_system(level, title, "text of the line", "192.0.2.7")
    assert entry is not None
    SystemLogEntry.objects.filter(pk=entry.pk).update(created=timezone.now() - timedelta(days=days))
    return entry


def titles() -> list[str]:
    return list(SystemLogEntry.objects.order_by("pk").values_list("title", flat=True))


class TestSystemLog:
    def test_lines_are_listed_filtered_and_searched(self, browser: Client) -> None:
        line("Old warning", days=3)
        line("Fresh error", level=LogLevel.ERROR)
        SystemLogEntry.objects.create(log_type="Warning", title="<b>odd</b>", log="", created=None, updated=None)
        everything = browser.get(LOG).content.decode()
        assert "Old warning" in everything
        assert "&lt;b&gt;odd" in everything
        assert "Old warning" not in browser.get(f"{LOG}?log_type__exact=Error").content.decode()
        assert "Old warning" not in browser.get(f"{LOG}?days=1").content.decode()
        assert "Fresh error" not in browser.get(f"{LOG}?q=old").content.decode()
        assert browser.get(f"{LOG}?days=nonsense").status_code == 200

    def test_a_line_is_read_and_not_changed(self, browser: Client) -> None:
        entry = line("Something")
        page = browser.get(f"{LOG}{entry.pk}/change/")
        assert b"text of the line" in page.content
        assert browser.post(f"{LOG}{entry.pk}/change/", {"title": "x"}).status_code == 403
        assert browser.get(f"{LOG}add/").status_code == 403
        assert browser.post(f"{LOG}{entry.pk}/delete/", {"post": "yes"}).status_code == 403

    def test_chosen_lines_are_deleted(self, browser: Client) -> None:
        first, second = line("first"), line("second")
        browser.post(LOG, {"action": "delete_chosen", "_selected_action": [first.pk]})
        assert titles() == ["second"]
        change = AdministrativeChange.objects.get()
        assert (change.object_type, change.changes) == ("system log", {"lines": [1, None]})
        assert second.pk

    def test_lines_of_an_age_are_deleted(self, browser: Client) -> None:
        line("old", days=31)
        line("young", days=29)
        browser.post("/admin/system-log/purge/", {"days": "30"})
        assert titles() == ["young"]
        browser.post("/admin/system-log/purge/", {"days": "0"})
        assert titles() == ["young"]
        assert browser.get("/admin/system-log/purge/").status_code == 405

    def test_only_administrators_delete(self, make_agent: MakeAgent) -> None:
        actor = Actor.for_agent(make_agent())
        with pytest.raises(PermissionRefused):
            purge_log(before=timezone.now(), actor=actor)
        with pytest.raises(PermissionRefused):
            delete_log_entries([1], actor)

    @pytest.mark.parametrize(("months", "kept"), [("1", ["young"]), ("0", ["old", "young"]), ("", ["old", "young"])])
    def test_the_job_keeps_them_as_long_as_the_setting_says(self, months: str, kept: list[str]) -> None:
        set_settings("core", {"log_graceperiod": months}, Actor.system())
        line("old", days=33)
        line("young", days=20)
        purge_system_log()
        assert titles() == kept

    @pytest.mark.parametrize(
        ("day", "months", "result"),
        [((2026, 3, 31), 1, (2026, 2, 28)), ((2026, 1, 15), 12, (2025, 1, 15)), ((2024, 3, 30), 13, (2023, 2, 28))],
    )
    def test_months_are_counted_by_the_calendar(
        self, day: tuple[int, int, int], months: int, result: tuple[int, int, int]
    ) -> None:
        assert months_before(datetime(*day, 12, tzinfo=UTC), months) == datetime(*result, 12, tzinfo=UTC)

    def test_a_long_log_costs_the_same(self, browser: Client) -> None:
        counts = []
        for amount in (2, 80):
            for number in range(amount):
                line(f"line {number}")
            browser.get(LOG)
            with CaptureQueriesContext(connection) as queries:
                browser.get(LOG)
            counts.append(len(queries))
        assert counts[0] == counts[1]


class TestTrail:
    def test_it_is_read_filtered_and_searched(self, browser: Client, actor: Actor) -> None:
        rename_department(Department.objects.get(pk=2), "Selling", actor=actor)
        rename_department(Department.objects.get(pk=3), "Mending", actor=Actor.system("import"))
        change = AdministrativeChange.objects.order_by("pk")[0]
        assert (change.agent_id, change.ip_address) == (actor.agent and actor.agent.pk, "192.0.2.1")
        page = browser.get(TRAIL).content.decode()
        assert "Selling" in page
        assert "Mending" in page
        assert "Mending" not in browser.get(f"{TRAIL}?who=ada").content.decode()
        assert "Mending" not in browser.get(f"{TRAIL}?q=selling").content.decode()
        assert "Selling" not in browser.get(f"{TRAIL}?object_type__exact=agent").content.decode()
        one = browser.get(f"{TRAIL}{change.pk}/change/").content.decode()
        assert "Sales" in one
        assert "192.0.2.1" in one

    def test_nobody_changes_it(self, browser: Client, actor: Actor) -> None:
        rename_department(Department.objects.get(pk=2), "Selling", actor=actor)
        change = AdministrativeChange.objects.get()
        for address in (f"{TRAIL}{change.pk}/change/", f"{TRAIL}{change.pk}/delete/", f"{TRAIL}add/"):
            assert browser.post(address, {"post": "yes"}).status_code == 403
        browser.post(TRAIL, {"action": "delete_selected", "_selected_action": [change.pk], "post": "yes"})
        assert AdministrativeChange.objects.count() == 1

    def test_odd_values_do_not_break_the_page(self, browser: Client) -> None:
        values = {"a": [None, ""], "b": [[], {}], "c": [{"x": 1, "y": [True]}, "<i>"], "d": [False, 3]}
        change = AdministrativeChange.objects.create(
            actor_kind="agent", actor_name="", action="changed", object_type="gone", object_id="1", changes=values
        )
        page = browser.get(f"{TRAIL}{change.pk}/change/")
        assert page.status_code == 200
        assert b"&lt;i&gt;" in page.content
        assert browser.get(TRAIL).status_code == 200
