"""The run over several databases: what it demands, what it hides, how it ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import run_backends
from tests.run_backends import Outcome, UsageError, clean_environment, engines_named, is_closing_line, summarise

pytestmark = pytest.mark.once

REPOSITORY = Path(__file__).resolve().parents[2]
SQLITE, MARIADB, POSTGRESQL = run_backends.ENGINES
NOWHERE = {
    "TEST_MYSQL_URL": "mysql://root@127.0.0.1:1/x",
    "TEST_POSTGRES_URL": "postgres://postgres@127.0.0.1:1/x",
    "REQUIRE_BACKENDS": "",
}
SAMPLE = "tests/house/test_php_configuration.py"


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the suite as the Makefile does."""
    return subprocess.run(
        [sys.executable, "-m", "tests.run_backends", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **NOWHERE, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    "line",
    [
        "==== 512 passed in 63.10s ====",
        "===== 1 failed, 511 passed, 2 skipped in 63.10s (0:01:03) =====",
        "\x1b[32m======= \x1b[32m\x1b[1m3 passed\x1b[0m\x1b[32m in 0.02s\x1b[0m\x1b[32m =======\x1b[0m",
        "==== no tests ran in 0.01s ====",
    ],
)
def test_it_knows_the_closing_line(line: str) -> None:
    assert is_closing_line(line)


@pytest.mark.parametrize("line", ["==== FAILURES ====", "512 passed in 63.10s", "==== test session starts ====", ""])
def test_it_takes_no_other_line_for_it(line: str) -> None:
    assert not is_closing_line(line)


def test_engines_are_named_by_a_list() -> None:
    assert engines_named("all", "X") == [SQLITE, MARIADB, POSTGRESQL]
    assert engines_named(" PostgreSQL ,sqlite", "X") == [SQLITE, POSTGRESQL]
    assert engines_named("", "X") == []
    with pytest.raises(UsageError, match="X='oracle'"):
        engines_named("oracle", "X")


def test_nothing_of_a_running_help_desk_reaches_the_tests() -> None:
    given = {"DB_HOST": "h", "DATABASE_URL": "u", "DATA_DIR": "d", "DEBUG": "1", "PATH": "p", "TEST_MYSQL_URL": "t"}
    assert clean_environment(given) == {"PATH": "p", "TEST_MYSQL_URL": "t"}


@pytest.mark.parametrize(("statuses", "last"), [((0, 0), "of PostgreSQL"), ((1, 0), "of SQLite")])
def test_it_ends_with_the_last_closing_line_or_that_of_a_failure(
    capsys: pytest.CaptureFixture[str], statuses: tuple[int, int], last: str
) -> None:
    outcomes = [
        Outcome(SQLITE, statuses[0], "=== 5 passed in 1.00s of SQLite ==="),
        Outcome(POSTGRESQL, statuses[1], "=== 5 passed in 2.00s of PostgreSQL ==="),
    ]
    summarise(outcomes, [MARIADB])
    lines = capsys.readouterr().out.splitlines()
    assert last in lines[-1]
    assert lines[-1].startswith("===")
    assert any(line.startswith("MariaDB    did not run") for line in lines)


def test_a_run_names_what_ran_before_the_closing_line() -> None:
    done = run("-n0", "-p", "no:cacheprovider", SAMPLE)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, done.stdout + done.stderr
    assert is_closing_line(lines[-1])
    assert [line[:22] for line in lines[-4:-1]] == [
        f"SQLite     {lines[-1].strip('= ')}"[:22], "MariaDB    did not run", "PostgreSQL did not run",
    ]  # fmt: skip


def test_a_failure_reaches_the_exit_status(tmp_path: Path) -> None:
    (tmp_path / "test_wrong.py").write_text("def test_wrong():\n    assert False\n")
    done = run("--only", "sqlite", "-n0", "-p", "no:cacheprovider", str(tmp_path / "test_wrong.py"))
    assert done.returncode == 1
    assert "1 failed" in done.stdout.splitlines()[-1]


@pytest.mark.parametrize("required", ["all", "mariadb"])
def test_a_demanded_database_that_does_not_answer_is_an_error(required: str) -> None:
    done = run("-n0", SAMPLE, REQUIRE_BACKENDS=required)
    assert done.returncode == 1
    assert "MariaDB" in done.stderr
    assert "make test-db-up" in done.stderr
    assert "passed" not in done.stdout
