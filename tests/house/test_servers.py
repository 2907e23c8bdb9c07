"""Which server the tests take, and when one of their own is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers import Server, bring_up

SYSTEM, OWN = "fake://127.0.0.1:1/x", "fake://127.0.0.1:2/x"


def server(answering: set[str], *, is_installed: bool = True) -> Server:
    """Give a server that answers at these addresses, and at its own once it was started."""

    def start(_folder: Path, _port: int) -> None:
        if not is_installed:
            raise FileNotFoundError("faked")
        answering.add(OWN)

    return Server(
        name="Fake",
        variable="TEST_FAKE_URL",
        default_url=SYSTEM,
        throw_away_url=OWN,
        package="fake-server",
        connect=lambda url: "1.0" if url in answering else "",
        start=start,
        stop=lambda _folder, _port: None,
    )


def test_their_own_is_taken_before_that_of_the_system() -> None:
    assert server({SYSTEM, OWN}).find() == (OWN, "1.0")
    assert server({SYSTEM}).find() == (SYSTEM, "1.0")
    assert server(set()).find() is None


def test_the_address_of_the_environment_is_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_FAKE_URL", "fake://elsewhere")
    given = server({SYSTEM, OWN})
    assert given.find() is None
    with pytest.raises(RuntimeError, match="does not answer at TEST_FAKE_URL=fake://elsewhere"):
        bring_up(given, is_own=True)


@pytest.mark.parametrize(
    ("answering", "is_own", "taken"),
    [
        pytest.param(set(), False, OWN, id="nothing there"),
        pytest.param({SYSTEM}, False, SYSTEM, id="that of the system does"),
        pytest.param({SYSTEM}, True, OWN, id="their own beside it"),
        pytest.param({OWN}, True, OWN, id="started before"),
    ],
)
def test_which_one_the_tests_get(answering: set[str], is_own: bool, taken: str) -> None:
    given = server(set(answering))
    assert taken in bring_up(given, is_own=is_own)
    assert given.find() == (taken, "1.0")


def test_that_of_the_system_does_where_none_can_be_started() -> None:
    line = bring_up(server({SYSTEM}, is_installed=False), is_own=True)
    assert f"answers at {SYSTEM}" in line
    assert "apt install fake-server" in line


def test_without_any_it_says_what_to_install() -> None:
    with pytest.raises(RuntimeError, match="apt install fake-server"):
        bring_up(server(set(), is_installed=False))
