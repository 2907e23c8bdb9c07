"""`manage.py health`: whether everything works, for people and for monitoring."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from helpdesk.health.registry import Level, registered_checks
from helpdesk.health.selectors import HealthReport, Line, examine


class Command(BaseCommand):
    """Makes all checks and prints what they found."""

    help = (
        "Check database, tables, worker, beat, broker, cache, disk, clock, settings and backup, and print what was "
        "found: the same as /admin/health/. Exit status 1 when something fails; warnings are no failure."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare which checks, and the form."""
        names = [check.name for check in registered_checks()]
        parser.add_argument("names", nargs="*", metavar="check", help=f"only these: {', '.join(names)}")
        parser.add_argument("--json", action="store_true", help="print JSON for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and print; raises CommandError for a check that does not exist or could not be made."""
        names = set(options["names"])
        if unknown := names - {check.name for check in registered_checks()}:
            raise CommandError(f"There is no check called {', '.join(sorted(unknown))}.")
        report = examine(now=timezone.now(), names=names)
        if left_out := names - {line.name for line in report.lines}:
            raise CommandError(f"Could not be checked without the database: {', '.join(sorted(left_out))}.")
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            self.show(report)
        if report.level is Level.FAILURE:
            sys.exit(1)

    def show(self, report: HealthReport) -> None:
        """Print a line per finding, and below it what to do."""
        width = max((len(line.title) for line in report.lines), default=0)
        for line in report.lines:
            self.stdout.write(self._line(line, width))
            if line.finding.advice:
                self.stdout.write(f"{'':9}{'':{width}}  {line.finding.advice}")
        self.stdout.write(f"{report.failures} failures, {report.warnings} warnings, {report.count(Level.OK)} ok.")

    def _line(self, line: Line, width: int) -> str:
        style = {Level.OK: self.style.SUCCESS, Level.WARNING: self.style.WARNING, Level.FAILURE: self.style.ERROR}
        figure = f" [{line.finding.figure}]" if line.finding.figure else ""
        return f"{style[line.level](f'{line.level.value:<7}')}  {line.title:<{width}}  {line.finding.sentence}{figure}"
