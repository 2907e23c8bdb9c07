"""Who is at work on what."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("hd_health", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Lease",
            fields=[
                ("name", models.CharField(max_length=150, primary_key=True, serialize=False)),
                ("holder", models.CharField(max_length=32)),
                ("taken", models.DateTimeField()),
                ("until", models.DateTimeField()),
            ],
            options={"db_table": "hd_lease"},
        ),
    ]
