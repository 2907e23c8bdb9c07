"""What the checks of health remember."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="HealthNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=150, unique=True)),
                ("at", models.DateTimeField()),
                ("details", models.JSONField(default=dict)),
            ],
            options={"db_table": "hd_health_note"},
        ),
    ]
