"""The lines at the end of a test run that say which recorded cases nothing replays yet."""

from __future__ import annotations

import pytest

from tests.conformance.recorded import cases_folder, files_without_cases, load_cases
from tests.conformance.registry import uncovered

_SHOWN = pytest.StashKey[bool]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write one line per file, after runs that included the recorded cases.

    Several conftest files may import this hook (a parallel run's controller reads only the outer ones): it writes once.
    """
    if config.stash.get(_SHOWN, False) or not _ran_recorded_cases(terminalreporter):
        return
    config.stash[_SHOWN] = True
    for line in not_yet_covered():
        terminalreporter.write_line(line)


def not_yet_covered() -> list[str]:
    """One line per file with the kinds that have no adapter and their numbers of cases."""
    missing = uncovered(load_cases(cases_folder()))
    lines = [
        f"not yet covered: {file} " + ", ".join(f"{kind} {count}" for kind, count in sorted(kinds.items()))
        for file, kinds in missing.items()
    ]
    return lines + [f"not yet covered: {file}, whose layout is unknown" for file in files_without_cases(cases_folder())]


def _ran_recorded_cases(terminalreporter: pytest.TerminalReporter) -> bool:
    reports = (report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome))
    return any("conformance/test_recorded_cases.py" in report.nodeid for report in reports)
