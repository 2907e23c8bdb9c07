"""The handler of effects of the kind `mail`: render, compose, hand over, and tell of those who did not get it."""

from __future__ import annotations

from django.utils import timezone

from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.mail.composing import compose, told_refusals
from helpdesk.mail.connections import hand_over
from helpdesk.mail.rendering import render
from helpdesk.outbox.handlers import Delivered, TryLater
from helpdesk.outbox.models import Effect

LEFT, REFUSED = "left", "refused"
"""Where the payload of a mail that some have got says who has not yet, and who never will."""
FAILED = "Mailer Error"
"""Title of the rows in the system log, as in osTicket (osticket/mail.md §6.1)."""


def send_mail(effect: Effect) -> Delivered:
    """Send the mail of an effect and give its Message-ID. Raises GiveUp and TryLater.

    Those who are asked to come again later get the same mail then; the others, who have it, do not.
    """
    mail = render(effect.payload, key=effect.key)
    letter = compose(mail, now=timezone.now(), only=effect.payload.get(LEFT))
    answers = hand_over(letter, mail.sender)
    refused = {**effect.payload.get(REFUSED, {}), **letter.impossible}
    refused |= {address: str(answer) for address, answer in answers.items() if answer.is_final}
    later = {address: str(answer) for address, answer in answers.items() if not answer.is_final}
    if later:
        words = f"Not delivered yet to {told_refusals(later)}"
        raise TryLater(words, keep={LEFT: list(later), REFUSED: refused})
    return Delivered(f"<{mail.message_id}>", f"Not delivered to {told_refusals(refused)}" if refused else "")


def tell_administrator(effect: Effect, words: str) -> None:
    """Write a line of the system log about a mail that did not leave, or not to everybody."""
    people = [*effect.payload.get("to", []), *effect.payload.get("cc", [])]
    names = ", ".join(str(one.get("address", "")) for one in people)
    what = effect.payload.get("template") or effect.payload.get("subject") or ""
    log_system(LogLevel.ERROR, FAILED, f"Outbox #{effect.pk}: {what} ({names}). {words}")
