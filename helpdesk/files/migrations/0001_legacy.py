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
                    name="StoredFile",
                    fields=[
                        ("id", models.AutoField(primary_key=True, serialize=False)),
                        ("ft", models.CharField(default="T", max_length=1)),
                        ("bk", models.CharField(default="D", max_length=1)),
                        ("type", models.CharField(blank=True, default="", max_length=255)),
                        ("size", models.PositiveBigIntegerField(default=0)),
                        ("key", helpdesk.legacy.fields.CaseInsensitiveCharField(max_length=86)),
                        ("signature", models.CharField(max_length=86)),
                        ("name", models.CharField(blank=True, default="", max_length=255)),
                        ("attrs", models.CharField(blank=True, max_length=255, null=True)),
                        (
                            "created",
                            helpdesk.legacy.fields.LegacyDateTimeField(
                                blank=True, default=django.utils.timezone.now, null=True, zero_for_none=True
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("file"),
                        "indexes": [
                            models.Index(fields=["created"], name="file_created"),
                            models.Index(fields=["ft"], name="file_ft"),
                            models.Index(fields=["key"], name="file_key"),
                            models.Index(fields=["signature"], name="file_signature"),
                            models.Index(fields=["size"], name="file_size"),
                            models.Index(fields=["type"], name="file_type"),
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="FileChunk",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "file_id", "chunk_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("chunk_id", models.IntegerField()),
                        ("filedata", models.BinaryField()),
                        (
                            "file",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="chunks",
                                to="hd_files.storedfile",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("file_chunk"),
                    },
                ),
                migrations.CreateModel(
                    name="Attachment",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("object_id", helpdesk.legacy.fields.UnsignedIntegerField()),
                        ("type", models.CharField(max_length=1)),
                        ("name", models.CharField(blank=True, max_length=255, null=True)),
                        ("inline", models.BooleanField(default=False)),
                        ("lang", models.CharField(blank=True, max_length=16, null=True)),
                        (
                            "file",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="attachments",
                                to="hd_files.storedfile",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("attachment"),
                        "constraints": [
                            models.UniqueConstraint(fields=("object_id", "file", "type"), name="attachment_file_type"),
                            models.UniqueConstraint(fields=("file", "object_id"), name="attachment_file_object"),
                        ],
                    },
                ),
            ]
        )
    ]
