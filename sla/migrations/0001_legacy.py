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
                    name="Schedule",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("name", models.CharField(max_length=255)),
                        ("timezone", models.CharField(blank=True, max_length=64, null=True)),
                        ("description", models.CharField(blank=True, max_length=255)),
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
                        "db_table": helpdesk.legacy.fields.Prefixed("schedule"),
                    },
                ),
                migrations.CreateModel(
                    name="ScheduleEntry",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("sort", models.PositiveSmallIntegerField(default=0)),
                        ("name", models.CharField(max_length=255)),
                        ("repeats", models.CharField(default="never", max_length=16)),
                        ("starts_on", models.DateField(blank=True, null=True)),
                        ("starts_at", models.TimeField(blank=True, null=True)),
                        ("ends_on", models.DateField(blank=True, null=True)),
                        ("ends_at", models.TimeField(blank=True, null=True)),
                        ("stops_on", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("day", models.SmallIntegerField(blank=True, null=True)),
                        ("week", models.SmallIntegerField(blank=True, null=True)),
                        ("month", models.SmallIntegerField(blank=True, null=True)),
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
                            "schedule",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="entries",
                                to="hd_sla.schedule",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("schedule_entry"),
                        "indexes": [
                            models.Index(fields=["repeats"], name="schedule_entry_repeats"),
                            models.Index(fields=["schedule"], name="schedule_entry_schedule_id"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="SlaPlan",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=3)),
                        ("grace_period", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        (
                            "name",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, default="", max_length=64),
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
                            "schedule",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="sla_plans",
                                to="hd_sla.schedule",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("sla"),
                        "constraints": [
                            models.UniqueConstraint(django.db.models.functions.text.Upper("name"), name="sla_name")
                        ],
                    },
                ),
            ]
        )
    ]
