"""Names and keys that compare without regard to case and accents (`helpdesk.legacy.folding`)."""

from django.db import migrations, models

from helpdesk.legacy.fields import Folded
from helpdesk.legacy.migration import FoldedIndexes


class Migration(migrations.Migration):
    dependencies = [("hd_accounts", "0001_initial"), ("hd_legacy", "0005_fold")]

    operations = [
        FoldedIndexes(
            state_operations=[
                migrations.RemoveConstraint(model_name="account", name="hd_account_username"),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.UniqueConstraint(
                        models.F("kind"), Folded("username"), name="hd_account_username"
                    ),
                ),
                migrations.RemoveConstraint(model_name="account", name="hd_account_email"),
                migrations.AddConstraint(
                    model_name="account",
                    constraint=models.UniqueConstraint(models.F("kind"), Folded("email"), name="hd_account_email"),
                ),
            ]
        )
    ]
