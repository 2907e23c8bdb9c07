"""Settings in the running program: kept in memory, changed for everybody, and followed when PHP changes them."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_started
from django.db import connection, transaction

from helpdesk import configuration
from helpdesk.configuration import selectors
from helpdesk.configuration.changes import forget_remembered, remembered, start_unit_of_work
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import agent_settings, settings_of
from helpdesk.configuration.services import remove_setting, set_setting, set_settings
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.people.actor import Actor
from helpdesk.people.models import Agent, EndUser

SYSTEM = Actor.system()
LONGEST_AGE = selectors.LONGEST_AGE
Queries = Any


def php_writes(key: str, value: str) -> None:
    """Change a row behind the program's back."""
    ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": value})


def test_what_is_remembered_ends_with_its_unit_of_work() -> None:
    read = iter(range(10)).__next__
    start_unit_of_work()
    assert [remembered("numbers", read), remembered("numbers", read), remembered("others", read)] == [0, 0, 1]
    forget_remembered(["numbers"])
    assert [remembered("numbers", read), remembered("others", read)] == [2, 1]
    start_unit_of_work()
    assert [remembered("numbers", read), remembered("others", read)] == [3, 4]


@pytest.mark.django_db
class TestReading:
    def test_a_warm_read_costs_no_query(self, django_assert_num_queries: Queries) -> None:
        with django_assert_num_queries(1):
            configuration.current()
        start_unit_of_work()
        with django_assert_num_queries(0):
            assert configuration.current().text("helpdesk_title") == "Acme Support"
            assert configuration.current().integer("log_level") == 2

    def test_each_namespace_is_read_once(self, django_assert_num_queries: Queries) -> None:
        ConfigItem.objects.create(namespace="staff.7", key="thread_view_order", value="desc")
        with django_assert_num_queries(2):
            assert agent_settings(7).text("thread_view_order") == "desc"
            assert settings_of("schedule.1").text("configuration")
            assert agent_settings(7).text("img_att_view") == "download"

    def test_what_php_changes_is_seen_after_ten_seconds(
        self, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Queries
    ) -> None:
        now = 1000.0
        monkeypatch.setattr(selectors, "clock", lambda: now)
        monkeypatch.setattr(selectors, "LONGEST_AGE", LONGEST_AGE)
        assert configuration.current().text("helpdesk_title") == "Acme Support"
        php_writes("helpdesk_title", "Renamed")
        now += 9.9
        assert configuration.current().text("helpdesk_title") == "Acme Support"
        now += 0.1
        with django_assert_num_queries(1):
            assert configuration.current().text("helpdesk_title") == "Renamed"
            assert configuration.current().text("helpdesk_title") == "Renamed"

    def test_memory_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(selectors, "MOST_NAMESPACES", 3)
        for staff_id in range(10):
            agent_settings(staff_id)
        assert len(selectors._kept) <= 3


@pytest.mark.django_db
class TestWriting:
    def test_the_open_transaction_sees_its_change(self, django_assert_num_queries: Queries) -> None:
        configuration.current()
        set_setting("core", "helpdesk_title", "Mine", SYSTEM)
        with django_assert_num_queries(0):
            assert configuration.current().text("helpdesk_title") == "Mine"
        assert ConfigItem.objects.get(namespace="core", key="helpdesk_title").value == "Mine"

    def test_a_roll_back_takes_the_change_along(self) -> None:
        with transaction.atomic():
            set_setting("core", "helpdesk_title", "Never", SYSTEM)
            assert configuration.current().text("helpdesk_title") == "Never"
            transaction.set_rollback(True)
        assert configuration.current().text("helpdesk_title") == "Acme Support"

    def test_rows_of_an_open_transaction_are_not_kept(self) -> None:
        selectors.forget()
        with transaction.atomic():
            set_setting("core", "helpdesk_title", "Never", SYSTEM)
            assert settings_of("core").text("helpdesk_title") == "Never"
            transaction.set_rollback(True)
        assert configuration.current().text("helpdesk_title") == "Acme Support"

    def test_truth_values_are_stored_as_osticket_does(self) -> None:
        set_settings("core", {"enable_kb": True, "clients_only": False, "max_open_tickets": 3}, SYSTEM)
        stored = dict(ConfigItem.objects.filter(namespace="core").values_list("key", "value"))
        assert (stored["enable_kb"], stored["clients_only"], stored["max_open_tickets"]) == ("1", "0", "3")

    def test_a_change_renews_the_time_of_the_row(self) -> None:
        before = ConfigItem.objects.get(namespace="core", key="helpdesk_title").updated
        set_setting("core", "helpdesk_title", "Mine", SYSTEM)
        after = ConfigItem.objects.get(namespace="core", key="helpdesk_title").updated
        assert before is not None
        assert after is not None
        assert after > before

    def test_a_removed_row_gives_way_to_the_default(self) -> None:
        set_setting("core", "pw_reset_window", 5, SYSTEM)
        remove_setting("core", "pw_reset_window", SYSTEM)
        assert configuration.current().integer("pw_reset_window") == 30
        assert not ConfigItem.objects.filter(namespace="core", key="pw_reset_window").exists()


