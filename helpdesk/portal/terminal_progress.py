"""Shows how far a long command is: a bar in a terminal, a line per step elsewhere."""

from typing import Any, TextIO, cast

from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

PLAIN_WIDTH = 120


class RowsPerSecond(ProgressColumn):
    """The speed of the present step."""

    def render(self, task: Task) -> Text:
        """Give it once it is known."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


def console_for(output: OutputWrapper) -> Console:
    """Give a console on a command's output; without a terminal it writes plain lines of a fixed width."""
    stream = cast("TextIO", output._out)  # noqa: SLF001 -- the wrapper would end every piece of a line
    is_terminal = output.isatty()
    return Console(file=stream, width=None if is_terminal else PLAIN_WIDTH, highlight=False, soft_wrap=not is_terminal)


class TerminalProgress:
    """A `Progress` (helpdesk/legacy/copying/progress.py) for people; use it as a context manager."""

    def __init__(self, console: Console) -> None:
        """Take where to show it."""
        self.console = console
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, RowsPerSecond(), TimeRemainingColumn(), console=console, transient=True)
        self._task: Any = None

    def __enter__(self) -> "TerminalProgress":
        if self.console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.console.is_terminal:
            self._bar.stop()

    def begin(self, step: str, total: int, done: int = 0) -> None:
        """Show the next step in the place of the one before."""
        if not self.console.is_terminal:
            self.console.print(f"{step} ({total:,})" if total else step, markup=False)
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(step, total=total or None, completed=done)

    def advance(self, rows: int) -> None:
        """Move the bar."""
        if self._task is not None:
            self._bar.advance(self._task, rows)
