"""In which zone the naive datetimes of a database are: the zone of the server's operating system.

osTicket writes NOW() with the session's time zone SYSTEM (osticket/schema.md §1, time). The server tells that zone by
an abbreviation only (`CEST`), which names no set of rules. So the clock is measured: the server converts moments of the
past twenty years, and the zones that would have answered alike are the candidates.
"""

import zoneinfo
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources

from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.adoption.judgement import Problem
from helpdesk.legacy.schema_introspection import fetch_rows

Offsets = Mapping[datetime, timedelta]
"""Moment in UTC (aware) to the offset of the server's clock."""


@dataclass(frozen=True)
class TimeZoneFinding:
    """The zone, and how it was found; `name` is '' when people must choose among the `candidates`."""

    name: str
    explanation: str
    candidates: tuple[str, ...] = ()

    @property
    def problem(self) -> Problem | None:
        """What people have to decide, if anything."""
        if self.name:
            return None
        way_out = "Set DB_TIME_ZONE to the zone of the operating system that osTicket's database runs on"
        names = f", one of: {', '.join(self.candidates)}." if self.candidates else ", for example Europe/Berlin."
        return Problem("time-zone-unknown", self.explanation, (way_out + names,))


def sample_moments(now: datetime) -> list[datetime]:
    """Give the moments to measure: midwinter and midsummer of twenty years, and every tenth day of the last two.

    The close ones tell zones apart that change their clocks on different days.
    """
    years = [datetime(year, month, 1, tzinfo=UTC) for year in range(now.year - 20, now.year) for month in (1, 7)]
    days = [datetime(now.year - 2, 1, 1, tzinfo=UTC) + timedelta(days=10 * step) for step in range(74)]
    return sorted({*years, *days})


def measure_offsets(connection: BaseDatabaseWrapper, moments: Iterable[datetime]) -> dict[datetime, timedelta]:
    """Let the server convert the moments to its wall time, in the session's time zone SYSTEM."""
    asked = list(moments)
    sql = "SELECT " + ", ".join(["FROM_UNIXTIME(%s)"] * len(asked))
    (answers,) = fetch_rows(connection, sql, [int(moment.timestamp()) for moment in asked])
    return {
        moment: answer - moment.replace(tzinfo=None, microsecond=0)
        for moment, answer in zip(asked, answers, strict=True)
    }


@cache
def zone_names() -> tuple[str, ...]:
    """Give the zones to offer: one for each set of rules since 1970 (the zone table that comes with tzdata)."""
    table = resources.files("tzdata.zoneinfo").joinpath("zone1970.tab").read_text(encoding="utf-8")
    return tuple(sorted(line.split("\t")[2] for line in table.splitlines() if line and not line.startswith("#")))


def fits(zone_name: str, offsets: Offsets) -> bool:
    """Whether a clock of this zone shows all of these offsets; False for a name that is no zone."""
    try:
        zone = zoneinfo.ZoneInfo(zone_name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return False
    return all(moment.astimezone(zone).utcoffset() == offset for moment, offset in offsets.items())


def find_time_zone(
    offsets: Offsets,
    *,
    configured: str = "",
    recorded: str = "",
    default_timezone: str = "",
    system_name: str = "",
    names: Callable[[], Iterable[str]] = zone_names,
) -> TimeZoneFinding:
    """Choose the zone: the one configured for Ostler, UTC for a clock on UTC, osTicket's display zone when it fits.

    `configured` is DB_TIME_ZONE, `recorded` what an earlier adoption found, `default_timezone` osTicket's setting,
    `system_name` what the server calls its zone.
    """
    if configured:
        return _configured(configured, offsets)
    if recorded:
        return TimeZoneFinding(recorded, "as recorded when the database was adopted")
    if not any(offsets.values()):
        return TimeZoneFinding("UTC", "the server's clock is on UTC")
    if default_timezone and fits(default_timezone, offsets):
        return TimeZoneFinding(default_timezone, "osTicket's own time zone, and the server's clock agrees")
    candidates = tuple(name for name in names() if fits(name, offsets))
    if len(candidates) == 1:
        return TimeZoneFinding(candidates[0], "the only zone that the server's clock agrees with")
    shown = _offset_range(offsets) + (f", it calls the zone {system_name}" if system_name else "")
    kind = "several zones are" if candidates else "no known zone is"
    return TimeZoneFinding("", f"The server's clock is {shown}; {kind} like that.", candidates)


def _configured(name: str, offsets: Offsets) -> TimeZoneFinding:
    if fits(name, offsets):
        return TimeZoneFinding(name, "DB_TIME_ZONE, and the server's clock agrees")
    shown = _offset_range(offsets)
    return TimeZoneFinding(
        name,
        f"DB_TIME_ZONE. The server's own clock is {shown}, which is right only for a copy that was made on another "
        "server; PHP osTicket on this server would write other times",
    )


def _offset_range(offsets: Offsets) -> str:
    return " and ".join(_offset_text(offset) for offset in sorted(set(offsets.values())))


def _offset_text(offset: timedelta) -> str:
    minutes = int(offset.total_seconds()) // 60
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60}:{abs(minutes) % 60:02}"


def detect_time_zone(
    connection: BaseDatabaseWrapper, prefix: str, now: datetime, *, recorded: str = ""
) -> TimeZoneFinding:
    """Find the zone of the connected database with this prefix; `recorded` is what an earlier adoption found."""
    ((system_name,),) = fetch_rows(connection, "SELECT @@system_time_zone")
    default = fetch_rows(
        connection,
        f"SELECT value FROM `{prefix}config` WHERE namespace = 'core' AND `key` = 'default_timezone'",  # noqa: S608
    )
    return find_time_zone(
        measure_offsets(connection, sample_moments(now)),
        configured=connection.settings_dict["TIME_ZONE"] or "",
        recorded=recorded,
        default_timezone=str(default[0][0]) if default else "",
        system_name=str(system_name),
    )


def describe_global_time_zone(connection: BaseDatabaseWrapper) -> str:
    """Give a remark when the server has a default zone that osTicket shows times in but does not write them in."""
    ((global_zone,),) = fetch_rows(connection, "SELECT @@global.time_zone")
    if str(global_zone).upper() == "SYSTEM":
        return ""
    return (
        f"The server's default time zone is {global_zone}; osTicket writes in that of the operating system all the "
        "same. If the two differ, osTicket showed shifted times; Ostler shows them as they were written."
    )
