"""An agent's browser inside the process of the application: whole requests through WSGI, with cookies and gzip."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit
from wsgiref.util import setup_testing_defaults

HOST = "127.0.0.1"
SIGN_IN = "/scp/login.php"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


@dataclass(frozen=True)
class Answer:
    """What came back: the status code, the place a redirect leads to, the bytes as sent."""

    status: int
    location: str
    body: bytes


@dataclass
class Browser:
    """Keeps the cookies of one agent."""

    application: Application
    cookies: dict[str, str] = field(default_factory=dict)

    def sign_in(self, username: str, password: str) -> None:
        """Fill in the form of the agents' door. Raises RuntimeError when that does not let us in."""
        page = self.get(SIGN_IN, compressed=False)
        token = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', page.body)
        values = {"userid": username, "passwd": password, "csrfmiddlewaretoken": token[1].decode() if token else ""}
        answer = self.request("POST", SIGN_IN, urlencode(values).encode())
        if answer.status != 302:
            raise RuntimeError(f"{username} cannot sign in: {answer.status}")

    def get(self, address: str, *, compressed: bool = True) -> Answer:
        """Fetch a page."""
        return self.request("GET", address, compressed=compressed)

    def request(
        self,
        method: str,
        address: str,
        content: bytes = b"",
        *,
        compressed: bool = True,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/x-www-form-urlencoded",
    ) -> Answer:
        """Send a request, with further headers, and read the whole answer."""
        environ = self._environ(method, address, content, compressed=compressed)
        environ["CONTENT_TYPE"] = content_type
        environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in (headers or {}).items()}
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], None]:
            started.extend([status, headers])
            return lambda _bytes: None

        answer = self.application(environ, start_response)
        try:
            body = b"".join(answer)
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        status, sent = started
        location = ""
        for name, value in sent:
            if name.lower() == "set-cookie":
                self.cookies.update({key: morsel.value for key, morsel in SimpleCookie(value).items()})
            elif name.lower() == "location":
                location = value
        return Answer(int(status.split()[0]), location, body)

    def _environ(self, method: str, address: str, content: bytes, *, compressed: bool) -> dict[str, Any]:
        parts = urlsplit(address)
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "SERVER_NAME": HOST,
            "HTTP_HOST": HOST,
            "REMOTE_ADDR": HOST,
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
            "HTTP_USER_AGENT": "ostler-bench",
            "CONTENT_LENGTH": str(len(content)),
            "wsgi.input": io.BytesIO(content),
        }
        if compressed:
            environ["HTTP_ACCEPT_ENCODING"] = "gzip, deflate, br"
        setup_testing_defaults(environ)
        return environ
