"""JSON as PHP's parser reads it, with its words for what is wrong (osticket/api.md §6)."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from helpdesk.api.refusals import DocumentUnreadable

SYNTAX = "Syntax error, malformed JSON"
CONTROL = "Unexpected control character found"
ENCODING = "Malformed UTF-8 characters, possibly incorrectly encoded"
DEPTH = "Maximum stack depth exceeded"
NOTHING = "No errors"
DEEPEST = 512
LONGEST_INTEGER = 18
"""Digits; longer numbers become floating, as PHP's do."""


def read_json(body: bytes) -> dict[str, Any]:
    """Give the members of a JSON object; a list has its positions as names.

    Raises DocumentUnreadable with osTicket's text, also for valid JSON that is neither or is empty.
    """
    text = _decoded(body)
    try:
        document = json.loads(text, parse_int=_integer, parse_constant=_refuse_constant)
    except RecursionError:
        raise DocumentUnreadable(DEPTH) from None
    except json.JSONDecodeError as error:
        raise DocumentUnreadable(_reason(error)) from None
    if isinstance(document, list):
        document = {str(position): value for position, value in enumerate(document)}
    if not isinstance(document, dict) or not document:
        raise DocumentUnreadable(NOTHING)
    _check(document)
    return document


def _decoded(body: bytes) -> str:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DocumentUnreadable(_first_mistake(body[: error.start].decode("utf-8"))) from None
    if text.startswith("\ufeff"):
        raise DocumentUnreadable(SYNTAX)
    return text


def _first_mistake(before: str) -> str:
    """Say what is wrong with a text that ends in bytes which are no UTF-8: that, or a mistake before them."""
    try:
        json.loads(before, parse_int=_integer)
    except RecursionError:
        return DEPTH
    except json.JSONDecodeError as error:
        is_cut_off = error.pos >= len(before.rstrip()) or error.msg.startswith("Unterminated string")
        return ENCODING if is_cut_off else _reason(error)
    return ENCODING


def _reason(error: json.JSONDecodeError) -> str:
    character = error.doc[error.pos : error.pos + 1]
    is_control = character != "" and character < " " and character not in "\t\n\r"
    return CONTROL if is_control or error.msg.startswith("Invalid control character") else SYNTAX


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= LONGEST_INTEGER else float(digits)


def _refuse_constant(name: str) -> NoReturn:
    """NaN and Infinity are JavaScript, not JSON."""
    raise DocumentUnreadable(SYNTAX)


def _check(document: dict[str, Any]) -> None:
    """Refuse what is nested too deeply, and halves of surrogate pairs, which are no characters."""
    waiting: list[tuple[Any, int]] = [(document, 1)]
    while waiting:
        value, depth = waiting.pop()
        if isinstance(value, str):
            _check_text(value)
        elif isinstance(value, dict | list):
            if depth > DEEPEST:
                raise DocumentUnreadable(DEPTH)
            inner = value.values() if isinstance(value, dict) else value
            waiting += [(one, depth + 1) for one in inner if isinstance(one, str | dict | list)]
            if isinstance(value, dict):
                for name in value:
                    _check_text(name)


def _check_text(text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise DocumentUnreadable(ENCODING) from None
