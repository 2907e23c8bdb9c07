"""The statements of the statistics that are too intricate for the ORM (osticket/tickets.md §16.2).

Those that count begin with the events of a time, which the index on `thread_event.timestamp` finds: their cost grows
with that time, not with history. `WHOLE_HOURS` cuts and never rounds, as osTicket does.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, models

from helpdesk.reports.clock import Stretch
from helpdesk.threads.models import Thread, ThreadEntry, ThreadEvent

EARLIEST = dt.datetime(1990, 1, 1, tzinfo=dt.UTC)
"""Before it nothing happened: zero dates are none."""
COUNTED = ("created", "assigned", "overdue", "closed", "reopened", "deleted")
"""The events that the table counts, in the order of its columns."""
WHOLE_HOURS = {
    "mysql": "TIMESTAMPDIFF(HOUR, {start}, {end})",
    "postgresql": "CAST(TRUNC(EXTRACT(EPOCH FROM ({end} - {start})) / 3600) AS integer)",
    "sqlite": "((CAST(strftime('%%s', {end}) AS INTEGER) - CAST(strftime('%%s', {start}) AS INTEGER)) / 3600)",
}
_DAY = {
    "mysql": "DATE(e.timestamp)",
    "postgresql": "CAST(e.timestamp AT TIME ZONE 'UTC' AS date)",
    "sqlite": "date(e.timestamp)",
}
_QUARTER_OF_DAY = {
    "mysql": "(HOUR(e.timestamp) * 4 + MINUTE(e.timestamp) DIV 15)",
    "postgresql": "CAST(TRUNC(EXTRACT(EPOCH FROM CAST(e.timestamp AT TIME ZONE 'UTC' AS time)) / 900) AS integer)",
    "sqlite": "(CAST(strftime('%%H', e.timestamp) AS INTEGER) * 4"
    " + CAST(strftime('%%M', e.timestamp) AS INTEGER) / 15)",
}


@dataclass(frozen=True)
class Condition:
    """A part of WHERE on the events `e`, with its parameters."""

    sql: str
    params: Sequence[Any] = ()


@dataclass(frozen=True)
class Sums:
    """How many events counted at all and of each of `COUNTED`; whole hours of service and of response, and of how many.

    All of it may be added up over times that do not overlap.
    """

    happened: int = 0
    counts: tuple[int, ...] = (0,) * len(COUNTED)
    service_hours: int = 0
    services: int = 0
    response_hours: int = 0
    responses: int = 0

    def __add__(self, other: Sums) -> Sums:
        """Give both together."""
        return Sums(
            self.happened + other.happened,
            tuple(map(sum, zip(self.counts, other.counts, strict=True))),
            *(getattr(self, name) + getattr(other, name) for name in HOURS),
        )


HOURS = ("service_hours", "services", "response_hours", "responses")
Key = tuple[Any, ...]


def events_by_quarter(stretches: Sequence[Stretch]) -> list[tuple[dt.date, int, int, int, int]]:
    """Give (day, quarter of an hour of that day, event id, how often it happened, how many were not annulled since).

    Of tickets alone; day and quarter are those on the clock of the database.
    """
    if not stretches:
        return []
    day, quarter = _DAY[connection.vendor], _QUARTER_OF_DAY[connection.vendor]
    where = _within(stretches)
    sql = (
        f"SELECT {day}, {quarter}, e.event_id, COUNT(*), SUM(CASE WHEN {_true('e.annulled')} THEN 0 ELSE 1 END)"  # noqa: S608 -- our own names
        f" FROM {_table(ThreadEvent)} e WHERE {where.sql} AND e.thread_type = 'T'"
        f" GROUP BY {day}, {quarter}, e.event_id"
    )
    rows = _fetch(sql, where.params)
    return [(_date(row[0]), int(row[1]), int(row[2] or 0), int(row[3]), int(row[4])) for row in rows]


def sums_by(
    columns: Sequence[str],
    stretches: Sequence[Stretch],
    condition: Condition,
    *,
    event_ids: Mapping[str, int],
    by_day: bool = False,
) -> dict[Key, Sums]:
    """Give the sums by columns of the events (`dept_id`, `topic_id`, `staff_id`), with `by_day` each after its day.

    `event_ids` are those of `COUNTED`. A key with `happened` 0 has hours alone, of tasks and of what was annulled.
    """
    if not stretches:
        return {}
    groups = [_DAY[connection.vendor]] * by_day + [f"COALESCE(e.{column}, 0)" for column in columns]
    where = _within(stretches)
    where = Condition(f"{where.sql} AND ({condition.sql})", [*where.params, *condition.params])
    found: dict[Key, Sums] = defaultdict(Sums)
    for key, numbers in _numbers(_counts_sql(groups, where), _counts_params(event_ids, where), groups, by_day=by_day):
        found[key] += Sums(numbers[0], tuple(numbers[1:]))
    params = [event_ids["created"], event_ids["closed"], *where.params]
    for key, numbers in _numbers(_hours_sql(groups, where), params, groups, by_day=by_day):
        found[key] += Sums(0, (0,) * len(COUNTED), *numbers)
    return dict(found)


def _counts_sql(groups: Sequence[str], where: Condition) -> str:
    counted = ", ".join(["SUM(CASE WHEN e.event_id = %s THEN 1 ELSE 0 END)"] * len(COUNTED))
    return (
        f"SELECT {', '.join(groups)}, COUNT(*), {counted} FROM {_table(ThreadEvent)} e"  # noqa: S608 -- our own names
        f" WHERE {where.sql} AND e.thread_type = 'T' AND NOT {_true('e.annulled')} GROUP BY {', '.join(groups)}"
    )


def _counts_params(event_ids: Mapping[str, int], where: Condition) -> list[Any]:
    return [*(event_ids[name] for name in COUNTED), *where.params]


def _hours_sql(groups: Sequence[str], where: Condition) -> str:
    """Give the statement of the hours; its parameters begin with the ids of `created` and `closed`.

    osTicket joins every event of the period, annulled or not, of tickets and tasks whose thread still exists, with
    every response of its thread; a closing also with the opening. So an answer counts once for each event, and a
    closing once for each answer. Here responses are added up by thread first, which gives the same at the cost of one
    reading. COALESCE keeps databases from the index on the type of entries, which leads through all answers ever given.
    """
    names = [f"g{number}" for number in range(len(groups))]
    named = ", ".join(f"{group} AS {name}" for group, name in zip(groups, names, strict=True))
    pairs = ", ".join(f"pairs.{name}" for name in names)
    is_closing = f"e.event_id = %s AND NOT {_true('e.annulled')}"
    return f"""
        WITH pairs AS (
            SELECT {named}, e.thread_id, COUNT(*) AS pairs,
                   SUM({_hours("c.timestamp", "e.timestamp")}) AS hours,
                   COUNT({_hours("c.timestamp", "e.timestamp")}) AS counted
            FROM {_table(ThreadEvent)} e
            JOIN {_table(Thread)} t ON t.id = e.thread_id
            LEFT JOIN {_table(ThreadEvent)} c ON c.thread_id = e.thread_id AND c.event_id = %s AND {is_closing}
            WHERE {where.sql}
            GROUP BY {", ".join(groups)}, e.thread_id
        ), responses AS (
            SELECT r.thread_id, COUNT(*) AS responses, SUM({_hours("p.created", "r.created")}) AS hours,
                   COUNT({_hours("p.created", "r.created")}) AS counted
            FROM (SELECT DISTINCT thread_id FROM pairs) touched
            JOIN {_table(ThreadEntry)} r ON r.thread_id = touched.thread_id AND COALESCE(r.type, '') = 'R'
            LEFT JOIN {_table(ThreadEntry)} p ON p.id = r.pid
            GROUP BY r.thread_id
        )
        SELECT {pairs},
               SUM(pairs.hours * COALESCE(responses.responses, 1)),
               SUM(pairs.counted * COALESCE(responses.responses, 1)),
               SUM(responses.hours * pairs.pairs), SUM(responses.counted * pairs.pairs)
        FROM pairs LEFT JOIN responses ON responses.thread_id = pairs.thread_id
        GROUP BY {pairs}
    """  # noqa: S608 -- our own names


def _numbers(
    sql: str, params: Sequence[Any], groups: Sequence[str], *, by_day: bool
) -> Iterable[tuple[Key, list[int]]]:
    for row in _fetch(sql, params):
        days = [_date(row[0])] if by_day else []
        key = [int(value or 0) for value in row[len(days) : len(groups)]]
        yield (*days, *key), [int(value or 0) for value in row[len(groups) :]]


# --- What changed since the days were counted -------------------------------------------------------------------------


def newest_rows() -> tuple[int, int]:
    """Give the largest numbers of events and entries."""
    events = ThreadEvent.objects.order_by("-pk").values_list("pk", flat=True).first()
    entries = ThreadEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    return events or 0, entries or 0


def days_touched(event_id: int, entry_id: int) -> set[dt.date]:
    """Give the days on which something happened in threads that have got later events or entries than these.

    Costs as much as these threads have events.
    """
    day, events, entries = _DAY[connection.vendor], _table(ThreadEvent), _table(ThreadEntry)
    sql = (
        f"SELECT DISTINCT {day} FROM (SELECT thread_id FROM {events} WHERE id > %s"  # noqa: S608 -- our own names
        f" UNION SELECT thread_id FROM {entries} WHERE id > %s) touched"
        f" JOIN {events} e ON e.thread_id = touched.thread_id WHERE touched.thread_id > 0 AND e.timestamp >= %s"
        f" UNION SELECT DISTINCT {day} FROM {events} e WHERE e.id > %s AND e.timestamp >= %s"
    )
    earliest = _stored(EARLIEST)
    return {_date(row[0]) for row in _fetch(sql, [event_id, entry_id, earliest, event_id, earliest])}


def orphans_by_day() -> dict[dt.date, int]:
    """Give how many events of each day have lost their thread: from the index alone, of which they are a small part."""
    day = _DAY[connection.vendor]
    sql = (
        f"SELECT {day}, COUNT(*) FROM {_table(ThreadEvent)} e"  # noqa: S608 -- our own names
        f" WHERE e.thread_id = 0 AND e.timestamp >= %s GROUP BY {day}"
    )
    return {_date(row[0]): int(row[1]) for row in _fetch(sql, [_stored(EARLIEST)])}


def orphans_within(stretch: Stretch) -> dict[dt.date, int]:
    """Give the same of a time, which is read instead."""
    day, where = _DAY[connection.vendor], _within([stretch])
    sql = (
        f"SELECT {day}, SUM(CASE WHEN e.thread_id = 0 THEN 1 ELSE 0 END) FROM {_table(ThreadEvent)} e"  # noqa: S608 -- our own names
        f" WHERE {where.sql} GROUP BY {day}"
    )
    return {_date(row[0]): int(row[1]) for row in _fetch(sql, where.params)}


def _within(stretches: Sequence[Stretch]) -> Condition:
    parts = " OR ".join(["e.timestamp BETWEEN %s AND %s"] * len(stretches))
    return Condition(f"({parts})", [_stored(moment) for stretch in stretches for moment in stretch.stored])


def _hours(start: str, end: str) -> str:
    return WHOLE_HOURS[connection.vendor].format(start=start, end=end)


def _stored(moment: dt.datetime) -> Any:
    field = ThreadEvent._meta.get_field("timestamp")
    return field.get_db_prep_value(moment, connection)


def _date(value: Any) -> dt.date:
    return value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value))


def _true(column: str) -> str:
    return column if connection.vendor == "postgresql" else f"{column} <> 0"


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _fetch(sql: str, params: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
