"""The handler of effects of the kind `mail`: render, compose, hand over."""

from __future__ import annotations

from django.utils import timezone

from helpdesk.mail.composing import compose
from helpdesk.mail.connections import hand_over
from helpdesk.mail.rendering import render
from helpdesk.outbox.models import Effect


def send_mail(effect: Effect) -> str:
    """Send the mail of an effect and give its Message-ID. Raises GiveUp and TryLater."""
    mail = render(effect.payload, key=effect.key)
    hand_over(compose(mail, now=timezone.now()), mail.sender)
    return f"<{mail.message_id}>"
