"""Adapters for `numbers.json`: number formats, sequences, random numbers."""

from __future__ import annotations

import re
from typing import Any

from helpdesk.legacy.errors import ValidationFailed
from tests.conformance.recorded import RecordedCase
from tests.conformance.registry import adapter
from tickets import numbers
from tickets.models import Sequence, Ticket
from tickets.number_register import TICKETS

FILE = "numbers.json"


@adapter(FILE, "format", compare=lambda expected, found: _compare_result(expected, found))
def format_a_number(case: RecordedCase) -> dict[str, Any]:
    number_format = case.input["format"]
    try:
        result = numbers.format_number(number_format, case.input["number"], case.given["padding"])
    except ValidationFailed as refusal:
        result = f"EXC {refusal.code}"
    return {"result": result, "digit_count": numbers.digit_count(number_format)}


def _compare_result(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """An error is an error, whatever its text."""
    if expected["result"].startswith("EXC ") and found["result"].startswith("EXC "):
        found = {**found, "result": expected["result"]}
    return [f"{key}: {found[key]!r} instead of {value!r}" for key, value in expected.items() if found[key] != value]


@adapter(FILE, "next", uses_database=True)
def draw_numbers(case: RecordedCase) -> dict[str, Any]:
    if case.given["sequence"] == "random":
        return _draw_at_random(case)
    number_format, sequence = case.input["format"], Sequence.objects.create(name="Cases", **case.given["sequence"])
    taken = case.given.get("existing_numbers", [])
    Ticket.objects.bulk_create([Ticket(number=number) for number in taken])
    before = numbers.preview(sequence, number_format)
    drawn = [_draw(sequence.pk, number_format) for _ in range(case.input["times"])]
    sequence.refresh_from_db()
    return {"current_before": before, "results": drawn, "stored_next_after": sequence.next}


def _draw_at_random(case: RecordedCase) -> dict[str, Any]:
    number_format = case.input["format"]
    drawn = [_draw(0, number_format) for _ in range(case.input["times"])]
    shapes = {re.sub(r"\d", "9", number) for number in drawn}
    return {
        "lengths_seen": sorted({len(number) for number in drawn}),
        "digit_count": numbers.digit_count(number_format),
        "shape": shapes.pop() if len(shapes) == 1 else sorted(shapes),
    }


def _draw(sequence_id: int, number_format: str) -> str:
    return numbers.next_number(sequence_id, number_format, TICKETS)


@adapter(FILE, "validate")
def validate_a_sequence(case: RecordedCase) -> dict[str, Any]:
    definition = case.input["sequence"]
    try:
        padding = numbers.check_sequence(
            name=definition["name"],
            next_value=definition["next"],
            increment=definition["increment"],
            padding=definition["padding"],
        )
    except ValidationFailed as refusal:
        return {"result": str(refusal.message), "padding_after": definition["padding"]}
    return {"result": True, "padding_after": padding}


@adapter(FILE, "settings_format_ok")
def accept_a_format(case: RecordedCase) -> dict[str, Any]:
    return {"accepted": numbers.is_acceptable_format(case.input["format"])}
