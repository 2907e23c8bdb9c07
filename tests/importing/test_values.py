"""What osTicket's server sends becomes copied rows; what does not fit is changed or left out, and named."""

import zoneinfo
from collections.abc import Callable
from typing import Any

import pytest

from helpdesk.legacy.copying.shapes import legacy_shapes
from helpdesk.legacy.importing.values import DoesNotFit, RowConverter

pytestmark = pytest.mark.once

UTC = zoneinfo.ZoneInfo("UTC")
RIGA = zoneinfo.ZoneInfo("Europe/Riga")

# A row of each table as the server sends it, to be changed by the tests.
USUAL: dict[str, dict[str, bytes | None]] = {
    "thread_event": {
        "id": b"7", "thread_id": b"0", "thread_type": b"T", "event_id": None, "staff_id": b"2", "team_id": b"0",
        "dept_id": b"1", "topic_id": b"0", "data": b'{"claim":true}', "username": b"bruno", "uid": None,
        "uid_type": b"S", "annulled": b"1", "timestamp": b"2026-07-01 12:00:00",
    },
    "schedule_entry": {
        "id": b"3", "schedule_id": b"1", "flags": b"0", "sort": b"0", "name": b"Monday", "repeats": b"weekly",
        "starts_on": b"2019-01-01", "starts_at": b"08:00:00", "ends_on": None, "ends_at": b"17:00:00",
        "stops_on": None, "day": b"1", "week": None, "month": None, "created": b"0000-00-00 00:00:00",
        "updated": b"2026-07-01 12:00:00",
    },
    "filter": {
        "id": b"1", "execorder": b"99", "isactive": b"1", "flags": None, "status": b"0", "match_all_rules": b"0",
        "stop_onmatch": b"0", "target": b"Email", "email_id": b"0", "name": "Größe".encode(), "notes": None,
        "created": b"2026-07-01 12:00:00", "updated": b"2026-07-01 12:00:00",
    },
    "plugin": {
        "id": b"1", "name": b"LDAP", "install_path": b"plugins/auth-ldap", "isphar": b"0", "isactive": b"1",
        "version": None, "notes": None, "installed": b"2026-07-01 12:00:00",
    },
    "file_chunk": {"file_id": b"5", "chunk_id": b"0", "filedata": b"\x89PNG\x00\xff"},
}  # fmt: skip


def convert(
    table: str, *, zone: zoneinfo.ZoneInfo = UTC, refuses_nul: bool = False, timestamps: tuple[str, ...] = (),
    **changes: Any,
) -> tuple[dict[str, Any], list[tuple[str, str, str]]]:  # fmt: skip
    """Convert a usual row with some values changed; give the row by column and the findings."""
    shape = legacy_shapes()[table]
    converter = RowConverter(shape, zone=zone, timestamps=timestamps, refuses_nul=refuses_nul)
    sent = USUAL[table] | changes
    row, findings = converter.convert(tuple(sent[name] for name in shape.column_names))
    return dict(zip(shape.column_names, row, strict=True)), [(f.column, str(f.kind), f.reason) for f in findings]


def test_a_usual_row_needs_no_remark() -> None:
    row, findings = convert("thread_event")
    assert findings == []
    assert (row["id"], row["thread_id"], row["event_id"]) == (7, 0, None)
    assert (row["data"], row["annulled"], row["timestamp"]) == ('{"claim":true}', 1, "2026-07-01 12:00:00")


def test_texts_dates_and_contents_stay_whole() -> None:
    assert convert("filter")[0]["name"] == "Größe"
    assert convert("file_chunk")[0]["filedata"] == b"\x89PNG\x00\xff"
    row, findings = convert("schedule_entry")
    assert (row["starts_on"], row["starts_at"], row["ends_on"]) == ("2019-01-01", "08:00:00", None)
    assert findings == []


def test_emoji_stay_whole() -> None:
    assert convert("filter", name="Drucker 🖨 brennt 🔥".encode())[0]["name"] == "Drucker 🖨 brennt 🔥"


def test_zero_dates_are_no_dates() -> None:
    row, findings = convert("schedule_entry", starts_on=b"0000-00-00")
    assert (row["created"], row["starts_on"]) == (None, None)
    assert findings == []


