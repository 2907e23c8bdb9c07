"""What the audit trail says of users and organizations.

Users are people outside: of their names and addresses the trail says only that they changed, so that nothing of a
person who has been deleted stays there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpdesk.audit.services import Action, ObjectType, difference, record_change, row_difference, values_of
from helpdesk.people.actor import Actor
from helpdesk.people.models import EndUser, Organization, UserAccount

Values = Mapping[str, Any]
PRIVATE = frozenset({"name", "default_email", "addresses", "username", "passwd"})


def user_values(user: EndUser) -> dict[str, Any]:
    """Give what the trail compares of a user, the addresses among it."""
    addresses = sorted(str(email.address) for email in user.emails.all())
    return {**values_of(user), "addresses": addresses}


def record_user(actor: Actor, action: Action, user: EndUser, before: Values, after: Values) -> None:
    """Write what became of a user."""
    record_change(actor, action, ObjectType.USER, user.pk, f"#{user.pk}", difference(before, after, secrets=PRIVATE))


def account_values(account: UserAccount | None) -> dict[str, Any]:
    """Give what the trail compares of a user's account; nothing where there is none."""
    if account is None:
        return {}
    return {f"account {name}": value for name, value in values_of(account).items() if name != "user"}


def record_account(actor: Actor, user: EndUser, before: Values, after: Values) -> None:
    """Write what became of a user's account, as a change of the user."""
    secrets = {"account username", "account passwd"}
    changes = difference(before, after, secrets=secrets)
    record_change(actor, Action.CHANGED, ObjectType.USER, user.pk, f"#{user.pk}", changes)


def record_organization(
    actor: Actor, action: Action, organization: Organization, before: Values, after: Values
) -> None:
    """Write what became of an organization."""
    changes = row_difference(before, after)
    record_change(actor, action, ObjectType.ORGANIZATION, organization.pk, organization.name, changes)
