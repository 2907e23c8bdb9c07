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
    ]

    operations = [
        LegacyTables(
            state_operations=[
                migrations.CreateModel(
                    name="Draft",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("staff_id", helpdesk.legacy.fields.UnsignedIntegerField()),
                        ("namespace", models.CharField(blank=True, default="", max_length=32)),
                        ("body", models.TextField(blank=True)),
                        ("extra", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        ("updated", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("draft"),
                        "indexes": [
                            models.Index(fields=["namespace"], name="draft_namespace"),
                            models.Index(fields=["staff_id"], name="draft_staff_id"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Event",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("name", models.CharField(max_length=60)),
                        ("description", models.CharField(blank=True, max_length=60, null=True)),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("event"),
                        "constraints": [models.UniqueConstraint(fields=("name",), name="event_name")],
                    },
                ),
                migrations.CreateModel(
                    name="Thread",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("object_id", helpdesk.legacy.fields.UnsignedIntegerField()),
                        ("object_type", models.CharField(max_length=1)),
                        ("extra", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("lastresponse", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("lastmessage", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("thread"),
                        "indexes": [
                            models.Index(fields=["object_id"], name="thread_object_id"),
                            models.Index(fields=["object_type"], name="thread_object_type"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="ThreadEntry",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("type", models.CharField(blank=True, default="", max_length=1)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("poster", models.CharField(blank=True, default="", max_length=128)),
                        ("editor", helpdesk.legacy.fields.UnsignedIntegerField(blank=True, null=True)),
                        ("editor_type", models.CharField(blank=True, max_length=1, null=True)),
                        ("source", models.CharField(blank=True, default="", max_length=32)),
                        ("title", models.CharField(blank=True, max_length=255, null=True)),
                        ("body", models.TextField(blank=True)),
                        ("format", models.CharField(default="html", max_length=16)),
                        ("ip_address", models.CharField(blank=True, default="", max_length=64)),
                        ("extra", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("recipients", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True, zero_for_none=True),
                        ),
                        (
                            "parent",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_column="pid",
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="replies",
                                to="hd_threads.threadentry",
                            ),
                        ),
                        (
                            "staff",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="thread_entries",
                                to="hd_people.agent",
                            ),
                        ),
                        (
                            "thread",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="entries",
                                to="hd_threads.thread",
                            ),
                        ),
                        (
                            "user",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="thread_entries",
                                to="hd_people.enduser",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("thread_entry"),
                    },
                ),
                migrations.CreateModel(
                    name="EntryMerge",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("data", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        (
                            "entry",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                db_column="thread_entry_id",
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="merges",
                                to="hd_threads.threadentry",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("thread_entry_merge"),
                    },
                ),
                migrations.CreateModel(
                    name="EntryEmail",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("email_id", helpdesk.legacy.fields.UnsignedIntegerField(blank=True, null=True)),
                        ("mid", models.CharField(max_length=255)),
                        ("headers", models.TextField(blank=True, null=True)),
                        (
                            "entry",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                db_column="thread_entry_id",
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="emails",
                                to="hd_threads.threadentry",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("thread_entry_email"),
                    },
                ),
                migrations.CreateModel(
                    name="ThreadEvent",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("thread_type", models.CharField(blank=True, default="", max_length=1)),
                        ("topic_id", helpdesk.legacy.fields.ZeroIntegerField(default=0)),
                        ("data", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("username", models.CharField(default="SYSTEM", max_length=128)),
                        ("uid", helpdesk.legacy.fields.UnsignedIntegerField(blank=True, null=True)),
                        ("uid_type", models.CharField(default="S", max_length=1)),
                        ("annulled", models.BooleanField(default=False)),
                        (
                            "timestamp",
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
                                related_name="+",
                                to="hd_people.department",
                            ),
                        ),
                        (
                            "event",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="hd_threads.event",
                            ),
                        ),
                        (
                            "staff",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
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
                                related_name="+",
                                to="hd_people.team",
                            ),
                        ),
                        (
                            "thread",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="events",
                                to="hd_threads.thread",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("thread_event"),
                    },
                ),
                migrations.CreateModel(
                    name="Lock",
                    fields=[
                        ("lock_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("expire", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("code", models.CharField(blank=True, max_length=20, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "staff",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="locks",
                                to="hd_people.agent",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("lock"),
                        "indexes": [models.Index(fields=["staff"], name="lock_staff_id")],
                    },
                ),
                migrations.CreateModel(
                    name="Referral",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("object_id", helpdesk.legacy.fields.UnsignedIntegerField()),
                        ("object_type", models.CharField(max_length=1)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "thread",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="referrals",
                                to="hd_threads.thread",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("thread_referral"),
                        "indexes": [models.Index(fields=["thread"], name="thread_referral_thread_id")],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=("object_id", "object_type", "thread"), name="thread_referral_ref"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Collaborator",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=1)),
                        ("role", models.CharField(default="M", max_length=1)),
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
                            "user",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="collaborations",
                                to="hd_people.enduser",
                            ),
                        ),
                        (
                            "thread",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="collaborators",
                                to="hd_threads.thread",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("thread_collaborator"),
                        "indexes": [models.Index(fields=["user"], name="thread_collaborator_user_id")],
                        "constraints": [
                            models.UniqueConstraint(fields=("thread", "user"), name="thread_collaborator_collab")
                        ],
                    },
                ),
                migrations.AddIndex(
                    model_name="threadentry",
                    index=models.Index(fields=["parent"], name="thread_entry_pid"),
                ),
                migrations.AddIndex(
                    model_name="threadentry",
                    index=models.Index(fields=["staff"], name="thread_entry_staff_id"),
                ),
                migrations.AddIndex(
                    model_name="threadentry",
                    index=models.Index(fields=["thread"], name="thread_entry_thread_id"),
                ),
                migrations.AddIndex(
                    model_name="threadentry",
                    index=models.Index(fields=["type"], name="thread_entry_type"),
                ),
                migrations.AddIndex(
                    model_name="entrymerge",
                    index=models.Index(fields=["entry"], name="tem_thread_entry_id"),
                ),
                migrations.AddIndex(
                    model_name="entryemail",
                    index=models.Index(fields=["email_id"], name="thread_entry_email_email_id"),
                ),
                migrations.AddIndex(
                    model_name="entryemail",
                    index=models.Index(fields=["mid"], name="thread_entry_email_mid"),
                ),
                migrations.AddIndex(
                    model_name="entryemail",
                    index=models.Index(fields=["entry"], name="tee_thread_entry_id"),
                ),
                migrations.AddIndex(
                    model_name="threadevent",
                    index=models.Index(fields=["thread", "event", "timestamp"], name="thread_event_ticket_state"),
                ),
                migrations.AddIndex(
                    model_name="threadevent",
                    index=models.Index(fields=["timestamp", "event"], name="thread_event_ticket_stats"),
                ),
            ]
        )
    ]
