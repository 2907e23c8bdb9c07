"""Databases for the tests of adoption, which need MySQL or MariaDB."""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_django.plugin import DjangoDbBlocker

from tests.adoption.scratch import Scratch


@dataclass(frozen=True)
class Adopted:
    """The reference database after `manage.py adopt`, and what its tables were before."""

    scratch: Scratch
    output: str
    checksums_before: dict[str, int]
    definitions_before: dict[str, str]


@pytest.fixture(scope="session")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Adopted]:
    """Load the reference dump and adopt it, once, with the real command in a process of its own.

    The database's own default is latin1, of which nothing may reach our tables.
    """
    scratch = Scratch("adopted").create("CHARACTER SET latin1").load()
    checksums, definitions = scratch.checksums(), scratch.definitions()
    outcome = scratch.manage("adopt", data_directory=tmp_path_factory.mktemp("data"))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    yield Adopted(scratch, outcome.stdout, checksums, definitions)
    scratch.drop()


@pytest.fixture
def reference(adopted: Adopted, django_db_blocker: DjangoDbBlocker) -> Iterator[Scratch]:
    """Let the models work on the adopted reference database; the test only reads."""
    with django_db_blocker.unblock(), adopted.scratch.as_default():
        yield adopted.scratch


@pytest.fixture
def scratch(request: pytest.FixtureRequest) -> Iterator[Scratch]:
    """Make an empty database of the test's own."""
    database = Scratch(re.sub(r"\W", "_", request.node.name)[:30]).create()
    yield database
    database.drop()


@pytest.fixture
def osticket(scratch: Scratch) -> Scratch:
    """Make a database of the test's own with the reference dump, not adopted."""
    return scratch.load()


@pytest.fixture(scope="session")
def _untouched() -> Iterator[Scratch]:
    database = Scratch("untouched").create().load()
    yield database
    database.drop()


@pytest.fixture
def altered(_untouched: Scratch) -> Iterator[Callable[[str, str], Scratch]]:
    """Give a function that alters the reference database, not adopted, and undoes it after the test.

    One database serves all: loading the dump for every test would cost most of the time.
    """
    steps: list[str] = []

    def alter(do: str, undo: str) -> Scratch:
        steps.append(undo)
        _untouched.execute(do)
        return _untouched

    yield alter
    for undo in reversed(steps):
        _untouched.execute(undo)


WorkingOn = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def working_on(django_db_blocker: DjangoDbBlocker) -> WorkingOn:
    """Give a context in which Django's default connection works on a scratch database."""

    @contextmanager
    def work(database: Scratch, **database_settings: object) -> Iterator[None]:
        with django_db_blocker.unblock(), database.as_default(**database_settings):
            yield

    return work


@pytest.fixture
def data_directory(tmp_path: Path) -> Path:
    """Give a data directory for commands in processes of their own."""
    return tmp_path / "data"
