"""Roles: named sets of permissions that agents hold per department (osticket/tickets.md §3.1)."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.models import Role
from helpdesk.people.permissions import RolePermission, stored_form
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text


@transaction.atomic
def create_role(name: str, permissions: Iterable[RolePermission], *, actor: Actor, notes: str = "") -> Role:
    """Create an enabled role. Raises PermissionRefused, ValidationFailed for a name that is missing or taken."""
    check_is_administrator(actor)
    name = checked_text(name, field="name", longest=64)
    if Role.objects.filter(name=name).exists():
        raise ValidationFailed(_("Name already in use"), code="role_exists", field="name")
    return Role.objects.create(name=name, permissions=stored_form(permissions), notes=notes)


@transaction.atomic
def set_role_permissions(role: Role, permissions: Iterable[RolePermission], *, actor: Actor) -> None:
    """Replace what a role allows; agents notice at their next request. Raises PermissionRefused."""
    check_is_administrator(actor)
    role.permissions, role.updated = stored_form(permissions), now()
    role.save(update_fields=["permissions", "updated"])
