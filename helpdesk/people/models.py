"""Departments, teams, agents, roles, end users and organizations."""

from django.db import models
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    CaseInsensitiveCharField,
    EnumField,
    FlagsField,
    Folded,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyForeignKey,
    LegacyTextField,
    PhpJSONField,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
    ZeroForeignKey,
    ZeroIntegerField,
)
from helpdesk.people.constants import (
    AccountStatus,
    AlertMembership,
    DepartmentAccessFlag,
    DepartmentFlag,
    OrganizationFlag,
    RoleFlag,
    TeamFlag,
    TeamMemberFlag,
    UserFlag,
)
from helpdesk.people.names import agent_name
from helpdesk.people.querysets import AgentQuerySet, DepartmentQuerySet, TeamQuerySet


class Department(models.Model):
    """A department: tickets belong to exactly one, agents have a role in each they may work in."""

    id = UnsignedAutoField(primary_key=True)
    parent = LegacyForeignKey("self", null=True, blank=True, db_column="pid", related_name="children")
    tpl_id = ZeroIntegerField()
    sla_id = ZeroIntegerField()
    schedule_id = ZeroIntegerField()
    email_id = ZeroIntegerField()
    autoresp_email_id = ZeroIntegerField()
    manager = ZeroForeignKey("Agent", related_name="managed_departments")
    flags = FlagsField(flags=DepartmentFlag)
    name = CaseInsensitiveCharField(max_length=128, default="", blank=True)
    signature = LegacyTextField(blank=True)
    ispublic = models.BooleanField(default=True)
    group_membership = models.PositiveSmallIntegerField(choices=AlertMembership.choices, default=0)
    ticket_auto_response = models.BooleanField(default=True)
    message_auto_response = models.BooleanField(default=False)
    path = LegacyCharField(max_length=128, default="/")
    updated = LegacyDateTimeField(zero_for_none=True, default=now)
    created = LegacyDateTimeField(zero_for_none=True, default=now)

    objects = DepartmentQuerySet.as_manager()

    class Meta:
        db_table = Prefixed("department")
        indexes = [
            models.Index(fields=["autoresp_email_id"], name="department_autoresp_email_id"),
            models.Index(fields=["flags"], name="department_flags"),
            models.Index(fields=["manager"], name="department_manager_id"),
            models.Index(fields=["tpl_id"], name="department_tpl_id"),
        ]
        constraints = [
            models.UniqueConstraint(Folded("name"), "parent", name="department_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class Role(models.Model):
    """A named set of permissions that an agent holds in a department (osticket/tickets.md §3.1)."""

    id = UnsignedAutoField(primary_key=True)
    flags = FlagsField(flags=RoleFlag, default=RoleFlag(1))
    name = CaseInsensitiveCharField(max_length=64, null=True, blank=True)
    permissions = PhpJSONField(null=True, blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("role")
        constraints = [
            models.UniqueConstraint(Folded("name"), name="role_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class Agent(models.Model):
    """An agent: a person who works on tickets (table `staff`)."""

    staff_id = UnsignedAutoField(primary_key=True)
    dept = ZeroForeignKey("Department", related_name="primary_members")
    role = ZeroForeignKey("Role", related_name="primary_holders")
    username = CaseInsensitiveCharField(max_length=32, default="", blank=True)
    firstname = LegacyCharField(max_length=32, null=True, blank=True)
    lastname = LegacyCharField(max_length=32, null=True, blank=True)
    passwd = LegacyCharField(max_length=128, null=True, blank=True)
    backend = LegacyCharField(max_length=32, null=True, blank=True)
    email = CaseInsensitiveCharField(max_length=255, null=True, blank=True)
    phone = LegacyCharField(max_length=24, default="", blank=True)
    phone_ext = LegacyCharField(max_length=6, null=True, blank=True)
    mobile = LegacyCharField(max_length=24, default="", blank=True)
    signature = LegacyTextField(blank=True)
    lang = LegacyCharField(max_length=16, null=True, blank=True)
    timezone = LegacyCharField(max_length=64, null=True, blank=True)
    locale = LegacyCharField(max_length=16, null=True, blank=True)
    notes = LegacyTextField(null=True, blank=True)
    isactive = models.BooleanField(default=True)
    isadmin = models.BooleanField(default=False)
    isvisible = models.BooleanField(default=True)
    onvacation = models.BooleanField(default=False)
    assigned_only = models.BooleanField(default=False)
    show_assigned_tickets = models.BooleanField(default=False)
    change_passwd = models.BooleanField(default=False)
    max_page_size = UnsignedIntegerField(default=0)
    auto_refresh_rate = UnsignedIntegerField(default=0)
    default_signature_type = EnumField(values=["none", "mine", "dept"], default="none")
    default_paper_size = EnumField(values=["Letter", "Legal", "Ledger", "A4", "A3"], default="Letter")
    extra = PhpJSONField(null=True, blank=True)
    permissions = PhpJSONField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    lastlogin = LegacyDateTimeField(null=True, blank=True)
    passwdreset = LegacyDateTimeField(null=True, blank=True)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    objects = AgentQuerySet.as_manager()

    class Meta:
        db_table = Prefixed("staff")
        indexes = [
            models.Index(fields=["dept"], name="staff_dept_id"),
            models.Index(fields=["isactive"], name="staff_isactive"),
            models.Index(fields=["isadmin"], name="staff_issuperuser"),
            models.Index(fields=["onvacation"], name="staff_onvacation"),
        ]
        constraints = [
            models.UniqueConstraint(Folded("username"), name="staff_username"),
        ]

    def __str__(self) -> str:
        return str(self.username)

    @property
    def name(self) -> str:
        """The name as the setting `agent_name_format` wants it shown."""
        return agent_name(self.firstname, self.lastname, username=self.username)


class DepartmentAccess(models.Model):
    """Extended access: the role of an agent in a department other than the primary one."""

    pk = models.CompositePrimaryKey("staff_id", "dept_id")
    staff = LegacyForeignKey("Agent", related_name="department_access")
    dept = LegacyForeignKey("Department", related_name="extended_access")
    role = ZeroForeignKey("Role", related_name="extended_holders")
    flags = FlagsField(flags=DepartmentAccessFlag, default=DepartmentAccessFlag(1))

    class Meta:
        db_table = Prefixed("staff_dept_access")
        indexes = [
            models.Index(fields=["dept"], name="staff_dept_access_dept_id"),
        ]


class Team(models.Model):
    """A team: agents from any department to whom tickets can be assigned together."""

    team_id = UnsignedAutoField(primary_key=True)
    lead = ZeroForeignKey("Agent", related_name="led_teams")
    flags = FlagsField(flags=TeamFlag, default=TeamFlag(1))
    name = CaseInsensitiveCharField(max_length=125, default="", blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    objects = TeamQuerySet.as_manager()

    class Meta:
        db_table = Prefixed("team")
        indexes = [
            models.Index(fields=["lead"], name="team_lead_id"),
        ]
        constraints = [
            models.UniqueConstraint(Folded("name"), name="team_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class TeamMember(models.Model):
    """The membership of an agent in a team."""

    pk = models.CompositePrimaryKey("team_id", "staff_id")
    team = LegacyForeignKey("Team", related_name="memberships")
    staff = LegacyForeignKey("Agent", related_name="team_memberships")
    flags = FlagsField(flags=TeamMemberFlag)

    class Meta:
        db_table = Prefixed("team_member")
        indexes = [
            models.Index(fields=["staff"], name="team_member_staff_id"),
        ]


class Organization(models.Model):
    """A customer organization; its members may share tickets."""

    id = UnsignedAutoField(primary_key=True)
    name = LegacyCharField(max_length=128, default="", blank=True)
    manager = LegacyCharField(max_length=16, default="", blank=True)
    status = FlagsField(flags=OrganizationFlag)
    domain = LegacyCharField(max_length=256, default="", blank=True)
    extra = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(null=True, blank=True, default=now)
    updated = LegacyDateTimeField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("organization")

    def __str__(self) -> str:
        return str(self.name)


class EndUser(models.Model):
    """An end user: a person who asks for help (table `user`)."""

    id = UnsignedAutoField(primary_key=True)
    org = ZeroForeignKey("Organization", related_name="members")
    default_email = ZeroForeignKey("UserEmail", related_name="+")
    status = FlagsField(flags=UserFlag)
    name = LegacyCharField(max_length=128)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("user")
        indexes = [
            models.Index(fields=["default_email"], name="user_default_email_id"),
            models.Index(fields=["name"], name="user_name"),
            models.Index(fields=["org"], name="user_org_id"),
        ]

    def __str__(self) -> str:
        return str(self.name)

    @property
    def is_primary_contact(self) -> bool:
        """Whether the user is a primary contact of his organization."""
        return bool(UserFlag.PRIMARY_CONTACT & self.status)


class UserEmail(models.Model):
    """One address of an end user; unique over all users."""

    id = UnsignedAutoField(primary_key=True)
    user = LegacyForeignKey("EndUser", related_name="emails")
    flags = UnsignedIntegerField(default=0)
    address = CaseInsensitiveCharField(max_length=255)

    class Meta:
        db_table = Prefixed("user_email")
        indexes = [
            models.Index(fields=["user"], name="user_email_user_email_lookup"),
        ]
        constraints = [
            models.UniqueConstraint(Folded("address"), name="user_email_address"),
        ]

    def __str__(self) -> str:
        return str(self.address)


class UserAccount(models.Model):
    """The sign-in of an end user; users without one are guests."""

    id = UnsignedAutoField(primary_key=True)
    user = LegacyForeignKey("EndUser", related_name="accounts")
    status = FlagsField(flags=AccountStatus)
    timezone = LegacyCharField(max_length=64, null=True, blank=True)
    lang = LegacyCharField(max_length=16, null=True, blank=True)
    username = CaseInsensitiveCharField(max_length=64, null=True, blank=True)
    passwd = LegacyCharField(max_length=128, null=True, blank=True)
    backend = LegacyCharField(max_length=32, null=True, blank=True)
    extra = PhpJSONField(null=True, blank=True)
    registered = LegacyDateTimeField(null=True, blank=True, default=now)

    class Meta:
        db_table = Prefixed("user_account")
        indexes = [
            models.Index(fields=["user"], name="user_account_user_id"),
        ]
        constraints = [
            models.UniqueConstraint(Folded("username"), name="user_account_username"),
        ]

    @property
    def is_confirmed(self) -> bool:
        """Whether the user has confirmed it, or an agent in his place."""
        return bool(AccountStatus.CONFIRMED & self.status)

    @property
    def is_locked(self) -> bool:
        """Whether an agent keeps the user out."""
        return bool(AccountStatus.LOCKED & self.status)
