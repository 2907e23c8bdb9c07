"""The legacy tables of this app, as osTicket 1.18 makes them."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import helpdesk.legacy.fields
from helpdesk.legacy.migration import LegacyTables


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        LegacyTables(
            state_operations=[
                migrations.CreateModel(
                    name="Agent",
                    fields=[
                        ("staff_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        (
                            "username",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, default="", max_length=32),
                        ),
                        ("firstname", models.CharField(blank=True, max_length=32, null=True)),
                        ("lastname", models.CharField(blank=True, max_length=32, null=True)),
                        ("passwd", models.CharField(blank=True, max_length=128, null=True)),
                        ("backend", models.CharField(blank=True, max_length=32, null=True)),
                        (
                            "email",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, max_length=255, null=True),
                        ),
                        ("phone", models.CharField(blank=True, default="", max_length=24)),
                        ("phone_ext", models.CharField(blank=True, max_length=6, null=True)),
                        ("mobile", models.CharField(blank=True, default="", max_length=24)),
                        ("signature", models.TextField(blank=True)),
                        ("lang", models.CharField(blank=True, max_length=16, null=True)),
                        ("timezone", models.CharField(blank=True, max_length=64, null=True)),
                        ("locale", models.CharField(blank=True, max_length=16, null=True)),
                        ("notes", models.TextField(blank=True, null=True)),
                        ("isactive", models.BooleanField(default=True)),
                        ("isadmin", models.BooleanField(default=False)),
                        ("isvisible", models.BooleanField(default=True)),
                        ("onvacation", models.BooleanField(default=False)),
                        ("assigned_only", models.BooleanField(default=False)),
                        ("show_assigned_tickets", models.BooleanField(default=False)),
                        ("change_passwd", models.BooleanField(default=False)),
                        ("max_page_size", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("auto_refresh_rate", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        (
                            "default_signature_type",
                            helpdesk.legacy.fields.EnumField(default="none", values=["none", "mine", "dept"]),
                        ),
                        (
                            "default_paper_size",
                            helpdesk.legacy.fields.EnumField(
                                default="Letter", values=["Letter", "Legal", "Ledger", "A4", "A3"]
                            ),
                        ),
                        ("extra", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("permissions", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        ("lastlogin", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("passwdreset", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("staff"),
                    },
                ),
                migrations.CreateModel(
                    name="Organization",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("name", models.CharField(blank=True, default="", max_length=128)),
                        ("manager", models.CharField(blank=True, default="", max_length=16)),
                        ("status", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("domain", models.CharField(blank=True, default="", max_length=256)),
                        ("extra", models.TextField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True
                            ),
                        ),
                        ("updated", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("organization"),
                    },
                ),
                migrations.CreateModel(
                    name="Department",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("tpl_id", helpdesk.legacy.fields.ZeroIntegerField(default=0)),
                        ("sla_id", helpdesk.legacy.fields.ZeroIntegerField(default=0)),
                        ("schedule_id", helpdesk.legacy.fields.ZeroIntegerField(default=0)),
                        ("email_id", helpdesk.legacy.fields.ZeroIntegerField(default=0)),
                        ("autoresp_email_id", helpdesk.legacy.fields.ZeroIntegerField(default=0)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=0)),
                        (
                            "name",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, default="", max_length=128),
                        ),
                        ("signature", models.TextField(blank=True)),
                        ("ispublic", models.BooleanField(default=True)),
                        (
                            "group_membership",
                            models.PositiveSmallIntegerField(
                                choices=[
                                    (0, "Primary members only"),
                                    (1, "Primary and extended members"),
                                    (2, "Nobody (alerts disabled)"),
                                    (3, "The administrator only"),
                                ],
                                default=0,
                            ),
                        ),
                        ("ticket_auto_response", models.BooleanField(default=True)),
                        ("message_auto_response", models.BooleanField(default=False)),
                        ("path", models.CharField(default="/", max_length=128)),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "manager",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="managed_departments",
                                to="hd_people.agent",
                            ),
                        ),
                        (
                            "parent",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                blank=True,
                                db_column="pid",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="children",
                                to="hd_people.department",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("department"),
                    },
                ),
                migrations.AddField(
                    model_name="agent",
                    name="dept",
                    field=helpdesk.legacy.fields.ZeroForeignKey(
                        blank=True,
                        db_default=0,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="primary_members",
                        to="hd_people.department",
                    ),
                ),
                migrations.CreateModel(
                    name="EndUser",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("status", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("name", models.CharField(max_length=128)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "org",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="members",
                                to="hd_people.organization",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("user"),
                    },
                ),
                migrations.CreateModel(
                    name="Role",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=1)),
                        ("name", helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, max_length=64, null=True)),
                        ("permissions", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("notes", models.TextField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("role"),
                        "constraints": [
                            models.UniqueConstraint(django.db.models.functions.text.Upper("name"), name="role_name")
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="DepartmentAccess",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "staff_id", "dept_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=1)),
                        (
                            "dept",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="extended_access",
                                to="hd_people.department",
                            ),
                        ),
                        (
                            "staff",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="department_access",
                                to="hd_people.agent",
                            ),
                        ),
                        (
                            "role",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="extended_holders",
                                to="hd_people.role",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("staff_dept_access"),
                    },
                ),
                migrations.AddField(
                    model_name="agent",
                    name="role",
                    field=helpdesk.legacy.fields.ZeroForeignKey(
                        blank=True,
                        db_default=0,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="primary_holders",
                        to="hd_people.role",
                    ),
                ),
                migrations.CreateModel(
                    name="Team",
                    fields=[
                        ("team_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=1)),
                        (
                            "name",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, default="", max_length=125),
                        ),
                        ("notes", models.TextField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "lead",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="led_teams",
                                to="hd_people.agent",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("team"),
                    },
                ),
                migrations.CreateModel(
                    name="TeamMember",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "team_id", "staff_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=0)),
                        (
                            "staff",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="team_memberships",
                                to="hd_people.agent",
                            ),
                        ),
                        (
                            "team",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="memberships",
                                to="hd_people.team",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("team_member"),
                    },
                ),
                migrations.CreateModel(
                    name="UserAccount",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("status", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("timezone", models.CharField(blank=True, max_length=64, null=True)),
                        ("lang", models.CharField(blank=True, max_length=16, null=True)),
                        (
                            "username",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, max_length=64, null=True),
                        ),
                        ("passwd", models.CharField(blank=True, max_length=128, null=True)),
                        ("backend", models.CharField(blank=True, max_length=32, null=True)),
                        ("extra", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        (
                            "registered",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True
                            ),
                        ),
                        (
                            "user",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="accounts",
                                to="hd_people.enduser",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("user_account"),
                    },
                ),
                migrations.CreateModel(
                    name="UserEmail",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("address", helpdesk.legacy.fields.CaseInsensitiveCharField(max_length=255)),
                        (
                            "user",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="emails",
                                to="hd_people.enduser",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("user_email"),
                    },
                ),
                migrations.AddField(
                    model_name="enduser",
                    name="default_email",
                    field=helpdesk.legacy.fields.ZeroForeignKey(
                        blank=True,
                        db_default=0,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hd_people.useremail",
                    ),
                ),
                migrations.AddIndex(
                    model_name="department",
                    index=models.Index(fields=["autoresp_email_id"], name="department_autoresp_email_id"),
                ),
                migrations.AddIndex(
                    model_name="department",
                    index=models.Index(fields=["flags"], name="department_flags"),
                ),
                migrations.AddIndex(
                    model_name="department",
                    index=models.Index(fields=["manager"], name="department_manager_id"),
                ),
                migrations.AddIndex(
                    model_name="department",
                    index=models.Index(fields=["tpl_id"], name="department_tpl_id"),
                ),
                migrations.AddConstraint(
                    model_name="department",
                    constraint=models.UniqueConstraint(
                        django.db.models.functions.text.Upper("name"), models.F("parent"), name="department_name"
                    ),
                ),
                migrations.AddIndex(
                    model_name="departmentaccess",
                    index=models.Index(fields=["dept"], name="staff_dept_access_dept_id"),
                ),
                migrations.AddIndex(
                    model_name="agent",
                    index=models.Index(fields=["dept"], name="staff_dept_id"),
                ),
                migrations.AddIndex(
                    model_name="agent",
                    index=models.Index(fields=["isactive"], name="staff_isactive"),
                ),
                migrations.AddIndex(
                    model_name="agent",
                    index=models.Index(fields=["isadmin"], name="staff_issuperuser"),
                ),
                migrations.AddIndex(
                    model_name="agent",
                    index=models.Index(fields=["onvacation"], name="staff_onvacation"),
                ),
                migrations.AddConstraint(
                    model_name="agent",
                    constraint=models.UniqueConstraint(
                        django.db.models.functions.text.Upper("username"), name="staff_username"
                    ),
                ),
                migrations.AddIndex(
                    model_name="team",
                    index=models.Index(fields=["lead"], name="team_lead_id"),
                ),
                migrations.AddConstraint(
                    model_name="team",
                    constraint=models.UniqueConstraint(django.db.models.functions.text.Upper("name"), name="team_name"),
                ),
                migrations.AddIndex(
                    model_name="teammember",
                    index=models.Index(fields=["staff"], name="team_member_staff_id"),
                ),
                migrations.AddIndex(
                    model_name="useraccount",
                    index=models.Index(fields=["user"], name="user_account_user_id"),
                ),
                migrations.AddConstraint(
                    model_name="useraccount",
                    constraint=models.UniqueConstraint(
                        django.db.models.functions.text.Upper("username"), name="user_account_username"
                    ),
                ),
                migrations.AddIndex(
                    model_name="useremail",
                    index=models.Index(fields=["user"], name="user_email_user_email_lookup"),
                ),
                migrations.AddConstraint(
                    model_name="useremail",
                    constraint=models.UniqueConstraint(
                        django.db.models.functions.text.Upper("address"), name="user_email_address"
                    ),
                ),
                migrations.AddIndex(
                    model_name="enduser",
                    index=models.Index(fields=["default_email"], name="user_default_email_id"),
                ),
                migrations.AddIndex(
                    model_name="enduser",
                    index=models.Index(fields=["name"], name="user_name"),
                ),
                migrations.AddIndex(
                    model_name="enduser",
                    index=models.Index(fields=["org"], name="user_org_id"),
                ),
            ]
        )
    ]
