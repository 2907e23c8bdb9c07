"""Whose side tables these are: several help desks in one database cannot share them."""

from django.db import migrations, models

import helpdesk.legacy.models


class Migration(migrations.Migration):
    dependencies = [
        ("hd_legacy", "0002_imports"),
    ]

    operations = [
        migrations.AddField(
            model_name="installation",
            name="table_prefix",
            field=models.CharField(blank=True, default=helpdesk.legacy.models.present_table_prefix, max_length=20),
        ),
    ]
