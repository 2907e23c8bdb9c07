"""What else is known of users and organizations: their forms. A higher package keeps the answers and says how to save.

osTicket gives every user an entry of the form for contact information and every organization one of its own form, also
where nothing was answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, Organization

Answers = Mapping[Any, Any]
"""Answers by variable name or field id."""
Writer = Callable[[EndUser, Answers, Actor, datetime], None]
OrganizationWriter = Callable[[Organization, Answers, Actor, datetime], None]

_writers: list[Writer] = []
_organization_writers: list[OrganizationWriter] = []


def register_writer(writer: Writer) -> None:
    """Let `writer` save the answers of new and changed users; the last one registered does it alone."""
    _writers[:] = [writer]


def save_contact_form(user: EndUser, answers: Answers, *, actor: Actor, now: datetime) -> None:
    """Save what is known of a user; raises what the writer raises for wrong answers."""
    for writer in _writers:
        writer(user, answers, actor, now)


def register_organization_writer(writer: OrganizationWriter) -> None:
    """Let `writer` save the answers about organizations; the last one registered does it alone."""
    _organization_writers[:] = [writer]


def save_organization_form(organization: Organization, answers: Answers, *, actor: Actor, now: datetime) -> None:
    """Save what is known of an organization; raises what the writer raises for wrong answers."""
    for writer in _organization_writers:
        writer(organization, answers, actor, now)
