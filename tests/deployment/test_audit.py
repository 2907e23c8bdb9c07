"""`make audit` tells a clean package from a vulnerable one and from one that nobody looked up."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests import audit
from tests.audit import CLEAN, NOT_AUDITED, VULNERABLE, read_report
from tests.house.desk import free_port
from tests.house.test_requirements import pins

pytestmark = pytest.mark.once

LEAK = {"id": "PYSEC-2026-1", "modified": "2026-01-01T00:00:00Z", "summary": "An example", "affected": []}


class Service(ThreadingHTTPServer):
    """A vulnerability service that knows what the test tells it, by package."""

    findings: dict[str, list[dict[str, Any]]]


class Answer(BaseHTTPRequestHandler):
    """Answers as OSV does."""

    def do_POST(self) -> None:
        assert isinstance(self.server, Service)
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        found = self.server.findings.get(asked["package"]["name"])
        body = json.dumps({"vulns": found} if found else {}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Run the service, and let one small lock file be audited."""
    monkeypatch.setattr(audit, "LOCKS", ("requirements/build.txt",))
    with Service(("127.0.0.1", 0), Answer) as server:
        server.findings = {}
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(port: int) -> int:
    """Audit with the service at the port."""
    return audit.main(["--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{port}/", "--timeout", "5"])


def test_a_clean_lock_file_passes(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(service.server_address[1]) == CLEAN
    assert capsys.readouterr().out == "Audited: 1 packages, 0 known vulnerabilities.\n"


def test_a_vulnerable_package_fails(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.findings["setuptools"] = [LEAK]
    assert ask(service.server_address[1]) == VULNERABLE
    expected = f"VULNERABLE: setuptools {pins('build.txt')['setuptools']}: PYSEC-2026-1, fixed in no version yet\n"
    assert capsys.readouterr().out.startswith(expected)


def test_a_service_out_of_reach_is_no_pass_and_no_vulnerability(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(free_port()) == NOT_AUDITED
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("NOT AUDITED: ")


def test_a_package_that_the_service_does_not_know_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a mirror that has no such data pip-audit itself says "No known vulnerabilities found" and passes."""
    report = {"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "not found"}]}
    monkeypatch.setattr(audit, "run", lambda options: read_report(json.dumps(report), ""))
    assert audit.main([]) == NOT_AUDITED
    assert capsys.readouterr().out.splitlines() == [
        "Audited: 1 packages, 0 known vulnerabilities.",
        "NOT AUDITED: the service knows nothing of 1 packages: b",
    ]


@pytest.mark.parametrize("report", ["", "no JSON", "[]", "{}", "null"])
def test_no_report_is_not_audited(report: str) -> None:
    found = read_report(report, "Traceback\nConnectionError: no route\n\n")
    assert (found.status, found.failure) == (NOT_AUDITED, "ConnectionError: no route")


def test_an_empty_report_is_not_audited() -> None:
    assert read_report('{"dependencies": []}', "").status == NOT_AUDITED


def test_a_vulnerability_counts_more_than_a_gap_and_names_the_way_out() -> None:
    finding = {"id": "PYSEC-2026-1", "fix_versions": ["1.4", "2.0.1"]}
    report = {
        "dependencies": [{"name": "a", "version": "1", "vulns": [finding]}, {"name": "b", "skip_reason": "not found"}]
    }
    found = read_report(json.dumps(report), "")
    assert found.status == VULNERABLE
    assert found.vulnerable == ["a 1: PYSEC-2026-1, fixed in 1.4, 2.0.1"]


def test_every_lock_file_is_audited() -> None:
    assert set(audit.LOCKS) == {f"requirements/{name}" for name in ("server.txt", "dev.txt", "build.txt")}
    assert pins("core.txt").keys() <= pins("server.txt").keys()
