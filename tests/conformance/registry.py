"""Which code carries out which kind of case.

An adapter does what the case describes with our code and returns what happened, in the shape of the case's `expect`.
Register one per file and kind; a kind without an adapter is not run, and the summary of the run says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.conformance.comparison import differences
from tests.conformance.recorded import RecordedCase

Observe = Callable[[RecordedCase], Any]
Compare = Callable[[Any, Any], list[str]]
Waits = Callable[[RecordedCase], str]


def _waits_for_nothing(case: RecordedCase) -> str:
    return ""


@dataclass(frozen=True)
class Aspect:
    """One side of a case with a verdict of its own (the answer, the rows, the mails); `name` '' is the whole case.

    `waits` says what a case waits for that is not built yet, '' for nothing: it must fail until then, and fails when it
    does not. `concerns` leaves out cases that say nothing about this side.
    """

    name: str
    compare: Compare
    waits: Waits = _waits_for_nothing
    concerns: Callable[[RecordedCase], bool] = lambda case: True


@dataclass(frozen=True)
class Adapter:
    """`observe` carries a case out; each aspect lists the differences between what is expected and what happened."""

    observe: Observe
    aspects: tuple[Aspect, ...]
    uses_database: bool
    needs_real_transactions: Callable[[RecordedCase], bool]


_ADAPTERS: dict[tuple[str, str], Adapter] = {}


def adapter(
    file: str,
    *kinds: str,
    compare: Compare = differences,
    aspects: tuple[Aspect, ...] = (),
    uses_database: bool = False,
    in_real_transactions: bool = False,
    needs_real_transactions: Callable[[RecordedCase], bool] | None = None,
) -> Callable[[Observe], Observe]:
    """Register the decorated function for cases of these kinds in `file`.

    With `aspects` every one of them gets a verdict, else `compare` judges the whole. `in_real_transactions` is for code
    that needs commits or changes tables (slower), `needs_real_transactions` says which cases do.
    """

    def register(observe: Observe) -> Observe:
        for kind in kinds:
            if (file, kind) in _ADAPTERS:
                raise ValueError(f"{file} {kind} has an adapter already")
            judged = aspects or (Aspect("", compare),)
            needs = needs_real_transactions or (lambda case: in_real_transactions)
            _ADAPTERS[file, kind] = Adapter(observe, judged, uses_database or in_real_transactions, needs)
        return observe

    return register


def adapters() -> Mapping[tuple[str, str], Adapter]:
    """All registered adapters by file and kind."""
    import tests.conformance.adapters  # noqa: F401 -- registers them; they import this module

    return _ADAPTERS


def adapter_for(case: RecordedCase) -> Adapter | None:
    """The adapter of the case's kind, if there is one."""
    return adapters().get((case.file, case.kind))


def uncovered(cases: Iterable[RecordedCase]) -> dict[str, Counter[str]]:
    """Per file the kinds without an adapter, with the number of their cases."""
    missing: dict[str, Counter[str]] = {}
    for case in cases:
        if adapter_for(case) is None:
            missing.setdefault(case.file, Counter())[case.kind] += 1
    return missing
