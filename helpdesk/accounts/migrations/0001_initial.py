"""The auth user."""

import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models

import helpdesk.legacy.fields


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("kind", models.CharField(choices=[("agent", "Agent"), ("user", "End User")], max_length=5)),
                ("legacy_id", models.PositiveBigIntegerField()),
                ("username", helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, max_length=64, null=True)),
                ("email", helpdesk.legacy.fields.CaseInsensitiveCharField(blank=True, max_length=255, null=True)),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "hd_account",
                "constraints": [
                    models.UniqueConstraint(fields=("kind", "legacy_id"), name="hd_account_person"),
                    models.UniqueConstraint(
                        models.F("kind"), django.db.models.functions.text.Upper("username"), name="hd_account_username"
                    ),
                    models.UniqueConstraint(
                        models.F("kind"), django.db.models.functions.text.Upper("email"), name="hd_account_email"
                    ),
                ],
            },
        ),
    ]
