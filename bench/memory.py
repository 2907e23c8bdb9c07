"""How much memory a real web worker takes after it has answered pages."""

from __future__ import annotations

import http.client
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil

from bench.databases import BenchDatabase

START_SECONDS = 60
PAGES = 30
WORKER_MEGABYTES = 1024 * 1024


def worker_memory(database: BenchDatabase, root: Path, username: str, password: str) -> dict[str, Any]:
    """Start granian with one worker, fetch pages as an agent, and give the worker's RSS and PSS in MB."""
    port = _free_port()
    command = [sys.executable, "manage.py", "serve", "--only", "web", "--workers", "1", "--port", str(port)]
    server = subprocess.Popen(  # noqa: S603
        command, cwd=root, env=database.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait(server, port)
        _visit(port, username, password)
        workers = psutil.Process(server.pid).children(recursive=True) or [psutil.Process(server.pid)]
        measured = [process.memory_full_info() for process in workers]
        largest = max(measured, key=lambda info: info.rss)
    finally:
        server.terminate()
        server.wait(20)
    return {
        "engine": database.engine,
        "tickets": database.tickets,
        "rss_mb": round(largest.rss / WORKER_MEGABYTES),
        "pss_mb": round(largest.pss / WORKER_MEGABYTES),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if _fetch(port, "GET", "/health", {})[0] == http.client.OK:
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("The web server did not start.")


def _visit(port: int, username: str, password: str) -> None:
    cookies: dict[str, str] = {}
    _status, page = _fetch(port, "GET", "/scp/login.php", cookies)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    values = {"userid": username, "passwd": password, "csrfmiddlewaretoken": token[1] if token else ""}
    _fetch(port, "POST", "/scp/login.php", cookies, urlencode(values))
    for number in range(PAGES):
        path = ("/scp/queues/1/", "/scp/queues/8/")[number % 2]
        status, page = _fetch(port, "GET", path, cookies)
        if status != http.client.OK:
            raise RuntimeError(f"The web server answers {status} at {path}.")
        tickets = re.findall(r'href="(/scp/tickets/\d+/)"', page)
        if tickets:
            _fetch(port, "GET", tickets[number % len(tickets)], cookies)


def _fetch(port: int, method: str, path: str, cookies: dict[str, str], content: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    if content:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, content or None, headers)
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    for name, value in answer.getheaders():
        if name.lower() == "set-cookie":
            key, _equal, rest = value.partition("=")
            cookies[key] = rest.partition(";")[0]
    connection.close()
    return answer.status, body
