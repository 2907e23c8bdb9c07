"""The administrator hears of too many failed sign-ins (setting `send_login_errors`; osticket/auth.md §3, §5)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from helpdesk import configuration
from helpdesk.mail.outgoing import NewMail, Recipient, RecipientKind, queue_mails

WINDOW_SECONDS = 900
"""One mail for a visitor and name in this time: strangers must not fill the administrator's mailbox."""


def mail_excess(sender: Any, userid: str, ip_address: str, title: str = "", **_: Any) -> None:
    """Write the mail down (a receiver of `excessive_sign_in_attempts`)."""
    current = configuration.current()
    address = current.text("admin_email")
    if not address or not current.boolean("send_login_errors"):
        return
    now = timezone.now()
    mail = NewMail(
        to=[Recipient(RecipientKind.ADDRESS, address)],
        key=f"excess {sender.name} {userid} {ip_address} {int(now.timestamp()) // WINDOW_SECONDS}",
        subject=title or f"Excessive login attempts ({userid})",
        text=f"User name: {userid}\nIP address: {ip_address}\nTime: {now:%Y-%m-%d %H:%M:%S} UTC\n",
    )
    queue_mails([mail], object_type="", object_id=0, now=now)
