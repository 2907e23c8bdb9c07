"""One Dovecot for all tests of fetching, and accounts for its mailboxes."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from helpdesk.configuration.services import set_settings
from helpdesk.people.actor import Actor
from tests.desk import set_up_desk
from tests.mailfetch.dovecot import Dovecot, User, find_dovecot, running_dovecot


class _Tokens(BaseHTTPRequestHandler):
    """Says whose an access token is: `token-of-NAME` is NAME's, any other nobody's."""

    def do_GET(self) -> None:
        """Answer."""
        _before, is_known, name = unquote(self.path).partition("token-of-")
        self.send_response(200 if is_known else 400)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"email": name} if is_known else {"error": "invalid_token"}).encode())

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def tokens() -> Iterator[str]:
    """Run a server that knows tokens; gives its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Tokens) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/?access_token="
        server.shutdown()


@pytest.fixture(scope="session")
def dovecot(tokens: str) -> Iterator[Dovecot]:
    """Run the server; its directory has a short name, as sockets lie in it."""
    if find_dovecot() is None and not os.environ.get("CI"):
        pytest.skip("Dovecot is not installed (apt install dovecot-imapd dovecot-pop3d)")
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    try:
        with running_dovecot(folder, tokens=tokens) as server:
            yield server
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def user(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> User:
    """Give a user with an empty mailbox, whose server's certificate is trusted."""
    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.certificate))
    return dovecot.new_user()


@pytest.fixture
def fetching(db: None) -> None:
    """Set up a help desk that fetches mail, also from addresses that it does not know."""
    set_up_desk()
    set_settings("core", {"enable_mail_polling": True, "accept_unregistered_email": True}, Actor.system("tests"))
