"""Reading case files, and the runner as a whole on a folder of its own."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.recorded import DEFAULT_FOLDER, UnusableCasesError, files_without_cases, load_cases
from tests.conformance.registry import adapter, uncovered

REPOSITORY = Path(__file__).resolve().parents[2]


def _case(name: str, call: str, given: dict[str, Any], values: dict[str, Any], expect: Any) -> dict[str, Any]:
    return {"id": name, "given": given, "input": {"call": call, **values}, "expect": expect, "note": ""}


def _encode_case(name: str, text: str, expected: str) -> dict[str, Any]:
    return _case(name, "base32_encode", {}, {"text": text}, {"text": expected})


def test_the_repository_holds_all_recorded_files() -> None:
    counts = Counter(case.file for case in load_cases(DEFAULT_FOLDER))
    assert set(counts) == {
        "api.json",
        "auth.json",
        "dashboard.json",
        "filters.json",
        "forms.json",
        "kanboard-rpc.json",
        "kanboard-webhooks.json",
        "lifecycle.json",
        "luxafor.json",
        "mail-parse.json",
        "mail-templates.json",
        "mail-thread.json",
        "numbers.json",
        "queues.json",
        "sla.json",
        "time-reconcile.json",
        "webex-routing.json",
    }


def test_every_call_of_the_secrets_has_an_adapter() -> None:
    cases = [case for case in load_cases(DEFAULT_FOLDER) if case.file == "auth.json" and "call" in case.input]
    assert cases
    assert uncovered(cases) == {}


def test_ids_in_paths_do_not_make_kinds() -> None:
    kinds = {case.kind for case in load_cases(DEFAULT_FOLDER) if case.file == "lifecycle.json"}
    assert "POST /scp/ajax.php/tickets/<id>/status" in kinds
    assert "POST /scp/tickets.php?id=<id> a=reply" in kinds
    assert "POST /scp/tickets.php?id=<id> do=overdue" in kinds
    assert "ticket.create" in kinds


def test_context_of_a_file_reaches_its_cases() -> None:
    row = next(case for case in load_cases(DEFAULT_FOLDER) if case.file == "webex-routing.json")
    assert "agents" in row.context["world"]
    assert "rows" not in row.context


def test_plain_and_compressed_files_are_read(tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text(json.dumps([_encode_case("one", "", "")]))
    (tmp_path / "numbers.json.gz").write_bytes(
        gzip.compress(json.dumps([{"id": "n", "input": {"op": "format"}}]).encode())
    )
    assert [(case.file, case.id, case.kind) for case in load_cases(tmp_path)] == [
        ("auth.json", "one", "base32_encode"),
        ("numbers.json", "n", "format"),
    ]


def test_a_folder_that_does_not_exist_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnusableCasesError, match="is no folder"):
        load_cases(tmp_path / "elsewhere")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnusableCasesError, match="no recorded case"):
        load_cases(tmp_path)


def test_a_case_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text(json.dumps([_encode_case("one", "", "")] * 2))
    with pytest.raises(UnusableCasesError, match=r"auth\.json:one"):
        load_cases(tmp_path)


def test_files_that_hold_no_known_cases_are_named(tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text(json.dumps([_encode_case("one", "", "")]))
    (tmp_path / "api_base.json").write_text("{}")
    (tmp_path / "surprise.json").write_text('{"rows": [{"id": "x"}]}')
    assert files_without_cases(tmp_path) == ["surprise.json"]


def test_a_kind_has_one_adapter() -> None:
    with pytest.raises(ValueError, match="has an adapter already"):
        adapter("auth.json", "base32_encode")(lambda case: None)


def test_the_runner_runs_the_named_folder_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    cases = [
        _encode_case("right", "hello", "nbswy1dp"),
        _encode_case("wrong", "hello", "nbswy1d0"),
        _case("unknown", "make_coffee", {}, {}, {"cups": 1}),
    ]
    (tmp_path / "auth.json").write_text(json.dumps(cases))
    tests = REPOSITORY / "tests/conformance/test_recorded_cases.py"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", str(tests)],
        cwd=REPOSITORY,
        env={**os.environ, "CONFORMANCE_CASES": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "test_recorded_case[auth.json:right] PASSED" in run.stdout, run.stdout + run.stderr
    assert "test_recorded_case[auth.json:wrong] FAILED" in run.stdout
    assert "$.text: expected 'nbswy1d0', found 'nbswy1dp'" in run.stdout
    assert "1 failed, 1 passed" in run.stdout
    assert "not yet covered: auth.json make_coffee 1" in run.stdout
