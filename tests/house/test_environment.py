"""The typed readers of environment variables: what they accept, and how they refuse."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from helpdesk import environment

pytestmark = pytest.mark.once


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Start without the variable of the tests."""
    for name in ("SETTING", "SETTING_FILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(("value", "expected"), [(None, "d"), ("", "d"), ("   ", "d"), (" x y ", "x y")])
def test_text_is_stripped_and_empty_means_unset(given: pytest.MonkeyPatch, value: str | None, expected: str) -> None:
    if value is not None:
        given.setenv("SETTING", value)
    assert environment.text("SETTING", "d") == expected


@pytest.mark.parametrize("word", ["1", "true", "YES", " on "])
def test_boolean_true(given: pytest.MonkeyPatch, word: str) -> None:
    given.setenv("SETTING", word)
    assert environment.boolean("SETTING", False) is True


@pytest.mark.parametrize("word", ["0", "False", "no", "off", "", " "])
def test_boolean_false(given: pytest.MonkeyPatch, word: str) -> None:
    given.setenv("SETTING", word)
    assert environment.boolean("SETTING", True) is False


@pytest.mark.parametrize("default", [True, False])
def test_boolean_unset_is_the_default(given: pytest.MonkeyPatch, default: bool) -> None:
    assert environment.boolean("SETTING", default) is default


@pytest.mark.parametrize("word", ["2", "maybe", "enabled", "y"])
def test_boolean_refuses_other_words(given: pytest.MonkeyPatch, word: str) -> None:
    given.setenv("SETTING", word)
    with pytest.raises(ImproperlyConfigured, match=f"SETTING='{word}' is neither true nor false"):
        environment.boolean("SETTING", True)


@pytest.mark.parametrize(("word", "number"), [("7", 7), (" 1 ", 1), ("10", 10)])
def test_integer_within_its_bounds(given: pytest.MonkeyPatch, word: str, number: int) -> None:
    given.setenv("SETTING", word)
    assert environment.integer("SETTING", 5, minimum=1, maximum=10) == number


def test_integer_unset_is_the_default(given: pytest.MonkeyPatch) -> None:
    assert environment.integer("SETTING", 5, minimum=1) == 5


@pytest.mark.parametrize("word", ["0", "11", "-3"])
def test_integer_refuses_what_is_out_of_bounds(given: pytest.MonkeyPatch, word: str) -> None:
    given.setenv("SETTING", word)
    with pytest.raises(ImproperlyConfigured, match=rf"SETTING={word} is outside 1\.\.10"):
        environment.integer("SETTING", 5, minimum=1, maximum=10)


@pytest.mark.parametrize("word", ["8000x", "1.5", "8,000", "0x10"])
def test_integer_refuses_what_is_no_number(given: pytest.MonkeyPatch, word: str) -> None:
    given.setenv("SETTING", word)
    with pytest.raises(ImproperlyConfigured, match="is not a whole number"):
        environment.integer("SETTING", 5)


def test_choice_ignores_case(given: pytest.MonkeyPatch) -> None:
    given.setenv("SETTING", "Info")
    assert environment.choice("SETTING", "debug", {"debug", "info"}) == "info"


def test_choice_refuses_an_unknown_word_and_names_the_known(given: pytest.MonkeyPatch) -> None:
    given.setenv("SETTING", "loud")
    with pytest.raises(ImproperlyConfigured, match="SETTING='loud' is unknown: use one of debug, info"):
        environment.choice("SETTING", "debug", {"info", "debug"})


@pytest.mark.parametrize(("value", "expected"), [(None, "ost_"), ("", ""), ("my_", "my_")])
def test_matching_may_be_empty_on_purpose(given: pytest.MonkeyPatch, value: str | None, expected: str) -> None:
    if value is not None:
        given.setenv("SETTING", value)
    assert environment.matching("SETTING", "ost_", r"\w{0,20}", "letters only.") == expected


def test_matching_refuses_a_partial_match(given: pytest.MonkeyPatch) -> None:
    given.setenv("SETTING", "ost_; DROP")
    with pytest.raises(ImproperlyConfigured, match=r"SETTING='ost_; DROP': letters only\."):
        environment.matching("SETTING", "ost_", r"\w{0,20}", "letters only.")


def test_time_zone_refuses_an_unknown_name(given: pytest.MonkeyPatch) -> None:
    given.setenv("SETTING", "Europe/Berlin")
    assert environment.time_zone("SETTING", "UTC") == "Europe/Berlin"
    given.setenv("SETTING", "Mars/Olympus")
    with pytest.raises(ImproperlyConfigured, match="SETTING='Mars/Olympus'"):
        environment.time_zone("SETTING", "UTC")


def test_word_list_drops_blanks(given: pytest.MonkeyPatch) -> None:
    given.setenv("SETTING", " a.example, ,b.example,")
    assert environment.word_list("SETTING") == ["a.example", "b.example"]


def test_word_list_unset_is_the_default(given: pytest.MonkeyPatch) -> None:
    assert environment.word_list("SETTING", "x,y") == ["x", "y"]


def test_secret_comes_from_the_variable(given: pytest.MonkeyPatch) -> None:
    given.setenv("SETTING", "s3cret")
    assert environment.secret("SETTING") == "s3cret"


def test_secret_comes_from_a_file_without_its_line_end(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "s").write_text("s3cret\n")
    given.setenv("SETTING_FILE", str(tmp_path / "s"))
    assert environment.secret("SETTING") == "s3cret"


def test_secret_is_empty_when_neither_is_set(given: pytest.MonkeyPatch) -> None:
    assert environment.secret("SETTING") == ""


def test_secret_refuses_variable_and_file_together(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.setenv("SETTING", "a")
    given.setenv("SETTING_FILE", str(tmp_path / "s"))
    with pytest.raises(ImproperlyConfigured, match="Set SETTING or SETTING_FILE, not both"):
        environment.secret("SETTING")


def test_secret_refuses_a_file_that_is_not_there(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.setenv("SETTING_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read: No such file or directory"):
        environment.secret("SETTING")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "is empty"), (b" \n", "is empty"), (b"\xff\xfe\x00", "is not a text in UTF-8")]
)
def test_secret_refuses_a_file_without_one(
    given: pytest.MonkeyPatch, tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "s").write_bytes(content)
    given.setenv("SETTING_FILE", str(tmp_path / "s"))
    with pytest.raises(ImproperlyConfigured, match=f"SETTING_FILE=.* {reason}"):
        environment.secret("SETTING")


