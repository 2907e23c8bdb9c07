"""An import that is killed goes on behind the last committed row and ends like one that was not.

Short here; `make soak` kills at twenty random points per engine.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.importing.conftest import Import, MakeTarget
from tests.importing.databases import ROOT, Database, MariaDatabase, environment, manage
from tickets.search import reindexing
from tickets.services.search_index import index_documents

pytestmark = pytest.mark.servers

BATCH = "40"
POINTS = 20
STARTING_SECONDS = 0.5
COPIED = "SELECT COALESCE(SUM(rows_copied), 0) FROM hd_import_table"
SUMS = 'SELECT "table", rows_copied, sum_copied FROM hd_import_table ORDER BY "table"'
DOCUMENTS = {
    "sqlite": "SELECT COUNT(*), SUM(rowid) FROM hd_search_words",
    "postgresql": "SELECT COUNT(*), SUM(id) FROM hd_search_document",
}
RUNS = "SELECT COUNT(*), COUNT(finished) FROM hd_import_run"
ALL_ROWS = 8295
# Read row by row on the target itself, so that the import's own bookkeeping is not its own witness.
SAMPLES = (
    "SELECT ticket_id, number, created, lastupdate FROM ost_ticket ORDER BY ticket_id",
    "SELECT id, thread_id, body FROM ost_thread_entry ORDER BY id",
    "SELECT entry_id, field_id, value FROM ost_form_entry_values ORDER BY entry_id, field_id",
    "SELECT file_id, chunk_id, filedata FROM ost_file_chunk ORDER BY file_id, chunk_id",
    "SELECT ticket_id, subject FROM ost_ticket__cdata ORDER BY ticket_id",
)


def start(target: Database, source: MariaDatabase, data_directory: Path, *options: str) -> "subprocess.Popen[str]":
    """Start an import in small steps."""
    return subprocess.Popen(
        [sys.executable, "manage.py", "import_osticket", source.url, "--batch-size", BATCH, *options],
        cwd=ROOT,
        env=environment(target.url, data_directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def end(process: "subprocess.Popen[str]", number: int) -> str:
    """Send a signal, wait for the end, give what was said on stderr."""
    process.send_signal(number)
    return process.communicate(timeout=60)[1]


def copied(target: Database) -> int:
    """Give the rows that are in, 0 while there is not even the table that says so."""
    try:
        return int(target.execute(COPIED)[0][0])
    except Exception:  # noqa: BLE001 -- each driver has its own error for a missing table
        return 0


def wait_for_rows(process: "subprocess.Popen[str]", target: Database, rows: int) -> None:
    """Wait until so many rows are in."""
    give_up_at = time.monotonic() + 120
    while copied(target) < rows:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def connected(target: Database) -> set[int]:
    """Give the connections that others have to this database of PostgreSQL."""
    found = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    return {int(pid) for (pid,) in target.execute(found)}


def wait_for_connection(process: "subprocess.Popen[str]", target: Database, known: set[int]) -> None:
    """Wait until there is another connection than the known ones."""
    give_up_at = time.monotonic() + 120
    while connected(target) <= known:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def quoted(target: Database, statement: str) -> str:
    """Spell identifiers as the engine does."""
    return statement.replace('"', "`") if isinstance(target, MariaDatabase) else statement


def contents(target: Database) -> list[Any]:
    """Give what the target holds."""
    normal = [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in target.execute(SAMPLES[3])]
    others = [target.execute(sample) for place, sample in enumerate(SAMPLES) if place != 3]
    return [quoted_sums(target), normal, *others]


def quoted_sums(target: Database) -> list[tuple[Any, ...]]:
    """Give the sums of all tables."""
    return target.execute(quoted(target, SUMS))


@pytest.fixture(scope="session")
def uninterrupted(osticket: MariaDatabase, imported: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    """Give what an import that nobody killed made of an engine."""
    known: dict[str, list[Any]] = {}

    def of(engine: str) -> list[Any]:
        if engine not in known:
            known[engine] = contents(imported(engine).target)
        return known[engine]

    return of


SIGNALS = {
    "sqlite": (signal.SIGKILL, signal.SIGINT, signal.SIGKILL),
    "postgresql": (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL),
}


@pytest.mark.parametrize("engine", SIGNALS)
def test_killed_three_times_and_resumed(
    engine: str, osticket: MariaDatabase, make_target: MakeTarget, uninterrupted: Any, tmp_path: Path
) -> None:
    """A signal that can be caught leaves a message; one that cannot leaves the same rows."""
    target = make_target(engine)
    for number, rows in zip(SIGNALS[engine], (600, 2000, 4000), strict=True):
        process = start(target, osticket, tmp_path)
        wait_for_rows(process, target, rows)
        said = end(process, number)
        assert rows <= copied(target) < ALL_ROWS
        if number is signal.SIGKILL:
            continue
        assert process.returncode == 130
        assert "Interrupted. What is in stays in: run the same command again" in said
        assert "Traceback" not in said
    done = manage(target.url, "import_osticket", osticket.url, data_directory=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert contents(target) == uninterrupted(engine)
    assert target.execute(RUNS) == [(1, 1)]


@pytest.mark.parametrize("engine", SIGNALS)
def test_stopped_while_search_is_built_the_next_run_builds_it(
    engine: str,
    osticket: MariaDatabase,
    make_target: MakeTarget,
    imported: Callable[[str], Any],
    run_import: Import,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No import counts as finished whose tickets cannot be found."""
    target, written = make_target(engine), []

    def write_or_stop(rows: Any) -> None:
        written.append(rows)
        if len(written) == 3:
            raise KeyboardInterrupt
        index_documents(rows)

    with monkeypatch.context() as patched:
        patched.setattr(reindexing, "SLICE", 20)
        patched.setattr(reindexing, "index_documents", write_or_stop)
        status, _, error = run_import(target, osticket)
    assert (status, error.partition(".")[0]) == (130, "Interrupted")
    assert target.execute(RUNS) == [(1, 0)]
    assert run_import(target, osticket)[::2] == (0, "")
    assert target.execute(DOCUMENTS[engine]) == imported(engine).target.execute(DOCUMENTS[engine])
    assert target.execute(DOCUMENTS[engine])[0][0] > len(written) * 20


