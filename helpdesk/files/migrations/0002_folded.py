"""Names and keys that compare without regard to case and accents (`helpdesk.legacy.folding`)."""

from django.db import migrations, models

from helpdesk.legacy.fields import Folded
from helpdesk.legacy.migration import FoldedIndexes


class Migration(migrations.Migration):
    dependencies = [("hd_files", "0001_legacy"), ("hd_legacy", "0005_fold")]

    operations = [
        FoldedIndexes(
            state_operations=[
                migrations.RemoveIndex(model_name="storedfile", name="file_key"),
                migrations.AddIndex(model_name="storedfile", index=models.Index(Folded("key"), name="file_key")),
            ]
        )
    ]
