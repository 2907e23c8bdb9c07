"""A help desk in processes of its own, for tests of the commands that start one."""

import http.client
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parents[2]


def environment(data_directory: Path) -> dict[str, str]:
    """Give the environment of a help desk of its own."""
    return {"PATH": os.environ["PATH"], "HOME": str(data_directory), "DATA_DIR": str(data_directory)}


def manage(data_directory: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a management command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=environment(data_directory) | variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )


def free_port() -> int:
    """Give a port that nobody listens at, outside the range from which outgoing connections take theirs."""
    for port in random.sample(range(20000, 32000), 100):
        with suppress(OSError), closing(socket.create_server(("127.0.0.1", port))):
            return port
    raise AssertionError("all ports are in use")


def is_alive(process: psutil.Process) -> bool:
    """Tell whether it still does something; who takes leave of a dead one depends on the machine."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def eventually(condition: Callable[[], object], seconds: float = 120) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "not in time"
        time.sleep(0.05)


class Desk:
    """A served help desk on a port of its own."""

    def __init__(self, data_directory: Path, *arguments: str, **variables: str) -> None:
        self.data_directory = data_directory
        self.port = free_port()
        self.log = data_directory / "log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments, "--port", str(self.port), "--workers", "1"],
                cwd=REPOSITORY,
                env=environment(data_directory) | variables,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def status(self) -> int | None:
        """Give the status of an answer to a request for a page that does not exist, None when there is no answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", "/static/no-such-file")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def wait_until_answering(self) -> None:
        """Wait for the first answer; fail with what it printed when it ends instead."""
        eventually(lambda: self.status() or self.process.poll() is not None)
        assert self.process.poll() is None, self.output

    def programs(self) -> dict[str, psutil.Process]:
        """Give the three programs by name."""
        found: dict[str, psutil.Process] = {}
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error):  # it ended while we looked
                command = child.cmdline()
                found |= {name: child for name in ("granian", "worker", "beat") if name in command}
        return found

    def stop(self) -> None:
        """Press Ctrl-C: the signal goes to the whole foreground group."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(timeout=120)

    def processor_seconds(self) -> float:
        """Give the processor time that supervisor and web server have taken so far.

        Those of the jobs start when the web server answers the supervisor, which may be before it answers us.
        """
        main, web = psutil.Process(self.process.pid), self.programs()["granian"]
        times = [process.cpu_times() for process in [main, web, *web.children(recursive=True)]]
        return sum(taken.user + taken.system for taken in times)

    def wait_until_open(self, seconds: float = 120) -> None:
        """Wait until it says that it is open, or has ended."""
        eventually(lambda: "The help desk is open" in self.output or self.process.poll() is not None, seconds)

    def stop_if_running(self) -> None:
        """Leave nothing behind after a test."""
        if self.process.poll() is None:
            self.stop()
