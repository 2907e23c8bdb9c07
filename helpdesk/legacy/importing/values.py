"""Turns the bytes that osTicket's server sends into copied rows, and says which values did not fit and why.

Each column has a quick conversion for what is usual. When one of them fails the row is gone through again with care,
column by column: a value is changed and named, or the whole row is left out and named.
"""

import json
import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Any

from helpdesk.legacy.copying.codec import Row
from helpdesk.legacy.copying.reading import UTC_ZONE
from helpdesk.legacy.copying.shapes import ColumnKind, ColumnShape, TableShape
from helpdesk.legacy.fields import ZERO_DATE
from helpdesk.legacy.importing.source import RawRow
from helpdesk.legacy.models import ImportProblem
from helpdesk.legacy.table_description import Column, legacy_tables

ZERO_DATE_BYTES = ZERO_DATE.encode()
SHOWN_CHARACTERS = 60
MOMENTS_REMEMBERED = 16384

Quick = Callable[[bytes], Any]


class Unusual(ValueError):  # noqa: N818 -- what happened
    """A value that the quick conversion does not handle."""


class DoesNotFit(ValueError):  # noqa: N818 -- what happened
    """A value for which the target has no place: the row is left out."""

    def __init__(self, column: str, reason: str) -> None:
        """Take what people read."""
        super().__init__(reason)
        self.column, self.reason = column, reason


@dataclass(frozen=True)
class Finding:
    """Something about one value of a row that people should know."""

    column: str
    kind: ImportProblem.Kind
    reason: str


def _shown(value: bytes | None) -> str:
    text = "NULL" if value is None else repr(value.decode(errors="replace"))
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


# --- Quick conversions ------------------------------------------------------------------------------------------------


def _quick_text(*, refuses_nul: bool) -> Quick:
    if not refuses_nul:
        return bytes.decode

    def text_without_nul(value: bytes) -> str:
        if b"\0" in value:
            raise Unusual
        return value.decode()

    return text_without_nul


def _quick_json(text: Quick) -> Quick:
    def checked(value: bytes) -> str:
        decoded: str = text(value)
        try:
            if decoded:
                json.loads(decoded)
        except RecursionError as error:
            raise Unusual from error
        return decoded

    return checked


def _quick_moment(zone: zoneinfo.ZoneInfo) -> Quick:
    @lru_cache(MOMENTS_REMEMBERED)
    def moment(value: bytes) -> str | None:
        if value == ZERO_DATE_BYTES:
            return None
        return moment_to_utc(value.decode(), zone)

    return moment


def moment_to_utc(text: str, zone: zoneinfo.ZoneInfo) -> str:
    """Convert a wall time in the source's zone, without fractions; raises ValueError when there is no such time."""
    wall_time = datetime.fromisoformat(text).replace(microsecond=0, tzinfo=zone)
    try:
        return wall_time.astimezone(UTC).replace(tzinfo=None).isoformat(" ")
    except OverflowError as error:
        raise Unusual from error


def _quick_date(value: bytes) -> str | None:
    text = value.decode()
    if text == "0000-00-00":
        return None
    date.fromisoformat(text)
    return text


def _quick_time(value: bytes) -> str:
    return time.fromisoformat(value.decode()).replace(microsecond=0).isoformat()


def _quick(column: ColumnShape, zone: zoneinfo.ZoneInfo, *, refuses_nul: bool) -> Quick:
    text = _quick_text(refuses_nul=refuses_nul)
    if column.is_php_json:
        return _quick_json(text)
    if column.values:
        return {value.encode(): value for value in column.values}.__getitem__
    conversions: Mapping[ColumnKind, Quick] = {
        ColumnKind.INTEGER: int,
        ColumnKind.BOOLEAN: {b"0": 0, b"1": 1}.__getitem__,
        ColumnKind.TEXT: text,
        ColumnKind.BYTES: bytes,
        ColumnKind.DATE: _quick_date,
        ColumnKind.TIME: _quick_time,
    }
    return _quick_moment(zone) if column.kind is ColumnKind.MOMENT else conversions[column.kind]


# --- Rows -------------------------------------------------------------------------------------------------------------


