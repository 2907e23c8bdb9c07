"""Names and keys that compare without regard to case and accents (`helpdesk.legacy.folding`)."""

from django.db import migrations, models

from helpdesk.legacy.fields import Folded
from helpdesk.legacy.migration import FoldedIndexes


class Migration(migrations.Migration):
    dependencies = [("hd_knowledge", "0001_legacy"), ("hd_legacy", "0005_fold")]

    operations = [
        FoldedIndexes(
            state_operations=[
                migrations.RemoveConstraint(model_name="cannedresponse", name="canned_response_title"),
                migrations.AddConstraint(
                    model_name="cannedresponse",
                    constraint=models.UniqueConstraint(Folded("title"), name="canned_response_title"),
                ),
                migrations.RemoveConstraint(model_name="faq", name="faq_question"),
                migrations.AddConstraint(
                    model_name="faq",
                    constraint=models.UniqueConstraint(Folded("question"), name="faq_question"),
                ),
                migrations.RemoveConstraint(model_name="page", name="content_name"),
                migrations.AddConstraint(
                    model_name="page",
                    constraint=models.UniqueConstraint(Folded("name"), name="content_name"),
                ),
            ]
        )
    ]
