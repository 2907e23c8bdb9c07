"""The index by which overdue tickets are found, for help desks that were made before it."""

from django.db import migrations

from helpdesk.legacy.migration import LegacyIndexes


class Migration(migrations.Migration):
    dependencies = [("hd_tickets", "0005_ranks")]

    operations = [LegacyIndexes()]
