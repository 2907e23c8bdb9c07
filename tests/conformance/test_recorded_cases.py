"""One test per recorded case whose kind has an adapter, and aspect: the answer, the rows, the mails …"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conformance.deviations import expectation_for
from tests.conformance.recorded import RecordedCase, cases_folder, load_cases
from tests.conformance.registry import Adapter, Aspect, adapter_for

_last: dict[str, Any] = {}
"""What happened in the last case of several aspects, so that it is carried out once."""


def _covered_cases() -> Iterator[object]:
    for case in load_cases(cases_folder()):
        adapter = adapter_for(case)
        if adapter is not None:
            for aspect in adapter.aspects:
                if aspect.concerns(case):
                    yield _param(case, adapter, aspect)


def _param(case: RecordedCase, adapter: Adapter, aspect: Aspect) -> object:
    marks = []
    if adapter.uses_database:
        marks.append(pytest.mark.django_db(transaction=adapter.needs_real_transactions(case)))
    reason = aspect.waits(case)
    if reason:
        marks.append(pytest.mark.xfail(strict=True, reason=f"waits for {reason}"))
    name = f"{case.test_id}-{aspect.name}" if aspect.name else case.test_id
    return pytest.param(case, aspect, id=name, marks=marks)


@pytest.mark.parametrize(("case", "aspect"), list(_covered_cases()))
def test_recorded_case(case: RecordedCase, aspect: Aspect) -> None:
    adapter = adapter_for(case)
    assert adapter is not None
    expected, rule = expectation_for(case)
    found = aspect.compare(expected, _observed(case, adapter))
    under_rule = f" (deviation: {rule.name})" if rule else ""
    assert not found, f"{case.test_id}{under_rule}\n" + "\n".join(found)


def _observed(case: RecordedCase, adapter: Adapter) -> Any:
    if len(adapter.aspects) == 1:
        return adapter.observe(case)
    if case.test_id not in _last:
        happened = adapter.observe(case)
        _last.clear()
        _last[case.test_id] = happened
    return _last[case.test_id]
