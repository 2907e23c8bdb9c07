"""The legacy tables of this app, as osTicket 1.18 makes them."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import helpdesk.legacy.fields
from helpdesk.legacy.migration import LegacyTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("hd_mail", "0001_legacy"),
    ]

    operations = [
        LegacyTables(
            state_operations=[
                migrations.CreateModel(
                    name="TicketFilter",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("execorder", helpdesk.legacy.fields.UnsignedIntegerField(default=99)),
                        ("isactive", models.BooleanField(default=True)),
                        ("flags", helpdesk.legacy.fields.FlagsField(blank=True, default=0, null=True)),
                        ("status", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("match_all_rules", models.BooleanField(default=False)),
                        ("stop_onmatch", models.BooleanField(default=False)),
                        (
                            "target",
                            helpdesk.legacy.fields.EnumField(default="Any", values=["Any", "Web", "Email", "API"]),
                        ),
                        ("name", models.CharField(blank=True, default="", max_length=32)),
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
                            "email",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="filters",
                                to="hd_mail.emailaddress",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("filter"),
                    },
                ),
                migrations.CreateModel(
                    name="FilterRule",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("what", models.CharField(max_length=32)),
                        (
                            "how",
                            helpdesk.legacy.fields.EnumField(
                                values=[
                                    "equal",
                                    "not_equal",
                                    "contains",
                                    "dn_contain",
                                    "starts",
                                    "ends",
                                    "match",
                                    "not_match",
                                ]
                            ),
                        ),
                        ("val", models.CharField(max_length=255)),
                        ("isactive", models.BooleanField(default=True)),
                        ("notes", models.TextField(blank=True)),
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
                            "filter",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="rules",
                                to="hd_filters.ticketfilter",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("filter_rule"),
                    },
                ),
                migrations.CreateModel(
                    name="FilterAction",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("type", models.CharField(max_length=24)),
                        ("configuration", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "filter",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="actions",
                                to="hd_filters.ticketfilter",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("filter_action"),
                    },
                ),
                migrations.AddIndex(
                    model_name="ticketfilter",
                    index=models.Index(fields=["email"], name="filter_email_id"),
                ),
                migrations.AddIndex(
                    model_name="ticketfilter",
                    index=models.Index(fields=["target"], name="filter_target"),
                ),
                migrations.AddIndex(
                    model_name="filterrule",
                    index=models.Index(fields=["filter"], name="filter_rule_filter_id"),
                ),
                migrations.AddConstraint(
                    model_name="filterrule",
                    constraint=models.UniqueConstraint(
                        fields=("filter", "what", "how", "val"), name="filter_rule_filter"
                    ),
                ),
                migrations.AddIndex(
                    model_name="filteraction",
                    index=models.Index(fields=["filter"], name="filter_action_filter_id"),
                ),
            ]
        )
    ]