@pytest.mark.parametrize("address", ["", "redis://:password@cache:6379/0", "REDIS://cache"])
def test_secret_address_with_a_known_scheme(given: pytest.MonkeyPatch, address: str) -> None:
    given.setenv("SETTING", address)
    assert environment.secret_address("SETTING", {"redis", "rediss"}) == address


@pytest.mark.parametrize("address", ["memcache://:password@cache", "cache:6379", "redis", "://"])
def test_secret_address_refuses_others_without_showing_them(given: pytest.MonkeyPatch, address: str) -> None:
    given.setenv("SETTING", address)
    with pytest.raises(ImproperlyConfigured, match=r"SETTING is no address.* redis://, rediss://") as refusal:
        environment.secret_address("SETTING", {"redis", "rediss"})
    assert "password" not in str(refusal.value)


def test_a_secret_is_given_by_variable_or_file(given: pytest.MonkeyPatch) -> None:
    assert not environment.is_secret_given("SETTING")
    given.setenv("SETTING_FILE", "/nowhere")
    assert environment.is_secret_given("SETTING")
    given.delenv("SETTING_FILE")
    given.setenv("SETTING", "x")
    assert environment.is_secret_given("SETTING")


def test_a_remembered_secret_is_made_once_and_private(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "var" / "key"
    made = iter(["first", "second"])
    assert environment.remembered_secret("SETTING", path, lambda: next(made)) == "first"
    assert environment.remembered_secret("SETTING", path, lambda: next(made)) == "first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]


def test_the_environment_wins_over_a_remembered_secret(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("remembered")
    given.setenv("SETTING", "given")
    assert environment.remembered_secret("SETTING", tmp_path / "key", lambda: "made") == "given"
    assert (tmp_path / "key").read_text() == "remembered"


def test_of_two_processes_that_make_a_secret_both_use_the_first(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "key"

    def make_while_another_process_is_faster() -> str:
        path.write_text("theirs")
        return "ours"

    assert environment.remembered_secret("SETTING", path, make_while_another_process_is_faster) == "theirs"
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_data_lies_in_var_of_a_checkout(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.delenv("DATA_DIR")
    (tmp_path / "manage.py").touch()
    assert environment.data_directory(tmp_path) == tmp_path / "var"


def test_data_of_an_installed_copy_lies_with_the_user(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.delenv("DATA_DIR")
    given.delenv("XDG_DATA_HOME", raising=False)
    given.setenv("HOME", "/home/ada")
    assert environment.data_directory(tmp_path) == Path("/home/ada/.local/share/ostler")
    given.setenv("XDG_DATA_HOME", "/data")
    assert environment.data_directory(tmp_path) == Path("/data/ostler")


def test_data_dir_is_made_absolute(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given.chdir(tmp_path)
    given.setenv("DATA_DIR", "elsewhere")
    assert environment.data_directory(tmp_path) == tmp_path / "elsewhere"


def test_the_data_directory_is_made_for_its_owner_alone(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.make_data_directory(tmp_path / "var")
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("is_named", "mode"), [(False, 0o700), (True, 0o755)])
def test_an_open_data_directory_is_closed_unless_somebody_chose_it(
    given: pytest.MonkeyPatch, tmp_path: Path, is_named: bool, mode: int
) -> None:
    directory = tmp_path / "var"
    directory.mkdir()
    directory.chmod(0o755)
    given.setenv("DATA_DIR", str(directory) if is_named else "")
    environment.make_data_directory(directory)
    assert directory.stat().st_mode & 0o777 == mode


def test_a_data_directory_that_cannot_be_made_is_for_those_to_say_who_need_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    environment.make_data_directory(tmp_path / "file" / "var")


def test_host_names_are_names_alone(given: pytest.MonkeyPatch) -> None:
    given.setenv("SETTING", "desk.example, 127.0.0.1,[::1],*")
    assert environment.host_names("SETTING", "") == ["desk.example", "127.0.0.1", "[::1]", "*"]


@pytest.mark.parametrize("hosts", ["https://desk.example", "desk.example/scp", "a b"])
def test_host_names_refuse_addresses(given: pytest.MonkeyPatch, hosts: str) -> None:
    given.setenv("SETTING", hosts)
    with pytest.raises(ImproperlyConfigured, match="no host name"):
        environment.host_names("SETTING", "")


def test_a_secret_that_cannot_be_remembered_names_the_way_out(given: pytest.MonkeyPatch, tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("x", encoding="utf-8")
    with pytest.raises(ImproperlyConfigured, match="DATA_DIR"):
        environment.remembered_secret("SETTING", occupied / "secret", lambda: "made")
