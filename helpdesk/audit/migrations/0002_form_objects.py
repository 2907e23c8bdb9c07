"""The trail tells of forms, lists and help topics, too."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("hd_audit", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="administrativechange",
            name="object_type",
            field=models.CharField(
                choices=[
                    ("agent", "agent"),
                    ("department", "department"),
                    ("form", "form"),
                    ("form field", "field of a form"),
                    ("help topic", "help topic"),
                    ("job", "recurring job"),
                    ("list", "list"),
                    ("list item", "item of a list"),
                    ("role", "role"),
                    ("settings", "settings"),
                    ("system log", "system log"),
                    ("team", "team"),
                ],
                max_length=16,
                verbose_name="kind",
            ),
        ),
    ]
