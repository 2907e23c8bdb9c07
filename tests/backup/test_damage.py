"""A file that is not whole, not ours or not for this program is refused, and nothing is restored from it."""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from helpdesk.portal.copying import GO_ON
from tests.backup.conftest import Run
from tests.backup.test_round_trip import rows_of
from tests.importing.conftest import MakeTarget
from tests.importing.databases import ROOT, Database, SqliteFile, environment
from tests.importing.test_interruption import copied

pytestmark = pytest.mark.servers

NOTHING = "SELECT (SELECT COUNT(*) FROM hd_import_run) + (SELECT COUNT(*) FROM ost_config)"
Manifest = dict[str, Any]


def rewritten(
    path: Path, *, change: Callable[[Manifest], None] | None = None, members: dict[str, bytes | None] | None = None
) -> Path:
    """Give a copy with another manifest or other members (None: left out), a valid archive in itself."""
    copy = path.with_name("rewritten")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content: bytes | None = old.read(name)
            if name == "manifest.json" and change is not None:
                manifest = json.loads(old.read(name))
                change(manifest)
                content = json.dumps(manifest).encode()
            content = (members or {}).get(name, content)
            if content is not None:
                new.writestr(name, content)
    return copy


def refused(run: Run, target: Database, path: Path) -> str:
    """Give why a file is refused; nothing may be in the target."""
    status, _, error = run(target, "restore", path)
    assert status == 1
    assert target.execute(NOTHING) == [(0,)]
    return error


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file(share: float, backup: Path, make_target: MakeTarget, run: Run, tmp_path: Path) -> None:
    cut = tmp_path / "cut"
    content = backup.read_bytes()
    cut.write_bytes(content[: int(len(content) * share)])
    expected = "The backup is damaged: it is cut off, or no backup at all. Nothing of it was restored."
    assert refused(run, make_target("sqlite"), cut) == expected


