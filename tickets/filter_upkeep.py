"""Tells filters when a row that their actions name is deleted or switched off, whoever does it."""

from __future__ import annotations

from typing import Any

from django.db.models import Model
from django.db.models.signals import post_delete, post_save

from filters.upkeep import note_usability, retire_filters
from helpdesk.knowledge.models import CannedResponse
from helpdesk.mail.models import EmailAddress
from helpdesk.people.constants import DepartmentFlag
from helpdesk.people.models import Agent, Department, Team
from sla.models import SlaPlan
from tickets.filled_forms import is_active
from tickets.models import HelpTopic, TicketPriority, TicketStatus

KINDS: dict[type[Model], str] = {
    Agent: "agent",
    CannedResponse: "canned_response",
    Department: "department",
    EmailAddress: "mailbox",
    HelpTopic: "topic",
    SlaPlan: "sla",
    Team: "team",
    TicketPriority: "priority",
    TicketStatus: "status",
}


def connect() -> None:
    """Listen to deletions, and to changes of departments and help topics."""
    for model in KINDS:
        post_delete.connect(_deleted, sender=model, dispatch_uid=f"filters.deleted.{model.__name__}")
    post_save.connect(_department_saved, sender=Department, dispatch_uid="filters.department")
    post_save.connect(_topic_saved, sender=HelpTopic, dispatch_uid="filters.topic")


def _deleted(sender: type[Model], instance: Any, **_: object) -> None:
    retire_filters(KINDS[sender], instance.pk)


def _department_saved(instance: Department, *, created: bool, **_: object) -> None:
    if not created:
        note_usability("department", instance.pk, is_usable=bool(instance.flags & DepartmentFlag.ACTIVE))


def _topic_saved(instance: HelpTopic, *, created: bool, **_: object) -> None:
    if not created:
        note_usability("topic", instance.pk, is_usable=is_active(instance))
