"""osTicket's reference database on MariaDB, and targets of every engine."""

import os
import re
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django.plugin import DjangoDbBlocker

from tests.importing.databases import Database, MariaDatabase, as_default, copy_of, make_database, manage

NAME = f"ostler_imp_{os.getpid()}"
MakeTarget = Callable[..., Database]


@pytest.fixture(scope="session")
def osticket() -> Iterator[MariaDatabase]:
    """Load the reference database; the tests only read it."""
    database = MariaDatabase(f"{NAME}_source", "CHARACTER SET utf8mb3").load()
    yield database
    database.drop()


@pytest.fixture
def own_osticket(request: pytest.FixtureRequest) -> Iterator[MariaDatabase]:
    """Load the reference database for one test that changes it."""
    database = MariaDatabase(f"{NAME}_own_{short_name(request)}"[:64], "CHARACTER SET utf8mb3").load()
    yield database
    database.drop()


def short_name(request: pytest.FixtureRequest) -> str:
    """Give a name for databases of one test."""
    return re.sub(r"\W+", "_", request.node.name).strip("_")[-30:]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Database]]:
    """Give databases with all tables and no help desk in them, made once per engine."""
    made: dict[str, Database] = {}

    def template(engine: str) -> Database:
        if engine not in made:
            directory = tmp_path_factory.mktemp("templates")
            database = make_database(engine, f"{NAME}_template", directory)
            database.create()
            done = manage(database.url, "migrate", data_directory=directory / "data")
            assert done.returncode == 0, done.stderr
            made[engine] = database
        return made[engine]

    yield template
    for database in made.values():
        database.drop()


@pytest.fixture
def make_target(
    request: pytest.FixtureRequest, migrated: Callable[[str], Database], tmp_path: Path
) -> Iterator[MakeTarget]:
    """Give targets: with the tables already made, or (`empty=True`) without any."""
    made: list[Database] = []

    def make(engine: str, *, empty: bool = False) -> Database:
        name = f"{NAME}_{len(made)}_{short_name(request)}"[:63]
        if empty:
            target = make_database(engine, name, tmp_path)
            target.create()
        else:
            target = copy_of(migrated(engine), name, tmp_path)
        made.append(target)
        return target

    yield make
    for database in made:
        database.drop()


class Imported:
    """The reference database imported into an engine, once for all tests that only read."""

    def __init__(self, target: Database, output: str, source: MariaDatabase) -> None:
        """Take the target, what the command said, and where it came from."""
        self.target, self.output, self.source = target, output, source

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        """Ask the original: what the models give is compared with its bytes."""
        return self.source.execute(statement)


@pytest.fixture(scope="session")
def imported(osticket: MariaDatabase, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Imported]]:
    """Import the reference database into an empty database of an engine, with the real command."""
    made: dict[str, Imported] = {}

    def do_import(engine: str) -> Imported:
        if engine not in made:
            directory = tmp_path_factory.mktemp(f"imported_{engine}")
            target = make_database(engine, f"{NAME}_imported", directory)
            target.create()
            done = manage(target.url, "import_osticket", osticket.url, data_directory=directory / "data")
            assert done.returncode == 0, done.stdout + done.stderr
            made[engine] = Imported(target, done.stdout, osticket)
        return made[engine]

    yield do_import
    for done in made.values():
        done.target.drop()


@pytest.fixture(params=["sqlite", "postgresql"])
def reference(
    request: pytest.FixtureRequest, imported: Callable[[str], Imported], django_db_blocker: DjangoDbBlocker
) -> Iterator[Imported]:
    """Let the models work on the imported reference database, on one engine after the other; the test only reads."""
    done = imported(request.param)
    with django_db_blocker.unblock(), as_default(done.target.url):
        yield done


Import = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run_import(django_db_blocker: DjangoDbBlocker, tmp_path: Path) -> Import:
    """Give the command within this process: exit status, what it said, and its error; the report is in tmp_path."""

    def run(target: Database, source: MariaDatabase | str, *arguments: str) -> tuple[int, str, str]:
        said = StringIO()
        url = source if isinstance(source, str) else source.url
        with django_db_blocker.unblock(), as_default(target.url):
            try:
                call_command("import_osticket", url, "--report", str(tmp_path / "report"), *arguments, stdout=said)
            except CommandError as error:
                return error.returncode, said.getvalue(), str(error)
        return 0, said.getvalue(), ""

    return run
