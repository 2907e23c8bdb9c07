"""How those who copy say how far they are; the commands show it as a bar."""

from typing import Protocol


class Progress(Protocol):
    """Hears of steps, one after the other, each with a number of rows to do."""

    def begin(self, step: str, total: int, done: int = 0) -> None:
        """Start a step; a step before it is over. `done` rows were done by an earlier, interrupted run."""

    def advance(self, rows: int) -> None:
        """Count rows of the present step."""


class Silence:
    """For callers who do not watch."""

    def begin(self, step: str, total: int, done: int = 0) -> None:
        """Ignore it."""

    def advance(self, rows: int) -> None:
        """Ignore it."""
