"""An OAuth2 provider on this machine that refuses what real ones refuse: wrong secrets, codes, verifiers, tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

CLIENT_ID, CLIENT_SECRET = "client-7", "the secret of the client"
REDIRECT = "https://desk.acme.test/api/auth/oauth2"


@dataclass
class FakeProvider:
    """What it knows, and what it was asked; `owner` is who gives the consent."""

    port: int = 0
    owner: str = "mailbox@acme.test"
    refresh_tokens: set[str] = field(default_factory=lambda: {"refresh-1"})
    access_tokens: set[str] = field(default_factory=set)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    renewals: int = 0
    pause: float = 0
    rotates: bool = False
    gives_refresh_token: bool = True
    broken: bool = False

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def consent(self, address: str) -> dict[str, str]:
        """Say yes as the owner at the address of a consent; gives what the browser brings back."""
        asked = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
        if asked["client_id"] != CLIENT_ID or asked["redirect_uri"] != REDIRECT or asked["response_type"] != "code":
            raise AssertionError(asked)
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(8)
        self.codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Answer at the address for tokens."""
        if self.broken:
            return 503, {"error": "temporarily_unavailable"}
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return 401, {"error": "invalid_client", "error_description": "AADSTS7000222: The secret has expired."}
        if form["grant_type"] == "refresh_token":
            return self._renew(form)
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or asked["code_challenge"] != _challenge(form.get("code_verifier", "")):
            return 400, {"error": "invalid_grant", "error_description": "code or verifier"}
        self.refresh_tokens.add("refresh-of-consent")
        claims = {
            "aud": CLIENT_ID, "iss": "https://login.microsoftonline.com/t/v2.0", "preferred_username": self.owner,
            "oid": "object-9", "sub": "s", "exp": int(time.time()) + 3600, "iat": int(time.time()),
            "nonce": asked.get("nonce", ""),
        }  # fmt: skip
        answer = {"id_token": f"{_part({'alg': 'none'})}.{_part(claims)}.x", **self._access()}
        if self.gives_refresh_token:
            answer["refresh_token"] = "refresh-of-consent"
        return 200, answer

    def _renew(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.renewals += 1
        time.sleep(self.pause)
        if form["refresh_token"] not in self.refresh_tokens:
            return 400, {"error": "invalid_grant", "error_description": "AADSTS50173: The grant was revoked.\r\nTrace"}
        answer = self._access()
        if self.rotates:
            self.refresh_tokens = {f"refresh-{self.renewals + 1}"}
            answer["refresh_token"] = f"refresh-{self.renewals + 1}"
        return 200, answer

    def _access(self) -> dict[str, Any]:
        token = f"access-{secrets.token_urlsafe(6)}"
        self.access_tokens.add(token)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600}

    def describe(self, host: str) -> dict[str, Any]:
        """Give the description that msal asks for first."""
        root = f"https://{host}/common/oauth2/v2.0/"
        return {
            "issuer": "https://login.microsoftonline.com/t/v2.0",
            "authorization_endpoint": f"{root}authorize",
            "token_endpoint": f"{root}token",
        }


@contextmanager
def fake_provider() -> Iterator[FakeProvider]:
    """Run a provider on a free port."""
    provider = FakeProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            basic = self.headers.get("Authorization", "")
            if basic.startswith("Basic "):
                name, _colon, password = base64.b64decode(basic[6:]).decode().partition(":")
                form |= {"client_id": name, "client_secret": password}
            self._answer(*provider.token(form))

        def do_GET(self) -> None:
            if self.path.split("?")[0].endswith("/.well-known/openid-configuration"):
                self._answer(200, provider.describe("login.microsoftonline.com"))
            elif self.headers.get("Authorization", "").removeprefix("Bearer ") in provider.access_tokens:
                self._answer(200, {"emailAddress": provider.owner})
            else:
                self._answer(401, {"error": "invalid_token"})

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def query(answer: dict[str, str]) -> str:
    """Give the query of the way back."""
    return urlencode(answer)


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
