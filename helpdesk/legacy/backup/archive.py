"""The file of a backup: a ZIP archive with one member of encoded rows per table and, last, a manifest.

The manifest says of every table its columns, the number of its rows and their sum, so that nothing can be missing or
altered without being noticed. Members are written and read as streams; a file appears under its name only when whole.
"""

import io
import json
import os
import secrets
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Any, BinaryIO, cast

from helpdesk.legacy.copying.codec import DamagedRows, RowSum, read_row
from helpdesk.legacy.copying.progress import Progress
from helpdesk.legacy.copying.shapes import ColumnShape, TableShape
from helpdesk.legacy.errors import Conflict, NotFound, ValidationFailed

FORMAT = "ostler-backup"
FORMAT_VERSION = 1
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 64 * 2**20
ROWS_BETWEEN_REPORTS = 1000
TEXT_COMPRESSION, CONTENT_COMPRESSION = 6, 1  # attachments are mostly compressed already


@dataclass(frozen=True)
class TableEntry:
    """One table of a backup."""

    shape: TableShape
    rows: int
    sum: str

    @property
    def member(self) -> str:
        """The name of its member in the archive."""
        return f"tables/{self.shape.name}.rows"

    def to_manifest(self) -> dict[str, Any]:
        """Give what the manifest says of it."""
        return {
            "name": self.shape.name,
            "osticket": self.shape.is_legacy,
            "rows": self.rows,
            "sum": self.sum,
            "key": list(self.shape.key),
            "columns": [column.to_manifest() for column in self.shape.columns],
        }

    @classmethod
    def from_manifest(cls, entry: Mapping[str, Any]) -> "TableEntry":
        """Read it back. Raises KeyError, ValueError or TypeError."""
        shape = TableShape(
            name=str(entry["name"]),
            is_legacy=bool(entry["osticket"]),
            columns=tuple(ColumnShape.from_manifest(column) for column in entry["columns"]),
            key=tuple(map(str, entry["key"])),
        )
        if not set(shape.key) <= set(shape.column_names):
            raise ValueError(f"{shape.name}: the key is none of its columns")
        return cls(shape, rows=int(entry["rows"]), sum=str(RowSum(entry["sum"])))


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `migrations` are (app label, name); `time_zone` is that of the database.

    `secret_marks` let a restore notice that it has other secrets, without telling what they are.
    """

    created: datetime
    engine: str
    table_prefix: str
    osticket_version: str
    time_zone: str
    migrations: frozenset[tuple[str, str]]
    tables: tuple[TableEntry, ...]
    secrets: tuple[str, ...] = ()
    secret_marks: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(entry.rows for entry in self.tables)

    def to_json(self) -> bytes:
        """Give the content of the manifest's member."""
        described = {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "created": self.created.isoformat(),
            "engine": self.engine,
            "table_prefix": self.table_prefix,
            "osticket_version": self.osticket_version,
            "time_zone": self.time_zone,
            "migrations": sorted(self.migrations),
            "secrets": list(self.secrets),
            "secret_marks": dict(self.secret_marks),
            "tables": [entry.to_manifest() for entry in self.tables],
        }
        return json.dumps(described, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes) -> "Manifest":
        """Read it back. Raises ValidationFailed."""
        try:
            described = json.loads(content)
            _require_format(described)
            return cls(
                created=datetime.fromisoformat(described["created"]),
                engine=str(described["engine"]),
                table_prefix=str(described["table_prefix"]),
                osticket_version=str(described["osticket_version"]),
                time_zone=str(described["time_zone"]),
                migrations=frozenset((str(app), str(name)) for app, name in described["migrations"]),
                tables=tuple(TableEntry.from_manifest(entry) for entry in described["tables"]),
                secrets=tuple(map(str, described["secrets"])),
                secret_marks={str(k): str(v) for k, v in described["secret_marks"].items()},
            )
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise damaged(f"its manifest cannot be understood ({error})") from error


def _require_format(described: Mapping[str, Any]) -> None:
    if described["format"] != FORMAT:
        raise ValueError(described["format"])
    if described["format_version"] != FORMAT_VERSION:
        raise ValidationFailed(
            f"The backup has the format {described['format_version']}; this Ostler reads {FORMAT_VERSION}. "
            "Use the Ostler that made it, or a newer one.",
            code="backup-format",
        )


def damaged(what: str) -> ValidationFailed:
    """Give the error for a file that is no whole backup."""
    return ValidationFailed(f"The backup is damaged: {what}. Nothing of it was restored.", code="backup-damaged")


