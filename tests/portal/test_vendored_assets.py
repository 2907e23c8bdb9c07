"""Third-party files are what static/vendor/VENDORED.toml says, and pages ask no other host for anything."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

STATIC = Path(settings.BASE_DIR) / "static"
VENDOR = STATIC / "vendor"
TEMPLATES = Path(settings.BASE_DIR) / "templates"
RECORDS = tomllib.loads((VENDOR / "VENDORED.toml").read_text(encoding="utf-8"))
SHA256 = {file: digest for record in RECORDS.values() for file, digest in record["sha256"].items()}
UNRECORDED = {"README.md", "VENDORED.toml", "refresh.py"}


@pytest.mark.parametrize("file", sorted(SHA256))
def test_it_is_the_recorded_file(file: str) -> None:
    assert hashlib.sha256((VENDOR / file).read_bytes()).hexdigest() == SHA256[file]


def test_every_file_is_recorded() -> None:
    present = {path.relative_to(VENDOR).as_posix() for path in VENDOR.rglob("*") if path.is_file()}
    assert present - UNRECORDED == set(SHA256)


@pytest.mark.parametrize("name", sorted(RECORDS))
def test_package_version_and_licence_are_recorded(name: str) -> None:
    record = RECORDS[name]
    assert record["package"].startswith("@tabler/") or record["package"] == "squire-rte"
    assert re.fullmatch(r"\d+\.\d+\.\d+", record["version"])
    assert record["licence"].startswith("MIT")
    assert f"{name}/LICENSE" in record["sha256"]


def test_every_icon_used_is_in_the_sprite() -> None:
    sprite = (VENDOR / "tabler-icons/sprite.svg").read_text(encoding="utf-8")
    available = set(re.findall(r'<symbol id="([^"]+)"', sprite))
    pages = [path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html")]
    used = {name for page in pages for name in re.findall(r'(?:{% icon |icon_name=)"([^"]+)"', page)}
    assert used
    assert used <= available


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.relative_to(TEMPLATES).name)
def test_no_template_needs_an_exception_from_the_content_security_policy(path: Path) -> None:
    """No inline script, style or handler, and nothing from another host."""
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)


@pytest.mark.parametrize("path", sorted((STATIC / "ostler").glob("*.css")), ids=lambda path: path.name)
def test_our_stylesheets_load_nothing(path: Path) -> None:
    assert not re.search(r"@import|url\(", path.read_text(encoding="utf-8"))
