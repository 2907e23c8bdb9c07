"""Runs the test suite on SQLite, MariaDB and PostgreSQL, one after the other, where they answer.

`python -m tests.run_backends [--only sqlite,mariadb,postgresql] [pytest arguments]`. With `REQUIRE_BACKENDS=all` (or
some of their names) a server that does not answer is an error. Before pytest's last closing line, which ends the
output, a table says what ran; after a failure that line is the failed run's.
"""

# ruff: noqa: T201 -- a command for the terminal
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.servers import MARIADB, POSTGRESQL, Server

CLOSING_LINE = re.compile(r"=+ .*\bin \d+(\.\d+)?s.* =+")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# What a developer's shell may hold for `make run` must not reach the tests.
FOREIGN_VARIABLES = re.compile(
    r"(DATABASE_URL|CACHE_URL|BROKER_URL)(_FILE)?|DB_\w+|OSTICKET_CONFIG|TABLE_PREFIX|DATA_DIR|DEBUG|NODE_ENV"
)
WORKERS = os.environ.get("TEST_WORKERS", "2")


@dataclass(frozen=True)
class Engine:
    """One database engine; `server` is None for SQLite, which is always there."""

    key: str
    name: str
    server: Server | None = None


@dataclass(frozen=True)
class Outcome:
    """How the suite went on one engine; `closing_line` is pytest's own."""

    engine: Engine
    status: int
    closing_line: str


ENGINES = (
    Engine("sqlite", "SQLite"),
    Engine("mariadb", MARIADB.name, MARIADB),
    Engine("postgresql", POSTGRESQL.name, POSTGRESQL),
)


class UsageError(Exception):
    """The command or its environment asks for something impossible."""


def engines_named(words: str, variable: str) -> list[Engine]:
    """Give the engines of a comma list, or every one for `all`; raise UsageError for an unknown name."""
    names = [word.strip().lower() for word in words.split(",") if word.strip()]
    unknown = set(names) - {engine.key for engine in ENGINES} - {"all"}
    if unknown:
        raise UsageError(f"{variable}={words!r}: use all or some of {', '.join(engine.key for engine in ENGINES)}")
    return [engine for engine in ENGINES if engine.key in names or "all" in names]


def clean_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Give the environment without what belongs to a help desk that runs on this machine."""
    return {name: value for name, value in environment.items() if not FOREIGN_VARIABLES.fullmatch(name)}


def is_closing_line(line: str) -> bool:
    """Tell whether this is the line with which pytest ends: `==== 512 passed in 63.10s ====`."""
    return CLOSING_LINE.fullmatch(COLOUR.sub("", line).strip()) is not None


def run_suite(engine: Engine, url: str, arguments: Sequence[str]) -> Outcome:
    """Run pytest on one engine and show its output, except the closing line, which is kept for the end."""
    with tempfile.TemporaryDirectory(prefix="ostler-tests-") as data_directory:
        environment = clean_environment(os.environ) | {"DATA_DIR": data_directory}
        if url:
            environment["DATABASE_URL"] = url
        if sys.stdout.isatty():
            environment["PY_COLORS"] = "1"
        command = [sys.executable, "-m", "pytest", *parallel(arguments), *arguments]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        closing_line = ""
        assert process.stdout is not None
        for line in process.stdout:
            if is_closing_line(line):
                closing_line = line.strip()
            else:
                print(line, end="", flush=True)
        return Outcome(engine, process.wait(), closing_line)


def parallel(arguments: Sequence[str]) -> list[str]:
    """Give pytest's option for parallel runs, unless the arguments say how."""
    chosen = any(argument.startswith(("-n", "--numprocesses", "--pdb")) for argument in arguments)
    # "load" keeps the order within each worker: tests that empty the tables come after those that roll back.
    return [] if chosen or WORKERS in {"0", "1"} else ["-n", WORKERS, "--dist", "load"]


def header(text: str) -> None:
    """Print a line that stands out among the lines of a run."""
    print(f"\n######## {text} ########", flush=True)


def summarise(outcomes: Sequence[Outcome], missing: Sequence[Engine]) -> None:
    """Print what ran, then the closing line of the first failed run, or of the last one."""
    header("which databases")
    for outcome in outcomes:
        print(f"{outcome.engine.name:<10} {COLOUR.sub('', outcome.closing_line).strip('= ') or 'broke off'}")
    for engine in missing:
        print(f"{engine.name:<10} did not run: it does not answer (make test-db-up starts one)")
    last = next((outcome for outcome in outcomes if outcome.status), outcomes[-1])
    print(last.closing_line, flush=True)


def main(arguments: list[str]) -> int:
    """Run the suite on each engine; 0 when all that ran passed."""
    wanted = list(ENGINES)
    if arguments and arguments[0] == "--only":
        wanted = engines_named(arguments[1] if len(arguments) > 1 else "", "--only")
        arguments = arguments[2:]
    required = engines_named(os.environ.get("REQUIRE_BACKENDS", ""), "REQUIRE_BACKENDS")
    found = {engine: engine.server.find() for engine in wanted if engine.server}
    missing = [engine for engine, address in found.items() if address is None]
    if refused := [engine.name for engine in missing if engine in required]:
        raise UsageError(f"REQUIRE_BACKENDS: {' and '.join(refused)} do not answer; make test-db-up starts them")
    outcomes = []
    for engine in wanted:
        if engine in missing:
            continue
        url, version = found.get(engine) or ("", "")
        header(f"{engine.name} {version}".strip())
        outcomes.append(run_suite(engine, url, arguments))
    summarise(outcomes, missing)
    return max(outcome.status for outcome in outcomes)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UsageError as error:
        sys.exit(str(error))
