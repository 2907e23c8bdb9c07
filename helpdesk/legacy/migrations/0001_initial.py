"""What is noted about the database."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Installation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("origin", models.CharField(choices=[("fresh", "Fresh"), ("adopted", "Adopted")], max_length=10)),
                ("osticket_version", models.CharField(max_length=20)),
                ("schema_signature", models.CharField(max_length=32)),
                ("database_time_zone", models.CharField(max_length=64)),
                ("utf8mb3_tables", models.BooleanField(default=False)),
                ("created", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "hd_installation",
            },
        ),
    ]
