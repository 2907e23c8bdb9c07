"""The licences of everything that Ostler is installed, built or tested with: `python -m tests.licences [--check]`.

Writes docs/licences.md from the metadata of the installed packages that the lock files name, and from the records of
the vendored files. A licence that is unknown, or that was never accepted for its purpose, is an error.
"""

# ruff: noqa: T201 -- a command for the terminal
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

REPOSITORY = Path(__file__).resolve().parents[1]
PAGE = REPOSITORY / "docs" / "licences.md"
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==", re.M)

REVIEWED = {
    "amqp": "BSD-3-Clause",
    "async-timeout": "Apache-2.0",  # installed with Python before 3.11.3 only
    "axe-playwright-python": "MIT AND MPL-2.0",  # MPL: axe-core, which it carries
    "billiard": "BSD-3-Clause",
    "click-plugins": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",  # installed on Windows only
    "django-celery-beat": "BSD-3-Clause",
    "django-csp": "BSD-3-Clause",
    "google-re2": "BSD-3-Clause",
    "granian": "BSD-3-Clause",
    "grimp": "BSD-2-Clause",
    "imapclient": "BSD-3-Clause",
    "import-linter": "BSD-2-Clause",
    "libpass": "BSD-3-Clause",
    "mysqlclient": "GPL-2.0-or-later",  # has to be compiled, so it is not installed everywhere
    "prompt-toolkit": "BSD-3-Clause",
    "pytest-django": "BSD-3-Clause",
    "python-crontab": "LGPL-3.0-or-later",
    "pyasn1-modules": "BSD-2-Clause",
    "python-dateutil": "Apache-2.0 OR BSD-3-Clause",
    "sqlparse": "BSD-3-Clause",
    "vine": "BSD-3-Clause",
}
"""Licences read in the packages' own licence texts, where the metadata name none, or none exactly enough."""

CLASSIFIERS = {
    "License :: OSI Approved :: Apache Software License": "Apache-2.0",
    "License :: OSI Approved :: MIT License": "MIT",
    "License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "License :: OSI Approved :: Python Software Foundation License": "PSF-2.0",
}
"""Classifiers that name one licence; "BSD License" is the name of several."""

PERMISSIVE = {
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
}
ACCEPTED_UNCHANGED = PERMISSIVE | {"LGPL-3.0-only", "LGPL-3.0-or-later", "MPL-2.0"}
"""Their terms concern changed copies of the library itself; Ostler imports unchanged ones."""
ACCEPTED_APART = ACCEPTED_UNCHANGED | {"GPL-2.0-or-later", "GPL-3.0-or-later"}
"""For what Ostler works without: a driver that an administrator may choose, tools that nobody is given."""


class UnknownLicence(Exception):  # noqa: N818 -- as people say it
    """A package whose licence is not known or not accepted; the text says which and what to do."""


@dataclass(frozen=True)
class Group:
    """Packages for one purpose, and the licences that are accepted for it."""

    title: str
    names: frozenset[str]
    accepted: frozenset[str]


def pinned(lock: str) -> frozenset[str]:
    """Give the names in a lock file."""
    return frozenset(PIN.findall((REPOSITORY / "requirements" / lock).read_text()))


def groups() -> list[Group]:
    """Give every locked package once, in the first group that needs it."""
    core, server, tools = pinned("core.txt"), pinned("server.txt"), pinned("dev.txt") | pinned("build.txt")
    return [
        Group("In every installation", core, frozenset(ACCEPTED_UNCHANGED)),
        Group("Drivers of a server installation", server - core, frozenset(ACCEPTED_APART)),
        Group("For development, tests and builds only", tools - server - core, frozenset(ACCEPTED_APART)),
    ]


def licence_of(name: str) -> str:
    """Give the SPDX expression of a package. Raises UnknownLicence."""
    if name in REVIEWED:
        return REVIEWED[name]
    try:
        metadata = distribution(name).metadata
    except PackageNotFoundError:
        raise UnknownLicence(f"{name} is not installed here: read its licence and name it in REVIEWED") from None
    for candidate in (metadata["License-Expression"], metadata["License"]):
        if expression := spdx(candidate or ""):
            return expression
    named = {CLASSIFIERS[line] for line in metadata.get_all("Classifier", []) if line in CLASSIFIERS}
    if len(named) != 1:
        raise UnknownLicence(f"{name}: its metadata name no licence clearly: read it and name it in REVIEWED")
    return named.pop()


def spdx(text: str) -> str:
    """Give the text as an SPDX expression in its usual form, '' when it is none."""
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return ""


def check_accepted(name: str, expression: str, accepted: Iterable[str]) -> None:
    """Raise UnknownLicence unless the expression is fulfilled by accepted licences (`OR`: one is enough)."""
    parts = re.sub(r"[()]", "", expression).split(" AND ")
    refused = [part for part in parts if not set(part.split(" OR ")) & set(accepted)]
    if refused:
        raise UnknownLicence(f"{name}: {' AND '.join(refused)} was never accepted for its purpose")


def vendored() -> Iterator[tuple[str, str]]:
    """Give name and licence of the files of others in static/vendor."""
    records: Mapping[str, Mapping[str, str]] = tomllib.loads(
        (REPOSITORY / "static" / "vendor" / "VENDORED.toml").read_text(encoding="utf-8")
    )
    for record in records.values():
        name, expression = record["package"], spdx(record["licence"].partition(",")[0])
        if not expression:
            raise UnknownLicence(f"{name}: VENDORED.toml names no licence first")
        check_accepted(name, expression, PERMISSIVE)
        yield name, expression


def page() -> str:
    """Give the page. Raises UnknownLicence with a line for each package that is in the way."""
    problems: list[str] = []
    lines = [
        "# Licences",
        "",
        "Ostler is under the [MIT licence](../LICENSE). What it is installed, built and tested with has these",
        "licences, as SPDX expressions. `make licences` makes this page from the lock files and the packages'",
        "metadata, and fails on a licence that is unknown or was never accepted for its purpose.",
        "",
        "Libraries under the LGPL and the MPL are used unchanged and imported as separate packages. `mysqlclient`",
        "(GPL) is a driver that an administrator may install; without it Ostler uses PyMySQL (MIT).",
    ]
    for group in groups():
        rows = []
        for name in sorted(group.names):
            try:
                expression = licence_of(name)
                check_accepted(name, expression, group.accepted)
                rows.append((name, expression))
            except UnknownLicence as problem:
                problems.append(str(problem))
        lines += table(group.title, rows)
    if problems:
        raise UnknownLicence("\n".join(problems))
    return "\n".join([*lines, *table("Files of others in static/vendor", sorted(vendored()))]) + "\n"


def table(title: str, rows: Iterable[tuple[str, str]]) -> list[str]:
    """Give the lines of a section."""
    return [
        "",
        f"## {title}",
        "",
        "| package | licence |",
        "|---|---|",
        *(f"| {n} | {licence} |" for n, licence in rows),
    ]


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only say whether it is current."""
    try:
        text = page()
    except UnknownLicence as problem:
        print(problem, file=sys.stderr)
        return 1
    if arguments == ["--check"]:
        if PAGE.exists() and PAGE.read_text() == text:
            return 0
        print(f"{PAGE.relative_to(REPOSITORY)} is not current: make licences", file=sys.stderr)
        return 1
    PAGE.write_text(text)
    print(f"Wrote {PAGE.relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
