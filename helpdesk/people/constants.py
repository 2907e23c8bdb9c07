"""Flag bits and choices of departments, agents, teams, users and organizations (osticket/schema.md §3)."""

from enum import IntFlag

from django.db import models
from django.utils.translation import gettext_lazy as _


class DepartmentFlag(IntFlag):
    """`department.flags`."""

    ASSIGN_MEMBERS_ONLY = 0x01
    DISABLE_AUTO_CLAIM = 0x02
    ACTIVE = 0x04
    ARCHIVED = 0x08
    ASSIGN_PRIMARY_ONLY = 0x10
    DISABLE_REOPEN_AUTO_ASSIGN = 0x20


class AlertMembership(models.IntegerChoices):
    """`department.group_membership`: who receives the alerts of new tickets."""

    PRIMARY_MEMBERS = 0, _("Primary members only")
    ALL_MEMBERS = 1, _("Primary and extended members")
    NOBODY = 2, _("Nobody (alerts disabled)")
    ADMINISTRATOR = 3, _("The administrator only")


class RoleFlag(IntFlag):
    """`role.flags`."""

    ENABLED = 0x01


class DepartmentAccessFlag(IntFlag):
    """`staff_dept_access.flags`."""

    ALERTS = 0x01


class TeamFlag(IntFlag):
    """`team.flags`."""

    ENABLED = 0x01
    NO_ALERTS = 0x02


class TeamMemberFlag(IntFlag):
    """`team_member.flags`."""

    ALERTS = 0x01


class UserFlag(IntFlag):
    """`user.status`."""

    PRIMARY_CONTACT = 0x01


class AccountStatus(IntFlag):
    """`user_account.status`."""

    CONFIRMED = 0x01
    LOCKED = 0x02
    PASSWORD_RESET_REQUIRED = 0x04
    PASSWORD_RESET_FORBIDDEN = 0x08


class OrganizationFlag(IntFlag):
    """`organization.status`."""

    COLLABORATE_ALL_MEMBERS = 0x01
    COLLABORATE_PRIMARY_CONTACTS = 0x02
    ASSIGN_ACCOUNT_MANAGER = 0x04
    SHARE_PRIMARY_CONTACTS = 0x08
    SHARE_EVERYBODY = 0x10
