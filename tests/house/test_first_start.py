"""What the first start does to a database, and what later ones leave alone."""

import json
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from pytest_django import DjangoAssertNumQueries, Settings

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.passwords import verify_password
from helpdesk.people.models import Agent
from helpdesk.portal import first_start
from helpdesk.portal.first_start import FirstStart, Memory
from tests.factories import new_ticket

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def data_directory(settings: Settings, tmp_path: Path) -> Path:
    """Give every test a data directory that remembers nothing."""
    settings.DATA_DIR = tmp_path
    settings.ADMIN_PASSWORD = ""
    return tmp_path


def start(*, sample_data: bool = False) -> FirstStart:
    """Prepare and give what was done."""
    done = FirstStart(say=lambda line: None, sample_data=sample_data)
    done.prepare()
    return done


def test_it_creates_an_administrator_with_a_random_password() -> None:
    sign_in = start().sign_in
    assert sign_in is not None
    agent = Agent.objects.get()
    assert (agent.username, agent.isadmin, agent.isactive) == ("admin", True, True)
    assert len(sign_in.password) >= 16
    assert verify_password(sign_in.password, agent.passwd)


def test_two_help_desks_get_different_passwords(data_directory: Path) -> None:
    first = start().sign_in
    Agent.objects.all().delete()
    (data_directory / first_start.MEMORY_FILE).unlink()
    second = start().sign_in
    assert first is not None
    assert second is not None
    assert first.password != second.password


def test_a_given_password_is_used_and_not_shown(settings: Settings) -> None:
    settings.ADMIN_PASSWORD = "correct horse battery staple"
    sign_in = start().sign_in
    assert sign_in is not None
    assert sign_in.password == ""
    assert Agent.objects.get().username == sign_in.username


def test_a_name_that_cannot_be_used_is_refused_with_its_reason(settings: Settings) -> None:
    settings.ADMIN_USERNAME = "a b"
    with pytest.raises(ValidationFailed):
        start()
    assert not Agent.objects.exists()


def test_the_second_start_costs_one_look(django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    start()
    with django_assert_max_num_queries(2):
        again = start(sample_data=True)
    assert again.sign_in is None
    assert Agent.objects.count() == 1


def test_a_help_desk_with_agents_gets_no_other_administrator(data_directory: Path) -> None:
    start()
    (data_directory / first_start.MEMORY_FILE).unlink()
    assert start().sign_in is None
    assert Agent.objects.count() == 1


def test_a_database_that_was_there_before_is_never_filled() -> None:
    start(sample_data=True)
    assert Memory.read().sample_data == "declined"


def test_memory_of_another_database_does_not_count(settings: Settings, data_directory: Path) -> None:
    start()
    assert first_start.is_prepared(Memory.read())
    settings.TABLE_PREFIX = "other_"
    assert not first_start.is_prepared(Memory.read())


def test_new_migrations_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    start()
    monkeypatch.setattr(first_start, "program_fingerprint", lambda: "a later program")
    assert not first_start.is_prepared(Memory.read())


def test_a_database_that_lost_its_tables_is_noticed() -> None:
    start()
    recorded = MigrationRecorder(connection).migration_qs.order_by("id").first()
    assert recorded is not None
    recorded.delete()
    assert not first_start.is_prepared(Memory.read())


@pytest.mark.parametrize("text", ["", "{", "[]", '{"unknown": 1}'])
def test_a_broken_memory_is_no_memory(data_directory: Path, text: str) -> None:
    (data_directory / first_start.MEMORY_FILE).write_text(text)
    assert Memory.read().program == ""
    start()
    assert json.loads((data_directory / first_start.MEMORY_FILE).read_text())["sample_data"] == "declined"


def test_sample_data_that_was_loaded_before_the_interruption_is_not_loaded_again() -> None:
    loaded: list[str] = []
    Memory(database=first_start.database_identity(), sample_data="due").write()
    new_ticket()
    FirstStart(say=loaded.append, sample_data=True).prepare()
    assert Memory.read().sample_data == "loaded"
    assert not [line for line in loaded if "sample" in line]


def test_sample_data_that_is_due_can_be_declined() -> None:
    Memory(database=first_start.database_identity(), sample_data="due").write()
    start(sample_data=False)
    assert Memory.read().sample_data == "declined"
    assert first_start.is_prepared(Memory.read())
