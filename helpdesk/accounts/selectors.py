"""Finding the person behind a typed name."""

import re

from django.core.exceptions import MultipleObjectsReturned

from helpdesk.people.models import Agent

_USER_NAME = re.compile(r"[\w.-]{2,}")
MOST_ID_DIGITS = 10


def agent_by_sign_in_name(name: str) -> Agent | None:
    """Give the agent with this number, e-mail address or user name, without regard to case (osticket/auth.md §3).

    Digits alone are the number of the agent, as in osTicket, else a user name. An address that two agents share
    identifies neither.
    """
    name = name.strip()
    if "@" in name:
        return _only(email=name)
    if name.isascii() and name.isdigit() and len(name) <= MOST_ID_DIGITS:
        return _only(staff_id=int(name)) or _only(username=name)
    return _only(username=name) if _USER_NAME.fullmatch(name) else None


def _only(**conditions: str | int) -> Agent | None:
    try:
        return Agent.objects.select_related("dept", "role").get(**conditions)
    except (Agent.DoesNotExist, MultipleObjectsReturned):
        return None
