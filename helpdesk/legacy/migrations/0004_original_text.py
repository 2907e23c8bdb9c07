"""The originals of texts that utf8mb3 columns cannot hold."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hd_legacy", "0003_installation_table_prefix"),
    ]

    operations = [
        migrations.CreateModel(
            name="OriginalText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("table_name", models.CharField(max_length=64)),
                ("column_name", models.CharField(max_length=64)),
                ("row_id", models.BigIntegerField()),
                ("part_id", models.BigIntegerField(default=0)),
                ("stored_hash", models.CharField(max_length=64)),
                ("original", models.TextField()),
            ],
            options={
                "db_table": "hd_original_text",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("table_name", "column_name", "row_id", "part_id"), name="hd_original_text_place"
                    )
                ],
            },
        ),
    ]