def test_two_imports_at_once_do_no_harm(
    osticket: MariaDatabase, make_target: MakeTarget, uninterrupted: Any, tmp_path: Path
) -> None:
    """The second finds the first one's position, and whoever is late gives up."""
    target = make_target("postgresql")
    first = start(target, osticket, tmp_path)
    wait_for_rows(first, target, 100)
    first.send_signal(signal.SIGSTOP)  # it could be done before the second has loaded the program
    of_first = connected(target)
    second = start(target, osticket, tmp_path)
    wait_for_connection(second, target, of_first)
    first.send_signal(signal.SIGCONT)
    said = [process.communicate(timeout=120) for process in (first, second)]
    statuses = sorted([first.returncode, second.returncode])
    assert statuses[1] in (0, 1), said
    if statuses[1] == 1:
        assert any("Another import into this database is running." in err for _out, err in said)
    done = manage(target.url, "import_osticket", osticket.url, data_directory=tmp_path)
    assert done.returncode == (1 if statuses[0] == 0 else 0)
    assert contents(target) == uninterrupted("postgresql")


def test_a_source_that_changes_meanwhile_is_named(
    own_osticket: MariaDatabase, make_target: MakeTarget, tmp_path: Path
) -> None:
    target = make_target("sqlite")
    process = start(target, own_osticket, tmp_path)
    wait_for_rows(process, target, 2000)
    end(process, signal.SIGKILL)
    own_osticket.execute(
        "UPDATE ost_ticket SET number = '111111' WHERE ticket_id = 1; DELETE FROM ost_attachment ORDER BY id LIMIT 2;"
        "INSERT INTO ost_user SELECT 9000, org_id, default_email_id, status, name, created, updated FROM ost_user"
        " LIMIT 1"
    )
    done = manage(target.url, "import_osticket", own_osticket.url, data_directory=tmp_path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "osTicket's database changed after the import had begun:" in done.stderr
    assert "ost_attachment: 140 rows then, 138 now" in done.stderr
    assert "ost_ticket: other content" in done.stderr
    assert "ost_user: 51 rows then, 52 now" in done.stderr
    assert "ost_thread:" not in done.stderr


def test_a_snapshot_is_read(own_osticket: MariaDatabase, make_target: MakeTarget, tmp_path: Path) -> None:
    """What osTicket writes while one run reads is not mixed in, but named."""
    target = make_target("sqlite")
    process = start(target, own_osticket, tmp_path)
    wait_for_rows(process, target, 100)
    own_osticket.execute("UPDATE ost_user SET name = 'Changed Meanwhile'")
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 2
    assert "ost_user: other content" in said
    assert target.execute("SELECT COUNT(*) FROM ost_user WHERE name = 'Changed Meanwhile'") == [(0,)]


def test_tables_that_mariadb_made_by_half_are_made_anew(
    osticket: MariaDatabase, make_target: MakeTarget, run_import: Import
) -> None:
    """It cannot undo a migration that was killed; nothing is lost, because nobody has written into its tables."""
    target = make_target("mariadb")
    target.execute(
        "DELETE FROM django_migrations WHERE app IN ('hd_configuration', 'django_celery_beat', 'hd_mailfetch')"
    )
    target.execute("CREATE TABLE hd_mail_arrival (digest varchar(64) PRIMARY KEY)")  # a later migration removes it
    target.execute("INSERT INTO ost_event VALUES (1, 'created', NULL)")
    status, _, error = run_import(target, osticket)
    assert status == 1
    assert "Tables that migrate would make exist already" in error
    assert target.execute("SELECT COUNT(*) FROM ost_event") == [(1,)]
    target.execute("DELETE FROM ost_event")
    assert run_import(target, osticket)[::2] == (0, "")
    assert target.execute("SELECT COUNT(*) FROM ost_event") == [(21,)]


def ended(process: "subprocess.Popen[str]", seconds: float) -> bool:
    """Kill a process after some time; give whether it had ended before."""
    try:
        process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        end(process, signal.SIGKILL)
    return process.returncode != -signal.SIGKILL


@pytest.mark.soak
@pytest.mark.parametrize(
    ("engine", "empty"), [("sqlite", False), ("postgresql", False), ("mariadb", False), ("mariadb", True)]
)
def test_killed_at_twenty_random_points(
    engine: str, empty: bool, osticket: MariaDatabase, make_target: MakeTarget, uninterrupted: Any, tmp_path: Path
) -> None:
    """From the first connection to the last line said; `empty` includes the making of tables."""
    seed = int(os.environ.get("SOAK_SEED", time.time()))
    points = random.Random(seed)  # noqa: S311 -- chooses moments, protects nothing
    expected = uninterrupted(engine)
    begun = time.monotonic()
    whole = start(make_target(engine, empty=empty), osticket, tmp_path / "whole")
    whole.communicate(timeout=300)
    assert whole.returncode == 0
    longest = time.monotonic() - begun
    killed = list[tuple[float, int]]()
    while len(killed) < POINTS:
        target, data = make_target(engine, empty=empty), tmp_path / str(len(killed))
        delay = points.uniform(STARTING_SECONDS, longest)
        begun = time.monotonic()
        process = start(target, osticket, data)
        if ended(process, delay):
            longest = min(longest, time.monotonic() - begun)
            continue
        point = (round(delay, 2), copied(target))
        done = manage(target.url, "import_osticket", osticket.url, data_directory=data)
        ended_all_but_exiting = "This source was imported already" in done.stderr
        assert done.returncode == 0 or ended_all_but_exiting, (seed, point, done.stdout, done.stderr)
        assert contents(target) == expected, (seed, point)
        assert target.execute(RUNS) == [(1, 1)], (seed, point)
        target.drop()
        killed.append(point)
    print(f"{engine}{', empty' if empty else ''}: seed {seed}, seconds and rows at the kills: {killed}")  # noqa: T201
