"""Reading settings as PHP does (osticket/config.md §1 to §3)."""

import pytest

from helpdesk.configuration.snapshot import Snapshot, is_true, leading_integer


def test_a_missing_key_takes_the_class_default_and_an_empty_row_does_not() -> None:
    assert Snapshot("core", {}).boolean("allow_pw_reset") is True
    assert Snapshot("core", {"allow_pw_reset": ""}).boolean("allow_pw_reset") is False
    assert Snapshot("core", {}).text("client_registration") == "closed"
    assert Snapshot("core", {"client_registration": ""}).text("client_registration") == ""


def test_the_callers_default_comes_last() -> None:
    settings = Snapshot("core", {"max_page_size": ""})
    assert settings.integer("pw_reset_window", 5) == 30
    assert settings.integer("max_page_size", 25) == 0
    assert settings.integer("no_such_key", 25) == 25
    assert settings.text("no_such_key") == ""
    assert settings.boolean("no_such_key", True) is True


def test_agents_have_defaults_of_their_own() -> None:
    assert Snapshot("staff.7", {}).text("reply_redirect") == "Ticket"
    assert Snapshot("staff.7", {}).text("client_registration") == ""
    assert dict(Snapshot("schedule.1", {})) == {}


@pytest.mark.parametrize(
    ("value", "truth"),
    [("", False), ("0", False), ("1", True), ("on", True), ("00", True), ("0.0", True), (" ", True), ("false", True)],
)
def test_truth_is_phps(value: str, truth: bool) -> None:
    assert is_true(value) is truth


@pytest.mark.parametrize(
    ("value", "number"),
    [("", 0), ("12", 12), (" 12", 12), ("12abc", 12), ("abc", 0), ("-3", -3), ("1.9", 1), ("0x1A", 0)],
)
def test_numbers_are_phps(value: str, number: int) -> None:
    assert leading_integer(value) == number


def test_a_removed_setting_falls_back_to_the_class_default() -> None:
    settings = Snapshot("core", {"pw_reset_window": "5", "log_level": "2"})
    changed = settings.changed({"pw_reset_window": None, "log_level": "3"})
    assert (changed.integer("pw_reset_window"), changed.integer("log_level")) == (30, 3)
    assert (settings.integer("pw_reset_window"), settings.integer("log_level")) == (5, 2)
