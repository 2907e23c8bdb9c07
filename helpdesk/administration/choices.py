"""What the select boxes of the forms offer. A stored value whose row is gone stays among the choices, named as such."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q
from django.utils.translation import gettext as _

from helpdesk.knowledge.constants import PageType
from helpdesk.knowledge.models import Page
from helpdesk.mail.models import EmailAccount, EmailAddress, TemplateSet
from helpdesk.people.constants import DepartmentFlag, RoleFlag
from helpdesk.people.models import Agent, Department, Role
from helpdesk.people.selectors import department_names
from sla.constants import ScheduleFlag
from sla.models import Schedule, SlaPlan

Choices = list[tuple[str, str]]


def with_current(choices: Choices, current: int | None, rows: Any) -> Choices:
    """Add the stored value where it is not among the choices: inactive, or gone altogether."""
    if not current or any(value == str(current) for value, _label in choices):
        return choices
    row = rows.filter(pk=current).first()
    name = _("%(name)s (inactive)") % {"name": row} if row else _("%(id)s (no longer exists)") % {"id": current}
    return [*choices, (str(current), name)]


def departments(*, none: str | None, current: int | None = None, but: Iterable[int] = ()) -> Choices:
    """Give the active departments by their full names, `none` first; `but` leaves some out."""
    names, left_out = department_names(), set(but)
    active = Department.objects.filter(flags__has=DepartmentFlag.ACTIVE).values_list("pk", flat=True)
    found = sorted(((str(pk), names[pk]) for pk in active if pk not in left_out), key=lambda choice: choice[1].lower())
    return with_current(_with_none(none, found), current, Department.objects)


def agents(*, none: str | None, current: int | None = None) -> Choices:
    """Give the active agents by name."""
    found = [(str(agent.pk), agent_label(agent)) for agent in Agent.objects.active().order_by("firstname", "lastname")]
    return with_current(_with_none(none, found), current, Agent.objects)


def roles(*, none: str | None, current: int | None = None) -> Choices:
    """Give the enabled roles."""
    found = [(str(role.pk), str(role)) for role in Role.objects.filter(flags__has=RoleFlag.ENABLED).order_by("name")]
    return with_current(_with_none(none, found), current, Role.objects)


def rows(model: type[Model], *, none: str | None, current: int | None = None, order: str = "name") -> Choices:
    """Give all rows of a small table by what they are called."""
    manager: Any = model._default_manager
    found = [(str(row.pk), str(row)) for row in manager.order_by(order)]
    return with_current(_with_none(none, found), current, manager)


def sla_plans(*, none: str | None, current: int | None = None) -> Choices:
    """Give the SLA plans."""
    return rows(SlaPlan, none=none, current=current)


def schedules(*, none: str | None, current: int | None = None) -> Choices:
    """Give the schedules of business hours; lists of holidays count for none."""
    found = Schedule.objects.filter(flags__has=ScheduleFlag.BUSINESS_HOURS).order_by("name")
    named = [(str(row.pk), str(row)) for row in found]
    return with_current(_with_none(none, named), current, Schedule.objects)


def holiday_lists(*, current: Iterable[str] = ()) -> Choices:
    """Give the lists of holidays; stored ids that are none are named as such."""
    found = Schedule.objects.exclude(flags__has=ScheduleFlag.BUSINESS_HOURS).order_by("name")
    choices = [(str(row.pk), str(row)) for row in found]
    for stored in current:
        choices = with_current(choices, int(stored), Schedule.objects)
    return choices


def addresses(*, none: str | None, current: int | None = None) -> Choices:
    """Give the help desk's own e-mail addresses."""
    return rows(EmailAddress, none=none, current=current, order="email")


def pages(kind: PageType, *, none: str | None, current: int | None = None) -> Choices:
    """Give the active pages of a type; one of another type that is chosen all the same stays."""
    offered = Page.objects.filter(Q(type=kind) | Q(pk=current or 0), isactive=True).order_by("name")
    found = [(str(page.pk), page.name) for page in offered]
    return with_current(_with_none(none, found), current, Page.objects)


def smtp_accounts(*, none: str | None, current: int | None = None) -> Choices:
    """Give the accounts that send, by their addresses."""
    accounts = EmailAccount.objects.filter(type="smtp").select_related("email").order_by("email__email", "pk")
    found = [(str(account.pk), str(account)) for account in accounts]
    return with_current(_with_none(none, found), current, EmailAccount.objects)


def template_sets(*, none: str | None, current: int | None = None) -> Choices:
    """Give the sets of mail templates."""
    return rows(TemplateSet, none=none, current=current)


def agent_label(agent: Agent) -> str:
    """Give the name of an agent with the user name, which is unique."""
    name = f"{agent.firstname or ''} {agent.lastname or ''}".strip()
    return f"{name} ({agent.username})" if name else agent.username


def _with_none(none: str | None, found: Choices) -> Choices:
    return found if none is None else [("0", none), *found]
