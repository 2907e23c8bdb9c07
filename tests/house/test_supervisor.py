"""The supervisor with real processes: restarts, signals, last resorts."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.once

REPOSITORY = Path(__file__).resolve().parents[2]

DRIVER = """
import json, os, sys
from pathlib import Path
from helpdesk.supervisor import Patience, Program, Supervisor

folder = Path(sys.argv[1])
programs = [
    Program(
        given["name"],
        [sys.executable, "-c", given["source"], str(folder)],
        is_ready=(folder / given["ready_file"]).exists if given.get("ready_file") else lambda: True,
        vital=given.get("vital", False),
    )
    for given in json.loads(sys.argv[2])
]
patience = Patience(to_end=float(sys.argv[3]), to_be_ready=2, first_restart=0.1, longest_restart=0.4, steady=60)
def announce():
    print("READY", flush=True)
    (folder / "announced").write_text("yes")
supervisor = Supervisor(
    programs, environment=dict(os.environ), output=sys.stdout, on_ready=announce, patience=patience
)
sys.exit(supervisor.run())
"""

RECORD_START = """
import os, pathlib, signal, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
def record(name, line):
    with open(folder / name, "a") as file:
        file.write(f"{line}\\n")
"""


def source(body: str) -> str:
    """Make the text of a program that may `record(file, line)` into the test's folder."""
    return RECORD_START + textwrap.dedent(body)


SLEEPER = source("""
    signal.signal(signal.SIGTERM, lambda *_: (record("signals", "TERM"), sys.exit(0)))
    signal.signal(signal.SIGINT, lambda *_: record("signals", "INT"))
    print("at work", flush=True)
    record("starts", os.getpid())
    while True:
        time.sleep(60)
""")


class Run:
    """A supervisor in a process of its own (and in its own session, as in a terminal)."""

    def __init__(self, folder: Path, programs: list[dict[str, object]], grace: float) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER, str(folder), json.dumps(programs), str(grace)],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().split() if path.exists() else []

    def pids(self, name: str = "starts") -> list[int]:
        return [int(line) for line in self.lines(name)]

    def finish(self, seconds: float = 180) -> str:
        """Wait for the end and give everything it printed."""
        return self.process.communicate(timeout=seconds)[0]


def eventually(condition: Callable[[], object], seconds: float = 180) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "not in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def start(*programs: dict[str, object], grace: float = 60) -> Run:
        runs.append(Run(tmp_path, list(programs), grace))
        return runs[-1]

    yield start
    for run in runs:
        for pid in run.pids():
            if alive(pid):
                os.kill(pid, signal.SIGKILL)
        if run.process.poll() is None:
            run.process.kill()
        run.process.communicate()


def test_it_forwards_output_under_the_programs_name(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "clock", "source": SLEEPER})
    eventually(lambda: run.pids())
    run.process.terminate()
    assert "clock | at work" in run.finish()


def test_it_restarts_a_program_that_was_killed(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "one", "source": SLEEPER}, {"name": "two", "source": SLEEPER})
    eventually(lambda: len(run.pids()) == 2)
    first, second = run.pids()
    os.kill(first, signal.SIGKILL)
    eventually(lambda: len(run.pids()) == 3)
    assert alive(second)
    assert alive(run.pids()[2])
    run.process.terminate()
    assert "was ended by SIGKILL; it starts again in 0.1 s" in run.finish()


def test_it_waits_longer_before_each_restart_up_to_a_limit(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "mayfly", "source": source('record("starts", os.getpid()); sys.exit(3)')})
    eventually(lambda: len(run.pids()) >= 5)
    run.process.terminate()
    output = run.finish()
    waits = [line.rpartition(" in ")[2] for line in output.splitlines() if "ended with status 3" in line]
    assert waits[:4] == ["0.1 s", "0.2 s", "0.4 s", "0.4 s"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_everything_with_status_0(supervise: Callable[..., Run], number: signal.Signals) -> None:
    run = supervise({"name": "one", "source": SLEEPER}, {"name": "two", "source": SLEEPER})
    eventually(lambda: len(run.pids()) == 2)
    run.process.send_signal(number)
    run.finish()
    assert run.process.returncode == 0
    assert not any(alive(pid) for pid in run.pids())


def test_ctrl_c_in_a_terminal_reaches_each_program_once_as_sigterm(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "one", "source": SLEEPER}, {"name": "two", "source": SLEEPER})
    eventually(lambda: len(run.pids()) == 2)
    os.killpg(run.process.pid, signal.SIGINT)
    run.finish()
    assert run.lines("signals") == ["TERM", "TERM"]


