"""What is noted while a help desk is copied into this database."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hd_legacy", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[("osticket", "Osticket"), ("backup", "Backup")], max_length=8)),
                ("source", models.CharField(max_length=500)),
                ("source_time_zone", models.CharField(default="UTC", max_length=64)),
                ("is_into_non_empty", models.BooleanField(default=False)),
                ("started", models.DateTimeField(default=django.utils.timezone.now)),
                ("finished", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "db_table": "hd_import_run",
            },
        ),
        migrations.CreateModel(
            name="ImportProblem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.CharField(max_length=64)),
                ("key", models.TextField()),
                ("column", models.CharField(blank=True, max_length=64)),
                (
                    "kind",
                    models.CharField(
                        choices=[("left out", "Left Out"), ("changed", "Changed"), ("noted", "Noted")], max_length=8
                    ),
                ),
                ("reason", models.TextField()),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="problems", to="hd_legacy.importrun"
                    ),
                ),
            ],
            options={
                "db_table": "hd_import_problem",
            },
        ),
        migrations.CreateModel(
            name="ImportTable",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table", models.CharField(max_length=64)),
                ("rows_expected", models.BigIntegerField(default=0)),
                ("rows_copied", models.BigIntegerField(default=0)),
                ("rows_left_out", models.BigIntegerField(default=0)),
                ("rows_before", models.BigIntegerField(default=0)),
                ("position", models.TextField(blank=True, default="")),
                ("sum_copied", models.CharField(default="0", max_length=32)),
                ("sum_before", models.CharField(default="0", max_length=32)),
                ("source_fingerprint", models.CharField(blank=True, default="", max_length=64)),
                ("is_complete", models.BooleanField(default=False)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tables", to="hd_legacy.importrun"
                    ),
                ),
            ],
            options={
                "db_table": "hd_import_table",
                "constraints": [models.UniqueConstraint(fields=("run", "table"), name="hd_import_table_once")],
            },
        ),
        migrations.AlterField(
            model_name="installation",
            name="origin",
            field=models.CharField(
                choices=[("fresh", "Fresh"), ("adopted", "Adopted"), ("imported", "Imported")], max_length=10
            ),
        ),
    ]
