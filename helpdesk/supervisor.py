"""Keeps a few programs running in one terminal: restarts what dies, stops all of them together.

Every program gets a session of its own, so that Ctrl-C reaches it once: from here, as SIGTERM. A program that has not
ended after the grace period is killed with everything it started. Output is forwarded line by line under its name.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, TextIO

LAUNCHER = Path(__file__).with_name("end_with_parent.py")
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_SECONDS = 0.1
LAST_LINES_SECONDS = 5
"""How long at most a killed program's last lines are waited for; one outside its session may still hold the pipe."""


@dataclass(frozen=True)
class Program:
    """What to run. `is_ready` answers whether it does its work yet; a `vital` one must become ready at least once."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool] = lambda: True
    vital: bool = False


@dataclass(frozen=True)
class Patience:
    """Seconds: how long a program may take to end, to become ready before the next one starts, to be called steady."""

    to_end: float = 20.0
    to_be_ready: float = 30.0
    first_restart: float = 0.5
    longest_restart: float = 30.0
    steady: float = 30.0


class _Child:
    """One program: its running process, and when it may start again."""

    def __init__(self, program: Program, supervisor: "Supervisor") -> None:
        self.program = program
        self.supervisor = supervisor
        self.process: subprocess.Popen[str] | None = None
        self.forwarder: threading.Thread | None = None
        self.started_at = 0.0
        self.start_at = 0.0
        self.delay = supervisor.patience.first_restart
        self.ready = threading.Event()

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        self.process = subprocess.Popen(  # noqa: S603 -- our own programs
            [sys.executable, "-I", "-S", str(LAUNCHER), str(os.getpid()), *self.program.command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self.supervisor.environment,
            start_new_session=True,
        )
        self.started_at = time.monotonic()
        self.forwarder = threading.Thread(target=self._forward, args=(self.process.stdout,), daemon=True)
        self.forwarder.start()
        if not self.ready.is_set():
            threading.Thread(target=self._await_ready, args=(self.process,), daemon=True).start()

    def _forward(self, lines: IO[str] | None) -> None:
        if lines is None:
            return
        with lines:
            for line in lines:
                self.supervisor.say(self.program.name, line.rstrip("\n"))

    def _await_ready(self, process: "subprocess.Popen[str]") -> None:
        while process.poll() is None:
            if self.program.is_ready():
                self.ready.set()
                return
            time.sleep(POLL_SECONDS)

    def restart_when_due(self, now: float) -> None:
        """Clear up after a process that ended and start the next one when its time has come."""
        if self.running:
            return
        if self.process is not None:
            self._schedule_restart(self.process, now)
        elif now >= self.start_at:
            self.start()

    def _schedule_restart(self, process: "subprocess.Popen[str]", now: float) -> None:
        self._kill_group(process)  # what it started must not hold its port or its files
        if now - self.started_at >= self.supervisor.patience.steady:
            self.delay = self.supervisor.patience.first_restart
        self.supervisor.say(
            "serve", f"{self.program.name} {describe_end(process.returncode)}; it starts again in {self.delay:g} s"
        )
        self.start_at = now + self.delay
        self.delay = min(self.delay * 2, self.supervisor.patience.longest_restart)
        self.process = None

    def terminate(self) -> None:
        if self.running and self.process is not None:
            self.process.terminate()

    def kill_rest(self) -> None:
        """Kill what is left of the program's session, take leave of it and print its last lines."""
        if self.process is None:
            return
        self._kill_group(self.process)
        self.process.wait()
        if self.forwarder is not None:
            self.forwarder.join(timeout=LAST_LINES_SECONDS)

    @staticmethod
    def _kill_group(process: "subprocess.Popen[str]") -> None:
        with suppress(ProcessLookupError, PermissionError):  # nothing is left of it (macOS says EPERM)
            os.killpg(process.pid, signal.SIGKILL)


def describe_end(return_code: int) -> str:
    """Say how a process ended, in words."""
    if return_code >= 0:
        return f"ended with status {return_code}"
    return f"was ended by {signal.Signals(-return_code).name}"


class Supervisor:
    """Runs the programs, each started when the one before is ready, until a signal or the end of a vital one."""

    def __init__(
        self,
        programs: Sequence[Program],
        *,
        environment: Mapping[str, str],
        output: TextIO,
        on_ready: Callable[[], None] = lambda: None,
        patience: Patience | None = None,
    ) -> None:
        self.environment = environment
        self.output = output
        self.on_ready = on_ready
        self.patience = patience or Patience()
        self.children = [_Child(program, self) for program in programs]
        self._width = max(len(program.name) for program in programs)
        self._output_lock = threading.Lock()
        self._stop = threading.Event()
        self._signals = 0

    def run(self) -> int:
        """Run until told to stop. Gives the exit status: 0, or 1 when a vital program could not be started.

        Must be called in the main thread; the signal handlers are put back afterwards.
        """
        handlers = {number: signal.signal(number, self._on_signal) for number in STOP_SIGNALS}
        try:
            return self._watch()
        finally:
            self._stop_children()
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def say(self, name: str, line: str) -> None:
        """Write one line under a name. With the terminal gone, output is still read, else its writers would wait."""
        with self._output_lock, suppress(OSError, ValueError):
            self.output.write(f"{name:<{self._width}} | {line}\n")
            self.output.flush()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1
        self._stop.set()

    def _watch(self) -> int:
        waiting = list(self.children)
        started: list[_Child] = []
        while not self._stop.wait(POLL_SECONDS if started else 0):
            now = time.monotonic()
            if failed := self._vital_failure(started):
                self.say("serve", f"{failed.program.name} could not be started; stopping")
                return 1
            for child in started:
                child.restart_when_due(now)
            if waiting and self._may_start_next(started, now):
                started.append(waiting.pop(0))
                started[-1].start()
            self._announce_when_ready()
        return 0

    def _may_start_next(self, started: Sequence[_Child], now: float) -> bool:
        if not started:
            return True
        last = started[-1]
        return last.ready.is_set() or (not last.program.vital and now - last.started_at > self.patience.to_be_ready)

    def _announce_when_ready(self) -> None:
        if all(child.ready.is_set() for child in self.children if child.program.vital):
            announce, self.on_ready = self.on_ready, lambda: None
            announce()

    @staticmethod
    def _vital_failure(started: Sequence[_Child]) -> _Child | None:
        """Find a vital program that ended without ever having been ready."""
        for child in started:
            if child.program.vital and not child.running and not child.ready.is_set():
                return child
        return None

    def _stop_children(self) -> None:
        """Ask every program to end, once; kill what is left after the grace period or a second signal."""
        for child in self.children:
            child.terminate()
        signals_before = self._signals
        give_up_at = time.monotonic() + self.patience.to_end
        while any(child.running for child in self.children):
            if time.monotonic() > give_up_at or self._signals > signals_before:
                self.say("serve", "killing what has not ended in time")
                break
            time.sleep(POLL_SECONDS / 2)
        for child in self.children:
            child.kill_rest()
