"""Names and keys that compare without regard to case and accents (`helpdesk.legacy.folding`)."""

from django.db import migrations, models

from helpdesk.legacy.fields import Folded
from helpdesk.legacy.migration import FoldedIndexes


class Migration(migrations.Migration):
    dependencies = [("hd_tickets", "0007_search"), ("hd_legacy", "0005_fold")]

    operations = [
        FoldedIndexes(
            state_operations=[
                migrations.RemoveConstraint(model_name="helptopic", name="help_topic_topic"),
                migrations.AddConstraint(
                    model_name="helptopic",
                    constraint=models.UniqueConstraint(Folded("topic"), models.F("parent"), name="help_topic_topic"),
                ),
                migrations.RemoveConstraint(model_name="ticketstatus", name="ticket_status_name"),
                migrations.AddConstraint(
                    model_name="ticketstatus",
                    constraint=models.UniqueConstraint(Folded("name"), name="ticket_status_name"),
                ),
            ]
        )
    ]
