"""Roles: named sets of permissions that agents hold per department (osticket/tickets.md §3.1)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import RoleFlag
from helpdesk.people.models import Agent, DepartmentAccess, Role
from helpdesk.people.permissions import RolePermission, replaced, stored_form
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text


@dataclass(frozen=True, kw_only=True)
class RoleDraft:
    """Everything that an administrator says about a role."""

    name: str
    permissions: frozenset[RolePermission] = field(default_factory=frozenset)
    is_enabled: bool = True
    notes: str = ""


@transaction.atomic
def create_role(name: str, permissions: Iterable[RolePermission], *, actor: Actor, notes: str = "") -> Role:
    """Create an enabled role. Raises PermissionRefused, ValidationFailed for a name that is missing or taken."""
    return store_role(RoleDraft(name=name, permissions=frozenset(permissions), notes=notes), actor=actor)


@transaction.atomic
def store_role(draft: RoleDraft, *, actor: Actor, role: Role | None = None) -> Role:
    """Create a role from a draft, or change the given one into it, and give it; agents notice at their next request.

    Permission keys and bits that are unknown here (another program's) are kept. Raises PermissionRefused,
    ValidationFailed for a name that is missing or taken.
    """
    check_is_administrator(actor)
    if role is None:
        name = _free_name(draft.name)
        role = Role.objects.create(
            name=name,
            permissions=stored_form(draft.permissions),
            notes=draft.notes,
            flags=RoleFlag.ENABLED if draft.is_enabled else RoleFlag(0),
        )
        _record(actor, Action.CREATED, role, row_difference({}, values_of(role)))
        return role
    role = Role.objects.select_for_update().get(pk=role.pk)
    before = values_of(role)
    if draft.name != role.name:
        role.name = _free_name(draft.name, but=role)
    role.permissions = replaced(role.permissions, draft.permissions, known=RolePermission)
    role.flags = RoleFlag((int(role.flags) & ~int(RoleFlag.ENABLED)) | (RoleFlag.ENABLED if draft.is_enabled else 0))
    if draft.notes != (role.notes or ""):
        role.notes = draft.notes
    _store(role, before, actor)
    return role


@transaction.atomic
def set_role_permissions(role: Role, permissions: Iterable[RolePermission], *, actor: Actor) -> None:
    """Replace what a role allows; agents notice at their next request. Raises PermissionRefused."""
    check_is_administrator(actor)
    before = values_of(role)
    role.permissions = replaced(role.permissions, permissions, known=RolePermission)
    _store(role, before, actor)


@transaction.atomic
def delete_role(role: Role, *, actor: Actor) -> None:
    """Delete a role that nobody holds. Raises PermissionRefused, Conflict for a role in use."""
    check_is_administrator(actor)
    holders = Agent.objects.filter(role=role).count() + DepartmentAccess.objects.filter(role=role).count()
    if holders:
        message = _("This role is still in use: agents hold it %(count)d times.") % {"count": holders}
        raise Conflict(message, code="role_in_use")
    _record(actor, Action.DELETED, role, row_difference(values_of(role), {}))
    role.delete()


def _store(role: Role, before: dict[str, object], actor: Actor) -> None:
    changes = row_difference(before, values_of(role))
    if changes:
        role.updated = now()
        role.save()
        _record(actor, Action.CHANGED, role, changes)


def _free_name(name: str, *, but: Role | None = None) -> str:
    name = checked_text(name, field="name", longest=64)
    if any(other != but for other in Role.objects.filter(name=name)):
        raise ValidationFailed(_("Name already in use"), code="role_exists", field="name")
    return name


def _record(actor: Actor, action: Action, role: Role, changes: dict[str, list[object]]) -> None:
    record_change(actor, action, ObjectType.ROLE, role.pk, role.name, changes)
