"""Names and keys that compare without regard to case and accents (`helpdesk.legacy.folding`)."""

from django.db import migrations, models

from helpdesk.legacy.fields import CaseInsensitiveCharField, Folded
from helpdesk.legacy.migration import FoldedIndexes


class Migration(migrations.Migration):
    dependencies = [("hd_threads", "0002_following"), ("hd_legacy", "0005_fold")]

    operations = [
        FoldedIndexes(
            state_operations=[
                migrations.RemoveIndex(model_name="entryemail", name="thread_entry_email_mid"),
                migrations.AlterField("entryemail", "mid", CaseInsensitiveCharField(max_length=255)),
                migrations.AddIndex(
                    model_name="entryemail", index=models.Index(Folded("mid"), name="thread_entry_email_mid")
                ),
            ]
        )
    ]
