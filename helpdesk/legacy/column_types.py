"""What a MySQL column type can hold, so that two spellings of one type are equal and a wider one is known as such."""

import re
from dataclasses import dataclass
from enum import Enum

_TYPE = re.compile(r"(?P<name>[a-z]+)\s*(?:\((?P<arguments>.*)\))?(?P<attributes>[a-z ]*)", re.DOTALL)
_INTEGER_BYTES = {"tinyint": 1, "smallint": 2, "mediumint": 3, "int": 4, "integer": 4, "bigint": 8}
_TEXT_SIZES = {"tinytext": 2**8 - 1, "text": 2**16 - 1, "mediumtext": 2**24 - 1, "longtext": 2**32 - 1}
_BLOB_SIZES = {"tinyblob": 2**8 - 1, "blob": 2**16 - 1, "mediumblob": 2**24 - 1, "longblob": 2**32 - 1}
# A timestamp ends in 2038; a datetime does not.
_MOMENT_YEARS = {"timestamp": 2038, "datetime": 9999}


class Fit(Enum):
    """How a column's type compares with the expected one."""

    SAME = "same"
    WIDER = "wider"
    NARROWER = "narrower"
    OTHER = "other"


@dataclass(frozen=True)
class ColumnType:
    """A type as what it holds: a family, and the bounds or the values within the family."""

    family: str
    lowest: int = 0
    highest: int = 0
    values: frozenset[str] = frozenset()

    def holds(self, other: "ColumnType") -> bool:
        """Whether every value of the other type fits, both being of one family."""
        return self.lowest <= other.lowest and self.highest >= other.highest and self.values >= other.values


def parse_column_type(text: str) -> ColumnType:
    """Read a type as the server prints it; display widths (`int(11)`) say nothing and MySQL 8 leaves them out."""
    match = _TYPE.fullmatch(text.strip().lower())
    if match is None:
        return ColumnType(text)
    name, arguments, attributes = match["name"], match["arguments"] or "", match["attributes"]
    if name in _INTEGER_BYTES:
        return _integer(_INTEGER_BYTES[name], unsigned="unsigned" in attributes)
    if name in ("char", "varchar"):
        return ColumnType("text", highest=int(arguments or 1))
    if name in _TEXT_SIZES:
        return ColumnType("text", highest=_TEXT_SIZES[name])
    if name in _BLOB_SIZES:
        return ColumnType("bytes", highest=_BLOB_SIZES[name])
    if name in _MOMENT_YEARS:
        return ColumnType("moment", highest=_MOMENT_YEARS[name])
    if name == "enum":
        # The values themselves keep their case: `Web` is not `web`.
        inner = text[text.index("(") + 1 : text.rindex(")")]
        return ColumnType("enum", values=frozenset(re.findall(r"'((?:[^']|'')*)'", inner)))
    return ColumnType(f"{name}({arguments}){attributes}" if arguments else name)


def _integer(size: int, *, unsigned: bool) -> ColumnType:
    bits = 8 * size
    if unsigned:
        return ColumnType("integer", 0, 2**bits - 1)
    return ColumnType("integer", -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def compare_column_types(found: str, expected: str) -> Fit:
    """Say how the type `found` in a database compares with the `expected` one."""
    have, want = parse_column_type(found), parse_column_type(expected)
    if have == want:
        return Fit.SAME
    if have.family != want.family:
        return Fit.OTHER
    return Fit.WIDER if have.holds(want) else Fit.NARROWER
