"""Requests that a schema of the three formats allows, and those next to it: an answer that it knows, never a crash."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.db import transaction
from django.test.client import ClientHandler
from hypothesis import HealthCheck, settings

from helpdesk.api.models import ApiKey
from tests.api.conftest import ADDRESS, KEY
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
SCHEMA = schemathesis.openapi.from_dict(json.loads(Path(__file__).with_name("openapi.json").read_text()))
CHECKS = [
    schemathesis.checks.CHECKS.get_one(f"{name}_conformance")
    for name in ("status_code", "content_type", "response_schema")
]


def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Answer as the help desk does, within the transaction of the test."""
    answer: Any = ClientHandler()({**environ, "REMOTE_ADDR": ADDRESS})
    start_response(f"{answer.status_code} {answer.reason_phrase}", list(answer.items()))
    return [answer.content]


SCHEMA.app = application
SCHEMA.location = "/"


@SCHEMA.parametrize()
@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_requests_near_the_schema(case: Any) -> None:
    with transaction.atomic():
        ApiKey.objects.create(apikey=KEY, ipaddr=ADDRESS)
        before = Ticket.objects.count()
        answer = case.call(headers={"X-API-Key": KEY})
        case.validate_response(answer, checks=CHECKS)
        assert Ticket.objects.count() - before == (answer.status_code == 201)
        transaction.set_rollback(True)