# --- Writing ----------------------------------------------------------------------------------------------------------


class ArchiveWriter:
    """Writes an archive beside its place and puts it there when it is whole; use it as a context manager."""

    def __init__(self, path: Path, *, may_overwrite: bool = False) -> None:
        """Take where it shall be; nothing is written yet."""
        self.path = path = path.resolve()  # a link goes on leading where it did
        self.may_overwrite = may_overwrite
        self.draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")

    def __enter__(self) -> "ArchiveWriter":
        """Begin the draft. Raises Conflict when there is a file already, OSError for a bad place."""
        if self.path.exists() and not self.may_overwrite:
            raise Conflict(f"{self.path} exists already; --overwrite replaces it.", code="backup-exists")
        if self.path.exists() and not self.path.is_file():  # root could replace /dev/null
            raise Conflict(f"{self.path} is no file that could be replaced.", code="backup-no-file")
        try:
            descriptor = os.open(self.draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            self._file: IO[bytes] = os.fdopen(descriptor, "w+b")
            self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_DEFLATED)
        except BaseException:  # Ctrl-C, too
            self.draft.unlink(missing_ok=True)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Put the archive in its place, or remove it after an error."""
        try:
            if kind is None:
                self._zip.close()
                self._file.flush()
                os.fsync(self._file.fileno())
                self.draft.replace(self.path)
        finally:
            self.draft.unlink(missing_ok=True)
            # The archive refuses to be closed inside a member; without its file it need not be.
            self._zip.fp = None
            self._file.close()

    @contextmanager
    def member(self, name: str, *, compression: int = TEXT_COMPRESSION) -> Iterator[IO[bytes]]:
        """Open the next member for writing."""
        self._zip.compresslevel = compression
        with self._zip.open(name, "w", force_zip64=True) as stream:
            yield stream

    def write(self, name: str, content: bytes) -> None:
        """Write a small member at once."""
        with self.member(name) as stream:
            stream.write(content)


# --- Reading ----------------------------------------------------------------------------------------------------------


@contextmanager
def _damage() -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, DamagedRows, NotImplementedError, RuntimeError) as error:
        raise damaged(str(error)) from error
    except KeyError as error:
        raise damaged(f"a part of it is missing ({error.args[0]})") from error


class Archive:
    """An existing archive; use it as a context manager."""

    def __init__(self, path: Path) -> None:
        """Open it and read the manifest. Raises NotFound, ValidationFailed or OSError."""
        if not path.is_file():
            raise NotFound(f"There is no file {path}.", code="backup-missing")
        try:
            self._zip = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise damaged("it is cut off, or no backup at all") from error
        try:
            self.manifest_bytes = self.read(MANIFEST)
            self.manifest = Manifest.from_json(self.manifest_bytes)
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def identity(self) -> str:
        """A text that only this backup has."""
        return f"backup of {self.manifest.created:%Y-%m-%d %H:%M} {sha256(self.manifest_bytes).hexdigest()[:32]}"

    def read(self, name: str) -> bytes:
        """Read a small member. Raises ValidationFailed."""
        with _damage():
            if self._zip.getinfo(name).file_size > LARGEST_MANIFEST:
                raise DamagedRows(f"{name} is too large")
            return self._zip.read(name)

    def rows(self, entry: TableEntry) -> Iterator[tuple[list[Any], bytes]]:
        """Give the rows of a table with their encodings; raises ValidationFailed where the member is damaged."""
        with _damage(), self._zip.open(entry.member) as member:
            stream = cast("BinaryIO", io.BufferedReader(cast("io.RawIOBase", member), 2**20))
            while (row := read_row(stream, entry.shape)) is not None:
                yield row

    def check(self, progress: Progress) -> None:
        """Read everything and compare it with the manifest; raises ValidationFailed."""
        progress.begin("Checking the backup", self.manifest.rows)
        for entry in self.manifest.tables:
            total, number = RowSum(), 0
            for _row, encoded in self.rows(entry):
                total.add(encoded)
                number += 1
                if number % ROWS_BETWEEN_REPORTS == 0:
                    progress.advance(ROWS_BETWEEN_REPORTS)
            progress.advance(number % ROWS_BETWEEN_REPORTS)
            if (number, str(total)) != (entry.rows, entry.sum):
                raise damaged(f"the rows of {entry.shape.name} are not those that its manifest names")
