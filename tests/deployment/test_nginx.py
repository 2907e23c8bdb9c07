"""nginx.conf with a real nginx: as the host gets it by the command of docs/install.md, in front of a real help desk."""

import http.client
import os
import re
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.deployment.certificates import new_key, write_certificate, write_key
from tests.deployment.dockerfile import REPOSITORY
from tests.house.desk import Desk, eventually, free_port

pytestmark = pytest.mark.once

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
INSTALL_GUIDE = (REPOSITORY / "docs" / "install.md").read_text()
PLACES = {
    "/usr/src/ostler/docker/nginx.conf": str(REPOSITORY / "docker" / "nginx.conf"),
    " | sudo tee /etc/nginx/nginx.conf >/dev/null": "",
}


def configuration_of_a_host() -> str:
    """Give what the command in the guide writes to /etc/nginx/nginx.conf."""
    command = re.search(r"^sed -e .*?nginx\.conf >/dev/null$", INSTALL_GUIDE, re.M | re.S)
    assert command is not None
    text = command[0]
    for given, here in PLACES.items():
        assert given in text
        text = text.replace(given, here)
    return subprocess.run(["sh", "-c", text], capture_output=True, text=True, check=True).stdout


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


@dataclass(frozen=True)
class Proxy:
    """A running nginx."""

    process: subprocess.Popen[bytes]
    http_port: int
    https_port: int
    trust: ssl.SSLContext

    def ask(self, path: str, headers: dict[str, str] | None = None, *, secure: bool = True) -> Answer:
        """Send a request and read the answer."""
        with closing(self.connection(secure=secure)) as connection:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())

    def connection(self, *, secure: bool = True) -> http.client.HTTPConnection:
        """Give a connection to one of the ports."""
        if secure:
            return http.client.HTTPSConnection("localhost", self.https_port, context=self.trust, timeout=120)
        return http.client.HTTPConnection("localhost", self.http_port, timeout=120)

    def answers(self) -> bool:
        """Tell whether it listens already."""
        try:
            return bool(self.ask("/", secure=False).status)
        except OSError:
            return False


