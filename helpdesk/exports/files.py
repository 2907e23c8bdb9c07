"""Writing a table into a file, one row at a time: memory does not grow with the number of rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import IO, Any

from django.utils.translation import gettext as _

from helpdesk.exports.cells import Cell, text_of, value_of

BYTE_ORDER_MARK = "\ufeff"
ROWS_PER_SHEET = 1_048_575
"""What a sheet holds besides the headings; more rows go on in another sheet."""
LONGEST_CELL = 32_767
LONGEST_SHEET_NAME = 31
_NOT_IN_SHEET_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_DIGITS_OF_SPREADSHEETS = 15


@dataclass(frozen=True)
class Table:
    """A table to export: `rows` may be a generator and is gone through once. Times are shown in `zone`."""

    title: str
    headings: Sequence[Cell]
    rows: Iterable[Sequence[Cell]]
    zone: tzinfo = UTC


def csv_lines(table: Table) -> Iterator[bytes]:
    """Give the lines of a CSV file in UTF-8, after a byte order mark by which spreadsheets know it."""
    yield BYTE_ORDER_MARK.encode()
    for row in _all_rows(table):
        line = io.StringIO()
        csv.writer(line).writerow([text_of(cell, zone=table.zone) for cell in row])
        yield line.getvalue().encode()


def write_spreadsheet(table: Table, file: IO[bytes]) -> None:
    """Write an XLSX file. Rows lie in a temporary file until the end; no text becomes a formula or a link."""
    import xlsxwriter  # larger than everything else here; most processes never write a spreadsheet

    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
    }
    with xlsxwriter.Workbook(file, options) as book:
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        name = table.title.translate(_NOT_IN_SHEET_NAMES).strip()
        sheet, place = None, 0
        for number, row in enumerate(table.rows):
            if number % ROWS_PER_SHEET == 0:
                sheet, place = _new_sheet(book, name, number // ROWS_PER_SHEET, table, bold), 0
            place += 1
            for column, cell in enumerate(row):
                _write(sheet, place, column, value_of(cell, zone=table.zone), day)
        if sheet is None:
            _new_sheet(book, name, 0, table, bold)


def _all_rows(table: Table) -> Iterator[Sequence[Cell]]:
    yield table.headings
    yield from table.rows


def _new_sheet(book: Any, name: str, number: int, table: Table, bold: Any) -> Any:
    suffix = f" {number + 1}" if number else ""
    sheet = book.add_worksheet(f"{name[: LONGEST_SHEET_NAME - len(suffix)].strip()}{suffix}" or None)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, max(len(table.headings) - 1, 0), 18)
    for column, heading in enumerate(table.headings):
        sheet.write_string(0, column, str(value_of(heading, zone=table.zone)), bold)
    return sheet


def _write(sheet: Any, row: int, column: int, value: Any, day: Any) -> None:
    if value is None or value == "":
        return
    if isinstance(value, str):
        sheet.write_string(row, column, _fitting(value))
    elif isinstance(value, date) and value.year < 1900:  # spreadsheets know no earlier time
        sheet.write_string(row, column, text_of(value))
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value)
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, day)
    elif isinstance(value, int) and len(str(abs(value))) > _DIGITS_OF_SPREADSHEETS:
        sheet.write_string(row, column, str(value))  # they would round it
    else:
        sheet.write_number(row, column, value)


def _fitting(text: str) -> str:
    """Give a text that a cell holds, saying so where that is not all of it."""
    if len(text) <= LONGEST_CELL:
        return text
    note = _("… (cut: a cell of a spreadsheet holds no more)")
    return f"{text[: LONGEST_CELL - len(note)]}{note}"
