"""What `manage.py serve` runs: the web server, a worker for jobs, the scheduler, and who waits for mail if wanted."""

import errno
import hashlib
import http.client
import os
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command

from helpdesk.supervisor import Program
from helpdesk.tls import TlsFiles

WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- addresses that one may listen at
FINGERPRINT_FILE = ".collected"
MANIFEST = "staticfiles.json"


class CannotServe(Exception):  # noqa: N818 -- as people say it
    """The help desk cannot be served like this; the text says why and what to do."""


@dataclass(frozen=True)
class Address:
    """Where the web server listens, and with which certificate when it speaks https."""

    host: str
    port: int
    tls: TlsFiles | None = None

    @property
    def reachable_host(self) -> str:
        """A host name under which this machine reaches the server."""
        return WILDCARDS.get(self.host, self.host)

    @property
    def url(self) -> str:
        """The address for a browser on this machine, with a slash at the end."""
        name = "localhost" if self.host in WILDCARDS else self.host
        scheme = "https" if self.tls else "http"
        return f"{scheme}://[{name}]:{self.port}/" if ":" in name else f"{scheme}://{name}:{self.port}/"


def require_free_port(address: Address) -> None:
    """Raise CannotServe when the web server could not listen at the address, naming who does."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address.host, address.port))
        except OSError as error:
            raise CannotServe(_why_not(address, error)) from error


def _why_not(address: Address, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {address.port} of {address.host} is in use{_listener(address.port)}. "
            f"Stop that program, or choose another port: --port {address.port + 1}"
        )
    if error.errno == errno.EACCES:
        return f"Port {address.port} is reserved for the system administrator: choose one from 1024 on."
    return f"This machine cannot listen at {address.host}: {error.strerror}."


def _listener(port: int) -> str:
    """Say which process listens at the port, as far as this user may know."""
    try:
        listening = [c for c in psutil.net_connections("tcp") if c.status == psutil.CONN_LISTEN and c.pid]
        pids = {c.pid for c in listening if getattr(c.laddr, "port", None) == port}
        names = sorted(f"{psutil.Process(pid).name()}, process {pid}" for pid in pids)
    except psutil.Error:
        return ""
    return f" ({'; '.join(names)})" if names else ""


def _static_files() -> Iterator[str]:
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            yield f"{name} {status.st_size} {status.st_mtime_ns}"


def collect_static_files() -> bool:
    """Collect and compress the static files when one of them changed since the last time; tell whether it was done.

    A directory that this user may not write to was filled by the installation and is left alone. Raises CannotServe
    when it is empty.
    """
    root = Path(settings.STATIC_ROOT)
    if root.exists() and not os.access(root, os.W_OK):
        if not (root / MANIFEST).exists():
            raise CannotServe(f"{root} holds no static files. Collect them as its owner: manage.py collectstatic")
        return False
    fingerprint = hashlib.sha256("\n".join(sorted(_static_files())).encode()).hexdigest()
    remembered = Path(settings.STATIC_ROOT) / FINGERPRINT_FILE
    if remembered.exists() and remembered.read_text() == fingerprint:
        return False
    call_command("collectstatic", interactive=False, verbosity=0)
    remembered.write_text(fingerprint)
    return True


def answers(address: Address) -> bool:
    """Tell whether the web server answers a request at all, whatever it says."""
    connection = _connection(address)
    try:
        connection.request("GET", "/", headers={"Host": "localhost"})
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _connection(address: Address) -> http.client.HTTPConnection:
    if not address.tls:
        return http.client.HTTPConnection(address.reachable_host, address.port, timeout=5)
    context = ssl.create_default_context()  # the certificate is our own and names another host than this one
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return http.client.HTTPSConnection(address.reachable_host, address.port, timeout=5, context=context)


def environment(address: Address) -> dict[str, str]:
    """Give the environment of the programs: ours, with the house on the import path wherever it is installed.

    A web server with a certificate makes `HTTPS` true where nothing else is said.
    """
    inherited = dict(os.environ)
    if address.tls:
        inherited.setdefault("HTTPS", "1")
    paths = filter(None, [str(settings.BASE_DIR), inherited.get("PYTHONPATH")])
    return {**inherited, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


def programs(address: Address, *, web_workers: int, web_threads: int, job_threads: int) -> list[Program]:
    """Give the programs in the order in which they start."""
    log_level = settings.LOG_LEVEL.lower()
    celery = [sys.executable, "-m", "celery", "--quiet", "--app", "helpdesk"]
    web = [
        *[sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws"],
        *["--host", address.host, "--port", str(address.port), "--log-level", log_level],
        *["--workers", str(web_workers), "--blocking-threads", str(web_threads)],
        *["--respawn-failed-workers", "--workers-kill-timeout", "10"],
        *_tls_options(address.tls),
        "helpdesk.wsgi:application",
    ]
    worker = [
        *[*celery, "worker", "--pool", "threads", "--concurrency", str(job_threads), "--loglevel", log_level],
        *["--without-gossip", "--without-mingle", "--without-heartbeat"],
    ]
    beat = [*celery, "beat", "--loglevel", log_level, "--pidfile", ""]
    return [
        Program("web", web, is_ready=lambda: answers(address), vital=True),
        Program("worker", worker),
        Program("beat", beat),
        Program("mail", [sys.executable, "-m", "django", "fetchmail", "--idle", "--settings", "helpdesk.settings"]),
    ]


def _tls_options(tls: TlsFiles | None) -> list[str]:
    """Clients of the API may be older than TLS 1.3, which the web server would demand by itself."""
    if tls is None:
        return []
    files = ["--ssl-certificate", str(tls.certificate), "--ssl-keyfile", str(tls.key)]
    return [*files, "--ssl-protocol-min", "tls1.2"]
