"""Users and organizations as pages fill them in: what the tables hold and the answers to their forms, together."""

from __future__ import annotations

from django.db import transaction

from helpdesk.forms.bound import BoundForm
from helpdesk.forms.constants import EntryObject
from helpdesk.forms.submission_services import save_submission
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, Organization
from helpdesk.people.services import (
    OrganizationDraft,
    change_end_user,
    create_end_user,
    store_organization,
)


@transaction.atomic
def store_user(
    form: BoundForm, *, actor: Actor, user: EndUser | None = None, organization: Organization | None = None
) -> EndUser:
    """Make a user from the contact form (with `email` and `name`), or change the given one into it, and give him.

    `organization` is for a new one. Raises PermissionRefused, ValidationFailed.
    """
    name, address = str(form.value("name") or ""), str(form.value("email") or "")
    if user is None:
        user = create_end_user(address, name, actor=actor, organization=organization)
    else:
        change_end_user(user, actor=actor, name=name or None, address=address or None)
    save_submission(form, EntryObject.USER, user.pk, actor=actor)
    return user


@transaction.atomic
def store_organization_form(
    form: BoundForm, draft: OrganizationDraft, *, actor: Actor, organization: Organization | None = None
) -> Organization:
    """Make an organization from its form and a draft of its settings, or change the given one into it, and give it.

    Raises PermissionRefused, ValidationFailed.
    """
    organization = store_organization(draft, actor=actor, organization=organization)
    save_submission(form, EntryObject.ORGANIZATION, organization.pk, actor=actor)
    return organization