def test_a_flipped_bit_anywhere(backup: Path, make_target: MakeTarget, run: Run, tmp_path: Path) -> None:
    target = make_target("sqlite")
    flipped = tmp_path / "flipped"
    content = bytearray(backup.read_bytes())
    with zipfile.ZipFile(backup) as archive:
        members = [m for m in archive.infolist() if m.compress_size > 100]
    for member in members[:: len(members) // 5]:
        place = member.header_offset + 60 + member.compress_size // 2
        content[place] ^= 0x10
        flipped.write_bytes(content)
        content[place] ^= 0x10
        assert refused(run, target, flipped).startswith("The backup is damaged: ")


def swap_two_values(content: bytes) -> bytes:
    """Change rows without changing their form."""
    assert b"Bruno" in content
    return content.replace(b"Bruno", b"Benno")


TAMPERED: dict[str, tuple[dict[str, Any], str]] = {
    "a row is missing": ({"edit": lambda c: c[c.index(b"\n") + 1 :]}, "the rows of staff are not those"),
    "a row was changed": ({"edit": swap_two_values}, "the rows of staff are not those"),
    "a row is there twice": ({"edit": lambda c: c + c[: c.index(b"\n") + 1]}, "the rows of staff are not those"),
    "half a row": ({"edit": lambda c: c[:-3]}, "staff: a line is no row"),
    "a table is missing": ({"edit": lambda c: None}, "There is no item named 'tables/staff.rows'"),
    "no manifest": ({"members": {"manifest.json": None}}, "There is no item named 'manifest.json'"),
    "no JSON": ({"members": {"manifest.json": b"{"}}, "its manifest cannot be understood"),
    "another program's": ({"members": {"manifest.json": b'{"format": "zip"}'}}, "its manifest cannot be understood"),
    "a kind of column that is none": (
        {"change": lambda m: m["tables"][0]["columns"][0].update(kind="colour")}, "its manifest cannot be understood",
    ),
    "a key that is none": (
        {"change": lambda m: m["tables"][0].update(key=["colour"])}, "its manifest cannot be understood",
    ),
    "another sum": ({"change": lambda m: m["tables"][3].update(sum="ff")}, "are not those that its manifest names"),
}  # fmt: skip


@pytest.mark.parametrize("case", TAMPERED)
def test_a_tampered_file(case: str, backup: Path, make_target: MakeTarget, run: Run) -> None:
    how, expected = TAMPERED[case]
    how = dict(how)
    if edit := how.pop("edit", None):
        with zipfile.ZipFile(backup) as archive:
            how["members"] = {"tables/staff.rows": edit(archive.read("tables/staff.rows"))}
    error = refused(run, make_target("sqlite"), rewritten(backup, **how))
    assert error.startswith("The backup is damaged: ")
    assert expected in error


def test_a_newer_format_and_a_newer_program(backup: Path, make_target: MakeTarget, run: Run) -> None:
    target = make_target("sqlite")
    newer = rewritten(backup, change=lambda m: m.update(format_version=2))
    assert "The backup has the format 2; this Ostler reads 1." in refused(run, target, newer)
    newer = rewritten(backup, change=lambda m: m["migrations"].append(["hd_legacy", "0999_from_the_future"]))
    assert "made by a newer Ostler: hd_legacy 0999_from_the_future is not known" in refused(run, target, newer)


def test_no_file(make_target: MakeTarget, run: Run, tmp_path: Path) -> None:
    assert refused(run, make_target("sqlite"), tmp_path / "none") == f"There is no file {tmp_path / 'none'}."


def test_checking_writes_nothing(backup: Path, make_target: MakeTarget, run: Run, tmp_path: Path) -> None:
    target = make_target("sqlite")
    status, said, _ = run(target, "restore", backup, "--check")
    assert status == 0
    assert "The backup is whole: " in said
    assert target.execute(NOTHING) == [(0,)]
    cut = tmp_path / "cut"
    cut.write_bytes(backup.read_bytes()[:5000])
    assert run(target, "restore", cut, "--check")[0] == 1


def test_a_database_in_use_is_left_alone(
    backup: Path, help_desk: Callable[[str], Database], make_target: MakeTarget, run: Run
) -> None:
    target = make_target("sqlite")
    assert run(target, "restore", backup)[0] == 0
    before = rows_of(target)
    status, _, error = run(target, "restore", backup)
    assert status == 1
    assert "The target is not empty" in error
    assert "A backup is restored into an empty database only." in error
    assert rows_of(target) == before


def test_an_older_backup_gets_the_later_columns(backup: Path, make_target: MakeTarget, run: Run) -> None:
    """As one from before `hd_installation.table_prefix` came."""
    target = make_target("sqlite")
    with zipfile.ZipFile(backup) as archive:
        (row,) = [json.loads(line) for line in archive.read("tables/hd_installation.rows").splitlines()]
        tables = json.loads(archive.read("manifest.json"))["tables"]
    (place,) = [t["columns"] for t in tables if t["name"] == "hd_installation"]
    index = [column["name"] for column in place].index("table_prefix")
    del row[index]
    line = json.dumps(row, separators=(",", ":")).encode() + b"\n"

    def make_older(manifest: Manifest) -> None:
        manifest["migrations"].remove(["hd_legacy", "0003_installation_table_prefix"])
        (table,) = [t for t in manifest["tables"] if t["name"] == "hd_installation"]
        del table["columns"][index]
        from helpdesk.legacy.copying.codec import RowSum

        total = RowSum()
        total.add(line)
        table["sum"] = str(total)

    older = rewritten(backup, change=make_older, members={"tables/hd_installation.rows": line})
    status, _, error = run(target, "restore", older)
    assert (status, error) == (0, "")
    assert target.execute("SELECT origin, table_prefix FROM hd_installation") == [("imported", "ost_")]


# --- Interrupted, and no room -----------------------------------------------------------------------------------------


def start(target: Database, data_directory: Path, *arguments: object) -> "subprocess.Popen[str]":
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "manage.py", *map(str, arguments)],
        cwd=ROOT,
        env=environment(target.url, data_directory),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_killed_and_run_again_it_is_whole(
    backup: Path, help_desk: Callable[[str], Database], make_target: MakeTarget, run: Run, tmp_path: Path
) -> None:
    target = make_target("postgresql")
    process = start(target, tmp_path, "restore", backup)
    give_up_at = time.monotonic() + 240
    while copied(target) < 1000:
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < give_up_at
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    status, _, error = run(target, "restore", backup)
    assert (status, error) == (0, "")
    assert rows_of(target)[1:] == rows_of(help_desk("postgresql"))[1:]
    assert target.execute("SELECT COUNT(*), COUNT(finished) FROM hd_import_run") == [(1, 1)]


def test_a_half_restored_database_is_not_backed_up(make_target: MakeTarget, run: Run, tmp_path: Path) -> None:
    target = make_target("sqlite")
    target.execute("INSERT INTO hd_import_run VALUES (1, 'backup', 'x', 'UTC', 0, '2026-11-21 08:30:00', NULL)")
    status, _, error = run(target, "backup", tmp_path / "backup")
    assert (status, error) == (1, "An import into this database is not finished; a backup would be half of it.")
    assert list(tmp_path.glob("*backup*")) == []


