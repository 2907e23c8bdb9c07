"""The few expressions of the generator that MariaDB, PostgreSQL and SQLite spell differently."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Dialect(Protocol):
    """How one engine writes whole-number division, joined text, moments and number series."""

    def numbers(self, first: int, last: int) -> str:
        """Give a table with one column `n`."""

    def quotient(self, number: str, divisor: str) -> str:
        """Give the whole quotient."""

    def joined(self, parts: Sequence[str]) -> str:
        """Join texts."""

    def padded(self, number: str, width: int) -> str:
        """Give a number as text with leading zeros."""

    def moment(self, value: datetime) -> str:
        """Give a moment (aware) as a literal."""

    def later(self, moment: str, seconds: str) -> str:
        """Add seconds to a moment."""

    def seconds_between(self, earlier: str, later: str) -> str:
        """Give the whole seconds between two moments."""


class MySqlDialect:
    """MariaDB, with its number tables."""

    def numbers(self, first: int, last: int) -> str:
        return f"(SELECT seq AS n FROM seq_{first}_to_{last})"  # noqa: S608 -- numbers

    def quotient(self, number: str, divisor: str) -> str:
        return f"(({number}) DIV ({divisor}))"

    def joined(self, parts: Sequence[str]) -> str:
        return f"CONCAT({', '.join(parts)})"

    def padded(self, number: str, width: int) -> str:
        return f"LPAD({number}, {width}, '0')"

    def moment(self, value: datetime) -> str:
        return f"TIMESTAMP'{value:%Y-%m-%d %H:%M:%S}'"

    def later(self, moment: str, seconds: str) -> str:
        return f"TIMESTAMPADD(SECOND, {seconds}, {moment})"

    def seconds_between(self, earlier: str, later: str) -> str:
        return f"TIMESTAMPDIFF(SECOND, {earlier}, {later})"


class PostgresDialect:
    """PostgreSQL."""

    def numbers(self, first: int, last: int) -> str:
        return f"(SELECT CAST(n AS bigint) AS n FROM generate_series({first}, {last}) AS n)"  # noqa: S608 -- numbers

    def quotient(self, number: str, divisor: str) -> str:
        return f"(({number}) / ({divisor}))"

    def joined(self, parts: Sequence[str]) -> str:
        return f"CONCAT({', '.join(parts)})"

    def padded(self, number: str, width: int) -> str:
        return f"LPAD(CAST({number} AS text), {width}, '0')"

    def moment(self, value: datetime) -> str:
        return f"TIMESTAMPTZ '{value:%Y-%m-%d %H:%M:%S}+00'"

    def later(self, moment: str, seconds: str) -> str:
        return f"({moment} + ({seconds}) * INTERVAL '1 second')"

    def seconds_between(self, earlier: str, later: str) -> str:
        return f"CAST(EXTRACT(EPOCH FROM {later} - {earlier}) AS bigint)"


class SqliteDialect:
    """SQLite."""

    def numbers(self, first: int, last: int) -> str:
        return (
            f"(WITH RECURSIVE counted(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last})"  # noqa: S608
            " SELECT n FROM counted)"
        )

    def quotient(self, number: str, divisor: str) -> str:
        return f"(({number}) / ({divisor}))"

    def joined(self, parts: Sequence[str]) -> str:
        return f"({' || '.join(parts)})"

    def padded(self, number: str, width: int) -> str:
        return f"printf('%0{width}d', {number})"

    def moment(self, value: datetime) -> str:
        return f"'{value:%Y-%m-%d %H:%M:%S}'"

    def later(self, moment: str, seconds: str) -> str:
        return f"datetime(unixepoch({moment}) + ({seconds}), 'unixepoch')"

    def seconds_between(self, earlier: str, later: str) -> str:
        return f"(unixepoch({later}) - unixepoch({earlier}))"


DIALECTS: dict[str, Dialect] = {
    "mysql": MySqlDialect(),
    "postgresql": PostgresDialect(),
    "sqlite": SqliteDialect(),
}
