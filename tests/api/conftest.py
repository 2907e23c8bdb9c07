"""A program with a key, and ways to send what it has to say."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from helpdesk.api.models import ApiKey

KEY = "ABCDEF0123456789ABCDEF0123456789"
ADDRESS = "203.0.113.7"
Send = Callable[..., HttpResponse]


@pytest.fixture
def api_key(db: None) -> ApiKey:
    return ApiKey.objects.create(apikey=KEY, ipaddr=ADDRESS)


@pytest.fixture
def send(api_key: ApiKey) -> Send:
    """Send a document to an address below `/api/`: an object becomes JSON, texts and bytes go as they are."""

    def sending(body: Any = b"", path: str = "/api/tickets.json", method: str = "POST", **headers: str) -> HttpResponse:
        data = json.dumps(body) if isinstance(body, dict | list) else body
        answer: Any = Client().generic(
            method,
            path,
            data,
            content_type="application/x-www-form-urlencoded",
            headers={"X-API-Key": KEY, **{name.replace("_", "-"): value for name, value in headers.items()}},
            REMOTE_ADDR=ADDRESS,
        )
        found: HttpResponse = answer
        return found

    return sending


def ticket_document(**members: Any) -> dict[str, Any]:
    """Give the members of a plain ticket, with others in their place."""
    return {
        "name": "Jo Doe",
        "email": "jo@customer.test",
        "subject": "Printer jam",
        "message": "The printer is jammed",
        **members,
    }
