"""The keys of an installation are in a backup only when somebody says so, and come back only then."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from helpdesk.legacy.backup.installation_secrets import secret_marks
from tests.importing.conftest import MakeTarget
from tests.importing.databases import SALT, Database, manage

pytestmark = pytest.mark.servers

NAMES = ("secret_key", "encryption_key", "secret_salt")


def keys(directory: Path) -> dict[str, str]:
    """Give the keys of a data directory."""
    return {name: (directory / name).read_text(encoding="utf-8") for name in NAMES if (directory / name).exists()}


def test_keys_travel_only_when_somebody_says_so(
    help_desk: Callable[[str], Database], make_target: MakeTarget, tmp_path: Path
) -> None:
    here, there, target = tmp_path / "here", tmp_path / "there", make_target("sqlite")
    plain, full = tmp_path / "plain", tmp_path / "full"
    source = help_desk("sqlite").url
    assert manage(source, "backup", plain, data_directory=here).returncode == 0
    done = manage(source, "backup", full, "--with-secrets", data_directory=here)
    assert "keep it as safe as a password" in done.stdout
    secrets = keys(here) | {"secret_salt": SALT}
    with zipfile.ZipFile(plain) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert not any(secret.encode() in everything for secret in secrets.values())

    refused = manage(target.url, "restore", plain, "--with-secrets", data_directory=there)
    assert "The backup holds no keys: it was made without --with-secrets." in refused.stderr
    former = keys(there)
    done = manage(target.url, "restore", full, data_directory=there)
    assert done.returncode == 0, done.stderr
    assert "Not as in the installation that the backup is of: SECRET_KEY, ENCRYPTION_KEY." in done.stdout
    assert keys(there) == former

    again = make_target("sqlite")
    done = manage(again.url, "restore", full, "--with-secrets", data_directory=there)
    assert done.returncode == 0, done.stderr
    assert keys(there) == secrets
    assert (there / "secret_key.before-restore").read_text(encoding="utf-8") == former["secret_key"]
    assert "The environment sets SECRET_SALT, which wins over the files." in done.stdout
    assert {(there / name).stat().st_mode & 0o777 for name in NAMES} == {0o600}


def test_marks_tell_equal_from_different_and_nothing_else() -> None:
    marks = secret_marks({"a": "one secret", "b": "one secret", "c": "another"})
    assert marks["a"] == marks["b"] != marks["c"]
    assert {len(mark) for mark in marks.values()} == {8}
