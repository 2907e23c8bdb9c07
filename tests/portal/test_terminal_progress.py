"""How far a long command is: a bar that goes away again on a terminal, a line per step everywhere else."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO

import pytest
from django.core.management.base import OutputWrapper

from helpdesk.portal.terminal_progress import TerminalProgress, console_for

PIECE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+")
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
SECONDS = 30


class Terminal:
    """A pseudo-terminal: what a command writes into it, and what it has shown so far."""

    def __init__(self) -> None:
        """Open both ends."""
        self._shown, written = os.openpty()
        os.set_blocking(self._shown, False)
        self.output = os.fdopen(written, "w", encoding="utf-8")
        self._read = b""

    @property
    def transcript(self) -> str:
        """What was written so far."""
        with suppress(BlockingIOError):
            while piece := os.read(self._shown, 65536):
                self._read += piece
        return self._read.decode(errors="ignore")  # the end of the last character may be under way

    def wait_for(self, pattern: str) -> bool:
        """Tell whether a line of the screen comes to look so."""
        give_up_at = time.monotonic() + SECONDS
        while not any(re.search(pattern, line) for line in self.screen()):
            if time.monotonic() > give_up_at:
                return False
            time.sleep(0.01)
        return True

    def screen(self) -> list[str]:
        """Give the lines that stand on the screen; knows what `rich` uses: line ends, going up, clearing a line."""
        lines, row, column = [""], 0, 0
        for piece in PIECE.findall(self.transcript):
            if piece == "\r":
                column = 0
            elif piece == "\n":
                row += 1
                lines += [""] * (row + 1 - len(lines))
            elif piece.startswith("\x1b[") and piece.endswith("A"):
                row -= int(piece[2:-1] or 1)
            elif piece == "\x1b[2K":
                lines[row] = ""
            elif not piece.startswith("\x1b["):
                lines[row] = lines[row][:column].ljust(column) + piece + lines[row][column + len(piece) :]
                column += len(piece)
        return [line.rstrip() for line in lines if line.strip()]

    def close(self) -> None:
        """Close both ends."""
        self.output.close()
        os.close(self._shown)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """Give a terminal of 100 columns that knows colours."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    made = Terminal()
    yield made
    made.close()


def test_a_bar_is_shown_advances_and_is_gone_at_the_end(terminal: Terminal) -> None:
    console = console_for(OutputWrapper(terminal.output))
    with TerminalProgress(console) as progress:
        progress.begin("tickets", 200)
        assert terminal.wait_for(r"tickets .*━.* 0/200")
        progress.advance(50)
        assert terminal.wait_for(r"tickets .*━.* 50/200")
        progress.advance(150)
        assert terminal.wait_for(r"tickets .*━.* 200/200")
        progress.begin("entries", 8000, done=4000)
        assert terminal.wait_for(r"entries .*━.* 4000/8000")
        progress.advance(1)
        assert terminal.wait_for(r"entries .*━.* 4001/8000")
    assert terminal.screen() == []
    console.print("Restored.", markup=False)
    assert terminal.screen() == ["Restored."]


def test_a_step_without_a_known_end_moves_too(terminal: Terminal) -> None:
    with TerminalProgress(console_for(OutputWrapper(terminal.output))) as progress:
        progress.begin("search", 0)
        progress.advance(3)
        assert terminal.wait_for(r"search .*━.* 3/\?")
    assert terminal.screen() == []


def test_an_error_takes_the_bar_away_and_gives_the_cursor_back(terminal: Terminal) -> None:
    def interrupted() -> None:
        with TerminalProgress(console_for(OutputWrapper(terminal.output))) as progress:
            progress.begin("tickets", 200)
            assert terminal.wait_for("tickets")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.screen() == []
    assert terminal.transcript.rindex(SHOW_CURSOR) > terminal.transcript.rindex(HIDE_CURSOR)


def test_elsewhere_it_is_a_line_per_step() -> None:
    said = StringIO()
    with TerminalProgress(console_for(OutputWrapper(said))) as progress:
        progress.begin("tickets", 2000)
        progress.advance(2000)
        progress.begin("[entries] of threads", 8000, done=4000)
        progress.advance(4000)
        progress.begin("search", 0)
        progress.begin("x" * 300, 1)
    assert said.getvalue().splitlines() == [
        "tickets (2,000)",
        "[entries] of threads (8,000)",
        "search",
        f"{'x' * 300} (1)",
    ]
