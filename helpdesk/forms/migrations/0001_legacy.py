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
                    name="CustomList",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("name", models.CharField(max_length=255)),
                        ("name_plural", models.CharField(blank=True, max_length=255, null=True)),
                        (
                            "sort_mode",
                            helpdesk.legacy.fields.EnumField(default="Alpha", values=["Alpha", "-Alpha", "SortCol"]),
                        ),
                        ("masks", helpdesk.legacy.fields.FlagsField(default=0)),
                        ("type", models.CharField(blank=True, max_length=16, null=True)),
                        ("configuration", helpdesk.legacy.fields.PhpJSONField(blank=True)),
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
                        "db_table": helpdesk.legacy.fields.Prefixed("list"),
                        "indexes": [models.Index(fields=["type"], name="list_type")],
                    },
                ),
                migrations.CreateModel(
                    name="Form",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("pid", helpdesk.legacy.fields.UnsignedIntegerField(blank=True, null=True)),
                        ("type", models.CharField(default="G", max_length=8)),
                        ("flags", helpdesk.legacy.fields.FlagsField(default=1)),
                        ("title", models.CharField(max_length=255)),
                        ("instructions", models.CharField(blank=True, max_length=512, null=True)),
                        ("name", models.CharField(blank=True, default="", max_length=64)),
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
                        "db_table": helpdesk.legacy.fields.Prefixed("form"),
                        "indexes": [models.Index(fields=["type"], name="form_type")],
                    },
                ),
                migrations.CreateModel(
                    name="FormEntry",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("object_id", helpdesk.legacy.fields.UnsignedIntegerField(blank=True, null=True)),
                        ("object_type", models.CharField(default="T", max_length=1)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField(default=1)),
                        ("extra", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
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
                            "form",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="entries",
                                to="hd_forms.form",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("form_entry"),
                    },
                ),
                migrations.CreateModel(
                    name="FormField",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("flags", helpdesk.legacy.fields.FlagsField(blank=True, default=1, null=True)),
                        ("type", models.CharField(default="text", max_length=255)),
                        ("label", models.CharField(max_length=255)),
                        ("name", models.CharField(max_length=64)),
                        ("configuration", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        ("sort", helpdesk.legacy.fields.UnsignedIntegerField()),
                        ("hint", models.CharField(blank=True, max_length=512, null=True)),
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
                            "form",
                            helpdesk.legacy.fields.ZeroForeignKey(
                                blank=True,
                                db_default=0,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="fields",
                                to="hd_forms.form",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("form_field"),
                    },
                ),
                migrations.CreateModel(
                    name="FormAnswer",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "entry_id", "field_id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("value", models.TextField(blank=True, null=True)),
                        ("value_id", models.IntegerField(blank=True, null=True)),
                        (
                            "entry",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="answers",
                                to="hd_forms.formentry",
                            ),
                        ),
                        (
                            "field",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="answers",
                                to="hd_forms.formfield",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("form_entry_values"),
                    },
                ),
                migrations.CreateModel(
                    name="ListItem",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("status", helpdesk.legacy.fields.FlagsField(default=1)),
                        ("value", models.CharField(max_length=255)),
                        ("extra", models.CharField(blank=True, max_length=255, null=True)),
                        ("sort", models.IntegerField(default=1)),
                        ("properties", helpdesk.legacy.fields.PhpJSONField(blank=True, null=True)),
                        (
                            "list",
                            helpdesk.legacy.fields.LegacyForeignKey(
                                blank=True,
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="items",
                                to="hd_forms.customlist",
                            ),
                        ),
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("list_items"),
                    },
                ),
                migrations.AddIndex(
                    model_name="formentry",
                    index=models.Index(fields=["object_type", "object_id"], name="form_entry_entry_lookup"),
                ),
                migrations.AddIndex(
                    model_name="formfield",
                    index=models.Index(fields=["form"], name="form_field_form_id"),
                ),
                migrations.AddIndex(
                    model_name="formfield",
                    index=models.Index(fields=["sort"], name="form_field_sort"),
                ),
                migrations.AddIndex(
                    model_name="listitem",
                    index=models.Index(fields=["list"], name="list_items_list_item_lookup"),
                ),
            ]
        )
    ]
