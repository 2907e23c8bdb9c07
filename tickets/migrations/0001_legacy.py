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
        ("hd_forms", "0001_legacy"),
        ("hd_knowledge", "0001_legacy"),
        ("hd_mail", "0001_legacy"),
        ("hd_people", "0001_legacy"),
        ("hd_sla", "0001_legacy"),
        ("hd_threads", "0001_legacy"),
    ]

    operations = [
        LegacyTables(
            state_operations=[
                migrations.CreateModel(
                    name="QueueColumn",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("name", models.CharField(blank=True, default="", max_length=64)),
                        ("primary", models.CharField(blank=True, default="", max_length=64)),
                        ("secondary", models.CharField(blank=True, max_length=64, null=True)),
                        ("filter", models.CharField(blank=True, max_length=32, null=True)),
                        ("truncate", models.CharField(blank=True, max_length=16, null=True)),
                        ("annotations", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("conditions", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("extra", models.TextField(blank=True, null=True)),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("queue_column"),
                    },
                ),
                migrations.CreateModel(
                    name="QueueSort",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("root", models.CharField(blank=True, max_length=32, null=True)),
                        ("name", models.CharField(blank=True, default="", max_length=64)),
                        ("columns", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("updated", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("queue_sort"),
                    },
                ),
                migrations.CreateModel(
                    name="SearchEntry",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "object_type",
                                "object_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("object_type", models.CharField(max_length=8)),
                        ("object_id", helpdesk.legacy.fields.UnsignedIntegerField()),
                        ("title", models.TextField(blank=True, null=True)),
                        ("content", models.TextField(blank=True, null=True)),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("_search"),
                    },
                ),
                migrations.CreateModel(
                    name="Sequence",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("name", models.CharField(blank=True, max_length=64, null=True)),
                        ("flags", helpdesk.legacy.fields.FlagsField(blank=True, default=0, null=True)),
                        ("next", models.PositiveBigIntegerField(default=1)),
                        ("increment", models.IntegerField(blank=True, default=1, null=True)),
                        ("padding", models.CharField(blank=True, default="0", max_length=1, null=True)),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("sequence"),
                    },
                ),
                migrations.CreateModel(
                    name="Queue",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("title", models.CharField(blank=True, max_length=60, null=True)),
                        ("config", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("filter", models.CharField(blank=True, max_length=64, null=True)),
                        ("root", models.CharField(blank=True, max_length=32, null=True)),
                        ("path", models.CharField(default="/", max_length=80)),
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
                            "columns_of",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                blank=True,
                                db_column="columns_id",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="hd_tickets.queue",
                            ),
                        ),
                        (
                            "parent",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="children",
                                to="hd_tickets.queue",
                            ),
                        ),
                        (
                            "staff",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="queues",
                                to="hd_people.agent",
                            ),
                        ),
                        (
                            "default_sort",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                blank=True,
                                db_column="sort_id",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="hd_tickets.queuesort",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("queue"),
                    },
                ),
                migrations.CreateModel(
                    name="QueueColumnPlacement",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "queue_id",
                                "column_id",
                                "staff_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("staff_id", helpdesk.legacy.fields.ZeroIntegerField(default=0)),
                        ("bits", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=1)),
                        ("heading", models.CharField(blank=True, max_length=64, null=True)),
                        ("width", helpdesk.legacy.fields.UnsignedIntegerField(default=100)),
                        (
                            "column",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="placements",
                                to="hd_tickets.queuecolumn",
                            ),
                        ),
                        (
                            "queue",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="column_placements",
                                to="hd_tickets.queue",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("queue_columns"),
                    },
                ),
                migrations.CreateModel(
                    name="QueuePreference",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "queue_id", "staff_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("setting", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        (
                            "queue",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="preferences",
                                to="hd_tickets.queue",
                            ),
                        ),
                        (
                            "staff",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="queue_preferences",
                                to="hd_people.agent",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("queue_config"),
                    },
                ),
                migrations.CreateModel(
                    name="QueueSortChoice",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "queue_id",
                                "queue_sort_id",
                                blank=True,
                                editable=False,
                                primary_key=True,
                                serialize=False,
                            ),
                        ),
                        ("bits", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        (
                            "queue",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="sort_choices",
                                to="hd_tickets.queue",
                            ),
                        ),
                        (
                            "queue_sort",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                db_column="sort_id",
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="choices",
                                to="hd_tickets.queuesort",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("queue_sorts"),
                    },
                ),
                migrations.CreateModel(
                    name="TicketPriority",
                    fields=[
                        ("priority_id", models.SmallAutoField(primary_key=True, serialize=False)),
                        ("priority", models.CharField(blank=True, default="", max_length=60)),
                        ("priority_desc", models.CharField(blank=True, default="", max_length=30)),
                        ("priority_color", models.CharField(blank=True, default="", max_length=7)),
                        ("priority_urgency", models.PositiveSmallIntegerField(default=0)),
                        ("ispublic", models.BooleanField(default=True)),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("ticket_priority"),
                        "indexes": [
                            models.Index(fields=["ispublic"], name="ticket_priority_ispublic"),
                            models.Index(fields=["priority_urgency"], name="tp_priority_urgency"),
                        ],
                        "constraints": [models.UniqueConstraint(fields=("priority",), name="ticket_priority_priority")],
                    },
                ),
                migrations.CreateModel(
                    name="HelpTopic",
                    fields=[
                        ("topic_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("ispublic", models.BooleanField(default=True)),
                        ("noautoresp", models.BooleanField(default=False)),
                        ("flags", helpdesk.legacy.fields.FlagsField(blank=True, default=0, null=True)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        (
                            "topic",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, default="", max_length=128),
                        ),
                        ("number_format", models.CharField(blank=True, max_length=32, null=True)),
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
                                related_name="help_topics",
                                to="hd_people.department",
                            ),
                        ),
                        (
                            "page",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="hd_knowledge.page",
                            ),
                        ),
                        (
                            "parent",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_column="topic_pid",
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="children",
                                to="hd_tickets.helptopic",
                            ),
                        ),
                        (
                            "sla",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="hd_sla.slaplan",
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
                            "sequence",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="hd_tickets.sequence",
                            ),
                        ),
                        (
                            "priority",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="hd_tickets.ticketpriority",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("help_topic"),
                    },
                ),
                migrations.CreateModel(
                    name="TicketStatus",
                    fields=[
                        ("id", models.AutoField(primary_key=True, serialize=False)),
                        (
                            "name",
                            helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, default="", max_length=60),
                        ),
                        ("state", models.CharField(blank=True, max_length=16, null=True)),
                        ("mode", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("flags", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("properties", helpdesk.legacy.fields.PhpJSONField(blank=True)),
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
                        "db_table": helpdesk.legacy.fields.Prefixed("ticket_status"),
                        "indexes": [models.Index(fields=["state"], name="ticket_status_state")],
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Upper("name"), name="ticket_status_name"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Ticket",
                    fields=[
                        ("ticket_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("number", models.CharField(blank=True, max_length=20, null=True)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("ip_address", models.CharField(blank=True, default="", max_length=64)),
                        (
                            "source",
                            helpdesk.legacy.fields.EnumField(
                                default="Other", values=["Web", "Email", "Phone", "API", "Other"]
                            ),
                        ),
                        ("source_extra", models.CharField(blank=True, max_length=40, null=True)),
                        ("isoverdue", models.BooleanField(default=False)),
                        ("isanswered", models.BooleanField(default=False)),
                        ("duedate", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("est_duedate", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("reopened", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("closed", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("lastupdate", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
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
                                related_name="tickets",
                                to="hd_people.department",
                            ),
                        ),
                        (
                            "email",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="tickets",
                                to="hd_mail.emailaddress",
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
                            "parent",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                blank=True,
                                db_column="ticket_pid",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="family",
                                to="hd_tickets.ticket",
                            ),
                        ),
                        (
                            "sla",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="tickets",
                                to="hd_sla.slaplan",
                            ),
                        ),
                        (
                            "staff",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="tickets",
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
                                related_name="tickets",
                                to="hd_people.team",
                            ),
                        ),
                        (
                            "topic",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="tickets",
                                to="hd_tickets.helptopic",
                            ),
                        ),
                        (
                            "user",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="tickets",
                                to="hd_people.enduser",
                            ),
                        ),
                        (
                            "user_email",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="hd_people.useremail",
                            ),
                        ),
                        (
                            "status",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="tickets",
                                to="hd_tickets.ticketstatus",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("ticket"),
                    },
                ),
                migrations.AddField(
                    model_name="helptopic",
                    name="status",
                    field=helpdesk.legacy.fields.ZeroForeignKey(
                        blank=True,
                        db_default=0,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="hd_tickets.ticketstatus",
                    ),
                ),
                migrations.CreateModel(
                    name="HelpTopicForm",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=1)),
                        ("extra", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        (
                            "form",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="help_topics",
                                to="hd_forms.form",
                            ),
                        ),
                        (
                            "topic",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="topic_forms",
                                to="hd_tickets.helptopic",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("help_topic_form"),
                        "indexes": [models.Index(fields=["topic", "form"], name="help_topic_form_topic_form")],
                    },
                ),
                migrations.CreateModel(
                    name="QueueExportField",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("path", models.CharField(blank=True, default="", max_length=64)),
                        ("heading", models.CharField(blank=True, max_length=64, null=True)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=1)),
                        (
                            "queue",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="export_fields",
                                to="hd_tickets.queue",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("queue_export"),
                        "indexes": [models.Index(fields=["queue"], name="queue_export_queue_id")],
                    },
                ),
                migrations.AddIndex(
                    model_name="queue",
                    index=models.Index(fields=["parent"], name="queue_parent_id"),
                ),
                migrations.AddIndex(
                    model_name="queue",
                    index=models.Index(fields=["staff"], name="queue_staff_id"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["closed"], name="ticket_closed"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["created"], name="ticket_created"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["dept"], name="ticket_dept_id"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["duedate"], name="ticket_duedate"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["sla"], name="ticket_sla_id"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["staff"], name="ticket_staff_id"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["status"], name="ticket_status_id"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["team"], name="ticket_team_id"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["parent"], name="ticket_ticket_pid"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["topic"], name="ticket_topic_id"),
                ),
                migrations.AddIndex(
                    model_name="ticket",
                    index=models.Index(fields=["user"], name="ticket_user_id"),
                ),
                migrations.AddIndex(
                    model_name="helptopic",
                    index=models.Index(fields=["dept"], name="help_topic_dept_id"),
                ),
                migrations.AddIndex(
                    model_name="helptopic",
                    index=models.Index(fields=["page"], name="help_topic_page_id"),
                ),
                migrations.AddIndex(
                    model_name="helptopic",
                    index=models.Index(fields=["priority"], name="help_topic_priority_id"),
                ),
                migrations.AddIndex(
                    model_name="helptopic",
                    index=models.Index(fields=["sla"], name="help_topic_sla_id"),
                ),
                migrations.AddIndex(
                    model_name="helptopic",
                    index=models.Index(fields=["staff", "team"], name="help_topic_staff_id"),
                ),
                migrations.AddIndex(
                    model_name="helptopic",
                    index=models.Index(fields=["parent"], name="help_topic_topic_pid"),
                ),
                migrations.AddConstraint(
                    model_name="helptopic",
                    constraint=models.UniqueConstraint(
                        django.db.models.functions.text.Upper("topic"), models.F("parent"), name="help_topic_topic"
                    ),
                ),
            ]
        )
    ]
