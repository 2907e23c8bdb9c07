"""docs/licences.md is current, and no licence slips in unseen."""

from importlib.metadata import PackageNotFoundError
from types import SimpleNamespace
from typing import Any

import pytest

from tests import licences
from tests.licences import ACCEPTED_APART, ACCEPTED_UNCHANGED, PAGE, UnknownLicence, check_accepted, licence_of

pytestmark = pytest.mark.once


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Metadata of packages that are installed, by name; the test fills it."""
    packages: dict[str, dict[str, Any]] = {}

    class Metadata:
        def __init__(self, fields: dict[str, Any]) -> None:
            self.fields = fields

        def __getitem__(self, name: str) -> Any:
            return self.fields.get(name)

        def get_all(self, name: str, default: list[str]) -> list[str]:
            return list(self.fields.get(name, default))

    def distribution(name: str) -> SimpleNamespace:
        if name not in packages:
            raise PackageNotFoundError(name)
        return SimpleNamespace(metadata=Metadata(packages[name]))

    monkeypatch.setattr(licences, "distribution", distribution)
    return packages


def test_the_page_is_current() -> None:
    """When it is not: `make licences`, and look at what changed."""
    assert PAGE.read_text() == licences.page()


def test_every_locked_package_and_every_vendored_one_is_on_it() -> None:
    page = PAGE.read_text()
    names = [name for group in licences.groups() for name in group.names]
    assert len(names) == len(set(names)) > 50
    assert [name for name in [*names, "@tabler/core", "@tabler/icons"] if f"\n| {name} | " not in page] == []


def test_every_review_is_still_needed() -> None:
    assert licences.REVIEWED.keys() <= {name for group in licences.groups() for name in group.names}


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ({"License-Expression": "MIT"}, "MIT"),
        ({"License-Expression": "mit or apache-2.0"}, "MIT OR Apache-2.0"),
        ({"License": "BSD-3-Clause"}, "BSD-3-Clause"),
        ({"License": "The usual", "Classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
    ],
)
def test_metadata_that_name_a_licence(
    installed: dict[str, dict[str, Any]], metadata: dict[str, Any], expected: str
) -> None:
    installed["some-package"] = metadata
    assert licence_of("some-package") == expected


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"License": "BSD", "Classifier": ["License :: OSI Approved :: BSD License"]},
        {"License": "see file"},
        {
            "Classifier": [
                "License :: OSI Approved :: MIT License",
                "License :: OSI Approved :: Apache Software License",
            ]
        },
    ],
)
def test_metadata_that_leave_it_open(installed: dict[str, dict[str, Any]], metadata: dict[str, Any]) -> None:
    installed["some-package"] = metadata
    with pytest.raises(UnknownLicence, match="some-package: its metadata name no licence clearly"):
        licence_of("some-package")


def test_a_package_that_is_not_here_has_no_licence(installed: dict[str, dict[str, Any]]) -> None:
    with pytest.raises(UnknownLicence, match="some-package is not installed here"):
        licence_of("some-package")


def test_one_of_several_licences_is_enough_but_all_of_a_sum() -> None:
    check_accepted("p", "GPL-3.0-only OR MIT", ACCEPTED_UNCHANGED)
    check_accepted("p", "(MIT OR GPL-3.0-only) AND PSF-2.0", ACCEPTED_UNCHANGED)
    with pytest.raises(UnknownLicence, match=r"AGPL-3\.0-only was never accepted"):
        check_accepted("p", "MIT AND AGPL-3.0-only", ACCEPTED_APART)


def test_the_gpl_is_nowhere_in_what_every_installation_gets() -> None:
    with pytest.raises(UnknownLicence):
        check_accepted("p", "GPL-2.0-or-later", ACCEPTED_UNCHANGED)
    (core, *_others) = licences.groups()
    assert core.accepted == ACCEPTED_UNCHANGED


def test_every_problem_is_named_at_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(licences, "REVIEWED", {"amqp": "AGPL-3.0-only"})
    assert licences.main(["--check"]) == 1
    complaint = capsys.readouterr().err
    assert "amqp: AGPL-3.0-only was never accepted" in complaint
    assert "vine: its metadata name no licence clearly" in complaint
    assert "mysqlclient" in complaint


def test_a_page_that_is_not_current_is_noticed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(licences, "page", lambda: "# Licences\n\nothers\n")
    assert licences.main(["--check"]) == 1
    assert "docs/licences.md is not current: make licences" in capsys.readouterr().err
