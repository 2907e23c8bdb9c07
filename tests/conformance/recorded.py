"""Reading the recorded cases: files in a folder, cases in a file, one kind for each case."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

DEFAULT_FOLDER = Path(__file__).parent / "cases"
FOLDER_VARIABLE = "CONFORMANCE_CASES"
SUPPORT_FILES = frozenset({"api_base.json"})


class UnusableCasesError(Exception):
    """The folder or a file in it cannot be used; the message says which and why."""


@dataclass(frozen=True, eq=False)
class RecordedCase:
    """One recorded case, equal to itself alone.

    `context` holds what the file says for all its cases, `record` the case as it stands there.
    """

    file: str
    id: str
    kind: str
    record: Mapping[str, Any] = field(repr=False)
    context: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @property
    def given(self) -> Mapping[str, Any]:
        given: Mapping[str, Any] = self.record["given"]
        return given

    @property
    def input(self) -> Mapping[str, Any]:
        values: Mapping[str, Any] = self.record["input"]
        return values

    @property
    def expect(self) -> Any:
        return self.record["expect"]

    @property
    def test_id(self) -> str:
        """Unique over all files: ids are unique within a file only."""
        return f"{self.file}:{self.id}"


def cases_folder() -> Path:
    """The folder of this run: `$CONFORMANCE_CASES`, else the copies in the repository."""
    return Path(os.environ.get(FOLDER_VARIABLE) or DEFAULT_FOLDER)


@cache
def load_cases(folder: Path) -> tuple[RecordedCase, ...]:
    """All cases of `folder` and its subfolders, in the order of file name and position. Raises `UnusableCasesError`."""
    cases = [case for name, path in sorted(_case_files(folder).items()) for case in _cases_of(name, read_json(path))]
    if not cases:
        raise UnusableCasesError(f"{folder} holds no recorded case")
    names = [case.test_id for case in cases]
    if len(set(names)) != len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise UnusableCasesError(f"{folder} holds these cases twice: {', '.join(twice)}")
    return tuple(cases)


def files_without_cases(folder: Path) -> list[str]:
    """Files in which no cases were found although they are no known support file: somebody should look at them."""
    known = {case.file for case in load_cases(folder)} | SUPPORT_FILES
    return sorted(_case_files(folder).keys() - known)


@cache
def support_file(name: str) -> Any:
    """A file that cases refer to (`api_base.json`): from the folder of this run, else from the repository."""
    for folder in (cases_folder(), DEFAULT_FOLDER):
        path = _case_files(folder).get(name)
        if path is not None:
            return read_json(path)
    raise UnusableCasesError(f"{name} is neither in {cases_folder()} nor in {DEFAULT_FOLDER}")


def read_json(path: Path) -> Any:
    """The content of a JSON file, which may be compressed."""
    data = path.read_bytes()
    return json.loads(gzip.decompress(data) if path.suffix == ".gz" else data)


def _case_files(folder: Path) -> dict[str, Path]:
    """Name without `.gz` to path; a plain file wins over its compressed copy."""
    if not folder.is_dir():
        raise UnusableCasesError(f"{folder} is no folder ({FOLDER_VARIABLE})")
    compressed = {path.name.removesuffix(".gz"): path for path in sorted(folder.rglob("*.json.gz"))}
    return compressed | {path.name: path for path in sorted(folder.rglob("*.json"))}


def _cases_of(file: str, content: Any) -> Iterator[RecordedCase]:
    if isinstance(content, list):
        yield from (RecordedCase(file, record["id"], _kind(file, record), record) for record in content)
        return
    sections = _SECTIONS.get(file, ())
    context = {key: value for key, value in content.items() if key not in sections}
    for section in sections:
        for position, record in enumerate(_records(content[section]), start=1):
            name = record.get("id", f"{section}-{position}")
            yield RecordedCase(file, str(name), _SECTION_KINDS.get(section, section), record, context)


def _records(section: Any) -> list[Mapping[str, Any]]:
    """The records of one section; where a section maps names to lists, each name is one record."""
    if isinstance(section, dict):
        return [{"id": name, "expect": value} for name, value in section.items()]
    records: list[Mapping[str, Any]] = section
    return records


# Files that are an object: which of its members hold cases.
_SECTIONS: dict[str, tuple[str, ...]] = {
    "dashboard.json": ("views",),
    "kanboard-rpc.json": ("cases",),
    "kanboard-webhooks.json": ("cases",),
    "luxafor.json": ("encodings", "errors", "summaries", "counts", "sequences"),
    "time-reconcile.json": ("cases",),
    "webex-routing.json": ("rows",),
}
_SECTION_KINDS = {"cases": "case", "rows": "row", "views": "view"}


def _kind(file: str, record: Mapping[str, Any]) -> str:
    """What is to be done in a case: several cases of one kind need one adapter."""
    reader = _KINDS.get(file)
    if reader is not None:
        return reader(record)
    return str(record.get("kind") or record["input"].get("op") or "case")


def operation_kind(step: Mapping[str, Any]) -> str:
    """Kind of an operation of `lifecycle.json`: ids in addresses make none, what the form of a page does makes one."""
    kind = re.sub(r"(?<=[/=])\d+", "<id>", str(step["operation"]))
    args = step.get("args") or step.get("body") or {}
    if kind.startswith("POST /scp/tickets.php"):
        return f"{kind} do={args['do']}" if args["a"] == "process" else f"{kind} a={args['a']}"
    return f"{kind} type={args['type']}" if kind == "query.check_staff_permission" and "type" in args else kind


_KINDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "api.json": lambda record: "request",
    "auth.json": lambda record: str(record["input"].get("call") or record["input"]["flow"]),
    "forms.json": lambda record: re.sub(r"-\d+$", "", f"field {record['given']['type']}"),
    "lifecycle.json": lambda record: operation_kind(record["input"]),
    "mail-parse.json": lambda record: "parse",
    "mail-templates.json": lambda record: f"context {record['given']['context']}",
    "mail-thread.json": lambda record: "steps",
}
