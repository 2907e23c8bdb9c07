"""Every service and every kind of actor, against the committed table."""

from __future__ import annotations

import csv
import importlib
import inspect
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import transaction

from helpdesk.legacy.errors import DomainError, NotFound, PermissionRefused
from tests.permissions.calls import CALLS
from tests.permissions.unchecked import UNCHECKED
from tests.permissions.world import ACTORS, Call, Numbers, World, build

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).parent / "matrix.csv"
PACKAGES = ("helpdesk", "tickets", "tasks", "sla", "filters", "mailfetch", "integrations")
SERVICE_MODULE = re.compile(r"(?:.+/)?(?:\w+_)?services(?:/\w+)?\.py")
WRITES_TABLE = os.environ.get("OSTLER_WRITE_MATRIX") == "1"


class _Undone(Exception):  # noqa: N818
    """Rolls back what a call has done."""


def services() -> dict[str, Callable[..., object]]:
    """Give every public function of a module of services that takes an `actor`, by full name."""
    return {
        f"{module}.{name}": function
        for module in _modules()
        for name, function in vars(importlib.import_module(module)).items()
        if not name.startswith("_") and _is_service(function, module)
    }


def test_every_service_has_a_line() -> None:
    known = set(CALLS) | set(UNCHECKED)
    assert sorted(set(services()) - known) == [], "say how to call them: see tests/permissions/__init__.py"
    assert sorted(known - set(services())) == [], "these are no services any more"
    assert sorted(set(CALLS) & set(UNCHECKED)) == []


def test_the_table_has_a_line_for_each_call() -> None:
    if WRITES_TABLE:
        pytest.skip("the table is being written")
    assert list(read_table()) == sorted(CALLS)


@pytest.mark.django_db
def test_who_may_do_what() -> None:
    numbers = build()
    found = {name: {kind: _answer(numbers, call, kind) for kind in ACTORS} for name, call in sorted(CALLS.items())}
    if WRITES_TABLE:
        _write(found)
        return
    promised = read_table()
    differences = [
        f"{name}, {kind}: promised “{promised.get(name, {}).get(kind, '?')}”, found “{answer}”"
        for name, answers in found.items()
        for kind, answer in answers.items()
        if promised.get(name, {}).get(kind) != answer
    ]
    assert differences == [], "\n".join(differences)


def test_strangers_may_hardly_anything() -> None:
    """What the table may never promise, whoever writes it anew."""
    allowed = {name for name, row in read_table().items() if row["stranger"].startswith("yes")}
    assert allowed == set()
    crashes = {(name, kind) for name, row in read_table().items() for kind, cell in row.items() if "error" in cell}
    assert crashes == set()


def read_table() -> dict[str, dict[str, str]]:
    """Give the committed table."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        return {row.pop("service"): row for row in csv.DictReader(file)}


def _answer(numbers: Numbers, call: Call, kind: str) -> str:
    """Give `yes`, `no`, or `yes (code)` where somebody who may is told why it cannot be done."""
    try:
        with transaction.atomic():
            call(World(numbers, kind))
            raise _Undone  # noqa: TRY301
    except _Undone:
        return "yes"
    except (PermissionRefused, NotFound):
        return "no"
    except DomainError as refusal:
        return f"yes ({refusal.code})"
    except Exception as error:  # noqa: BLE001 -- told in the table, where a test refuses it
        return f"error: {type(error).__name__}: {error}"[:120]


def _write(found: dict[str, dict[str, str]]) -> None:
    with TABLE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["service", *ACTORS])
        writer.writerows([name, *(answers[kind] for kind in ACTORS)] for name, answers in found.items())


def _modules() -> Iterator[str]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            relative = path.relative_to(ROOT).as_posix()
            if SERVICE_MODULE.fullmatch(relative) and path.name != "__init__.py":
                yield relative.removesuffix(".py").replace("/", ".")


def _is_service(function: object, module: str) -> bool:
    if not inspect.isfunction(function):
        return False
    inner = inspect.unwrap(function)
    return inner.__module__ == module and "actor" in inspect.signature(inner).parameters
