"""A large file goes in and out of the running help desk in constant memory."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.house.desk import Desk, eventually, manage

MEGABYTE = 1_000_000
MOST_GROWTH = 20 * MEGABYTE
"""Of the web server, whatever the size of the file: a few chunks in their several forms."""
BOUNDARY = "ostler-large-file"

pytestmark = pytest.mark.once


def content(size: int) -> Iterator[bytes]:
    """Give bytes that no database can compress away."""
    for number in range(size // 64_000):
        yield hashlib.shake_128(number.to_bytes(8)).digest(64_000)


@contextmanager
def growth_of(process: psutil.Process) -> Iterator[list[int]]:
    """Watch the memory of a process with its children; the list holds how much it had grown at the peak, at the end."""

    def memory() -> int:
        return sum(one.memory_info().rss for one in (process, *process.children(recursive=True)))

    done, before, peak = threading.Event(), memory(), [0]

    def watch() -> None:
        while not done.wait(0.01):
            peak[0] = max(peak[0], memory() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()


def run(data: Path, call: str) -> str:
    script = f"from tests.deployment import large_file_desk as desk; desk.{call}"
    done = manage(data, "shell", "--no-imports", "-c", script, LOG_LEVEL="error")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def upload(desk: Desk, field: str, size: int) -> dict[str, object]:
    """Post a file piece by piece, as browsers do; give the answer."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="files"; filename="big.bin"\r\n\r\n'.encode()
    tail = f"\r\n--{BOUNDARY}--\r\n".encode()
    with closing(http.client.HTTPConnection("127.0.0.1", desk.port, timeout=120)) as connection:
        connection.request("GET", "/")
        first = connection.getresponse()
        first.read()
        name, _, token = str(first.getheader("Set-Cookie")).partition(";")[0].partition("=")
        headers = {
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            "Content-Length": str(len(head) + size + len(tail)),
            "Cookie": f"{name}={token}",
            "X-CSRFToken": token,
        }
        pieces = (piece for part in ([head], content(size), [tail]) for piece in part)
        connection.request("POST", f"/uploads/{field}/", body=pieces, headers=headers, encode_chunked=False)
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        found: dict[str, object] = json.loads(answer.read())["files"][0]
        return found


def download(desk: Desk, address: str) -> str:
    """Give the digest of what comes."""
    digest = hashlib.sha256()
    with closing(http.client.HTTPConnection("127.0.0.1", desk.port, timeout=120)) as connection:
        connection.request("GET", address)
        answer = connection.getresponse()
        assert answer.status == 200
        while piece := answer.read(64_000):
            digest.update(piece)
    return digest.hexdigest()


@pytest.mark.parametrize(
    ("size", "storage"),
    [
        pytest.param(32 * MEGABYTE, "D", id="32 MB"),
        pytest.param(100 * 1_024_000, "D", id="102 MB", marks=pytest.mark.soak),
        pytest.param(100 * 1_024_000, "F", id="102 MB on disk", marks=pytest.mark.soak),
    ],
)
def test_memory_does_not_grow_with_the_file(prepared: Path, tmp_path: Path, size: int, storage: str) -> None:
    shutil.copytree(prepared, tmp_path / "data")
    field = run(tmp_path / "data", f"prepare({storage!r})")
    desk = Desk(tmp_path / "data", "serve", "--only", "web")
    try:
        eventually(lambda: desk.status() == 404)
        upload(desk, field, 64_000)  # everything is loaded after this
        server = psutil.Process(desk.process.pid)
        with growth_of(server) as growth_by_upload:
            assert upload(desk, field, size)["size"] == size
        address = run(tmp_path / "data", f"link({size})")
        with growth_of(server) as growth_by_download:
            digest = download(desk, address)
    finally:
        desk.process.terminate()
        desk.process.wait(timeout=120)
    expected = hashlib.sha256()
    for piece in content(size):
        expected.update(piece)
    assert digest == expected.hexdigest()
    assert max(growth_by_upload[0], growth_by_download[0]) < MOST_GROWTH < size
