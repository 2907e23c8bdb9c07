"""The tree of departments; `path` decides who sees what, so it is kept right here (osticket/routing.md §1)."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.audit.services import Action, ObjectType, record_change, row_difference, values_of
from helpdesk.legacy.errors import Conflict, ValidationFailed
from helpdesk.people.actor import Actor
from helpdesk.people.constants import AlertMembership, DepartmentFlag
from helpdesk.people.models import Agent, Department, DepartmentAccess
from helpdesk.people.policies import check_is_administrator
from helpdesk.people.removal import release_department
from helpdesk.people.validation import checked_text

LONGEST_PATH = 128


@dataclass(frozen=True, kw_only=True)
class DepartmentDraft:
    """Everything that an administrator says about a department.

    Numbers are ids: 0 for no parent or manager, and for the help desk's default of what is inherited.
    """

    name: str
    parent_id: int = 0
    manager_id: int = 0
    flags: DepartmentFlag = DepartmentFlag.ACTIVE
    ispublic: bool = True
    signature: str = ""
    group_membership: int = AlertMembership.PRIMARY_MEMBERS
    ticket_auto_response: bool = True
    message_auto_response: bool = True
    tpl_id: int = 0
    sla_id: int = 0
    schedule_id: int = 0
    email_id: int = 0
    autoresp_email_id: int = 0


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
    draft = DepartmentDraft(
        name=name,
        parent_id=parent.pk if parent else 0,
        manager_id=manager.pk if manager else 0,
        ispublic=ispublic,
        signature=signature,
        group_membership=group_membership,
    )
    return store_department(draft, actor=actor)


@transaction.atomic
def store_department(draft: DepartmentDraft, *, actor: Actor, department: Department | None = None) -> Department:
    """Create a department from a draft, or change the given one into it, and give it.

    Bits that have no name are kept, and so are a parent and a manager who no longer exist, as long as the draft still
    names them. A new place in the tree moves everything below. Raises PermissionRefused, ValidationFailed; Conflict for
    a place below itself and for switching off the default department.
    """
    check_is_administrator(actor)
    if department is not None:
        return _change(department, draft, actor)
    parent = _parent(draft.parent_id)
    _check_parent(parent)
    department = Department(
        name=_free_name(draft.name, parent), parent=parent, manager_id=_manager_id(draft.manager_id)
    )
    _take(department, draft)
    department.save()
    department.path = _path_below(parent, department)
    department.save(update_fields=["path"])
    _record(actor, Action.CREATED, department, row_difference({}, values_of(department)))
    return department


@transaction.atomic
def delete_department(department: Department, *, actor: Actor) -> None:
    """Delete a department that nobody belongs to; what apps above keep in it goes to the default department.

    Raises PermissionRefused; Conflict for the default department and for one with primary members or departments below
    (osticket/tickets.md §15.7).
    """
    check_is_administrator(actor)
    department = Department.objects.select_for_update().get(pk=department.pk)
    default = Department.objects.filter(pk=_default_id()).first()
    if default is None or default == department:
        raise Conflict(_("The default department cannot be deleted."), code="department_is_default")
    if Agent.objects.filter(dept=department).exists():
        raise Conflict(_("This department still has primary members."), code="department_has_members")
    if department.children.exists():
        raise Conflict(_("There are still departments below this one."), code="department_has_children")
    release_department(department, default)
    DepartmentAccess.objects.filter(dept=department).delete()
    _record(actor, Action.DELETED, department, row_difference(values_of(department), {}))
    department.delete()


@transaction.atomic
def rename_department(department: Department, name: str, *, actor: Actor) -> None:
    """Give a department another name. Raises PermissionRefused, ValidationFailed."""
    check_is_administrator(actor)
    before = values_of(department)
    department.name = _free_name(name, department.parent, but=department)
    department.updated = now()
    department.save(update_fields=["name", "updated"])
    _record(actor, Action.CHANGED, department, row_difference(before, values_of(department)))


@transaction.atomic
def move_department(department: Department, parent: Department | None, *, actor: Actor) -> None:
    """Put a department with everything below it under another one (None: to the top).

    The paths of all of them change, and with them who sees their tickets. Raises PermissionRefused, ValidationFailed;
    Conflict for a place below itself.
    """
    check_is_administrator(actor)
    _check_parent(parent)
    department = Department.objects.select_for_update().get(pk=department.pk)
    before = values_of(department)
    _move(department, parent)
    department.updated = now()
    department.save(update_fields=["parent", "path", "updated"])
    _record(actor, Action.CHANGED, department, row_difference(before, values_of(department)))


def _move(department: Department, parent: Department | None) -> None:
    """Set the place in the tree without saving it, but save the paths of everything below."""
    if parent is not None and f"/{department.pk}/" in parent.path:
        raise Conflict(_("A department cannot be placed below itself"), code="department_below_itself", field="parent")
    _free_name(str(department.name), parent, but=department)
    old_path, new_path = department.path, _path_below(parent, department)
    below = list(Department.objects.select_for_update().filter(path__startswith=old_path).exclude(pk=department.pk))
    for descendant in below:
        descendant.path = _checked_path(new_path + descendant.path.removeprefix(old_path))
    Department.objects.bulk_update(below, ["path"])
    department.parent, department.path = parent, new_path


def _change(department: Department, draft: DepartmentDraft, actor: Actor) -> Department:
    department = Department.objects.select_for_update().get(pk=department.pk)
    before = values_of(department)
    if department.pk == _default_id() and not DepartmentFlag.ACTIVE & draft.flags:
        raise Conflict(_("The default department must stay active."), code="department_is_default", field="state")
    if draft.parent_id != (department.parent_id or 0):
        parent = _parent(draft.parent_id)
        _check_parent(parent)
        _move(department, parent)
    if draft.name != department.name:
        department.name = _free_name(draft.name, department.parent, but=department)
    if draft.manager_id != (department.manager_id or 0):
        department.manager_id = _manager_id(draft.manager_id)
    _take(department, draft)
    changes = row_difference(before, values_of(department))
    if changes:
        department.updated = now()
        department.save()
        _record(actor, Action.CHANGED, department, changes)
    return department


def _take(department: Department, draft: DepartmentDraft) -> None:
    """Take over what needs no check."""
    unknown = int(department.flags) & ~sum(DepartmentFlag)
    department.flags = DepartmentFlag(int(draft.flags) | unknown)
    department.group_membership = AlertMembership(draft.group_membership)
    for column in (
        *("ispublic", "signature", "ticket_auto_response", "message_auto_response"),
        *("tpl_id", "sla_id", "schedule_id", "email_id", "autoresp_email_id"),
    ):
        setattr(department, column, getattr(draft, column))


def _parent(parent_id: int) -> Department | None:
    if not parent_id:
        return None
    parent = Department.objects.filter(pk=parent_id).first()
    if parent is None:
        raise ValidationFailed(_("This department no longer exists."), code="parent_unknown", field="parent")
    return parent


def _manager_id(staff_id: int) -> int | None:
    if staff_id and not Agent.objects.filter(pk=staff_id).exists():
        raise ValidationFailed(_("This agent no longer exists."), code="manager_unknown", field="manager")
    return staff_id or None


def _default_id() -> int:
    return configuration.current().integer("default_dept_id")


def _record(actor: Actor, action: Action, department: Department, changes: dict[str, list[object]]) -> None:
    record_change(actor, action, ObjectType.DEPARTMENT, department.pk, department.name, changes)


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
