"""The forms that every end user and every organization has (osticket/forms.md §10)."""

from __future__ import annotations

from datetime import datetime

from helpdesk.forms.constants import EntryObject
from helpdesk.forms.selectors import built_in_form
from helpdesk.forms.services import remove_answers, save_answers
from helpdesk.people.actor import Actor
from helpdesk.people.contact_form import Answers
from helpdesk.people.models import EndUser, Organization


def save_contact_answers(user: EndUser, answers: Answers, actor: Actor, now: datetime) -> None:
    """Save answers about a user, with the row of `user__cdata`; the first call makes the entry, empty or not."""
    known = built_in_form(EntryObject.USER)
    if known is not None:
        save_answers(EntryObject.USER, user.pk, known.form, answers, actor, built_in=known.fields, now=now)


def save_organization_answers(organization: Organization, answers: Answers, actor: Actor, now: datetime) -> None:
    """Save answers about an organization, with the row of `organization__cdata`; the first call makes the entry."""
    known = built_in_form(EntryObject.ORGANIZATION)
    if known is not None:
        save_answers(
            EntryObject.ORGANIZATION, organization.pk, known.form, answers, actor, built_in=known.fields, now=now
        )


def remove_contact_answers(user: EndUser) -> None:
    """Remove all answers about a user who is being deleted."""
    remove_answers(EntryObject.USER, user.pk)


def remove_organization_answers(organization: Organization) -> None:
    """Remove all answers about an organization that is being deleted."""
    remove_answers(EntryObject.ORGANIZATION, organization.pk)
