"""The systemd units: understood by systemd itself, locked down, and what the guide says to install."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment.dockerfile import REPOSITORY
from tests.deployment.test_compose import documented_settings

pytestmark = pytest.mark.once

UNITS = REPOSITORY / "docker" / "systemd"
SERVICES = ["ostler-web.service", "ostler-worker.service", "ostler-beat.service", "ostler-mail.service"]
BACKUP = "ostler-backup.service"
INSTALLED = "/opt/ostler/bin/ostler"
WORST_EXPOSURE = 2.0
"""As `systemd-analyze security` counts it: 0 is a service that can do nothing, 10 one that runs as root."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Render the units for this machine, where Ostler is another program; the drop-in for https lies ready beside."""
    if shutil.which("systemd-analyze") is None and not os.environ.get("CI"):
        pytest.skip("systemd-analyze is not installed (apt install systemd)")
    folder = tmp_path / "units"
    shutil.copytree(UNITS, folder)
    program = tmp_path / "ostler"
    program.symlink_to(sys.executable)
    for path in [*folder.glob("*.service"), folder / "tls.conf"]:
        text = path.read_text()
        assert INSTALLED in text
        path.write_text(text.replace(INSTALLED, str(program)))
    return folder


def analyze(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze on the rendered units."""
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, cwd=units, capture_output=True, text=True, check=False, timeout=240)


def with_https(units: Path) -> None:
    """Do what the guide says for https without a proxy."""
    (units / "ostler-web.service.d").mkdir()
    shutil.copy(units / "tls.conf", units / "ostler-web.service.d")


def exposure(units: Path, service: str) -> float:
    """Give the exposure of a service; systemd-analyze fails when it is worse than the bound."""
    limit = f"--threshold={round(WORST_EXPOSURE * 10)}"
    done = analyze(units, "security", "--offline=true", limit, f"./{service}")
    assert done.returncode == 0, done.stdout + done.stderr
    level = re.search(r"Overall exposure level for .*: ([\d.]+)", done.stdout)
    assert level is not None
    return float(level[1])


def test_systemd_understands_every_unit_without_a_word(units: Path) -> None:
    done = analyze(
        units, "verify", *(f"./{name}" for name in [*SERVICES, BACKUP, "ostler-backup.timer", "ostler.target"])
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_systemd_understands_the_drop_in_for_https(units: Path) -> None:
    with_https(units)
    done = analyze(units, "verify", "./ostler-web.service")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_program_that_does_not_exist_would_be_noticed(units: Path) -> None:
    service = units / SERVICES[0]
    service.write_text(service.read_text().replace("serve --only", "").replace(f"{units.parent}/ostler", "/nowhere"))
    assert "/nowhere is not executable" in analyze(units, "verify", f"./{service.name}").stderr


@pytest.mark.parametrize("service", [*SERVICES, BACKUP])
def test_the_services_are_locked_down(units: Path, service: str) -> None:
    """The drop-in with the common settings applies: without it the level is above 9."""
    assert exposure(units, service) <= WORST_EXPOSURE
    shutil.rmtree(units / "ostler-.service.d")
    assert analyze(units, "security", "--offline=true", "--threshold=90", f"./{service}").returncode == 1


def test_port_443_needs_one_right_and_no_more(units: Path) -> None:
    with_https(units)
    assert exposure(units, "ostler-web.service") <= WORST_EXPOSURE
    rights = re.findall(r"^(?:CapabilityBoundingSet|AmbientCapabilities)=(.*)$", (UNITS / "tls.conf").read_text(), re.M)
    assert rights == ["CAP_NET_BIND_SERVICE", "CAP_NET_BIND_SERVICE"]


@pytest.mark.parametrize("service", SERVICES)
def test_each_service_runs_its_program_for_ever(service: str) -> None:
    text = (UNITS / service).read_text()
    name = service.removeprefix("ostler-").removesuffix(".service")
    assert re.findall(r"^ExecStart=(.*)$", text, re.M) == [f"{INSTALLED} serve --only {name}"]
    assert "\nRestart=always\n" in text
    assert "\nWantedBy=ostler.target\n" in text
    assert "StartLimitIntervalSec=0" in (UNITS / "ostler-.service.d" / "common.conf").read_text()


@pytest.mark.parametrize("succeeds", [True, False])
def test_old_backups_go_only_after_one_that_succeeded(tmp_path: Path, succeeds: bool) -> None:
    place, program = tmp_path / "backups", tmp_path / "ostler"
    place.mkdir()
    old, other = place / "2026-01-01.zip", place / "2026-01-01.txt"
    for path in (old, other):
        path.touch()
        os.utime(path, (0, 0))
    program.write_text(
        '#!/bin/sh\n[ "$1 $2" = "backup --with-secrets" ] && ' + ('touch "$3"\n' if succeeds else "false\n")
    )
    program.chmod(0o755)
    (line,) = re.findall(r"^ExecStart=(.*)$", (UNITS / BACKUP).read_text(), re.M)
    for written, meant in {"$$": "$", "%%": "%", INSTALLED: str(program), "/var/backups/ostler": str(place)}.items():
        line = line.replace(written, meant)
    assert subprocess.run(shlex.split(line), check=False).returncode == (0 if succeeds else 1)
    (new,) = [path.name for path in place.glob("*.zip") if path != old] or [""]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-\d{6}\.zip" if succeeds else "", new)
    assert (old.exists(), other.exists()) == (not succeeds, True)


def test_the_example_names_documented_settings_and_no_secret() -> None:
    text = (UNITS / "ostler.env.example").read_text()
    answers = dict(re.findall(r"^([A-Z_]+)=(.*)$", text, re.M))
    assert answers.keys() <= documented_settings()
    assert answers["DB_PASSWORD"] == ""
    assert not answers.keys() & {"SECRET_KEY", "ENCRYPTION_KEY", "SECRET_SALT", "ADMIN_PASSWORD"}


def test_the_guide_installs_every_file() -> None:
    guide = (REPOSITORY / "docs" / "install.md").read_text()
    assert [path.name for path in UNITS.iterdir() if path.name not in guide] == []


def test_commands_of_an_administrator_run_as_the_services_do() -> None:
    script = (UNITS / "ostler-manage").read_text()
    common = (UNITS / "ostler-.service.d" / "common.conf").read_text()
    for setting in ("User", "Group", "EnvironmentFile", "StateDirectory", "StateDirectoryMode", "WorkingDirectory"):
        (value,) = re.findall(rf"^{setting}=(.*)$", common, re.M)
        assert f"--property={setting}={value} " in script
    (environment,) = re.findall(r"^Environment=(.*)$", common, re.M)
    assert all(f"--setenv={assignment} " in script for assignment in environment.split())
    assert f'{INSTALLED} "$@"' in script