def start_nginx(folder: Path, upstream_port: int) -> Proxy:
    """Start nginx with the host's configuration: only ports and places are other ones."""
    assert NGINX is not None
    key = new_key()
    certificate = write_certificate(folder / "cert.pem", key)
    write_key(folder / "key.pem", key)
    http_port, https_port = free_port(), free_port()
    text = configuration_of_a_host()
    (folder / "cache").mkdir(mode=0o777)
    for given, here in {
        "/etc/letsencrypt/live/desk.example.com/fullchain.pem": str(certificate),
        "/etc/letsencrypt/live/desk.example.com/privkey.pem": str(folder / "key.pem"),
        "/var/log/nginx/": f"{folder}/",
        "/var/cache/nginx/static": f"{folder}/cache",
        "/run/nginx.pid": f"{folder}/nginx.pid",
        "server 127.0.0.1:8000": f"server 127.0.0.1:{upstream_port}",
        "]:443": f"]:{https_port}",
        "]:80 ": f"]:{http_port} ",
        "listen 443": f"listen {https_port}",
        "listen 80": f"listen {http_port}",
        # pytest's directories are closed to the user that nginx would change to.
        "user www-data;": "user root;" if os.geteuid() == 0 else "",
    }.items():
        assert given in text, given
        text = text.replace(given, here)
    configuration = folder / "nginx.conf"
    configuration.write_text(text)
    arguments = [NGINX, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)]
    tested = subprocess.run([*arguments, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    assert "[warn]" not in tested.stderr
    process = subprocess.Popen([*arguments, "-g", "daemon off;"])
    return Proxy(process, http_port, https_port, ssl.create_default_context(cafile=str(certificate)))


@pytest.fixture(scope="module")
def needs_nginx() -> None:
    if NGINX is None and not os.environ.get("CI"):
        pytest.skip("nginx is not installed (apt install nginx-light)")
    assert NGINX is not None, "nginx is not installed: .ci/run installs it"


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers that arrive, and with the size of the body."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        size = len(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        body = f"{self.headers}Body-Size: {size}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815 -- names of the library

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def echo() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def proxy_of_echo(needs_nginx: None, tmp_path: Path, echo: int) -> Iterator[Proxy]:
    proxy = start_nginx(tmp_path, echo)
    eventually(proxy.answers)
    yield proxy
    proxy.process.terminate()
    proxy.process.wait(timeout=120)


@pytest.fixture(scope="module")
def proxy_of_desk(needs_nginx: None, prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    data = tmp_path_factory.mktemp("served") / "data"
    shutil.copytree(prepared, data)
    desk = Desk(data, "serve", "--only", "web", HTTPS="1", BEHIND_PROXY="1", TRUSTED_PROXIES="127.0.0.1,::1")
    proxy = start_nginx(tmp_path_factory.mktemp("nginx"), desk.port)
    eventually(desk.status)
    eventually(proxy.answers)
    yield proxy
    proxy.process.terminate()
    desk.process.terminate()
    proxy.process.wait(timeout=120)
    desk.process.wait(timeout=120)


def test_what_the_client_says_about_itself_does_not_pass(proxy_of_echo: Proxy) -> None:
    forged = {"X-Forwarded-For": "10.9.9.9", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil", "Forwarded": "x"}
    headers = proxy_of_echo.ask("/", forged).body.decode()
    assert re.findall(r"(?i)^x-forwarded-for: (.*?)\r?$", headers, re.M) in (["127.0.0.1"], ["::1"])
    assert re.findall(r"(?i)^x-forwarded-proto: (.*?)\r?$", headers, re.M) == ["https"]
    assert re.findall(r"(?i)^host: (.*?)\r?$", headers, re.M) == [f"localhost:{proxy_of_echo.https_port}"]
    assert "evil" not in headers
    assert not re.search(r"(?i)^forwarded:", headers, re.M)


def test_large_attachments_pass_and_endless_ones_do_not(proxy_of_echo: Proxy) -> None:
    def post(size: int) -> int:
        with closing(proxy_of_echo.connection()) as connection:
            connection.putrequest("POST", "/")
            connection.putheader("Content-Length", str(size))
            connection.endheaders()
            for _ in range(size // 1024**2 if size <= 100 * 1024**2 else 0):
                connection.send(bytes(1024**2))
            return connection.getresponse().status

    assert post(100 * 1024**2) == 200
    assert post(129 * 1024**2) == 413


def test_tokens_in_addresses_do_not_reach_the_log(proxy_of_echo: Proxy, tmp_path: Path) -> None:
    proxy_of_echo.ask("/view.php?auth=o1xyzSECRETtoken", {"Referer": "https://localhost/?auth=SECRET"})
    eventually(lambda: "/view.php" in (tmp_path / "access.log").read_text())
    assert "SECRET" not in (tmp_path / "access.log").read_text()


def test_plain_http_leads_to_https(proxy_of_desk: Proxy) -> None:
    answer = proxy_of_desk.ask("/scp/?id=1", secure=False)
    assert (answer.status, answer.headers["Location"]) == (301, "https://localhost/scp/?id=1")


def test_a_page_comes_over_https_without_going_in_circles(proxy_of_desk: Proxy) -> None:
    answer = proxy_of_desk.ask("/scp/login.php")
    assert answer.status == 200
    assert "; Secure" in answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"]
    assert answer.headers["Server"] == "nginx"


def test_static_files_are_kept_by_nginx(proxy_of_desk: Proxy) -> None:
    page = proxy_of_desk.ask("/scp/login.php").body.decode()
    address = re.findall(r'href="(/static/[^"]+\.[0-9a-f]{12}\.css)"', page)[0]
    answers = [proxy_of_desk.ask(address, {"Accept-Encoding": "br"}) for _ in range(2)]
    assert [answer.headers["X-Cache"] for answer in answers] == ["MISS", "HIT"]
    assert all(answer.headers["Content-Encoding"] == "br" for answer in answers)
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)
    plain = proxy_of_desk.ask(address)
    assert plain.headers["Content-Encoding"] is None
    assert proxy_of_desk.ask("/static/none").status == 404


def test_the_container_gets_the_same_with_its_own_places() -> None:
    text = (REPOSITORY / "docker" / "nginx.conf").read_text()
    assert "server web:8000;" in text
    assert "\nuser " not in text
    for name in ("tls_certificate", "tls_key"):
        assert f"/run/secrets/{name};" in text
    host = configuration_of_a_host()
    assert not re.search(r"web:8000|/run/secrets|/dev/std", host)
    changed = [line for line in host.splitlines() if line not in text.splitlines()]
    assert all("[host]" in line or line == "user www-data;" for line in changed)
    assert len(changed) == text.count("[host]") - 1
