"""The state of the help desk: all checks made now, and the summary of the last regular round."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import structlog
from django.core.cache import cache
from django.db import DatabaseError, connection

from helpdesk.health.models import HealthNote
from helpdesk.health.registry import Finding, HealthCheck, Level, Needs, failure, registered_checks

SUMMARY = "health.summary"
WORKER = "worker:"
"""What the names of notes of workers begin with."""
SILENT_AFTER = timedelta(minutes=3)
"""Workers and beat report every minute; three misses are no accident."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Line:
    """One line of the report: a finding under the name and title of its check."""

    name: str
    title: str
    finding: Finding

    @property
    def level(self) -> Level:
        """The level of the finding."""
        return self.finding.level


@dataclass(frozen=True)
class HealthReport:
    """What all checks found at one moment."""

    at: datetime
    lines: tuple[Line, ...]

    @cached_property
    def level(self) -> Level:
        """The worst level of all lines."""
        return max((line.level for line in self.lines), key=lambda level: level.weight, default=Level.OK)

    def count(self, level: Level) -> int:
        """Count the lines of a level."""
        return sum(line.level is level for line in self.lines)

    @property
    def failures(self) -> int:
        """How many lines are failures."""
        return self.count(Level.FAILURE)

    @property
    def warnings(self) -> int:
        """How many lines are warnings."""
        return self.count(Level.WARNING)

    def as_json(self) -> dict[str, Any]:
        """Give the report for machines."""
        return {
            "at": self.at.isoformat(timespec="seconds"),
            "level": self.level.value,
            "checks": [
                {
                    "name": line.name,
                    "title": line.title,
                    "level": line.level.value,
                    "sentence": line.finding.sentence,
                    "figure": line.finding.figure,
                    "advice": line.finding.advice,
                }
                for line in self.lines
            ],
        }


def examine(*, now: datetime, names: Collection[str] = ()) -> HealthReport:
    """Make all checks that can be made, or those of these names. One that raises becomes a failure."""
    possible = _present()
    lines: list[Line] = []
    for check in registered_checks():
        if check.needs <= possible and (not names or check.name in names):
            lines.extend(Line(check.name, check.title, finding) for finding in _findings(check, now))
    return HealthReport(now, tuple(lines))


def _findings(check: HealthCheck, now: datetime) -> Iterator[Finding]:
    try:
        found = check.examine(now)
        findings: Iterable[Finding] = [found] if isinstance(found, Finding) else list(found)
    except Exception as error:
        log.exception("health.check_failed", check=check.name)
        yield failure(
            "This could not be checked.", type(error).__name__, advice="The log of the program says why (LOG_LEVEL)."
        )
        return
    yield from findings


def _present() -> Needs:
    """Give what is there: nothing, a database that answers, or one that was prepared, too."""
    try:
        tables = connection.introspection.table_names()
    except DatabaseError:
        return Needs.NOTHING
    return Needs.TABLES if HealthNote._meta.db_table in tables else Needs.DATABASE


def note(name: str) -> HealthNote | None:
    """Give what is remembered under a name."""
    return HealthNote.objects.filter(name=name).first()


def notes(prefix: str) -> list[HealthNote]:
    """Give what is remembered under all names that begin so, the newest first."""
    return list(HealthNote.objects.filter(name__startswith=prefix).order_by("-at"))


def is_worker_there(*, now: datetime) -> bool:
    """Tell whether a worker has carried out the job of every minute lately."""
    return any(now - seen.at <= SILENT_AFTER for seen in notes(WORKER)[:1])


def is_trouble_known(*, now: datetime) -> bool:
    """Tell, from the shared cache alone, whether something fails: for a mark on every page, without any statement.

    The worker writes a summary every minute. None at all is a help desk that has not been up for a minute; an old one
    says that worker or beat is down.
    """
    summary = cache.get(SUMMARY)
    if not isinstance(summary, dict):
        return False
    return bool(summary["failures"]) or now - summary["at"] > SILENT_AFTER
