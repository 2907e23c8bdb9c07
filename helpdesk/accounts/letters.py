"""Mails about accounts. Outgoing mail lies above this package: it says here how one is written down.

A letter names its content page (`registration-client`, `pwreset-staff`) and the person; tokens and codes are looked up
when it is sent, so that no list of waiting mails shows one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from helpdesk.people.models import Agent, EndUser

ACTIVATION = "registration-client"
PASSWORD_RESET = "pwreset-client"  # noqa: S105 -- the name of a content page
AGENT_PASSWORD_RESET = "pwreset-staff"  # noqa: S105 -- the name of a content page
SIGN_IN_CODE = "email2fa-staff"
Writer = Callable[[EndUser | Agent, str, str, datetime, str], None]
_writers: list[Writer] = []


def register_letter_writer(writer: Writer) -> None:
    """Let `writer(person, content, key, now, code_id)` write mails down, within the running transaction."""
    _writers[:] = [writer]


def write_letter(person: EndUser | Agent, content: str, *, key: str, now: datetime, code_id: str = "") -> None:
    """Write a mail to somebody down, to be sent after the commit; `key` makes it unique.

    `code_id` names the code of a sign-in that stands in it (`second_factor.mailed_code`).
    """
    for writer in _writers:
        writer(person, content, key, now, code_id)