DEAF = source("""
    signal.signal(signal.SIGTERM, lambda *_: record("signals", "TERM"))
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    record("starts", os.getpid()); record("starts", helper.pid)
    while True:
        time.sleep(60)
""")


def test_it_kills_a_program_and_its_helpers_after_the_grace_period(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "deaf", "source": DEAF}, grace=3)
    eventually(lambda: len(run.pids()) == 2)
    run.process.send_signal(signal.SIGTERM)
    assert "killing what has not ended in time" in run.finish()
    assert run.lines("signals") == ["TERM"]
    eventually(lambda: not any(alive(pid) for pid in run.pids()))


def test_a_second_ctrl_c_does_not_wait_for_the_grace_period(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "deaf", "source": DEAF}, grace=600)
    eventually(lambda: len(run.pids()) == 2)
    run.process.send_signal(signal.SIGINT)
    eventually(lambda: run.lines("signals"))
    run.process.send_signal(signal.SIGINT)
    run.finish()
    eventually(lambda: not any(alive(pid) for pid in run.pids()))


def test_helpers_of_a_program_that_died_are_killed_before_its_restart(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "deaf", "source": DEAF}, grace=0.5)
    eventually(lambda: len(run.pids()) == 2)
    leader, helper = run.pids()
    os.kill(leader, signal.SIGKILL)
    eventually(lambda: len(run.pids()) == 4)
    assert not alive(helper)
    run.process.terminate()
    run.finish()


def test_programs_end_when_the_supervisor_is_killed(supervise: Callable[..., Run]) -> None:
    run = supervise({"name": "one", "source": SLEEPER}, {"name": "two", "source": SLEEPER})
    eventually(lambda: len(run.pids()) == 2)
    run.process.kill()
    eventually(lambda: not any(alive(pid) for pid in run.pids()))


def test_the_next_program_starts_when_the_one_before_is_ready(supervise: Callable[..., Run]) -> None:
    slow = source("""
        record("starts", os.getpid())
        time.sleep(0.5)
        record("ready", "yes")
        time.sleep(600)
    """)
    observer = source("""
        record("starts", os.getpid())
        record("seen", (folder / "ready").exists())
        time.sleep(600)
    """)
    run = supervise(
        {"name": "slow", "source": slow, "ready_file": "ready", "vital": True}, {"name": "observer", "source": observer}
    )
    eventually(lambda: run.lines("seen"))
    assert run.lines("seen") == ["True"]
    run.process.terminate()
    assert run.finish().count("READY") == 1


def test_a_vital_program_that_never_became_ready_stops_everything_with_status_1(supervise: Callable[..., Run]) -> None:
    run = supervise(
        {"name": "web", "source": source("sys.exit(5)"), "ready_file": "never", "vital": True},
        {"name": "other", "source": SLEEPER},
    )
    output = run.finish()
    assert run.process.returncode == 1
    assert "web could not be started" in output
    assert "READY" not in output
    assert not run.pids()


def test_a_vital_program_that_was_ready_once_is_restarted(supervise: Callable[..., Run]) -> None:
    web = source("""
        record("starts", os.getpid()); record("ready", "yes")
        time.sleep(600)
    """)
    run = supervise({"name": "web", "source": web, "ready_file": "ready", "vital": True})
    eventually(lambda: len(run.pids()) == 1)
    eventually(lambda: run.lines("announced"))
    os.kill(run.pids()[0], signal.SIGKILL)
    eventually(lambda: len(run.pids()) == 2)
    run.process.terminate()
    run.finish()
    assert run.process.returncode == 0
