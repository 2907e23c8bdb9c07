"""The rows are called what people call them; no column changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("hd_outbox", "0002_delivery")]

    operations = [
        migrations.AlterModelOptions(
            name="effect", options={"verbose_name": "delivery", "verbose_name_plural": "deliveries"}
        ),
    ]
