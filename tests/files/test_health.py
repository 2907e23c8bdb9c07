"""What the health page says of attachments."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.selectors import forget
from helpdesk.files.health import attachments
from helpdesk.files.models import StoredFile
from helpdesk.files.services import store_file
from helpdesk.health.registry import Level

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    settings.FILE_STORAGE_PATH = str(tmp_path / "files")
    return tmp_path / "files"


def set_setting(key: str, value: str) -> None:
    ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": value})
    forget()


def found() -> list[tuple[Level, str]]:
    return [(finding.level, finding.sentence) for finding in attachments(NOW)]  # type: ignore[union-attr]


def test_all_is_well_at_first() -> None:
    assert found() == [(Level.OK, "Attachments are stored and guarded.")]


def test_directory_that_is_not_there_is_a_failure(root: Path) -> None:
    set_setting("default_storage_bk", "F")
    assert found()[0][0] is Level.OK, "nothing is lost before the first file"
    store_file(b"x", name="x")
    assert found()[0][0] is Level.OK
    root.rename(root.with_name("elsewhere"))
    assert found() == [(Level.FAILURE, "The directory of the attachments is not there.")]
    set_setting("default_storage_bk", "D")
    assert found()[0][0] is Level.FAILURE


def test_directory_that_cannot_be_written_is_a_warning(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_setting("default_storage_bk", "F")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != root.parent)
    assert found() == [(Level.WARNING, "The directory of the attachments cannot be written.")]


def test_storage_that_nobody_reads_and_links_for_everybody_are_named() -> None:
    StoredFile.objects.create(bk="3", key="k" * 32, signature="s", name="x")
    set_setting("files_req_auth", "0")
    assert found() == [
        (Level.WARNING, "Some attachments are in a storage that Ostler cannot read."),
        (Level.WARNING, "Whoever has a link to an attachment may download it, without sign-in."),
    ]
