"""Names and keys that compare without regard to case and accents (`helpdesk.legacy.folding`)."""

from django.db import migrations, models

from helpdesk.legacy.fields import Folded
from helpdesk.legacy.migration import FoldedIndexes


class Migration(migrations.Migration):
    dependencies = [("hd_sla", "0001_legacy"), ("hd_legacy", "0005_fold")]

    operations = [
        FoldedIndexes(
            state_operations=[
                migrations.RemoveConstraint(model_name="slaplan", name="sla_name"),
                migrations.AddConstraint(
                    model_name="slaplan",
                    constraint=models.UniqueConstraint(Folded("name"), name="sla_name"),
                ),
            ]
        )
    ]
