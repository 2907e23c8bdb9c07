"""Ticket and task numbers: formats, sequences, random numbers (osticket/config.md §10, osticket/tickets.md §16.1)."""

from __future__ import annotations

import re
import secrets
from contextlib import nullcontext

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.selectors import current
from helpdesk.legacy.errors import ValidationFailed
from tickets.constants import TopicFlag
from tickets.models import HelpTopic, Sequence
from tickets.number_register import TICKETS, NumberRegister

DEFAULT_FORMAT = "######"
FEWEST_RANDOM_DIGITS = 6
LONGEST_NUMBER = 20
"""Characters in `ticket.number` and `task.number`."""
CANDIDATES = 100
"""Numbers looked up at once when the first one is taken. When all of so many random ones are, a digit is added: a
used-up format never ends in an endless loop."""

_PLACE = re.compile(r"(?<!\\)#")
_GROUP = re.compile(r"(?<!\\)#+")


def digit_count(number_format: str) -> int:
    """Count the digit places of a format: every `#` without a backslash before it."""
    return len(_PLACE.findall(number_format))


def format_number(number_format: str, digits: int | str, padding: str = "0") -> str:
    """Deal `digits` to the digit places from left to right; a surplus follows the last group, `\\#` prints `#`.

    Too few digits are filled up on the left with `padding`. Without any place the digits come first. Raises
    ValidationFailed (`padding_missing`) for an empty padding.
    """
    if not padding:
        raise ValidationFailed(_("The padding must be one character."), code="padding_missing", field="padding")
    remaining = str(digits).rjust(digit_count(number_format), padding)
    groups = list(_GROUP.finditer(number_format))
    if not groups:
        return remaining + _literal(number_format)
    parts, end = [], 0
    for group in groups:
        length = group.end() - group.start() if group is not groups[-1] else len(remaining)
        parts += [_literal(number_format[end : group.start()]), remaining[:length]]
        remaining, end = remaining[length:], group.end()
    return "".join([*parts, _literal(number_format[end:])])


def is_acceptable_format(number_format: str) -> bool:
    """Whether settings and help topics accept the format: it has a `#`, escaped or not."""
    return "#" in number_format


def check_sequence(*, name: str, next_value: int, increment: int, padding: str) -> str:
    """Check the definition of a sequence and give its padding ('0' for an empty one).

    Raises ValidationFailed with osTicket's texts.
    """
    if not name:
        raise ValidationFailed(_("Name is required"), code="sequence_name", field="name")
    if increment == 0:
        raise ValidationFailed(_("Non-zero increment is required"), code="sequence_increment", field="increment")
    if next_value <= 0:
        raise ValidationFailed(_('Positive "next" value is required'), code="sequence_next", field="next")
    return padding or "0"


def preview(sequence: Sequence, number_format: str) -> str:
    """Show the next number without using it up."""
    return format_number(number_format, sequence.next, sequence.padding or "0")


def next_number(sequence_id: int | None, number_format: str, register: NumberRegister) -> str:
    """Give a number that nobody has, reserved for the running transaction: of a sequence, or a random one.

    Random ones are for 0 and None, and for sequences that are gone or used up. The row of the sequence stays locked
    until the transaction ends, by the same lock that osTicket takes. Raises ValidationFailed (`number_too_long`) when
    the format gives more than 20 characters.
    """
    position = register.position()
    number = _from_sequence(sequence_id, number_format, register, position) if sequence_id else None
    return number if number is not None else _random(number_format, register, position)


def random_number(number_format: str, length: int) -> str:
    """Give any number with so many digits, the first not 0."""
    first, rest = 10 ** (length - 1), 9 * 10 ** (length - 1)
    return _checked(format_number(number_format, first + secrets.randbelow(rest)))


def new_ticket_number(topic: HelpTopic | None) -> str:
    """Give the number of a new ticket: by the topic's own format when it has one, else by the settings."""
    if topic is not None and (topic.flags or 0) & TopicFlag.CUSTOM_NUMBERS:
        return next_number(topic.sequence_id, topic.number_format or DEFAULT_FORMAT, TICKETS)
    settings = current()
    number_format = settings.text("ticket_number_format") or DEFAULT_FORMAT
    return next_number(settings.integer("ticket_sequence_id"), number_format, TICKETS)


def _random(number_format: str, register: NumberRegister, position: int) -> str:
    """Try one number; when it is taken, look which of many are free; when none is, add a digit."""
    length = max(FEWEST_RANDOM_DIGITS, digit_count(number_format))
    while True:
        number = random_number(number_format, length)
        if register.claim(number, position=position):
            return number
        candidates = [random_number(number_format, length) for _ in range(CANDIDATES)]
        for candidate in register.free_among(candidates, position=position):
            if register.claim(candidate, position=position):
                return candidate
        length += 1


def _from_sequence(sequence_id: int, number_format: str, register: NumberRegister, position: int) -> str | None:
    with nullcontext() if transaction.get_connection().in_atomic_block else transaction.atomic():
        sequence = Sequence.objects.select_for_update().filter(pk=sequence_id).first()
        number = None if sequence is None else _next_free(sequence, number_format, register, position)
        if sequence is None or number is None:
            return None
        sequence.updated = timezone.now()
        sequence.save(update_fields=["next", "updated"])
    return number


def _next_free(sequence: Sequence, number_format: str, register: NumberRegister, position: int) -> str | None:
    """Advance the sequence beyond the first number that can be had, and give that; None when it has come to its end."""
    number = _checked(preview(sequence, number_format))
    if register.claim(number, position=position):
        _advance(sequence)
        return number
    while True:
        ahead: dict[str, int] = {}
        goes_on = True
        while goes_on and len(ahead) < CANDIDATES:
            ahead.setdefault(_checked(preview(sequence, number_format)), sequence.next)
            goes_on = _advance(sequence)
        for candidate in register.free_among(ahead, position=position):
            if register.claim(candidate, position=position):
                sequence.next = ahead[candidate]
                _advance(sequence)
                return candidate
        if not goes_on:
            return None


def _advance(sequence: Sequence) -> bool:
    """Go to the next value; False when a falling sequence has reached its end at 0."""
    before, sequence.next = sequence.next, max(0, sequence.next + (sequence.increment or 1))
    return before != sequence.next


def _checked(number: str) -> str:
    if len(number) > LONGEST_NUMBER:
        raise ValidationFailed(
            _("The number format gives more than 20 characters."), code="number_too_long", field="number_format"
        )
    return number


def _literal(text: str) -> str:
    return text.replace("\\#", "#")
