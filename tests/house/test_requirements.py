"""The lock files: complete, hashed, in step, and installable without a compiler."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

REPOSITORY = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
PIN = re.compile(
    r"^(?P<name>[a-z0-9-]+)(?:\[[^\]]*\])?==(?P<version>[^ ;\\]+)(?P<rest>.*(?:\n {4}--hash=sha256:[0-9a-f]{64}.*)*)",
    re.M,
)


def normalised(requirement: str) -> str:
    """Give the name of a requirement as lock files write it."""
    name = re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(name: str) -> dict[str, str]:
    """Give the pinned versions of a lock file by name."""
    return {match["name"]: match["version"] for match in PIN.finditer((REPOSITORY / "requirements" / name).read_text())}


@pytest.mark.parametrize("name", ["core.txt", "dev.txt"])
def test_every_pin_has_hashes(name: str) -> None:
    text = (REPOSITORY / "requirements" / name).read_text()
    assert len(pins(name)) > 20
    assert [match["name"] for match in PIN.finditer(text) if "--hash=sha256:" not in match["rest"]] == []


def test_the_core_lock_holds_every_dependency() -> None:
    assert {normalised(requirement) for requirement in PROJECT["dependencies"]} <= pins("core.txt").keys()


def test_the_development_lock_holds_every_tool_and_driver() -> None:
    extras = PROJECT["optional-dependencies"]
    wanted = {normalised(line) for extra in ("dev", "postgres", "redis") for line in extras[extra]}
    assert wanted <= pins("dev.txt").keys()


def test_development_uses_the_very_versions_of_the_core() -> None:
    core, development = pins("core.txt"), pins("dev.txt")
    assert {name: development.get(name) for name in core} == core


@pytest.mark.parametrize("name", ["core.txt", "dev.txt"])
def test_no_lock_names_where_packages_come_from(name: str) -> None:
    text = (REPOSITORY / "requirements" / name).read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)


@pytest.mark.network
@pytest.mark.parametrize("name", ["core.txt", "dev.txt"])
def test_everything_installs_without_a_compiler(name: str) -> None:
    options = ["--dry-run", "--ignore-installed", "--require-hashes", "--only-binary=:all:", "--quiet"]
    command = [sys.executable, "-m", "pip", "install", *options, "-r", f"requirements/{name}"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr
