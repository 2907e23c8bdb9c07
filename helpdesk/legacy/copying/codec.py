"""A copied row as bytes, and the sum by which two sides know that they hold the same rows.

A row is one line of JSON (ASCII, no blanks) with its values in the order of the columns; bytes stand as their length,
`{"bytes": 7}`, and follow behind the line as they are. The form is the same whichever engine the row came from.
"""

import json
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import Any, BinaryIO

from helpdesk.legacy.copying.shapes import TableShape

Row = Sequence[Any]
"""The values of a row in the forms of `ColumnKind`."""

LONGEST_LINE = 256 * 2**20
_MODULUS = 1 << 128
_to_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class DamagedRows(ValueError):  # noqa: N818 -- what happened
    """Bytes that are no encoded rows."""


def row_encoder(shape: TableShape) -> Callable[[Row], bytes]:
    """Give the function that encodes the rows of a table."""
    places = shape.bytes_positions
    if not places:
        return lambda row: _to_json(list(row)).encode() + b"\n"

    def encode(row: Row) -> bytes:
        values, contents = list(row), []
        for place in places:
            if values[place] is not None:
                contents.append(values[place])
                values[place] = {"bytes": len(values[place])}
        return b"".join([_to_json(values).encode(), b"\n", *contents])

    return encode


def read_row(stream: BinaryIO, shape: TableShape) -> tuple[list[Any], bytes] | None:
    """Read the next row and its encoding; None at the end. Raises DamagedRows."""
    line = stream.readline(LONGEST_LINE)
    if not line:
        return None
    try:
        values = json.loads(line)
    except ValueError as error:
        raise DamagedRows(f"{shape.name}: a line is no row") from error
    if not line.endswith(b"\n") or not isinstance(values, list) or len(values) != len(shape.columns):
        raise DamagedRows(f"{shape.name}: a row is cut off or has the wrong number of columns")
    contents = []
    for place in shape.bytes_positions:
        if values[place] is not None:
            values[place] = _read_content(stream, shape, values[place])
            contents.append(values[place])
    return values, b"".join([line, *contents])


def _read_content(stream: BinaryIO, shape: TableShape, announced: Any) -> bytes:
    length = announced.get("bytes") if isinstance(announced, dict) else None
    if not isinstance(length, int) or length < 0:
        raise DamagedRows(f"{shape.name}: a row says nothing about the length of its content")
    content = stream.read(length)
    if len(content) != length:
        raise DamagedRows(f"{shape.name}: the content of a row is cut off")
    return content


class RowSum:
    """The sum of the digests of rows: it does not depend on their order, and parts can be added and taken away."""

    def __init__(self, hexadecimal: str = "0") -> None:
        """Start with what `str()` of another sum gave."""
        self.value = int(hexadecimal, 16)

    def add(self, encoded: bytes) -> None:
        """Add an encoded row."""
        digest = blake2b(encoded, digest_size=16).digest()
        self.value = (self.value + int.from_bytes(digest, "big")) % _MODULUS

    def __add__(self, other: "RowSum") -> "RowSum":
        return self._with(self.value + other.value)

    def __sub__(self, other: "RowSum") -> "RowSum":
        return self._with(self.value - other.value)

    def _with(self, value: int) -> "RowSum":
        return RowSum(f"{value % _MODULUS:x}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowSum) and self.value == other.value

    def __hash__(self) -> int:
        return hash(self.value)

    def __str__(self) -> str:
        return f"{self.value:x}"
