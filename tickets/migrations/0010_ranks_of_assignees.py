"""Ranks of an agent's and a team's tickets, dates beside referrals.

Nothing ranked before counts until the next run of the job has gone over all tickets: it does not say whose they are.
"""

from typing import Any

from django.db import migrations, models


def begin_anew(apps: Any, _editor: Any) -> None:
    """Let pages read the tickets themselves until all are ranked again."""
    apps.get_model("hd_tickets", "RankingState").objects.all().delete()


def _referred_by(column: str, name: str) -> migrations.AddIndex:
    fields = ["object_type", "object_id", "status_id", column, "ticket_id", "dept_id"]
    return migrations.AddIndex(model_name="referredticket", index=models.Index(fields=fields, name=name))


def _ranked_of(whom: str, date: str, name: str) -> migrations.AddIndex:
    fields = [whom, "status_id", "urgency", date, "ticket_id", "dept_id"]
    return migrations.AddIndex(model_name="ticketrank", index=models.Index(fields=fields, name=name))


class Migration(migrations.Migration):
    dependencies = [
        ("hd_tickets", "0009_referred"),
    ]

    operations = [
        *(
            migrations.AddField(model_name=model, name=name, field=models.PositiveBigIntegerField(default=0))
            for model, name in (("ticketrank", "staff_id"), ("ticketrank", "team_id"), ("referredticket", "dept_id"))
        ),
        *(
            migrations.AddField(model_name="referredticket", name=name, field=models.DateTimeField(null=True))
            for name in ("lastupdate", "created", "est_duedate", "closed")
        ),
        migrations.RunPython(begin_anew, migrations.RunPython.noop, elidable=False),
        _ranked_of("staff_id", "lastupdate", "hd_rank_agent_updated"),
        _ranked_of("staff_id", "est_duedate", "hd_rank_agent_due"),
        _ranked_of("team_id", "lastupdate", "hd_rank_team_updated"),
        _ranked_of("team_id", "est_duedate", "hd_rank_team_due"),
        _referred_by("lastupdate", "hd_referred_updated"),
        _referred_by("created", "hd_referred_created"),
        _referred_by("est_duedate", "hd_referred_due"),
        _referred_by("closed", "hd_referred_closed"),
    ]
