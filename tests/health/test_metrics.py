"""Figures for Prometheus: who gets them, and what they say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from helpdesk.accounts.jobs import purge_expired_sessions
from helpdesk.mail.models import EmailAccount, EmailAddress
from helpdesk.outbox.models import Effect

pytestmark = pytest.mark.django_db
TOKEN = "W3lLQx0d7mVt9sKfZb2nHy5cRj"


def figures(**labels: str) -> dict[str, float]:
    """Ask as Prometheus does; gives the figures with these labels by name."""
    answer = Client(headers={"host": "10.1.2.3"}).get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    samples = [one for family in text_string_to_metric_families(answer.content.decode()) for one in family.samples]
    return {one.name: one.value for one in samples if labels.items() <= one.labels.items()}


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer ", "Bearer x", TOKEN])
def test_only_who_has_the_token_gets_them(client: Client, settings: Any, given: str) -> None:
    assert client.get("/metrics", headers={"authorization": given}).status_code == 404
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", headers={"authorization": given}).status_code == 403


def test_they_tell_of_jobs_outbox_and_accounts(settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    purge_expired_sessions.apply()
    found = figures(job="purge expired sessions")
    assert (found["ostler_job_runs_total"], found["ostler_job_failures_total"]) == (1, 0)
    assert found["ostler_job_last_run_success"] == 1
    assert abs(found["ostler_job_last_run_timestamp_seconds"] - timezone.now().timestamp()) < 60
    ago = timezone.now() - timedelta(minutes=5)
    Effect.objects.create(kind="mail", key="a", created=ago)
    Effect.objects.create(kind="mail", key="b", state=Effect.State.FAILED)
    assert figures(kind="mail", state="waiting")["ostler_outbox_effects"] == 1
    assert figures(kind="mail", state="failed")["ostler_outbox_effects"] == 1
    assert 299 < figures()["ostler_outbox_oldest_waiting_seconds"] < 330
    address = EmailAddress.objects.create(email="box@acme.test")
    EmailAccount.objects.create(email=address, type="mailbox", auth_bk="basic", port=993, active=True, num_errors=3)
    found = figures(address="box@acme.test", type="mailbox")
    assert (found["ostler_mail_account_active"], found["ostler_mail_account_errors"]) == (1, 3)
