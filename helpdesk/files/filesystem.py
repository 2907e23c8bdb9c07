"""Files in a directory, in the layout of osTicket's plugin for it: `<directory>/<first character of key>/<key>`.

The directory is `FILE_STORAGE_PATH`, else the one that the plugin is configured with, else `files` in the data
directory. Both programs can then read what either has stored (osticket/files.md §3).
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.models import Plugin, PluginInstance
from helpdesk.configuration.selectors import settings_of
from helpdesk.files.models import StoredFile
from helpdesk.legacy.errors import NotFound

PIECE = 512_000
PLUGIN = "storage-fs"
ENABLED = 0x1
"""`plugin_instance.flags`."""
_KEY = re.compile(r"[\w-][\w.-]{15,85}", re.ASCII)
_PARTIAL = re.compile(r"\.[\w.-]+\.part", re.ASCII)


class FilesystemStorage:
    """One file on disk for each stored file, readable by its owner and group."""

    def size(self, file: StoredFile) -> int:
        """Ask the file system. Raises NotFound when the file is not there."""
        try:
            return self.path(file).stat().st_size
        except OSError as error:
            raise _missing() from error

    def read(self, file: StoredFile, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Give pieces of the file. Raises NotFound, before the first piece, when the file is not there."""
        try:
            stream = self.path(file).open("rb")
        except OSError as error:
            raise _missing() from error
        return _pieces_of(stream, start, stop)

    def write(self, file: StoredFile, pieces: Iterable[bytes]) -> int:
        """Write beside the place and move there when all is on the disk: nobody ever sees half a file.

        Raises OSError.
        """
        place = self.path(file)
        place.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        partial = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as stream:
                written = sum(stream.write(piece) for piece in pieces)
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(place)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        return written

    def delete(self, file: StoredFile) -> None:
        """Remove the file; what is not there is gone already."""
        self.path(file).unlink(missing_ok=True)

    def path(self, file: StoredFile) -> Path:
        """Give where the file is. Raises NotFound for a key that could lead elsewhere."""
        key = str(file.key)
        if not _KEY.fullmatch(key):
            raise _missing()
        return directory() / key[0] / key

    def strays(self, *, older_than: float) -> Iterator[Path]:
        """Give what lies in our layout and was last changed before `older_than` (Unix time): files, and halves."""
        root = directory()
        for folder in sorted(root.iterdir()) if root.is_dir() else ():
            if len(folder.name) != 1 or not folder.is_dir() or folder.is_symlink():
                continue
            for path in sorted(folder.iterdir()):
                is_ours = _KEY.fullmatch(path.name) and path.name[0] == folder.name
                if is_ours or _PARTIAL.fullmatch(path.name):
                    with suppress(OSError):
                        if path.is_file() and path.lstat().st_mtime < older_than:
                            yield path


def directory() -> Path:
    """Give the directory that holds the files."""
    if settings.FILE_STORAGE_PATH:
        return Path(settings.FILE_STORAGE_PATH)
    return _directory_of_plugin() or Path(settings.DATA_DIR) / "files"


def _directory_of_plugin() -> Path | None:
    """The `uploadpath` of the plugin's first active instance; a relative one begins where osTicket is installed."""
    plugins = Plugin.objects.filter(isactive=True, install_path__contains=PLUGIN).values_list("pk", flat=True)
    instances = PluginInstance.objects.filter(plugin_id__in=list(plugins)).order_by("pk")
    for plugin_id, instance_id, flags in instances.values_list("plugin_id", "pk", "flags"):
        if not flags & ENABLED:
            continue
        text = settings_of(f"plugin.{plugin_id}.instance.{instance_id}").text("uploadpath").strip()
        if text and Path(text).is_absolute():
            return Path(text)
        if text and settings.OSTICKET_ROOT:
            return Path(settings.OSTICKET_ROOT) / text
    return None


def _pieces_of(stream: Iterable[bytes], start: int, stop: int | None) -> Iterator[bytes]:
    with stream as content:  # type: ignore[attr-defined]
        content.seek(start)
        left = None if stop is None else stop - start
        while left is None or left > 0:
            piece = content.read(PIECE if left is None else min(PIECE, left))
            if not piece:
                return
            left = None if left is None else left - len(piece)
            yield piece


def _missing() -> NotFound:
    return NotFound(_("Unknown or invalid file"), code="file_unreadable")
