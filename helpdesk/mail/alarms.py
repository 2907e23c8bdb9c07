"""Alarms: what an administrator has to hear of at once, by the system log and by mail (`send_sys_errors`)."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.core.cache import cache
from django.db import transaction

from helpdesk import configuration
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails

DAY = 24 * 3600
CLAIMED = 60
"""Seconds for which nobody else raises the same alarm; it counts as raised for the day when it is committed."""

logger = structlog.get_logger(__name__)


def raise_alarm(title: str, text: str, *, key: str, now: datetime) -> None:
    """Log an error and mail it to the administrator, at most once a day for each `key`, which names the occasion.

    Neither title nor text may hold a secret, or anything of a ticket.
    """
    key = f"alarm-{key.replace(' ', '-')}"
    if not cache.add(key, True, CLAIMED):
        return
    logger.error("alarm", title=title)
    try:
        with transaction.atomic():
            log_system(LogLevel.ERROR, title, text)
            _mail(title, text, key=key, now=now)
    except BaseException:
        cache.delete(key)
        raise
    transaction.on_commit(lambda: cache.set(key, True, DAY), robust=True)


def _mail(title: str, text: str, *, key: str, now: datetime) -> None:
    current = configuration.current()
    address = current.text("admin_email")
    if not address or not current.boolean("send_sys_errors"):
        return
    mail = NewMail(
        to=[Recipient(RecipientKind.ADDRESS, address)], key=f"{key} {now:%Y-%m-%d}", subject=title, text=f"{text}\n"
    )
    queue_mails([mail], object_type="", object_id=0, now=now)
