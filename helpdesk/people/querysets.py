"""Reads of departments, agents and teams (osticket/routing.md §1 and §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q

from helpdesk.people.constants import DepartmentFlag, TeamFlag

if TYPE_CHECKING:
    from helpdesk.people.models import Agent, Department, Team  # noqa: F401 -- named in quotes below


class DepartmentQuerySet(models.QuerySet["Department"]):
    """Departments."""

    def active(self) -> DepartmentQuerySet:
        """Those that may receive tickets."""
        return self.filter(flags__has=DepartmentFlag.ACTIVE)


class AgentQuerySet(models.QuerySet["Agent"]):
    """Agents."""

    def active(self) -> AgentQuerySet:
        """Those who may sign in."""
        return self.filter(isactive=True)

    def available(self) -> AgentQuerySet:
        """Those who may be given work: active and not on vacation."""
        return self.active().filter(onvacation=False)

    def members_of(self, department: Department) -> AgentQuerySet:
        """Primary members, those with extended access, and the manager."""
        return self.filter(
            Q(dept=department) | Q(pk=department.manager_id) | Q(department_access__dept=department)
        ).distinct()

    def assignable_in(self, department: Department) -> AgentQuerySet:
        """Those to whom an agent may assign a ticket of this department."""
        available = self.available()
        if DepartmentFlag.ASSIGN_PRIMARY_ONLY & department.flags:
            return available.filter(dept=department)
        if DepartmentFlag.ASSIGN_MEMBERS_ONLY & department.flags:
            return available.members_of(department)
        return available


class TeamQuerySet(models.QuerySet["Team"]):
    """Teams."""

    def enabled(self) -> TeamQuerySet:
        """Those that are in use."""
        return self.filter(flags__has=TeamFlag.ENABLED)

    def assignable(self) -> TeamQuerySet:
        """Those to whom a ticket may be assigned: enabled, with at least one member."""
        from helpdesk.people.models import TeamMember

        return self.enabled().filter(Exists(TeamMember.objects.filter(team=OuterRef("pk"))))
