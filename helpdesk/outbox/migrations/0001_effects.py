"""What is to be done in the outside world."""

import django.core.serializers.json
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Effect",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=64)),
                ("object_type", models.CharField(blank=True, default="", max_length=32)),
                ("object_id", models.PositiveBigIntegerField(default=0)),
                ("payload", models.JSONField(default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder)),
                ("key", models.CharField(max_length=190, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("next_try", models.DateTimeField(default=django.utils.timezone.now)),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "hd_outbox_effect",
                "indexes": [
                    models.Index(fields=["state", "next_try"], name="hd_outbox_effect_due"),
                    models.Index(fields=["object_type", "object_id"], name="hd_outbox_effect_object"),
                ],
            },
        ),
    ]
