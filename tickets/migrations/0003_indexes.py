"""Our indexes on the tables of a fresh help desk; an adopted one gets them by `manage.py legacy_indexes --apply`."""

from django.db import migrations

from helpdesk.legacy.migration import LegacyIndexes


class Migration(migrations.Migration):
    dependencies = [
        ("hd_legacy", "0003_installation_table_prefix"),
        ("hd_tickets", "0002_numbers"),
    ]

    operations = [LegacyIndexes()]
