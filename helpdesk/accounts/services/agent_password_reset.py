"""Mailing an agent the link by which he chooses a new password (osticket/auth.md §7)."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from helpdesk import configuration
from helpdesk.accounts.letters import AGENT_PASSWORD_RESET, write_letter
from helpdesk.accounts.selectors import agent_by_sign_in_name
from helpdesk.accounts.services.sign_in import LONGEST_USERID, may_reset_agent
from helpdesk.accounts.services.tokens import new_token, newest_token
from helpdesk.configuration.services import LogLevel, log_system
from helpdesk.legacy.errors import PermissionRefused
from helpdesk.people.actor import Actor

log = structlog.get_logger(__name__)
PAUSE = timedelta(minutes=1)
"""How long one waits for the next mail: strangers must not fill an agent's mailbox."""


def ask_for_agent_password_reset(name: str, *, actor: Actor, now: datetime | None = None) -> None:
    """Mail an agent the link by which he chooses a new password, if the name leads to one who may.

    Whoever asks learns nothing: neither whether there is such an agent nor whether he may (osTicket tells). Raises
    PermissionRefused where the setting `allow_pw_reset` says no.
    """
    if not configuration.current().boolean("allow_pw_reset"):
        raise PermissionRefused(gettext_lazy("Password resets are disabled"), code="resets_disabled")
    moment, typed = now or timezone.now(), name.strip()[:LONGEST_USERID]
    agent = agent_by_sign_in_name(typed)
    is_welcome = agent is not None and may_reset_agent(agent)
    text = f"User name: {typed}\nIP address: {actor.ip_address}"
    log_system(LogLevel.WARNING, "Agent Password Reset", text, actor.ip_address)
    log.info("password_reset_requested", kind="agent", ip_address=actor.ip_address, is_sent=is_welcome)
    if agent is None or not is_welcome:
        return
    with transaction.atomic():
        before = newest_token(agent)
        if before is not None and before.updated is not None and moment - before.updated < PAUSE:
            return
        new_token(agent, now=moment)
        key = f"agent {agent.pk} at {moment.isoformat()}"
        write_letter(agent, AGENT_PASSWORD_RESET, key=key, now=moment)
