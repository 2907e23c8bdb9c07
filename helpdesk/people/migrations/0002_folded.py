"""Names and keys that compare without regard to case and accents (`helpdesk.legacy.folding`)."""

from django.db import migrations, models

from helpdesk.legacy.fields import Folded
from helpdesk.legacy.migration import FoldedIndexes


class Migration(migrations.Migration):
    dependencies = [("hd_people", "0001_legacy"), ("hd_legacy", "0005_fold")]

    operations = [
        FoldedIndexes(
            state_operations=[
                migrations.RemoveConstraint(model_name="agent", name="staff_username"),
                migrations.AddConstraint(
                    model_name="agent",
                    constraint=models.UniqueConstraint(Folded("username"), name="staff_username"),
                ),
                migrations.RemoveConstraint(model_name="department", name="department_name"),
                migrations.AddConstraint(
                    model_name="department",
                    constraint=models.UniqueConstraint(Folded("name"), models.F("parent"), name="department_name"),
                ),
                migrations.RemoveConstraint(model_name="role", name="role_name"),
                migrations.AddConstraint(
                    model_name="role",
                    constraint=models.UniqueConstraint(Folded("name"), name="role_name"),
                ),
                migrations.RemoveConstraint(model_name="team", name="team_name"),
                migrations.AddConstraint(
                    model_name="team",
                    constraint=models.UniqueConstraint(Folded("name"), name="team_name"),
                ),
                migrations.RemoveConstraint(model_name="useraccount", name="user_account_username"),
                migrations.AddConstraint(
                    model_name="useraccount",
                    constraint=models.UniqueConstraint(Folded("username"), name="user_account_username"),
                ),
                migrations.RemoveConstraint(model_name="useremail", name="user_email_address"),
                migrations.AddConstraint(
                    model_name="useremail",
                    constraint=models.UniqueConstraint(Folded("address"), name="user_email_address"),
                ),
            ]
        )
    ]
