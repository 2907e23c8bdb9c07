"""The machine: room on its disks, and the versions of what runs on it."""

import os
import platform
import shutil
from collections.abc import Iterator
from datetime import datetime
from importlib import metadata
from pathlib import Path

from django.conf import settings
from django.db import connection

from helpdesk.health.registry import Finding, Needs, failure, health_check, ok, warning

WARN_FREE, FAIL_FREE = 0.10, 0.03
"""Parts of the whole; below 500 MB it is a failure whatever the part."""
FAIL_BYTES = 500 * 1024**2
LIBRARIES = ("Django", "celery", "granian", "django-celery-beat", "mysqlclient", "PyMySQL", "psycopg", "redis")
LOCAL_HOSTS = {"", "localhost", "127.0.0.1", "::1"}


@health_check("disk", "Disk", needs=Needs.NOTHING)
def disk(now: datetime) -> Iterator[Finding]:
    """Ask for the free space where something is written, once per file system."""
    seen: dict[int, str] = {}
    for title, path in _places():
        if not path.exists():
            continue
        device = path.stat().st_dev
        if device not in seen:
            seen[device] = title
            yield _room(title, path)


def _places() -> Iterator[tuple[str, Path]]:
    yield "data directory", Path(settings.DATA_DIR)
    yield "files", Path(settings.MEDIA_ROOT)
    database = _database_directory()
    if database:
        yield "database", database


def _database_directory() -> Path | None:
    """Give where the database lies when that is on this machine and may be seen."""
    if connection.vendor == "sqlite":
        return Path(str(connection.settings_dict["NAME"])).parent
    host = str(connection.settings_dict.get("HOST") or "")
    if connection.vendor != "mysql" or (host not in LOCAL_HOSTS and not host.startswith("/")):
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@datadir")
        ((directory,),) = cursor.fetchall()
    path = Path(directory)
    return path if os.access(path.parent, os.X_OK) and path.is_dir() else None


def _room(title: str, path: Path) -> Finding:
    usage = shutil.disk_usage(path)
    part = usage.free / usage.total if usage.total else 0
    figure = f"{usage.free / 1024**3:,.1f} GB free of {usage.total / 1024**3:,.1f} ({part:.0%}): {title}, {path}"
    advice = "Make room or enlarge the disk: with a full one no mail is taken in and no page can save."
    if part < FAIL_FREE or usage.free < FAIL_BYTES:
        return failure("The disk is as good as full.", figure, advice=advice)
    if part < WARN_FREE:
        return warning("The disk is filling up.", figure, advice=advice)
    return ok("There is room on the disk.", figure)


@health_check("versions", "Versions", needs=Needs.NOTHING)
def versions(now: datetime) -> Finding:
    """Name what runs here."""
    libraries = [f"{name} {version}" for name in LIBRARIES if (version := _version(name))]
    return ok(f"Ostler {ostler_version()} on Python {platform.python_version()}.", ", ".join(libraries))


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def ostler_version() -> str:
    """Give Ostler's version, in a checkout with its commit."""
    version = _version("ostler") or _version_of_checkout()
    commit = present_commit(Path(settings.BASE_DIR) / ".git")
    return f"{version} (commit {commit[:10]})" if commit else version


def _version_of_checkout() -> str:
    import tomllib

    project = Path(settings.BASE_DIR) / "pyproject.toml"
    return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"]) if project.exists() else ""


def present_commit(repository: Path) -> str:
    """Read the commit of a checkout out of its `.git`, without git; '' where there is none."""
    try:
        head = (repository / "HEAD").read_text(encoding="utf-8").strip()
        if not head.startswith("ref: "):
            return head
        reference = head.removeprefix("ref: ")
        loose = repository / reference
        if loose.exists():
            return loose.read_text(encoding="utf-8").strip()
        packed = (repository / "packed-refs").read_text(encoding="utf-8").splitlines()
        return next((line.split()[0] for line in packed if line.endswith(f" {reference}")), "")
    except OSError:
        return ""
