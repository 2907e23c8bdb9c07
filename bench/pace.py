"""How fast the machine is at this moment, so that figures of one moment can be compared with those of another.

A virtual machine whose host is busy may run at half or a third of its speed, and change within a minute. A table of
fixed content, rendered right before each request, tells by how much: it uses processor and memory as pages do, which a
loop over numbers does not.
"""

from __future__ import annotations

import time

from django.template import Context, Engine

USUAL_SECONDS = 0.0034
"""What the table takes on the machine of the figures in `bench/results`, while nothing else runs on it or its host."""
_TABLE = Engine(autoescape=True).from_string(
    "<table>{% for row in rows %}<tr id='{{ row.id }}'{% if row.is_new %} class='new'{% endif %}>"
    "{% for cell in row.cells %}<td>{{ cell.title }}{% if cell.number %} ({{ cell.number }}){% endif %}</td>"
    "{% endfor %}"
    "</tr>{% endfor %}</table>"
)
_ROWS = [
    {"id": row, "is_new": row % 3, "cells": [{"title": f"<b>{row}</b>", "number": cell % 2} for cell in range(8)]}
    for row in range(40)
]


def slowness() -> float:
    """Give by how many times the machine is slower now than usual: 1.0 on the usual machine, 2.0 at half its speed."""
    started = time.perf_counter()
    _TABLE.render(Context({"rows": _ROWS}))
    return (time.perf_counter() - started) / USUAL_SECONDS