class TestWhoMayWrite:
    """Three actors: an administrator, an ordinary agent, a stranger."""

    ADMINISTRATOR = Actor.for_agent(Agent(staff_id=1, username="ada", isadmin=True))
    AGENT = Actor.for_agent(Agent(staff_id=2, username="bob"))
    STRANGERS = (
        Actor.for_user(EndUser(name="Jane")),
        Actor.for_api_key("key"),
        Actor.for_agent(Agent(staff_id=3, username="eve", isadmin=True, isactive=False)),
    )

    @pytest.mark.django_db
    def test_administrators_and_the_system_may(self) -> None:
        for actor in (self.ADMINISTRATOR, SYSTEM):
            set_setting("core", "helpdesk_title", actor.name, actor)
            assert configuration.current().text("helpdesk_title") == actor.name

    @pytest.mark.django_db
    def test_agents_may_write_their_own_preferences_only(self) -> None:
        set_setting("staff.2", "thread_view_order", "desc", self.AGENT)
        assert agent_settings(2).text("thread_view_order") == "desc"
        for namespace in ("core", "staff.1", "staff.22", "pwreset"):
            with pytest.raises(PermissionRefused):
                set_setting(namespace, "thread_view_order", "desc", self.AGENT)

    def test_nobody_else_may(self) -> None:
        for actor in self.STRANGERS:
            with pytest.raises(PermissionRefused):
                set_setting("core", "helpdesk_title", "Mine", actor)
            with pytest.raises(PermissionRefused):
                remove_setting("core", "helpdesk_title", actor)


OTHER_PROCESS = """
import json, os, sys
from django.conf import settings
directory_cache = {"BACKEND": "helpdesk.configuration.file_cache.CountingFileBasedCache", "LOCATION": sys.argv[1]}
settings.CACHES = {"default": directory_cache}
import django
django.setup()
from django.db import connection
from django.test.utils import CaptureQueriesContext
from helpdesk import configuration
from helpdesk.configuration.changes import start_unit_of_work
from helpdesk.configuration.services import set_setting
from helpdesk.people.actor import Actor
connection.settings_dict["NAME"] = sys.argv[2]
for line in sys.stdin:
    start_unit_of_work()
    if line.strip() != "read":
        set_setting("core", "helpdesk_title", line.strip(), Actor.system())
    with CaptureQueriesContext(connection) as queries:
        title = configuration.current().text("helpdesk_title")
    print(json.dumps([title, len(queries)]), flush=True)
"""


class OtherProcess:
    """A second program on the same database and cache."""

    def __init__(self, cache_directory: Path) -> None:
        name = str(connection.settings_dict["NAME"])
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER_PROCESS, str(cache_directory), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, line: str) -> list[Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer: list[Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture
def other_process(tmp_path: Path, settings: Any) -> Iterator[OtherProcess]:
    settings.CACHES = {
        "default": {"BACKEND": "helpdesk.configuration.file_cache.CountingFileBasedCache", "LOCATION": str(tmp_path)}
    }
    other = OtherProcess(tmp_path)
    yield other
    other.process.communicate()


@pytest.mark.django_db(transaction=True)
def test_two_processes_see_each_others_changes_at_once(other_process: OtherProcess) -> None:
    assert other_process.ask("read") == ["Acme Support", 1]
    assert other_process.ask("read") == ["Acme Support", 0]
    configuration.current()
    set_setting("core", "helpdesk_title", "From here", SYSTEM)
    assert configuration.current().text("helpdesk_title") == "From here"
    assert other_process.ask("read") == ["From here", 1]
    assert other_process.ask("read") == ["From here", 0]
    assert other_process.ask("From there")[0] == "From there"
    request_started.send(sender=None)
    assert configuration.current().text("helpdesk_title") == "From there"


@pytest.mark.django_db(transaction=True)
def test_other_processes_see_nothing_before_the_commit(other_process: OtherProcess) -> None:
    assert other_process.ask("read")[0] == "Acme Support"
    with transaction.atomic():
        set_setting("core", "helpdesk_title", "From here", SYSTEM)
        assert other_process.ask("read") == ["Acme Support", 0]
    assert other_process.ask("read") == ["From here", 1]