class RowConverter:
    """Converts the rows of one table.

    `timestamps` names the columns that arrive in UTC; all other moments are in `zone`. `refuses_nul`: the target
    cannot store the character NUL (PostgreSQL).
    """

    def __init__(
        self, shape: TableShape, *, zone: zoneinfo.ZoneInfo, timestamps: Iterable[str], refuses_nul: bool
    ) -> None:
        """Prepare the conversions of all columns."""
        in_utc = frozenset(timestamps)
        self.shape = shape
        self.refuses_nul = refuses_nul
        self.zones = [UTC_ZONE if column.name in in_utc else zone for column in shape.columns]
        self.described = {column.name: column for column in legacy_tables()[shape.name].columns}
        self._quick = [
            _quick(column, column_zone, refuses_nul=refuses_nul)
            for column, column_zone in zip(shape.columns, self.zones, strict=True)
        ]
        self._required = [
            place for place, column in enumerate(shape.columns) if not (column.is_nullable or column.takes_zero_date)
        ]

    def convert(self, raw: RawRow) -> tuple[Row, list[Finding]]:
        """Give the copied row and what is to be said about it; raises DoesNotFit."""
        try:
            row = [None if value is None else quick(value) for quick, value in zip(self._quick, raw, strict=True)]
        except (ValueError, KeyError):
            return self._convert_with_care(raw)
        if None in row and any(row[place] is None for place in self._required):
            return self._convert_with_care(raw)
        return row, []

    def _convert_with_care(self, raw: RawRow) -> tuple[Row, list[Finding]]:
        row, findings = [], list[Finding]()
        for place, (column, value) in enumerate(zip(self.shape.columns, raw, strict=True)):
            converted = None if value is None else self._converted_or_rescued(column, place, value, findings)
            if converted is None and place in self._required:
                converted = replacement_of_null(self.described[column.name], column)
                findings.append(_changed(column, f"{_shown(value)} became {converted!r}: the column needs a value"))
            row.append(converted)
        return row, findings

    def _converted_or_rescued(self, column: ColumnShape, place: int, value: bytes, findings: list[Finding]) -> Any:
        try:
            return self._quick[place](value)
        except (ValueError, KeyError):
            converted, finding = self._rescue(column, value)
            findings.append(finding)
            return converted

    def _rescue(self, column: ColumnShape, value: bytes) -> tuple[Any, Finding]:
        if column.kind is ColumnKind.TEXT and not column.values:
            return self._rescue_text(column, value)
        if column.kind is ColumnKind.BOOLEAN and value.lstrip(b"-").isdigit():
            return 1, _changed(column, f"{_shown(value)} became 1 (yes)")
        if column.values:
            default = self.described[column.name].default or column.values[0]
            return default, _changed(column, f"{_shown(value)} is none of {', '.join(column.values)}; became {default}")
        if column.kind is ColumnKind.MOMENT or (
            column.is_nullable and column.kind in (ColumnKind.DATE, ColumnKind.TIME)
        ):
            return None, _changed(column, f"{_shown(value)} is no {column.kind}; left empty")
        raise DoesNotFit(column.name, f"{_shown(value)} is no {column.kind}")

    def _rescue_text(self, column: ColumnShape, value: bytes) -> tuple[str, Finding]:
        text = value.decode(errors="replace")
        if "\0" in text and self.refuses_nul:
            text = text.replace("\0", "")
            return text, _changed(column, "NUL characters removed: PostgreSQL cannot store them")
        if text.encode() != value:
            return text, _changed(column, "bytes that are no UTF-8 replaced")
        return text, Finding(column.name, ImportProblem.Kind.NOTED, f"{_shown(value)} is no JSON; kept as it is")


def _changed(column: ColumnShape, reason: str) -> Finding:
    return Finding(column.name, ImportProblem.Kind.CHANGED, reason)


def replacement_of_null(described: Column, column: ColumnShape) -> Any:
    """Give what stands for NULL where the target's column has none: its default, else nothing of its kind."""
    if described.default is not None and column.kind in (ColumnKind.INTEGER, ColumnKind.BOOLEAN):
        return int(described.default)
    if column.values or column.kind is ColumnKind.TEXT:
        return described.default or (column.values[0] if column.values else "")
    return {ColumnKind.INTEGER: 0, ColumnKind.BOOLEAN: 0, ColumnKind.BYTES: b""}[column.kind]
