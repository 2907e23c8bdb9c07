"""Exported tables: what spreadsheets read of them, and that nothing in them is carried out."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import IO
from zoneinfo import ZoneInfo

import pytest
from django.http import FileResponse, StreamingHttpResponse
from django.utils.translation import gettext_lazy

from helpdesk.exports import files
from helpdesk.exports.cells import Cell, harmless
from helpdesk.exports.files import Table, csv_lines, write_spreadsheet
from helpdesk.exports.responses import ExportFormat, export_response

MOMENT = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
DANGEROUS = [
    "=1+1",
    '=HYPERLINK("http://evil.test","x")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    " =1",
    "\u200b=1",
    "\uff1d1+1",
    "|calc",
    "%0A=1",
    "-",
    "+49 (0)30 1234",
]
HARMLESS = ["", "plain", "-5", "+12.50", "a=b", "'quoted", "3-4", "mail@acme.test", "\u2212x"]


def read_csv(table: Table) -> list[list[str]]:
    text = b"".join(csv_lines(table)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def sheet_of(table: Table, number: int = 1) -> str:
    file = io.BytesIO()
    write_spreadsheet(table, file)
    with zipfile.ZipFile(file) as archive:
        return archive.read(f"xl/worksheets/sheet{number}.xml").decode()


@pytest.mark.parametrize("text", DANGEROUS)
def test_what_begins_like_a_formula_is_text(text: str) -> None:
    table = Table("T", ["a"], [[text]])
    assert read_csv(table)[1] == [f"'{text}"]
    sheet = sheet_of(Table("T", ["a"], [[text]]))
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet.lower().replace("=hyperlink(", "")


@pytest.mark.parametrize("text", HARMLESS)
def test_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_cells_of_all_kinds() -> None:
    cells: list[Cell] = [
        1,
        -2.5,
        Decimal("3.10"),
        True,
        False,
        MOMENT,
        date(2026, 3, 2),
        None,
        gettext_lazy("Yes"),
        "x\x00\ud800y",
    ]
    row = read_csv(Table("T", ["a"] * len(cells), [cells], zone=ZoneInfo("Europe/Berlin")))[1]
    assert row == ["1", "-2.5", "3.10", "Yes", "No", "2026-03-03 00:30:00", "2026-03-02", "", "Yes", "xy"]
    sheet = sheet_of(Table("T", ["a"] * len(cells), [cells]))
    assert "<v>-2.5</v>" in sheet
    assert "<v>46083.97916666666</v>" in sheet


def test_what_was_before_spreadsheets_know_time_is_text() -> None:
    early = [date(1899, 5, 6), datetime(1066, 10, 14, 9, tzinfo=UTC)]
    sheet = sheet_of(Table("T", ["a", "b"], [early]))
    assert "1899-05-06" in sheet
    assert "1066-10-14 09:00:00" in sheet


def test_a_file_begins_with_the_byte_order_mark_and_quotes_what_it_must() -> None:
    table = Table("T", ["Name", "Text"], [["Müller, Jane", 'line\none "two"']])
    assert b"".join(csv_lines(table)).startswith(b"\xef\xbb\xbfName,Text\r\n")
    table = Table("T", ["Name", "Text"], [["Müller, Jane", 'line\none "two"']])
    assert read_csv(table)[1] == ["Müller, Jane", 'line\none "two"']


def test_headings_are_harmless_too() -> None:
    assert read_csv(Table("T", ["=1"], []))[0] == ["'=1"]


def test_an_empty_table_has_its_headings() -> None:
    assert "Subject" in sheet_of(Table("T", ["Subject"], []))


def test_more_rows_than_a_sheet_holds_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROWS_PER_SHEET", 2)
    file = io.BytesIO()
    write_spreadsheet(Table("All [tickets]: 'open'/closed of this week", ["n"], [[n] for n in range(5)]), file)
    with zipfile.ZipFile(file) as archive:
        sheets = [archive.read(f"xl/worksheets/sheet{n}.xml").decode() for n in (1, 2, 3)]
        assert "All  tickets" in archive.read("xl/workbook.xml").decode()
    assert ["<v>4</v>" in sheet for sheet in sheets] == [False, False, True]


def test_a_cell_that_is_too_long_says_so() -> None:
    sheet = sheet_of(Table("T", ["a"], [["x" * 40_000], ["y"], [12345678901234567890]]))
    assert "holds no more" in sheet
    assert "12345678901234567890" in sheet


@pytest.mark.django_db  # the end of an answer looks after connections
@pytest.mark.parametrize("export_format", list(ExportFormat))
def test_memory_does_not_grow_with_the_rows(export_format: ExportFormat, tmp_path: object) -> None:
    def rows(count: int) -> Iterator[list[str]]:
        for number in range(count):
            yield [f"{number} " + "x" * 1000]

    def peak(count: int) -> int:
        table = Table("T", ["a"], rows(count))
        tracemalloc.start()
        answer = export_response(table, export_format, name="t")
        if isinstance(answer, StreamingHttpResponse | FileResponse):
            for _chunk in answer:
                pass
        answer.close()
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(10)
    assert peak(6000) < peak(300) + 2_000_000  # the rows alone would be 6 MB


@pytest.mark.django_db
def test_downloads_name_their_file() -> None:
    answer = export_response(Table("T", ["a"], [["b"]]), ExportFormat.CSV, name="Tickets März")
    assert "attachment" in answer["Content-Disposition"]
    assert "utf-8''Tickets%20M%C3%A4rz.csv" in answer["Content-Disposition"]
    assert answer["Cache-Control"] == "private, no-store"
    spreadsheet = export_response(Table("T", ["a"], [["b"]]), ExportFormat.XLSX, name="t")
    assert isinstance(spreadsheet, FileResponse)
    content = b"".join(spreadsheet)
    spreadsheet.close()
    assert content[:2] == b"PK"
    file: IO[bytes] = io.BytesIO(content)
    assert zipfile.ZipFile(file).testzip() is None
