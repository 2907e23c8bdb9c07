"""Installed packages add to the help desk by an entry point."""

import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from helpdesk.forms.field_types import type_for, unregister
from helpdesk.plugins import load_plugins

PLUGIN = """
from helpdesk.forms.field_types import FieldType, register

def add():
    @register
    class Stars(FieldType):
        key = "stars"
        label = "Stars"
"""


def install(folder: Path, entry_point: str) -> None:
    """Put a package where Python finds it, with what an installer writes beside it."""
    (folder / "ostler_stars.py").write_text(PLUGIN)
    information = folder / "ostler_stars-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: ostler-stars\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[ostler.plugins]\nstars = {entry_point}\n")


def test_a_plugin_adds_a_field_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "ostler_stars:add")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert type_for("stars").key == "unknown"
    try:
        assert load_plugins() == ["stars"]
        assert type_for("stars").key == "stars"
    finally:
        unregister("stars")
        sys.modules.pop("ostler_stars", None)


@pytest.mark.parametrize("entry_point", ["ostler_stars:nothing", "ostler_missing:add"])
def test_one_that_is_broken_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, entry_point: str) -> None:
    install(tmp_path, entry_point)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ImproperlyConfigured, match="The plugin stars"):
        load_plugins()
    sys.modules.pop("ostler_stars", None)
