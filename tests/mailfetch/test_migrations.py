"""An installation that set mails aside before it knew of tasks keeps where they were posted."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from mailfetch.models import QuarantinedMail

BEFORE = [("hd_mailfetch", "0001_mailboxes")]


@pytest.mark.django_db(transaction=True)
def test_mails_that_were_posted_were_posted_to_tickets() -> None:
    everything = MigrationExecutor(connection).loader.graph.leaf_nodes()
    try:
        old = MigrationExecutor(connection).migrate(BEFORE).apps
        rows = old.get_model("hd_mailfetch", "QuarantinedMail").objects
        for ticket_id, state in ((7, "posted"), (None, "kept")):
            rows.create(mailbox="help@acme.test", reason="broken", explanation="?", state=state, ticket_id=ticket_id)
        assert "hd_mail_arrival" in connection.introspection.table_names()
    finally:
        MigrationExecutor(connection).migrate(everything)
    found = QuarantinedMail.objects.order_by("pk").values_list("state", "place_type", "place_id")
    assert list(found) == [("posted", "T", 7), ("kept", "", None)]
    assert "hd_mail_arrival" not in connection.introspection.table_names()
