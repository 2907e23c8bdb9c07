"""The memory that reading a mail takes: measured in a process of its own, and judged in the report."""

from __future__ import annotations

from typing import Any

import pytest

from bench.fetching import memory_of_reading
from bench.report import markdown, misses, summary


def run_of(**more: Any) -> dict[str, Any]:
    fetching = {"mails": 5000, "per_second": 70.0, "cpu_ms": 12.5, "statements": 60.5, "memory_mb": 150, **more}
    figures = {"engine": "sqlite", "tickets": 10_000, "fetching": fetching}
    return {"date": "2026-11-01", "commit": "abc", "machine": "2", "load": 0.1, "databases": [], "fetching": [figures]}


def test_a_larger_mail_takes_more_memory_in_a_process_of_its_own() -> None:
    small, large = memory_of_reading(10_000), memory_of_reading(9_000_000)
    assert 0 < small < large < 300


@pytest.mark.parametrize(("megabytes", "missed"), [(299, 0), (300, 1)])
def test_the_report_judges_the_memory_of_a_mail_of_25_megabytes(megabytes: int, missed: int) -> None:
    run = run_of(large_mail_mb=megabytes)
    text = markdown(run)
    assert "Aim: a mail of 25 MB is read in less than 300 MB of memory" in text
    assert f"| sqlite, 10,000 | 5,000 | 70.0 | 12.5 ms | 60.5 | 150 MB | {megabytes} MB |" in text
    line = "sqlite, 10,000: a mail of 25 MB takes 300 MB to read, aim less than 300"
    assert misses(run) == missed
    assert (line in list(summary(run))) is bool(missed)


def test_figures_of_before_have_no_such_memory() -> None:
    assert "| 60.5 | 150 MB |  |" in markdown(run_of())
    assert misses(run_of()) == 0


def test_mails_are_to_be_sent_by_two_workers() -> None:
    sending = {"mails": 5000, "per_second": 120.0, "per_second_together": 180.0, "cpu_ms": 4.0, "statements": 9.0}
    run = run_of() | {"sending": [{"engine": "sqlite", "tickets": 10_000, "sending": sending}]}
    assert "Aim: 200 mails per second by two workers." in markdown(run)
    found = "sqlite, 10,000: 120.0 mails sent per second, 180.0 by two workers, aim 200 by two workers"
    assert found in list(summary(run))
