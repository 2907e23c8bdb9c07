"""The command line of the benchmark: `python -m bench --help`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.databases import ENGINES, BenchDatabase

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_SIZES = (10_000, 100_000, 1_000_000)
"""That in between is for pages alone: of agents who see little it shows full ones to compare with."""
AIM_MISSED = 2
"""The exit status of a run that measured everything and misses an aim; 1 when something could not be measured."""


def main() -> int:
    """Run a command; give the exit status."""
    arguments = _parser().parse_args()
    try:
        status: int = arguments.run(arguments)
    except KeyboardInterrupt:
        print("\nStopped. The next run goes on with the databases that are finished.", file=sys.stderr)
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    generate = commands.add_parser("generate", help="make the databases, and keep them")
    _add_databases(generate)
    generate.set_defaults(run=_generate)
    run = commands.add_parser("run", help="make the databases that are missing, measure, and write the results")
    _add_databases(run)
    _add_runs(run)
    run.add_argument(
        "--passes", type=int, default=2, metavar="N",
        help="how often the pages of all sizes are measured in turn, and their times joined (%(default)s)",
    )  # fmt: skip
    run.add_argument("--creates", type=int, default=600, help="tickets opened over the API, 0 for none (%(default)s)")
    run.add_argument(
        "--creates-up-to",
        type=int,
        default=100_000,
        metavar="N",
        help="… only where there are at most so many, as each time a database is made for it (%(default)s)",
    )
    run.add_argument("--only-creates", action="store_true", help="measure no pages")
    run.add_argument(
        "--overdue", type=int, default=50_000, help="tickets that become overdue at once, 0 for none (%(default)s)"
    )
    run.add_argument("--only-overdue", action="store_true", help="measure neither pages nor the API")
    run.add_argument("--mails", type=int, default=5_000, help="mails fetched from a Dovecot, 0 for none (%(default)s)")
    run.add_argument("--only-mails", action="store_true", help="measure nothing but the fetching of mail")
    run.add_argument("--sends", type=int, default=5_000, help="mails sent to a local server, 0 for none (%(default)s)")
    run.add_argument("--only-sends", action="store_true", help="measure nothing but the sending of mail")
    run.add_argument("--compare", type=Path, metavar="JSON", help="results of an earlier run to compare with")
    run.add_argument("--results", type=Path, default=ROOT / "var" / "bench" / "results", help="default: %(default)s")
    run.set_defaults(run=_run)
    inner = commands.add_parser("make-database", help=argparse.SUPPRESS)
    _add_history(inner)
    inner.add_argument("--tickets", type=int, required=True)
    inner.set_defaults(run=_make_database)
    measure = commands.add_parser("measure", help=argparse.SUPPRESS)
    _add_history(measure)
    measure.add_argument("--tickets", type=int, required=True)
    measure.add_argument("--engine", required=True)
    measure.add_argument("--output", type=Path, required=True)
    _add_runs(measure)
    measure.set_defaults(run=_measure)
    overdue = commands.add_parser("measure-overdue", help=argparse.SUPPRESS)
    overdue.add_argument("--tickets", type=int, required=True)
    overdue.add_argument("--engine", required=True)
    overdue.add_argument("--overdue", type=int, required=True)
    overdue.add_argument("--output", type=Path, required=True)
    overdue.set_defaults(run=_measure_overdue)
    fetching = commands.add_parser("measure-fetching", help=argparse.SUPPRESS)
    fetching.add_argument("--tickets", type=int, required=True)
    fetching.add_argument("--engine", required=True)
    fetching.add_argument("--mails", type=int, required=True)
    fetching.add_argument("--output", type=Path, required=True)
    fetching.set_defaults(run=_measure_fetching)
    sending = commands.add_parser("measure-sending", help=argparse.SUPPRESS)
    sending.add_argument("--tickets", type=int, required=True)
    sending.add_argument("--engine", required=True)
    sending.add_argument("--sends", type=int, required=True)
    sending.add_argument("--output", type=Path, required=True)
    sending.set_defaults(run=_measure_sending)
    commands.add_parser("deliver", help=argparse.SUPPRESS).set_defaults(run=_deliver)
    creating = commands.add_parser("measure-creating", help=argparse.SUPPRESS)
    creating.add_argument("--tickets", type=int, required=True)
    creating.add_argument("--engine", required=True)
    creating.add_argument("--creates", type=int, required=True)
    creating.add_argument("--output", type=Path, required=True)
    creating.set_defaults(run=_measure_creating)
    return parser


def _add_runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=20, help="requests per page and pass (%(default)s)")
    parser.add_argument(
        "--only", default="", metavar="EXPRESSION", help="only pages with this in their name, such as “closed.*few”"
    )


def _measure(arguments: argparse.Namespace) -> int:
    from bench.measuring import main as measure

    return measure(arguments)


def _measure_creating(arguments: argparse.Namespace) -> int:
    from bench.creating import main as measure

    return measure(arguments)


def _measure_overdue(arguments: argparse.Namespace) -> int:
    from bench.overdue import main as measure

    return measure(arguments)


def _measure_fetching(arguments: argparse.Namespace) -> int:
    from bench.fetching import main as measure

    return measure(arguments)


def _measure_sending(arguments: argparse.Namespace) -> int:
    from bench.sending import main as measure

    return measure(arguments)


def _deliver(arguments: argparse.Namespace) -> int:
    from bench.sending import deliver

    return deliver(arguments)


def _add_databases(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=ENGINES, help="default: all three")
    parser.add_argument(
        "--tickets", nargs="+", type=int, default=DEFAULT_SIZES, metavar="N", help="default: %(default)s"
    )
    parser.add_argument("--directory", type=Path, default=ROOT / "var" / "bench", help="default: var/bench")
    parser.add_argument("--fresh", action="store_true", help="make the databases anew")
    _add_history(parser)


def _add_history(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--entries", type=int, default=3, help="messages per ticket (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds make equal rows (%(default)s)")
    today = datetime.now(UTC).date().isoformat()
    parser.add_argument("--until", default=today, metavar="DATE", help="the last day of the history (today)")


def _make_database(arguments: argparse.Namespace) -> int:
    from bench.make_database import main as make

    return make(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from bench.report import comparison, markdown, misses, read_run, summary

    earlier = read_run(arguments.compare) if arguments.compare else None
    run: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "commit": _commit(),
        "machine": f"{os.cpu_count()} processors, {platform.machine()}, Python {platform.python_version()}",
        "load": round(os.getloadavg()[0], 1),
        "databases": [],
        "memory": [],
        "creating": [],
        "overdue": [],
        "fetching": [],
        "sending": [],
    }
    arguments.results.mkdir(parents=True, exist_ok=True)
    path = arguments.results / f"{run['date'][:10]}-{run['commit']}.json"
    only_one = _only_one(arguments)
    failed = 0
    try:
        for engine in arguments.engines:
            if not only_one:
                failed += _measure_pages_into(run, engine, arguments)
            for tickets in sorted({min(arguments.tickets), max(arguments.tickets)}):
                failed += _measure_others_into(run, engine, tickets, arguments)
    finally:
        if any(run[kind] for kind in ("databases", "creating", "overdue", "fetching", "sending")):
            path.write_text(json.dumps(run, indent=1))
            text = markdown(run) + (f"\n{comparison(run, earlier)}" if earlier else "")
            path.with_suffix(".md").write_text(text)
            print(text)
            print("\n".join(summary(run)))
            print(f"Written: {path} and {path.with_suffix('.md').name}")
    if failed:
        return 1
    return AIM_MISSED if misses(run) else 0


def _only_one(arguments: argparse.Namespace) -> bool:
    return any([arguments.only_creates, arguments.only_overdue, arguments.only_mails, arguments.only_sends])


def _measure_pages_into(run: dict[str, Any], engine: str, arguments: argparse.Namespace) -> int:
    """Measure the pages of all sizes in turn, as often as is asked for; tell how many databases failed."""
    from bench.measuring import PASSWORD
    from bench.memory import worker_memory
    from bench.passes import joined, turns

    databases = {size: BenchDatabase(engine, size, arguments.directory.absolute()) for size in arguments.tickets}
    usable = {size: database for size, database in databases.items() if ensure_database(database, arguments)}
    before, failed = list(run["databases"]), set(databases) - set(usable)
    measured: dict[int, list[dict[str, Any]]] = {}
    for number, size in turns(list(usable), arguments.passes):
        print(f"{usable[size]}: measuring, pass {number} of {arguments.passes}", file=sys.stderr)
        figures = _figures(usable[size], arguments)
        if figures is None:
            failed.add(size)
            continue
        measured.setdefault(size, []).append(figures)
        run["databases"] = [*before, *(joined(passes) for _size, passes in sorted(measured.items()))]
        if len(measured[size]) == 1:
            run["memory"].append(worker_memory(usable[size], ROOT, "bench-everything", PASSWORD))
    return len(failed)


def _figures(database: BenchDatabase, arguments: argparse.Namespace) -> dict[str, Any] | None:
    """Measure the pages of one database once; None when that failed."""
    noted = database.marker() or {}
    output = database.data_directory / "figures.json"
    output.unlink(missing_ok=True)
    command = [
        sys.executable,
        "-m",
        "bench",
        "measure",
        "--tickets",
        str(database.tickets),
        "--engine",
        database.engine,
    ]
    command += ["--entries", str(noted["entries"]), "--seed", str(noted["seed"]), "--until", noted["until"]]
    command += ["--runs", str(arguments.runs), "--only", arguments.only, "--output", str(output)]
    result = subprocess.run(command, cwd=ROOT, env=database.environment(), check=False)  # noqa: S603
    if result.returncode != 0:
        print(f"{database}: measuring failed", file=sys.stderr)
        return None
    figures: dict[str, Any] = json.loads(output.read_text())
    return figures


def _measure_others_into(run: dict[str, Any], engine: str, tickets: int, arguments: argparse.Namespace) -> int:
    """Measure in one size what is no page, as far as it is asked for; tell how much of it failed."""
    directory, every = arguments.directory.absolute(), not _only_one(arguments)
    is_apart = tickets <= arguments.creates_up_to
    failed = 0
    if arguments.creates and is_apart and (arguments.only_creates or every):
        own = BenchDatabase(engine, tickets, directory, "creating")
        failed += not _measure_apart_into(run, own, ["--creates", str(arguments.creates)], arguments)
    if arguments.overdue and (arguments.only_overdue or every):
        failed += not _measure_overdue_into(run, BenchDatabase(engine, tickets, directory), arguments)
    if arguments.mails and is_apart and (arguments.only_mails or every):
        own = BenchDatabase(engine, tickets, directory, "fetching")
        failed += not _measure_apart_into(run, own, ["--mails", str(arguments.mails)], arguments)
    if arguments.sends and is_apart and (arguments.only_sends or every):
        own = BenchDatabase(engine, tickets, directory, "sending")
        failed += not _measure_apart_into(run, own, ["--sends", str(arguments.sends)], arguments)
    return failed


def _measure_overdue_into(run: dict[str, Any], database: BenchDatabase, arguments: argparse.Namespace) -> bool:
    """Measure the job that marks overdue tickets, which takes back what it writes; tell whether that worked."""
    if not ensure_database(database, arguments):
        return False
    print(f"{database}: measuring overdue tickets", file=sys.stderr)
    noted = dict(database.marker() or {})
    database.forget_finished()
    output = database.data_directory / "overdue.json"
    command = [sys.executable, "-m", "bench", "measure-overdue", "--tickets", str(database.tickets)]
    command += ["--engine", database.engine, "--overdue", str(min(arguments.overdue, database.tickets // 2))]
    command += ["--output", str(output)]
    result = subprocess.run(command, cwd=ROOT, env=database.environment(), check=False)  # noqa: S603
    if result.returncode != 0:
        print(f"{database}: measuring failed; the next run makes this database anew", file=sys.stderr)
        return False
    database.note_finished(noted)
    run["overdue"].append(json.loads(output.read_text()))
    return True


def _measure_apart_into(
    run: dict[str, Any], database: BenchDatabase, options: list[str], arguments: argparse.Namespace
) -> bool:
    """Measure what writes, in a database that is thrown away; tell whether that worked."""
    database.forget_finished()
    try:
        if not ensure_database(database, arguments):
            return False
        output = database.data_directory / f"{database.purpose}.json"
        command = [sys.executable, "-m", "bench", f"measure-{database.purpose}", "--tickets", str(database.tickets)]
        command += ["--engine", database.engine, *options, "--output", str(output)]
        result = subprocess.run(command, cwd=ROOT, env=database.environment(), check=False)  # noqa: S603
        if result.returncode != 0:
            print(f"{database}: measuring failed", file=sys.stderr)
            return False
        run[database.purpose].append(json.loads(output.read_text()))
    finally:
        if not database.unreachable():
            database.throw_away()
    return True


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found.stdout.strip() or "unknown"


def _generate(arguments: argparse.Namespace) -> int:
    failed = 0
    for tickets in arguments.tickets:
        for engine in arguments.engines:
            failed += not ensure_database(BenchDatabase(engine, tickets, arguments.directory.absolute()), arguments)
    return 1 if failed else 0


def ensure_database(database: BenchDatabase, arguments: argparse.Namespace) -> bool:
    """Make the database unless a finished one of the same kind is there; tell whether it can be used."""
    if reason := database.unreachable():
        print(f"{database}: left out, {reason}", file=sys.stderr)
        return False
    wanted = {"tickets": database.tickets, "entries": arguments.entries, "seed": arguments.seed}
    noted = None if arguments.fresh else database.marker()
    if noted is not None and all(noted.get(key) == value for key, value in wanted.items()):
        print(f"{database}: as generated in {noted['seconds']} s, history until {noted['until']}")
        return _bring_up_to_date(database)
    print(f"{database}: generating")
    started = time.monotonic()
    database.create_empty()
    database.forget_finished()
    command = [sys.executable, "-m", "bench", "make-database", "--tickets", str(database.tickets)]
    options = ["--entries", str(arguments.entries), "--seed", str(arguments.seed), "--until", arguments.until]
    result = subprocess.run([*command, *options], cwd=ROOT, env=database.environment(), check=False)  # noqa: S603
    if result.returncode != 0:
        print(f"{database}: generating failed", file=sys.stderr)
        return False
    seconds = round(time.monotonic() - started, 1)
    database.note_finished({**wanted, "until": arguments.until, "seconds": seconds})
    print(f"{database}: generated in {seconds} s")
    return True


def _bring_up_to_date(database: BenchDatabase) -> bool:
    """Run migrations that are newer than the database."""
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--no-input"]
    return subprocess.run(command, cwd=ROOT, env=database.environment(), check=False).returncode == 0  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
