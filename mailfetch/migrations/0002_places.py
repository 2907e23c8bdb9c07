"""Mails that were set aside say where they were posted; that a mail was taken stands in `hd_received_mail` alone."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models


def all_were_tickets(apps: Any, schema_editor: Any) -> None:
    """Until now nothing but the ids of tickets was kept."""
    rows = apps.get_model("hd_mailfetch", "QuarantinedMail").objects.using(schema_editor.connection.alias)
    rows.filter(place_id__isnull=False).update(place_type="T")


class Migration(migrations.Migration):
    dependencies = [("hd_mailfetch", "0001_mailboxes"), ("hd_threads", "0004_received_mails")]

    operations = [
        migrations.RenameField("quarantinedmail", "ticket_id", "place_id"),
        migrations.AddField("quarantinedmail", "place_type", models.CharField(blank=True, default="", max_length=1)),
        migrations.RunPython(all_were_tickets, migrations.RunPython.noop),
        migrations.DeleteModel("MailArrival"),
    ]
