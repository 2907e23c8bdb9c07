"""The tree of departments; `path` decides who sees what, so it is kept right here (osticket/routing.md §1)."""

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AlertMembership, DepartmentFlag
from helpdesk.people.models import Agent, Department
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.validation import checked_text

LONGEST_PATH = 128


@transaction.atomic
def create_department(
    name: str,
    *,
    actor: Actor,
    parent: Department | None = None,
    manager: Agent | None = None,
    ispublic: bool = True,
    signature: str = "",
    group_membership: AlertMembership = AlertMembership.PRIMARY_MEMBERS,
) -> Department:
    """Create an active department below `parent` (None: at the top). Raises PermissionRefused, ValidationFailed."""
    check_is_administrator(actor)
    _check_parent(parent)
    department = Department(
        name=_free_name(name, parent),
        parent=parent,
        manager=manager,
        flags=DepartmentFlag.ACTIVE,
        ispublic=ispublic,
        signature=signature,
        group_membership=group_membership,
        message_auto_response=True,
    )
    department.save()
    department.path = _path_below(parent, department)
    department.save(update_fields=["path"])
    return department


@transaction.atomic
def rename_department(department: Department, name: str, *, actor: Actor) -> None:
    """Give a department another name. Raises PermissionRefused, ValidationFailed."""
    check_is_administrator(actor)
    department.name = _free_name(name, department.parent, but=department)
    department.updated = now()
    department.save(update_fields=["name", "updated"])


@transaction.atomic
def move_department(department: Department, parent: Department | None, *, actor: Actor) -> None:
    """Put a department with everything below it under another one (None: to the top).

    The paths of all of them change, and with them who sees their tickets. Raises PermissionRefused, ValidationFailed;
    Conflict for a place below itself.
    """
    check_is_administrator(actor)
    _check_parent(parent)
    department = Department.objects.select_for_update().get(pk=department.pk)
    if parent is not None and f"/{department.pk}/" in parent.path:
        raise Conflict(_("A department cannot be placed below itself"), code="department_below_itself", field="parent")
    _free_name(str(department.name), parent, but=department)
    old_path, new_path = department.path, _path_below(parent, department)
    below = list(Department.objects.select_for_update().filter(path__startswith=old_path).exclude(pk=department.pk))
    for descendant in below:
        descendant.path = _checked_path(new_path + descendant.path.removeprefix(old_path))
    Department.objects.bulk_update(below, ["path"])
    department.parent, department.path, department.updated = parent, new_path, now()
    department.save(update_fields=["parent", "path", "updated"])


def _check_parent(parent: Department | None) -> None:
    if parent is not None and not DepartmentFlag.ACTIVE & parent.flags:
        raise ValidationFailed(_("The parent department must be active"), code="parent_inactive", field="parent")


def _free_name(name: str, parent: Department | None, *, but: Department | None = None) -> str:
    """Unique among its siblings; the index does not help at the top, where the parent is NULL."""
    name = checked_text(name, field="name", longest=128)
    if any(sibling != but for sibling in Department.objects.filter(parent=parent, name=name)):
        raise ValidationFailed(_("Department already exists"), code="department_exists", field="name")
    return name


def _path_below(parent: Department | None, department: Department) -> str:
    return _checked_path(f"{parent.path if parent else '/'}{department.pk}/")


def _checked_path(path: str) -> str:
    if len(path) > LONGEST_PATH:
        raise ValidationFailed(_("Departments cannot be nested so deeply"), code="path_too_long", field="parent")
    return path
