"""The legacy tables of this app, as osTicket 1.18 makes them."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import helpdesk.legacy.fields
from helpdesk.legacy.migration import LegacyTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("hd_people", "0001_legacy"),
    ]

    operations = [
        LegacyTables(
            state_operations=[
                migrations.CreateModel(
                    name="TemplateSet",
                    fields=[
                        ("tpl_id", models.AutoField(primary_key=True, serialize=False)),
                        ("isactive", models.BooleanField(default=False)),
                        ("name", models.CharField(blank=True, default="", max_length=32)),
                        ("lang", models.CharField(default="en_US", max_length=16)),
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
                        "db_table": helpdesk.legacy.fields.Prefixed("email_template_group"),
                    },
                ),
                migrations.CreateModel(
                    name="EmailAddress",
                    fields=[
                        ("email_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("noautoresp", models.BooleanField(default=False)),
                        ("priority_id", helpdesk.legacy.fields.ZeroIntegerField(default=2)),
                        ("topic_id", helpdesk.legacy.fields.ZeroIntegerField(default=0)),
                        (
                            "email",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, default="", max_length=255),
                        ),
                        ("name", models.CharField(blank=True, default="", max_length=255)),
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
                            "dept",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="emails",
                                to="hd_people.department",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("email"),
                    },
                ),
                migrations.CreateModel(
                    name="EmailAccount",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("type", helpdesk.legacy.fields.EnumField(default="mailbox", values=["mailbox", "smtp"])),
                        ("auth_bk", models.CharField(max_length=128)),
                        ("auth_id", models.CharField(blank=True, max_length=16, null=True)),
                        ("active", models.BooleanField(default=False)),
                        ("host", models.CharField(blank=True, default="", max_length=128)),
                        ("port", models.IntegerField()),
                        ("folder", models.CharField(blank=True, max_length=255, null=True)),
                        (
                            "protocol",
                            helpdesk.legacy.fields.EnumField(default="OTHER", values=["IMAP", "POP", "SMTP", "OTHER"]),
                        ),
                        (
                            "encryption",
                            helpdesk.legacy.fields.EnumField(default="AUTO", values=["NONE", "AUTO", "SSL"]),
                        ),
                        ("fetchfreq", models.PositiveSmallIntegerField(default=5)),
                        ("fetchmax", models.PositiveSmallIntegerField(blank=True, default=30, null=True)),
                        (
                            "postfetch",
                            helpdesk.legacy.fields.EnumField(
                                default="nothing", values=["archive", "delete", "nothing"]
                            ),
                        ),
                        ("archivefolder", models.CharField(blank=True, max_length=255, null=True)),
                        ("allow_spoofing", models.BooleanField(blank=True, default=False, null=True)),
                        ("num_errors", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("last_error_msg", models.TextField(blank=True, null=True)),
                        ("last_error", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("last_activity", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
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
                            "email",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="accounts",
                                to="hd_mail.emailaddress",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("email_account"),
                    },
                ),
                migrations.CreateModel(
                    name="EmailTemplate",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("code_name", models.CharField(max_length=32)),
                        ("subject", models.CharField(blank=True, default="", max_length=255)),
                        ("body", models.TextField(blank=True)),
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
                            "tpl",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="templates",
                                to="hd_mail.templateset",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("email_template"),
                    },
                ),
                migrations.AddIndex(
                    model_name="emailaddress",
                    index=models.Index(fields=["dept"], name="email_dept_id"),
                ),
                migrations.AddIndex(
                    model_name="emailaddress",
                    index=models.Index(fields=["priority_id"], name="email_priority_id"),
                ),
                migrations.AddConstraint(
                    model_name="emailaddress",
                    constraint=models.UniqueConstraint(
                        django.db.models.functions.text.Upper("email"), name="email_email"
                    ),
                ),
                migrations.AddIndex(
                    model_name="emailaccount",
                    index=models.Index(fields=["email"], name="email_account_email_id"),
                ),
                migrations.AddIndex(
                    model_name="emailaccount",
                    index=models.Index(fields=["type"], name="email_account_type"),
                ),
                migrations.AddConstraint(
                    model_name="emailtemplate",
                    constraint=models.UniqueConstraint(
                        fields=("tpl", "code_name"), name="email_template_template_lookup"
                    ),
                ),
            ]
        )
    ]
