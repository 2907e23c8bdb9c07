"""The places of referrals. A run over all tickets that is going on begins anew: what it has ranked has no places yet."""

from typing import Any

from django.db import migrations, models


def begin_anew(apps: Any, _editor: Any) -> None:
    """Let a run that an earlier version began go over all tickets."""
    apps.get_model("hd_tickets", "RankingState").objects.update(position=0)


class Migration(migrations.Migration):
    dependencies = [
        ("hd_tickets", "0008_folded"),
    ]

    operations = [
        migrations.AddField(
            model_name="rankingstate",
            name="referral",
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="ReferredTicket",
            fields=[
                ("referral_id", models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ("object_type", models.CharField(max_length=1)),
                ("object_id", models.PositiveBigIntegerField()),
                ("status_id", models.PositiveBigIntegerField()),
                ("ticket_id", models.PositiveBigIntegerField()),
            ],
            options={
                "db_table": "hd_ticket_referred",
                "indexes": [
                    models.Index(
                        fields=["object_type", "object_id", "status_id", "ticket_id"], name="hd_referred_status"
                    )
                ],
            },
        ),
        migrations.RunPython(begin_anew, migrations.RunPython.noop),
    ]
