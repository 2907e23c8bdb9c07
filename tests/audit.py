"""Known vulnerabilities of the locked packages: `python -m tests.audit [pip-audit's options]`, or `make audit`.

pip-audit passes when its service knows nothing of a package, and fails alike on a vulnerability and on a network that
is down. Here the three are told apart: status 0 when every package was looked up and is clean, 1 when one is
vulnerable, 3 when some were not audited, which is then the last line.
"""

# ruff: noqa: T201 -- a command for the terminal
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
LOCKS = ("requirements/server.txt", "requirements/dev.txt", "requirements/build.txt")
CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 3
LONGEST_SECONDS = 900


@dataclass
class Audit:
    """What is known of the packages: `vulnerable` has a line for each finding, `skipped` what was not looked up."""

    audited: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)
    vulnerable: list[str] = field(default_factory=list)
    failure: str = ""

    @property
    def status(self) -> int:
        """The exit status: a vulnerability counts more than a gap."""
        if self.vulnerable:
            return VULNERABLE
        return NOT_AUDITED if self.failure or self.skipped or not self.audited else CLEAN


def read_report(report: str, complaint: str) -> Audit:
    """Give the findings of pip-audit's JSON report; without one, its complaint is the failure."""
    try:
        packages: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Audit(failure=last_line(complaint) or "pip-audit gave no report")
    audit = Audit()
    for package in packages:
        if "skip_reason" in package:
            audit.skipped.add(package["name"])
            continue
        audit.audited.add(package["name"])
        for finding in package["vulns"]:
            fixed = ", ".join(finding["fix_versions"]) or "no version yet"
            audit.vulnerable.append(f"{package['name']} {package['version']}: {finding['id']}, fixed in {fixed}")
    return audit


def last_line(text: str) -> str:
    """Give the last line that says something."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


def run(options: Sequence[str]) -> Audit:
    """Ask pip-audit's service about every locked package."""
    locks = [word for lock in LOCKS for word in ("--requirement", lock)]
    fixed = ["--require-hashes", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
    command = [sys.executable, "-m", "pip_audit", *locks, *fixed, *options]
    try:
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS
        )
    except subprocess.TimeoutExpired:
        return Audit(failure=f"no answer within {LONGEST_SECONDS} seconds")
    return read_report(done.stdout, done.stderr)


def main(options: Sequence[str]) -> int:
    """Audit and say what came of it."""
    audit = run(options)
    for finding in sorted(audit.vulnerable):
        print(f"VULNERABLE: {finding}")
    if audit.audited:
        print(f"Audited: {len(audit.audited)} packages, {len(audit.vulnerable)} known vulnerabilities.")
    if audit.failure:
        print(f"NOT AUDITED: {audit.failure}")
    elif audit.skipped:
        names = ", ".join(sorted(audit.skipped))
        print(f"NOT AUDITED: the service knows nothing of {len(audit.skipped)} packages: {names}")
    return audit.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