@pytest.mark.parametrize(
    ("wall_time", "utc"),
    [
        (b"2026-07-01 12:00:00", "2026-07-01 09:00:00"),
        (b"2026-01-01 01:30:00", "2025-12-31 23:30:00"),
        (b"2026-10-25 03:30:00", "2026-10-25 00:30:00"),  # twice on that day: the first
        (b"2026-07-01 12:00:00.750000", "2026-07-01 09:00:00"),
    ],
)
def test_datetimes_are_converted_from_the_zone_of_the_server(wall_time: bytes, utc: str) -> None:
    assert convert("thread_event", zone=RIGA, timestamp=wall_time)[0]["timestamp"] == utc


def test_timestamps_arrive_in_utc() -> None:
    row, _ = convert("thread_event", zone=RIGA, timestamps=("timestamp",))
    assert row["timestamp"] == "2026-07-01 12:00:00"


CHANGED: dict[str, tuple[str, dict[str, Any], str, Any, str]] = {
    "impossible moment": (
        "thread_event", {"timestamp": b"2026-02-31 10:00:00"}, "timestamp", None,
        "'2026-02-31 10:00:00' is no moment; left empty",
    ),
    "half a date": (
        "schedule_entry", {"starts_on": b"2026-00-10"}, "starts_on", None, "'2026-00-10' is no date; left empty",
    ),
    "a time of 30 hours": (
        "schedule_entry", {"ends_at": b"30:00:00"}, "ends_at", None, "'30:00:00' is no time; left empty",
    ),
    "yes and more": ("thread_event", {"annulled": b"5"}, "annulled", 1, "'5' became 1 (yes)"),
    "no value of the enumeration": (
        "filter", {"target": b""}, "target", "Any", "'' is none of Any, Web, Email, API; became Any",
    ),
    "NULL without a place": (
        "plugin", {"name": None}, "name", "", "NULL became '': the column needs a value",
    ),
    "NULL for a number": (
        "thread_event", {"staff_id": None}, "staff_id", 0, "NULL became 0: the column needs a value",
    ),
    "no UTF-8": ("filter", {"name": b"Gr\xf6\xdfe"}, "name", "Gr��e", "bytes that are no UTF-8 replaced"),
}  # fmt: skip


@pytest.mark.parametrize("case", CHANGED)
def test_a_value_that_does_not_fit_is_changed_and_named(case: str) -> None:
    table, changes, column, expected, reason = CHANGED[case]
    row, findings = convert(table, **changes)
    assert row[column] == expected
    assert findings == [(column, "changed", reason)]


def test_broken_json_is_kept_and_named() -> None:
    row, findings = convert("thread_event", data=b'{"claim":tru')
    assert row["data"] == '{"claim":tru'
    assert findings == [("data", "noted", "'{\"claim\":tru' is no JSON; kept as it is")]


def test_empty_json_is_nothing_unusual() -> None:
    assert convert("thread_event", data=b"") == ({**convert("thread_event")[0], "data": ""}, [])


def test_nul_characters_are_removed_where_the_target_cannot_store_them() -> None:
    assert convert("filter", name=b"a\0b")[0]["name"] == "a\0b"
    row, findings = convert("filter", name=b"a\0b", refuses_nul=True)
    assert row["name"] == "ab"
    assert findings == [("name", "changed", "NUL characters removed: PostgreSQL cannot store them")]


@pytest.mark.parametrize(("column", "value"), [("id", b"x"), ("uid", b"1.5")])
def test_a_number_that_is_none_leaves_the_row_out(column: str, value: bytes) -> None:
    with pytest.raises(DoesNotFit, match=f"'{value.decode()}' is no integer") as refused:
        convert("thread_event", **dict[str, Any]({column: value}))
    assert refused.value.column == column


def test_one_row_may_have_several_problems() -> None:
    _, findings = convert("thread_event", annulled=b"9", timestamp=b"2026-13-01 00:00:00", data=b"[")
    assert sorted(column for column, _, _ in findings) == ["annulled", "data", "timestamp"]


@pytest.mark.parametrize("shape", legacy_shapes().values(), ids=lambda shape: shape.name)
def test_every_table_has_conversions_for_all_columns(shape: Any) -> None:
    """No column is of a kind that nobody thought of."""
    make: Callable[..., RowConverter] = RowConverter
    assert make(shape, zone=UTC, timestamps=(), refuses_nul=True).shape is shape
