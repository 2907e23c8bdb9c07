"""The checks of the help desk: what one says, and where the apps put theirs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum


class Level(Enum):
    """How well something is. A failure needs somebody now, a warning soon."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"

    @property
    def weight(self) -> int:
        """For comparing: the worse the greater."""
        return list(Level).index(self)


@dataclass(frozen=True)
class Finding:
    """What a check found: a plain sentence, the figure it rests on, and what to do ('' where nothing is to be done).

    `page` is the name of the address where that is done (`admin:health`), '' where there is none.
    No figure or sentence holds a password, an address with one, or anything of a ticket.
    """

    level: Level
    sentence: str
    figure: str = ""
    advice: str = ""
    page: str = ""


def ok(sentence: str, figure: str = "") -> Finding:
    """Say that something is as it should be."""
    return Finding(Level.OK, sentence, figure)


def warning(sentence: str, figure: str = "", *, advice: str, page: str = "") -> Finding:
    """Say that something should be looked at."""
    return Finding(Level.WARNING, sentence, figure, advice, page)


def failure(sentence: str, figure: str = "", *, advice: str, page: str = "") -> Finding:
    """Say that something does not work."""
    return Finding(Level.FAILURE, sentence, figure, advice, page)


Examine = Callable[[datetime], Finding | Iterable[Finding]]
"""Takes the present moment (aware); gives one finding, or one for each thing that was looked at."""


class Needs(IntEnum):
    """What must be there before a check makes sense; without it the check is left out."""

    NOTHING = 0
    DATABASE = 1
    TABLES = 2


@dataclass(frozen=True)
class HealthCheck:
    """A check under its name (for machines) and title (for people)."""

    name: str
    title: str
    examine: Examine
    needs: Needs


_checks: dict[str, HealthCheck] = {}


def health_check(name: str, title: str, *, needs: Needs = Needs.TABLES) -> Callable[[Examine], Examine]:
    """Register the decorated function as a check; they are shown in the order of registration.

    It must be cheap (a few statements, a second at the very most), may raise anything, and holds no transaction.
    Raises ValueError for a name that is taken.
    """

    def register(examine: Examine) -> Examine:
        if name in _checks:
            raise ValueError(f"Two health checks are called {name!r}.")
        _checks[name] = HealthCheck(name, title, examine, needs)
        return examine

    return register


def registered_checks() -> tuple[HealthCheck, ...]:
    """Give all checks in the order of registration."""
    return tuple(_checks.values())


def unregister(name: str) -> None:
    """Take a check away again."""
    del _checks[name]
