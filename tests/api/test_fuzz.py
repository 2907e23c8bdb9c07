"""Whatever programs send: an answer of ours, never a crash, and never half a ticket."""

from __future__ import annotations

import json
import os
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.api.models import ApiKey
from helpdesk.threads.models import ThreadEntry
from tests.api.conftest import ADDRESS, KEY
from tickets.models import Ticket

pytestmark = pytest.mark.django_db
FUZZ = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
STATUSES = {201, 400, 401, 403, 413, 500}

WORDS = (
    "name email subject message phone notes priority priorityId topicId source alert autorespond attachments ip deptId"
    " staffId teamId assignId slaId statusId uid ccs cannedResponseId emailId poster duedate 20 22 x"
)
NAMES = st.sampled_from(WORDS.split())
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.sampled_from(["", "0", "1", "s1", "t1", "API", "web", "email", "jo@acme.test", "a@b", "2030-01-01", "data:,x"]),
    st.sampled_from(
        ["data:text/html;base64,PGI+", "data:;;;,", "data:text/plain;charset=klingon;base64,w6Q=", "data:"]
    ),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=8)
USUAL = {"name": "Jo Doe", "email": "jo@customer.test", "subject": "s", "message": "m"}


@pytest.fixture(autouse=True)
def _api_key(db: None) -> None:
    ApiKey.objects.create(apikey=KEY, ipaddr=ADDRESS)


def check(path: str, body: bytes) -> None:
    """Send it and look at what came of it; the rows are taken back."""
    with transaction.atomic():
        tickets, messages = Ticket.objects.count(), ThreadEntry.objects.filter(type="M").count()
        answer: Any = Client().generic(
            "POST", path, body, content_type="text/plain", headers={"X-API-Key": KEY}, REMOTE_ADDR=ADDRESS
        )
        made = Ticket.objects.count() - tickets
        assert answer.status_code in STATUSES
        assert answer["Content-Type"] == "text/html; charset=UTF-8"
        assert made == (answer.status_code == 201)
        assert ThreadEntry.objects.filter(type="M").count() - messages == made
        if made:
            assert answer.content.decode() == Ticket.objects.latest("pk").number
        transaction.set_rollback(True)


@FUZZ
@given(DOCUMENTS)
def test_json_of_any_shape(members: dict[str, Any]) -> None:
    check("/api/tickets.json", json.dumps({**USUAL, **members}).encode())


@FUZZ
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_bytes_of_any_kind(body: bytes) -> None:
    for path in ("/api/tickets.json", "/api/tickets.xml", "/api/tickets.email"):
        check(path, body)


XML_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)
XML_NAMES = NAMES.filter(str.isalpha) | st.sampled_from(["file", "ticket", "encoding", "type"])
ELEMENTS = st.recursive(
    XML_TEXT.map(escape),
    lambda inner: st.builds(
        lambda name, attributes, parts: (
            f"<{name}{''.join(f' {key}={quoteattr(value)}' for key, value in attributes.items())}>"
            f"{''.join(parts)}</{name}>"
        ),
        XML_NAMES,
        st.dictionaries(XML_NAMES, XML_TEXT, max_size=2),
        st.lists(inner, max_size=4),
    ),
    max_leaves=8,
)


@FUZZ
@given(st.lists(ELEMENTS, max_size=4))
def test_xml_of_any_shape(parts: list[str]) -> None:
    usual = "<name>Jo</name><email>jo@customer.test</email><subject>s</subject><message>m</message>"
    check("/api/tickets.xml", f"<ticket>{usual}{''.join(parts)}</ticket>".encode())


HEADER_NAMES = (
    "Subject To Cc Message-ID In-Reply-To References Content-Type Content-Disposition Content-Transfer-Encoding"
    " Auto-Submitted Delivered-To Content-ID"
)
HEADER_VALUES = (
    *("", "text/html; charset=klingon", 'multipart/mixed; boundary="b"', "base64", "quoted-printable", "<a@b>", "#1"),
    *("attachment; filename*0*=utf-8''a%zz", "=?utf-8?b?w6Q=?=", "=?x?q?=ff?=", "support@acme.test", "a, <b@c>,,"),
)
HEADERS = st.dictionaries(
    st.sampled_from(HEADER_NAMES.split()),
    st.sampled_from(HEADER_VALUES) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40),
    max_size=6,
)


@FUZZ
@given(HEADERS, st.binary(max_size=200))
def test_mail_of_any_shape(headers: dict[str, str], body: bytes) -> None:
    lines = [f"{name}: {value}" for name, value in {"From": "Jo <jo@customer.test>", **headers}.items()]
    check("/api/tickets.email", "\r\n".join(lines).encode() + b"\r\n\r\n--b\r\n\r\n" + body)