def test_a_backup_replaces_no_file_unless_told(backup: Path, help_desk: Callable[[str], Database], run: Run) -> None:
    before = backup.read_bytes()
    status, _, error = run(help_desk("sqlite"), "backup", backup)
    assert (status, error) == (1, f"{backup} exists already; --overwrite replaces it.")
    assert backup.read_bytes() == before
    assert run(help_desk("sqlite"), "backup", backup, "--overwrite")[0] == 0
    assert backup.read_bytes() != before


def test_a_backup_replaces_nothing_but_a_file(
    backup: Path, help_desk: Callable[[str], Database], run: Run, tmp_path: Path
) -> None:
    """Root tries it out with /dev/null."""
    device, link = tmp_path / "device", tmp_path / "newest"
    os.mkfifo(device)
    status, _, error = run(help_desk("sqlite"), "backup", device, "--overwrite")
    assert (status, error) == (1, f"{device} is no file that could be replaced.")
    assert device.is_fifo()
    link.symlink_to(backup)
    before = backup.read_bytes()
    assert run(help_desk("sqlite"), "backup", link, "--overwrite")[0] == 0
    assert link.is_symlink()
    assert backup.read_bytes() != before


def test_a_full_disk_is_named_and_the_restore_goes_on_when_there_is_room(
    backup: Path,
    help_desk: Callable[[str], Database],
    make_target: MakeTarget,
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SQLite's file may not grow by more than 200 pages (tests/copying/test_full_disk.py knows what servers say)."""
    target = make_target("sqlite")
    (pages,) = target.execute("PRAGMA page_count")[0]
    with monkeypatch.context() as patch:
        patch.setattr("tests.importing.databases.SQLITE_COMMAND", f"PRAGMA max_page_count = {pages + 200}")
        status, _, error = run(target, "restore", backup)
    assert (status, error) == (1, f"The disk is full. Make room first. {GO_ON}")
    half = copied(target)
    assert half > 0
    status, said, error = run(target, "restore", backup)
    assert (status, error) == (0, "")
    assert "Restored, and equal to the backup" in said
    assert copied(target) > half
    assert rows_of(target)[1:] == rows_of(help_desk("sqlite"))[1:]
    assert target.execute("SELECT COUNT(*), COUNT(finished) FROM hd_import_run") == [(1, 1)]


def limit_files() -> None:
    """Let the disk be full after 50,000 bytes of a file."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))


def test_without_room_no_half_of_a_file_is_left(help_desk: Callable[[str], Database], tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, "manage.py", "backup", folder / "help-desk"],
        cwd=ROOT,
        env=environment(help_desk("postgresql").url, tmp_path / "data"),
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=limit_files,
    )
    assert done.returncode == 1
    assert f"{folder / 'help-desk'}: File too large. No backup was written." in done.stderr
    assert list(folder.iterdir()) == []


def test_a_folder_that_does_not_exist(help_desk: Callable[[str], Database], run: Run, tmp_path: Path) -> None:
    path = tmp_path / "missing" / "backup"
    status, _, error = run(help_desk("sqlite"), "backup", path)
    assert (status, error) == (1, f"{path}: No such file or directory. No backup was written.")


def _long_to_back_up(help_desk: Callable[[str], Database], folder: Path) -> Database:
    """A copy with 200 MB that do not compress: the backup is still running when the signal comes."""
    original = help_desk("sqlite")
    assert isinstance(original, SqliteFile)
    original.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    target = SqliteFile(folder / "long.sqlite3")
    shutil.copy(original.path, target.path)
    target.execute(
        "WITH RECURSIVE number (n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM number WHERE n < 1399)"
        " INSERT INTO ost_file_chunk (file_id, chunk_id, filedata) SELECT 1, n, randomblob(512000) FROM number"
    )
    return target


def test_interrupted_it_leaves_no_file(help_desk: Callable[[str], Database], tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    process = start(_long_to_back_up(help_desk, tmp_path), tmp_path / "data", "backup", folder / "help-desk")
    give_up_at = time.monotonic() + 240
    while not list(folder.iterdir()):
        assert process.poll() is None
        assert time.monotonic() < give_up_at
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1]
    assert (process.returncode, list(folder.iterdir())) == (130, [])
    assert "Interrupted. No backup was written." in said


def test_this_file_needs_no_network_and_leaves_the_sources_alone(backup: Path) -> None:
    """The archive is an ordinary ZIP file that any tool opens."""
    unzip = shutil.which("unzip")
    if unzip is None:
        pytest.skip("no unzip here")
    listed = subprocess.run([unzip, "-tq", backup], capture_output=True, text=True, check=False)
    assert listed.returncode == 0, listed.stdout
    assert os.access(backup, os.R_OK)
