"""Ticket and task numbers: formats, sequences, random numbers (osticket/config.md §10, osticket/tickets.md §16.1)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.configuration.selectors import current
from helpdesk.legacy.errors import ValidationFailed
from tickets.constants import TopicFlag
from tickets.models import HelpTopic, Sequence, Ticket

DEFAULT_FORMAT = "######"
FEWEST_RANDOM_DIGITS = 6
LONGEST_NUMBER = 20
"""Characters in `ticket.number` and `task.number`."""
TRIES_PER_LENGTH = 100
"""Random numbers tried before a digit is added, so that a used-up format never ends in an endless loop."""

_PLACE = re.compile(r"(?<!\\)#")
_GROUP = re.compile(r"(?<!\\)#+")

IsTaken = Callable[[str], bool]


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


def next_number(sequence_id: int | None, number_format: str, is_taken: IsTaken) -> str:
    """Give an unused number: the next of the sequence, or a random one for 0, None and sequences gone or used up.

    The row of the sequence stays locked until the surrounding transaction ends. Raises ValidationFailed
    (`number_too_long`) when the format gives more than 20 characters.
    """
    number = _from_sequence(sequence_id, number_format, is_taken) if sequence_id else None
    if number is None:
        number = random_number(number_format, is_taken)
    if len(number) > LONGEST_NUMBER:
        raise ValidationFailed(
            _("The number format gives more than 20 characters."), code="number_too_long", field="number_format"
        )
    return number


def random_number(number_format: str, is_taken: IsTaken) -> str:
    """Give an unused random number: as many digits as the format has places, at least six, the first not 0."""
    length = max(FEWEST_RANDOM_DIGITS, digit_count(number_format))
    while True:
        for _attempt in range(TRIES_PER_LENGTH):
            first, rest = 10 ** (length - 1), 9 * 10 ** (length - 1)
            number = format_number(number_format, first + secrets.randbelow(rest))
            if not is_taken(number):
                return number
        length += 1


def new_ticket_number(topic: HelpTopic | None) -> str:
    """Give the number of a new ticket: by the topic's own format when it has one, else by the settings."""
    if topic is not None and (topic.flags or 0) & TopicFlag.CUSTOM_NUMBERS:
        return next_number(topic.sequence_id, topic.number_format or DEFAULT_FORMAT, is_ticket_number)
    settings = current()
    number_format = settings.text("ticket_number_format") or DEFAULT_FORMAT
    return next_number(settings.integer("ticket_sequence_id"), number_format, is_ticket_number)


def is_ticket_number(number: str) -> bool:
    """Whether a ticket has this number already."""
    return Ticket.objects.filter(number=number).exists()


def _from_sequence(sequence_id: int, number_format: str, is_taken: IsTaken) -> str | None:
    with transaction.atomic():
        sequence = Sequence.objects.select_for_update().filter(pk=sequence_id).first()
        if sequence is None:
            return None
        while is_taken(number := preview(sequence, number_format)):
            if not _advance(sequence):
                return None
        _advance(sequence)
        sequence.updated = timezone.now()
        sequence.save(update_fields=["next", "updated"])
    return number


def _advance(sequence: Sequence) -> bool:
    """Go to the next value; False when a falling sequence has reached its end at 0."""
    before, sequence.next = sequence.next, max(0, sequence.next + (sequence.increment or 1))
    return before != sequence.next


def _literal(text: str) -> str:
    return text.replace("\\#", "#")
