"""Tokens by which a person proves to read his mail: kept where osTicket keeps them (osticket/auth.md §7)."""

from __future__ import annotations

import secrets
import string
from datetime import datetime, timedelta

from helpdesk.configuration.models import ConfigItem
from helpdesk.people.models import Agent, EndUser

RESET_TOKENS = "pwreset"
"""Configuration namespace of the tokens; the value names the person: an agent's number, or `c` and a user's."""
TOKEN_LENGTH = 48
CONFIRMATION_LIFE = timedelta(days=7)
_ALPHABET = string.ascii_letters + string.digits + "_="


def new_token(person: EndUser | Agent, *, now: datetime) -> str:
    """Make the one token that is good for this person; earlier ones are good for nothing any more."""
    forget_tokens(person)
    token = "".join(secrets.choice(_ALPHABET) for _ in range(TOKEN_LENGTH))
    ConfigItem.objects.create(namespace=RESET_TOKENS, key=token, value=_value(person), updated=now)
    return token


def token_of(person: EndUser | Agent) -> str:
    """Give the token that is good for this person, '' without one."""
    row = newest_token(person)
    return str(row.key) if row is not None else ""


def newest_token(person: EndUser | Agent) -> ConfigItem | None:
    """Give the row of the token that is good for this person, None without one."""
    return ConfigItem.objects.filter(namespace=RESET_TOKENS, value=_value(person)).order_by("-pk").first()


def token_row(token: str) -> ConfigItem | None:
    """Give the row of a token, which is exactly this text; None without one."""
    row = ConfigItem.objects.filter(namespace=RESET_TOKENS, key=token).first() if token else None
    return row if row is not None and row.key == token else None


def forget_tokens(person: EndUser | Agent) -> None:
    """Make all tokens of a person worthless."""
    ConfigItem.objects.filter(namespace=RESET_TOKENS, value=_value(person)).delete()


def _value(person: EndUser | Agent) -> str:
    return str(person.pk) if isinstance(person, Agent) else f"c{person.pk}"


def delete_old_tokens(*, before: datetime) -> int:
    """Delete the tokens, of agents and users, that are older (osticket/jobs.md §4.6); gives how many there were.

    Tokens by which users confirm a new account are in the same place, and are good for `CONFIRMATION_LIFE`.
    """
    old = ConfigItem.objects.filter(namespace=RESET_TOKENS, updated__lt=before)
    of_agents = old.exclude(value__startswith="c").delete()[0]
    confirmations = before - CONFIRMATION_LIFE
    return of_agents + old.filter(updated__lt=confirmations).delete()[0]
