"""The legacy tables of this app, as osTicket 1.18 makes them."""

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
                    name="ApiKey",
                    fields=[
                        ("id", helpdesk.legacy.fields.UnsignedAutoField(primary_key=True, serialize=False)),
                        ("isactive", models.BooleanField(default=True)),
                        ("ipaddr", models.CharField(max_length=64)),
                        ("apikey", helpdesk.legacy.fields.CaseInsensitiveCharField(max_length=255)),
                        ("can_create_tickets", models.BooleanField(default=True)),
                        ("can_exec_cron", models.BooleanField(default=True)),
                        ("notes", models.TextField(blank=True, null=True)),
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
                    ],
                    options={
                        "db_table": helpdesk.legacy.fields.Prefixed("api_key"),
                        "indexes": [models.Index(fields=["ipaddr"], name="api_key_ipaddr")],
                        "constraints": [
                            models.UniqueConstraint(
                                django.db.models.functions.text.Upper("apikey"), name="api_key_apikey"
                            )
                        ],
                    },
                ),
            ]
        )
    ]
