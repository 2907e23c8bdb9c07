"""One test per recorded case whose kind has an adapter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conformance.deviations import expectation_for
from tests.conformance.recorded import RecordedCase, cases_folder, load_cases
from tests.conformance.registry import adapter_for


def _covered_cases() -> Iterator[object]:
    for case in load_cases(cases_folder()):
        adapter = adapter_for(case)
        if adapter is not None:
            needs = [pytest.mark.django_db(transaction=adapter.in_real_transactions)] if adapter.uses_database else []
            yield pytest.param(case, id=case.test_id, marks=needs)


@pytest.mark.parametrize("case", list(_covered_cases()))
def test_recorded_case(case: RecordedCase) -> None:
    adapter = adapter_for(case)
    assert adapter is not None
    expected, rule = expectation_for(case)
    found = adapter.compare(expected, adapter.observe(case))
    under_rule = f" (deviation: {rule.name})" if rule else ""
    assert not found, f"{case.test_id}{under_rule}\n" + "\n".join(found)
