"""Answers that download a table."""

from __future__ import annotations

import tempfile
from enum import StrEnum

from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header

from helpdesk.exports.files import Table, csv_lines, write_spreadsheet


class ExportFormat(StrEnum):
    """The kinds of files."""

    CSV = "csv"
    XLSX = "xlsx"


CONTENT_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def export_response(table: Table, export_format: ExportFormat, *, name: str) -> HttpResponseBase:
    """Give the table as a download called `name` and the ending of its format.

    CSV is sent while the rows are read; a spreadsheet is written to a temporary file first. Both hold one row in memory
    at a time, as far as `table.rows` does.
    """
    content_type, file_name = CONTENT_TYPES[export_format], f"{name}.{export_format}"
    answer: HttpResponseBase
    if export_format is ExportFormat.CSV:
        answer = StreamingHttpResponse(csv_lines(table), content_type=content_type)
        answer["Content-Disposition"] = content_disposition_header(True, file_name)
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 -- the answer closes it
        write_spreadsheet(table, file)
        file.seek(0)
        answer = FileResponse(file, as_attachment=True, filename=file_name, content_type=content_type)
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
