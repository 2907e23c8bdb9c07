"""The lock files of a server: complete, hashed, and of the very versions that the tests run with."""

import tomllib

import pytest

from tests.house.test_requirements import PIN, PROJECT, REPOSITORY, normalised, pins

pytestmark = pytest.mark.once

LOCKS = ["server.txt", "build.txt"]


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_hashes_and_no_place_to_come_from(name: str) -> None:
    text = (REPOSITORY / "requirements" / name).read_text()
    assert pins(name)
    assert [match["name"] for match in PIN.finditer(text) if "--hash=sha256:" not in match["rest"]] == []
    assert "://" not in text
    assert "--find-links" not in text


def test_the_server_has_every_dependency_and_every_driver() -> None:
    extras = PROJECT["optional-dependencies"]
    drivers = [line for extra in ("mysql", "postgres", "redis") for line in extras[extra]]
    assert {normalised(line) for line in [*PROJECT["dependencies"], *drivers]} <= pins("server.txt").keys()


def test_the_server_has_nothing_for_development() -> None:
    assert not pins("server.txt").keys() & {"pytest", "mypy", "ruff", "playwright", "djlint"}


@pytest.mark.parametrize("other", ["core.txt", "dev.txt"])
@pytest.mark.parametrize("name", LOCKS)
def test_versions_are_those_of_the_tests(name: str, other: str) -> None:
    ours, theirs = pins(name), pins(other)
    assert {package: (ours[package], theirs[package]) for package in ours.keys() & theirs.keys()} == {
        package: (ours[package], ours[package]) for package in ours.keys() & theirs.keys()
    }


def test_the_build_lock_pins_what_the_build_needs() -> None:
    wanted = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["build-system"]["requires"]
    lines = (REPOSITORY / "requirements" / "build.in").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == wanted
    assert pins("build.txt").keys() == {normalised(line) for line in wanted}
