"""The legacy tables of this app, as osTicket 1.18 makes them."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import helpdesk.legacy.fields
from helpdesk.legacy.migration import LegacyTables


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("hd_people", "0001_legacy"),
        ("hd_threads", "0001_legacy"),
    ]

    operations = [
        LegacyTables(
            state_operations=[
                migrations.CreateModel(
                    name="Task",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("object_id", models.IntegerField(default=0)),
                        ("object_type", models.CharField(max_length=1)),
                        ("number", models.CharField(blank=True, max_length=20, null=True)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("duedate", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("closed", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
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
                                related_name="tasks",
                                to="hd_people.department",
                            ),
                        ),
                        (
                            "lock",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="hd_threads.lock",
                            ),
                        ),
                        (
                            "staff",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="tasks",
                                to="hd_people.agent",
                            ),
                        ),
                        (
                            "team",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="tasks",
                                to="hd_people.team",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("task"),
                        "indexes": [
                            models.Index(fields=["created"], name="task_created"),
                            models.Index(fields=["dept"], name="task_dept_id"),
                            models.Index(fields=["flags"], name="task_flags"),
                            models.Index(fields=["object_id", "object_type"], name="task_object"),
                            models.Index(fields=["staff"], name="task_staff_id"),
                            models.Index(fields=["team"], name="task_team_id"),
                        ],
                    },
                ),
            ]
        )
    ]
