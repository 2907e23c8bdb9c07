"""The export of a queue in `lifecycle.json` (osticket/tickets.md §16.3)."""

from __future__ import annotations

import csv
import io
from datetime import UTC

from django.utils import timezone

from helpdesk.exports.files import csv_lines
from helpdesk.people.access import access_of
from tests.conformance.lifecycle.operations import Step, operation
from tickets.list_options import ListOptions
from tickets.queue_export import queue_table
from tickets.queues import queue_for


@operation("queue.export_csv")
def export_of_a_queue(step: Step) -> str:
    """Give the file as PHP writes CSV: with bare line feeds, and quotes around cells with blanks."""
    assert step.actor.agent is not None
    access = access_of(step.actor.agent)
    queue = queue_for(access, int(step.args["queue"]))
    table = queue_table(access, queue, now=timezone.now(), zone=UTC, options=ListOptions())
    text = b"".join(csv_lines(table)).decode("utf-8")
    lines = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    return "\ufeff" + "".join(f"{','.join(map(_as_php_writes, line))}\n" for line in lines)


def _as_php_writes(cell: str) -> str:
    needs_quotes = any(sign in cell for sign in ' ",\t\r\n\\')
    return f'"{cell.replace(chr(34), chr(34) * 2)}"' if needs_quotes else cell
