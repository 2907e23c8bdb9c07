"""The legacy tables of this app, as osTicket 1.18 makes them."""

import django.db.models.deletion
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
                    name="ConfigItem",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("namespace", models.CharField(max_length=64)),
                        ("key", models.CharField(max_length=64)),
                        ("value", models.TextField(blank=True)),
                        (
                            "updated",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("config"),
                        "constraints": [models.UniqueConstraint(fields=("namespace", "key"), name="config_namespace")],
                    },
                ),
                migrations.CreateModel(
                    name="LegacyGroup",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("role_id", helpdesk.legacy.fields.UnsignedIntegerField()),
                        ("flags", helpdesk.legacy.fields.UnsignedIntegerField(default=1)),
                        ("name", models.CharField(blank=True, default="", max_length=120)),
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
                        "db_table": helpdesk.legacy.fields.Prefixed("group"),
                        "indexes": [models.Index(fields=["role_id"], name="group_role_id")],
                    },
                ),
                migrations.CreateModel(
                    name="PhpSession",
                    fields=[
                        ("session_id", models.CharField(max_length=255, primary_key=True, serialize=False)),
                        ("session_data", models.BinaryField(blank=True, null=True)),
                        ("session_expire", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("session_updated", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        ("user_id", models.CharField(default="0", max_length=16)),
                        ("user_ip", models.CharField(max_length=64)),
                        ("user_agent", models.CharField(max_length=255)),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("session"),
                        "indexes": [
                            models.Index(fields=["session_updated"], name="session_updated"),
                            models.Index(fields=["user_id"], name="session_user_id"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="Plugin",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("name", models.CharField(max_length=255)),
                        ("install_path", models.CharField(max_length=60)),
                        ("isphar", models.BooleanField(default=False)),
                        ("isactive", models.BooleanField(default=False)),
                        ("version", models.CharField(blank=True, max_length=64, null=True)),
                        ("notes", models.TextField(blank=True, null=True)),
                        (
                            "installed",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("plugin"),
                        "constraints": [models.UniqueConstraint(fields=("install_path",), name="plugin_install_path")],
                    },
                ),
                migrations.CreateModel(
                    name="QuickNote",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("pid", helpdesk.legacy.fields.UnsignedIntegerField(blank=True, null=True)),
                        ("staff_id", helpdesk.legacy.fields.ZeroIntegerField(default=0)),
                        ("ext_id", models.CharField(blank=True, max_length=10, null=True)),
                        ("body", models.TextField(blank=True, null=True)),
                        ("status", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
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
                        "db_table": helpdesk.legacy.fields.Prefixed("note"),
                        "indexes": [models.Index(fields=["ext_id"], name="note_ext_id")],
                    },
                ),
                migrations.CreateModel(
                    name="SystemLogEntry",
                    fields=[
                        ("log_id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("log_type", helpdesk.legacy.fields.EnumField(values=["Debug", "Warning", "Error"])),
                        ("title", models.CharField(max_length=255)),
                        ("log", models.TextField(blank=True)),
                        ("logger", models.CharField(max_length=64)),
                        ("ip_address", models.CharField(max_length=64)),
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
                        "db_table": helpdesk.legacy.fields.Prefixed("syslog"),
                        "indexes": [models.Index(fields=["log_type"], name="syslog_log_type")],
                    },
                ),
                migrations.CreateModel(
                    name="Translation",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("object_hash", models.CharField(blank=True, max_length=16, null=True)),
                        (
                            "type",
                            helpdesk.legacy.fields.EnumField(
                                blank=True, null=True, values=["phrase", "article", "override"]
                            ),
                        ),
                        ("flags", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("revision", helpdesk.legacy.fields.UnsignedIntegerField(blank=True, null=True)),
                        ("agent_id", helpdesk.legacy.fields.UnsignedIntegerField(default=0)),
                        ("lang", models.CharField(blank=True, default="", max_length=16)),
                        ("text", models.TextField(blank=True)),
                        ("source_text", models.TextField(blank=True, null=True)),
                        ("updated", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("translation"),
                        "indexes": [
                            models.Index(fields=["object_hash"], name="translation_object_hash"),
                            models.Index(fields=["type", "lang"], name="translation_type"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="PluginInstance",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", models.IntegerField(default=0)),
                        ("name", models.CharField(blank=True, default="", max_length=255)),
                        ("notes", models.TextField(blank=True, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                        ("updated", helpdesk.legacy.fields.LegacyDateTimeField(blank=True, null=True)),
                        (
                            "plugin",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="instances",
                                to="hd_configuration.plugin",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("plugin_instance"),
                        "indexes": [models.Index(fields=["plugin"], name="plugin_instance_plugin_id")],
                    },
                ),
            ]
        )
    ]
