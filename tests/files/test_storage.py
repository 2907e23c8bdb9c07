"""Where content lies: in the database or in a directory, moved between them, cleared away (files.md §3, §7)."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from helpdesk.configuration.models import ConfigItem, Plugin, PluginInstance
from helpdesk.configuration.selectors import forget
from helpdesk.files import moving, orphans, services, storage
from helpdesk.files.filesystem import directory
from helpdesk.files.models import Attachment, FileChunk, StoredFile
from helpdesk.files.selectors import attachments_of
from helpdesk.files.services import attach, read_file, store_file
from helpdesk.legacy.errors import Conflict, NotFound
from helpdesk.people.actor import Actor
from helpdesk.portal.management.commands import move_files as command
from helpdesk.threads.bodies import offloaded_bodies
from tests.factories import new_ticket
from tickets.services import post_note

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DATA = bytes(range(256)) * 4688


@pytest.fixture(autouse=True)
def root(tmp_path: Path, settings: Any) -> Path:
    settings.FILE_STORAGE_PATH = str(tmp_path / "files")
    return tmp_path / "files"


def use(letter: str) -> None:
    ConfigItem.objects.update_or_create(namespace="core", key="default_storage_bk", defaults={"value": letter})
    forget()


def content_of(file: StoredFile, *span: int) -> bytes:
    return b"".join(read_file(StoredFile.objects.get(pk=file.pk), *span))


def place_of(file: StoredFile, root: Path) -> Path:
    return root / file.key[0] / file.key


def test_files_lie_where_osticket_s_plugin_puts_them(root: Path) -> None:
    use("F")
    file = store_file(DATA, name="big.bin")
    place = place_of(file, root)
    assert (file.bk, file.attrs, file.size) == ("F", None, len(DATA))
    assert (place.read_bytes(), content_of(file)) == (DATA, DATA)
    assert stat.S_IMODE(place.stat().st_mode) == 0o640
    assert [path.name for path in place.parent.iterdir()] == [file.key]
    assert not FileChunk.objects.filter(file=file).exists()


@pytest.mark.parametrize("letter", ["D", "F"])
@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (0, 1),
        (0, 512_000),
        (511_999, 512_001),
        (512_000, 1_024_000),
        (700_000, 700_000),
        (1_200_127, 1_200_128),
        (5, 9_999_999),
    ],
)
def test_parts_of_a_file_are_read(letter: str, start: int, stop: int) -> None:
    use(letter)
    file = store_file(DATA, name="big.bin")
    assert content_of(file, start, stop) == DATA[start:stop]
    assert content_of(file, start) == DATA[start:]


def test_unknown_storage_in_the_settings_means_the_database() -> None:
    use("3")
    assert store_file(b"x", name="x").bk == "D"


def test_directory_that_cannot_be_written_means_the_database(root: Path) -> None:
    use("F")
    root.write_text("a file, no directory")
    file = store_file(DATA, name="big.bin")
    assert (StoredFile.objects.get(pk=file.pk).bk, content_of(file)) == ("D", DATA)


@pytest.mark.parametrize("key", ["../../etc/passwd", "/etc/passwd-and-more", ".hidden-file-with-a-key", "a/b" * 8, ""])
def test_key_never_leads_out_of_the_directory(key: str, root: Path) -> None:
    file = StoredFile.objects.create(bk="F", key=key, signature="x", name="x")
    for use_of in (content_of, storage.backend_of(file).size, storage.backend_of(file).delete):
        with pytest.raises(NotFound):
            use_of(file)


def test_file_that_is_gone_from_the_disk_is_not_found(root: Path) -> None:
    use("F")
    file = store_file(b"x", name="x")
    place_of(file, root).unlink()
    with pytest.raises(NotFound):
        content_of(file)


def test_directory_of_osticket_s_plugin_is_used(settings: Any, tmp_path: Path) -> None:
    settings.FILE_STORAGE_PATH = ""
    settings.OSTICKET_ROOT = tmp_path
    assert directory() == Path(settings.DATA_DIR) / "files"
    plugin = Plugin.objects.create(name="Files on disk", install_path="plugins/storage-fs.phar", isactive=True)
    instance = PluginInstance.objects.create(plugin=plugin, flags=1)
    namespace = f"plugin.{plugin.pk}.instance.{instance.pk}"
    ConfigItem.objects.create(namespace=namespace, key="uploadpath", value="attachments")
    forget()
    assert directory() == tmp_path / "attachments"
    ConfigItem.objects.filter(namespace=namespace).update(value="/srv/osticket")
    forget()
    assert directory() == Path("/srv/osticket")
    PluginInstance.objects.update(flags=0)
    assert directory() == Path(settings.DATA_DIR) / "files"


def move(to: str, *options: str) -> str:
    output = StringIO()
    call_command("move_files", to, *options, stdout=output)
    return output.getvalue()


def test_files_move_there_and_back(root: Path) -> None:
    files = [store_file(DATA + bytes([number]), name=f"{number}.bin") for number in range(3)]
    old = StoredFile.objects.count()
    assert f"{old} files moved to {root}." in move("filesystem", "--use")
    assert not FileChunk.objects.exists()
    assert all(place_of(file, root).is_file() for file in files)
    assert store_file(b"new", name="new").bk == "F"
    assert "4 files" not in move("filesystem")
    assert f"{old + 1} files moved to the database." in move("database")
    assert [path for path in root.rglob("*") if path.is_file()] == []
    for number, file in enumerate(files):
        assert content_of(file) == DATA + bytes([number])
    assert store_file(b"newer", name="newer").bk == "F"


def test_interrupted_move_goes_on(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    StoredFile.objects.all().delete()
    files = [store_file(DATA + bytes([number]), name=f"{number}.bin") for number in range(4)]
    moves: list[int] = []

    def interrupt(file: StoredFile, letter: str) -> bool:
        if len(moves) == 2:
            storage.backend_for(letter).write(file, [b"half"])
            raise KeyboardInterrupt
        moves.append(file.pk)
        return moving.move_file(file, letter)

    with monkeypatch.context() as patch:
        patch.setattr(command, "move_file", interrupt)
        with pytest.raises(CommandError, match="Interrupted after 2 files"):
            move("filesystem")
    assert [StoredFile.objects.get(pk=file.pk).bk for file in files] == ["F", "F", "D", "D"]
    assert [content_of(file) for file in files] == [DATA + bytes([number]) for number in range(4)]
    assert "1 files moved" in move("filesystem", "--limit", "1")
    assert "1 files moved" in move("filesystem")
    assert [content_of(file) for file in files] == [DATA + bytes([number]) for number in range(4)]


def test_what_cannot_be_moved_is_named_and_stays() -> None:
    use("F")
    lost, kept = store_file(b"lost", name="lost"), store_file(b"kept", name="kept")
    storage.backend_of(lost).delete(lost)
    with pytest.raises(CommandError, match="1 files stay"):
        move("database")
    assert [StoredFile.objects.get(pk=file.pk).bk for file in (lost, kept)] == ["F", "D"]
    assert content_of(kept) == b"kept"


def test_content_that_reads_differently_is_not_taken_over(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    file = store_file(b"right", name="x")
    backend: Any = storage.backend_for("F")
    monkeypatch.setattr(backend, "read", lambda *_args: iter([b"wrong"]))
    with pytest.raises(Conflict):
        moving.move_file(file, "F")
    assert (StoredFile.objects.get(pk=file.pk).bk, content_of(file)) == ("D", b"right")


def aged(file: StoredFile, **age: int) -> StoredFile:
    StoredFile.objects.filter(pk=file.pk).update(created=NOW - timedelta(**age))
    return file


@pytest.mark.parametrize("letter", ["D", "F"])
def test_files_that_nothing_refers_to_go_after_a_day(letter: str, root: Path) -> None:
    use(letter)
    StoredFile.objects.exclude(pk__in=Attachment.objects.values("file")).delete()
    orphan = aged(store_file(b"orphan", name="a"), days=1, minutes=1)
    young = aged(store_file(b"young", name="b"), hours=23)
    logo = aged(store_file(b"logo", name="c", kind="L", deduplicate=False), days=9)
    attached = aged(store_file(b"attached", name="d"), days=9)
    attach(attached, object_type="H", object_id=5)
    foreign = StoredFile.objects.create(bk="3", key="k" * 32, signature="s", name="e")
    aged(foreign, days=9)
    assert orphans.delete_orphans(now=NOW) == 1
    assert not StoredFile.objects.filter(pk=orphan.pk).exists()
    assert not FileChunk.objects.filter(file_id=orphan.pk).exists()
    assert not place_of(orphan, root).exists()
    assert [content_of(file) for file in (young, logo, attached)] == [b"young", b"logo", b"attached"]
    assert StoredFile.objects.filter(pk=foreign.pk).exists()


@pytest.mark.parametrize("use_again", [attach, None], ids=["attached", "uploaded again"])
def test_file_that_is_used_again_while_the_job_runs_stays(monkeypatch: pytest.MonkeyPatch, use_again: Any) -> None:
    file = aged(store_file(b"orphan", name="a"), days=2)
    delete: Callable[[int, datetime], bool] = orphans._delete

    def use_first(pk: int, now: datetime) -> bool:
        if use_again:
            attach(StoredFile.objects.get(pk=pk), object_type="H", object_id=5)
        elif pk == file.pk:
            assert store_file(b"orphan", name="b").pk == pk
        return delete(pk, now)

    monkeypatch.setattr(orphans, "_delete", use_first)
    orphans.delete_orphans(now=NOW)
    assert content_of(file) == b"orphan"


def test_orphan_that_was_just_cleared_away_is_stored_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    old = store_file(b"same", name="a")
    renew: Callable[[StoredFile], bool] = services._renew

    def too_late(file: StoredFile) -> bool:
        StoredFile.objects.filter(pk=file.pk).delete()
        return renew(file)

    monkeypatch.setattr(services, "_renew", too_late)
    new = store_file(b"same", name="b")
    assert new.pk != old.pk
    assert content_of(new) == b"same"


def test_content_without_a_row_goes_after_a_day(root: Path) -> None:
    use("F")
    kept, stray, young = (store_file(text, name="x") for text in (b"kept", b"stray", b"young"))
    old = time.time() - 2 * 86400
    for file in (kept, stray):
        os.utime(place_of(file, root), (old, old))
    half = place_of(kept, root).with_name(".half.part")
    half.write_bytes(b"ha")
    os.utime(half, (old, old))
    foreign = root / "README"
    foreign.write_text("not ours")
    os.utime(foreign, (old, old))
    StoredFile.objects.filter(pk__in=[stray.pk, young.pk]).delete()
    FileChunk.objects.create(file_id=4_000_000, chunk_id=0, filedata=b"x")
    assert orphans.delete_strays(now=timezone.now()) == 3
    assert content_of(kept) == b"kept"
    assert foreign.exists()
    assert place_of(young, root).exists()
    assert not place_of(stray, root).exists()
    assert not half.exists()


def test_long_body_on_the_disk_reads_back_whole() -> None:
    use("F")
    entry = post_note(new_ticket(), actor=Actor.system(), body=f"<p>{'ä' * 40_000}</p>").entry
    attachments = attachments_of("H", [entry.pk])
    assert [attachment.file.bk for attachment in attachments[entry.pk]] == ["F"]
    assert offloaded_bodies(attachments, [entry.pk]) == {entry.pk: f"<p>{'ä' * 40_000}</p>"}
    move("database")
    assert offloaded_bodies(attachments_of("H", [entry.pk]), [entry.pk]) == {entry.pk: f"<p>{'ä' * 40_000}</p>"}
