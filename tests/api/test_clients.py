"""The clients that people have, against the running server: curl, PHP's JSON and XML posts, a mail pipe, a cron job."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.house.desk import Desk, manage

pytestmark = pytest.mark.once

KEY = "ABCDEF0123456789ABCDEF0123456789"
MAKE_KEY = f"from helpdesk.api.models import ApiKey; ApiKey.objects.create(apikey='{KEY}', ipaddr='127.0.0.1')"

MAIL_PIPE = """
import sys, urllib.error, urllib.request
url, key = sys.argv[1:]
request = urllib.request.Request(url, sys.stdin.buffer.read(), {"X-API-Key": key, "User-Agent": "pipe"})
try:
    status = urllib.request.urlopen(request, timeout=120).status
except urllib.error.HTTPError as error:
    status = error.code
sys.exit({201: 0, 400: 66, 401: 77, 403: 77, 415: 65, 416: 65, 417: 65, 501: 65, 503: 69}.get(status, 75))
"""


@pytest.fixture(scope="module")
def desk(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A help desk that is set up, with a key for this machine."""
    folder = tmp_path_factory.mktemp("desk") / "data"
    shutil.copytree(prepared, folder)
    for arguments in [("setup",), ("shell", "--no-imports", "-c", MAKE_KEY)]:
        done = manage(folder, *arguments)
        assert done.returncode == 0, done.stderr
    running = Desk(folder, "serve")
    try:
        running.wait_until_open(120)
        yield running
    finally:
        running.stop_if_running()


def post(desk: Desk, path: str, body: bytes, **headers: str) -> tuple[int, str]:
    """Do what `requests.post` and PHP's curl do."""
    given = {"X-API-Key": KEY, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = urllib.request.Request(f"http://127.0.0.1:{desk.port}{path}", body, given)
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def subject_of(desk: Desk, number: str) -> str:
    with closing(sqlite3.connect(desk.data_directory / "ostler.sqlite3", timeout=120)) as database:
        entry = database.execute(
            "SELECT e.title FROM ost_thread_entry e JOIN ost_thread t ON t.id = e.thread_id"
            " JOIN ost_ticket k ON k.ticket_id = t.object_id AND t.object_type = 'T'"
            " WHERE k.number = ? AND e.type = 'M'",
            [number],
        ).fetchone()
    return str(entry[0])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("path", ["/api/tickets.json", "/api/http.php/tickets.json"])
def test_curl(desk: Desk, path: str) -> None:
    """`curl -d` sends the content type of forms."""
    document = {"name": "Jo", "email": "jo@customer.test", "subject": "By curl", "message": "Help"}
    command = ["curl", "-s", "-w", "\n%{http_code}", "-H", f"X-API-Key: {KEY}", "-d", json.dumps(document)]
    done = subprocess.run([*command, f"http://127.0.0.1:{desk.port}{path}"], capture_output=True, text=True, check=True)
    number, status = done.stdout.split("\n")
    assert (status, subject_of(desk, number)) == ("201", "By curl")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_in_pieces(desk: Desk) -> None:
    """A body of unknown length (`curl -T -`) arrives whole."""
    document = json.dumps({"name": "Jo", "email": "jo@x.test", "subject": "Piece by piece", "message": "y" * 200_000})
    command = ["curl", "-s", "-X", "POST", "-H", f"X-API-Key: {KEY}", "-H", "Transfer-Encoding: chunked", "-T", "-"]
    address = f"http://127.0.0.1:{desk.port}/api/tickets.json"
    done = subprocess.run([*command, address], input=document, capture_output=True, text=True, check=True)
    assert subject_of(desk, done.stdout) == "Piece by piece"


def test_php_style_json(desk: Desk) -> None:
    """The sample script: an empty `Expect`, a topic, a data: message, attachments; the number must begin the body."""
    document = {
        "alert": True,
        "autorespond": True,
        "source": "API",
        "name": "Angry User",
        "email": "api@osticket.example",
        "phone": "3185558634X123",
        "subject": "Testing API",
        "ip": "123.211.233.122",
        "message": "data:text/html,MESSAGE <b>HERE</b>",
        "attachments": [
            {"file.txt": "data:text/plain;charset=utf-8,content"},
            {"image.png": "data:image/png;base64,iVBORw0KGgo="},
        ],
    }
    status, number = post(
        desk, "/api/http.php/tickets.json", json.dumps(document).encode(), Expect="", User_Agent="osTicket API Client"
    )
    assert (status, number.isdigit()) == (201, True)
    assert subject_of(desk, number) == "Testing API"


def test_php_style_xml(desk: Desk) -> None:
    document = """<?xml version="1.0" encoding="UTF-8"?>
        <ticket alert="true" autorespond="true" source="API">
            <name>Angry User</name><email>api@osticket.example</email><subject>Testing XML</subject>
            <phone ext="123">318-555-8634</phone>
            <message type="text/plain"><![CDATA[Message content here]]></message>
            <attachments><file name="file.txt" type="text/plain" encoding="base64">T3VyIGZpbGU=</file></attachments>
            <ip>123.211.233.122</ip>
        </ticket>"""
    status, number = post(desk, "/api/tickets.xml", document.encode(), Content_Type="text/xml")
    assert (status, subject_of(desk, number)) == (201, "Testing XML")


@pytest.mark.parametrize(
    ("mail", "key", "exit_code"),
    [
        ("From: Jo <jo@customer.test>\nSubject: By mail\nMessage-ID: <pipe@customer.test>\n\nHello\n", KEY, 0),
        ("From: Jo <jo@customer.test>\nSubject: By mail\n\nHello\n", "0" * 32, 77),
        ("", KEY, 75),
    ],
)
def test_mail_pipe(desk: Desk, tmp_path: Path, mail: str, key: str, exit_code: int) -> None:
    """What a mail server runs: the exit code says whether it may forget the mail."""
    address = f"http://127.0.0.1:{desk.port}/api/tickets.email"
    done = subprocess.run([sys.executable, "-c", MAIL_PIPE, address, key], input=mail, text=True, check=False)
    assert done.returncode == exit_code


@pytest.mark.parametrize("path", ["/api/tasks/cron", "/api/http.php/tasks/cron", "/api/cron"])
def test_cron_service(desk: Desk, path: str) -> None:
    assert post(desk, path, b"") == (200, "Completed")
    assert "Traceback" not in desk.output
