"""`manage.py check --deploy` refuses values that must not reach production."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django import Settings

from helpdesk.settings import CONTENT_SECURITY_POLICY

pytestmark = pytest.mark.once

SQLITE = "helpdesk.legacy.backends.sqlite3"
MYSQL = "helpdesk.legacy.backends.mysql"
FILE_CACHE = {"default": {"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "/srv/x"}}
REDIS_CACHE = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://x"}}


@pytest.fixture
def production(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings as a careful administrator leaves them."""
    monkeypatch.delenv("DJANGO_ALLOW_ASYNC_UNSAFE", raising=False)  # browser tests set it
    values: dict[str, Any] = {
        "DEBUG": False,
        "SECRET_KEY": "W3lLQx0d7mVt9sKfZb2nHy5cRj8gUpAe4iXo6Tq1BvNzMwDkGh",
        "ENCRYPTION_KEYS": [Fernet.generate_key().decode()],
        "ALLOWED_HOSTS": ["desk.acme.test"],
        "ADMIN_PASSWORD": "",
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31536000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SECURE_HSTS_PRELOAD": True,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "CONTENT_SECURITY_POLICY": CONTENT_SECURITY_POLICY,
        "CACHES": FILE_CACHE,
    }
    for name, value in values.items():
        setattr(settings, name, value)
    # What lets tests fail on unknown template variables is no text, as Django's check wants it.
    settings.SILENCED_SYSTEM_CHECKS = [*settings.SILENCED_SYSTEM_CHECKS, "templates.E002"]
    return settings


def check(*arguments: str) -> str:
    """Run the check and give what it prints; raises SystemCheckError when it refuses."""
    output = StringIO()
    call_command("check", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def refusal() -> str:
    """Run the deploy check, which must refuse, and give its text."""
    with pytest.raises(SystemCheckError) as refused:
        check("--deploy")
    return str(refused.value)


def test_careful_settings_pass_without_a_warning(production: Settings) -> None:
    assert "no issues" in check("--deploy", "--fail-level", "WARNING")


def test_debug_pages_are_refused(production: Settings) -> None:
    production.DEBUG = True
    assert "hd_portal.E002" in refusal()


@pytest.mark.parametrize(
    "key",
    [
        "secret",
        "your-secret-key",
        "your_secret_key_here_and_more_characters_to_be_long_enough",
        "change-me",
        "Change-This-In-Production-0123456789-0123456789",
        "django-insecure-5v$k2n8x!q7w@e4r_t6y1u9i0o3p-a_s-d_f-g_h-j",
        "keyboard cat",
        "development",
    ],
)
def test_a_well_known_secret_key_is_refused(production: Settings, key: str) -> None:
    production.SECRET_KEY = key
    assert "hd_portal.E003" in refusal()


def test_a_short_secret_key_is_refused(production: Settings) -> None:
    production.SECRET_KEY = "kJ8f0qLz3mXw7Vb2nRt5yHs9dGc1pAe"
    assert "hd_portal.E004" in refusal()


def test_every_host_accepted_is_refused(production: Settings) -> None:
    production.ALLOWED_HOSTS = ["desk.acme.test", "*"]
    assert "hd_portal.E005" in refusal()


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("admin", "It is the user name"),
        ("Admin", "It is the user name"),
        ("Xk7#qwz", "too short"),
        ("password123", "too common"),
        ("83920174659203", "entirely numeric"),
    ],
)
def test_a_weak_administrator_password_is_refused(production: Settings, password: str, reason: str) -> None:
    production.ADMIN_PASSWORD = password
    text = refusal()
    assert "hd_portal.E006" in text
    assert reason in text
    assert f"{password} " not in text.replace("ADMIN_PASSWORD", "")


def test_a_strong_administrator_password_passes(production: Settings) -> None:
    production.ADMIN_PASSWORD = "correct horse battery staple"
    assert "no issues" in check("--deploy")


@pytest.mark.parametrize("keys", [["nonsense"], [""], [Fernet.generate_key().decode(), "c2hvcnQ="]])
def test_an_unusable_encryption_key_is_refused_without_deploy(production: Settings, keys: list[str]) -> None:
    production.ENCRYPTION_KEYS = keys
    with pytest.raises(SystemCheckError, match=f"Key {len(keys)} of ENCRYPTION_KEY is not a Fernet key"):
        check()


def test_an_https_address_with_insecure_cookies_is_refused(production: Settings) -> None:
    production.HELPDESK_URL, production.HTTPS = "https://desk.acme.test/", False
    assert "hd_portal.E009" in refusal()
    production.HTTPS = True
    assert "no issues" in check("--deploy")


def test_a_short_token_of_monitoring_is_refused(production: Settings) -> None:
    production.HEALTH_TOKEN = "short"
    assert "hd_portal.E011" in refusal()
    production.HEALTH_TOKEN = "W3lLQx0d7mVt9sKfZb2nHy5cRj"
    assert "no issues" in check("--deploy")


def test_a_data_directory_open_to_others_is_warned_of(production: Settings, tmp_path: Path) -> None:
    production.DATA_DIR = tmp_path
    tmp_path.chmod(0o750)
    assert "hd_portal.W010" not in check("--deploy")
    tmp_path.chmod(0o755)
    assert f"chmod 0700 {tmp_path}" in check("--deploy")


def test_files_as_cache_and_broker_are_fine_with_sqlite(production: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(production.DATABASES["default"], "ENGINE", SQLITE)
    production.CACHES = FILE_CACHE
    production.CELERY_BROKER_URL = "filesystem://localhost//"
    assert "no issues" in check("--deploy", "--tag", "caches", "--fail-level", "WARNING")


def test_files_as_cache_and_broker_are_warned_of_with_a_server(
    production: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(production.DATABASES["default"], "ENGINE", MYSQL)
    production.CACHES = FILE_CACHE
    production.CELERY_BROKER_URL = "filesystem://localhost//"
    output = check("--deploy", "--tag", "caches")
    assert "hd_portal.W007" in output
    assert "hd_portal.W008" in output


def test_redis_as_cache_and_broker_passes_with_a_server(production: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(production.DATABASES["default"], "ENGINE", MYSQL)
    production.CACHES = REDIS_CACHE
    production.CELERY_BROKER_URL = "redis://localhost/1"
    assert "no issues" in check("--deploy", "--tag", "caches", "--fail-level", "WARNING")


@pytest.mark.parametrize(
    ("name", "value", "identifier"),
    [
        ("SECURE_SSL_REDIRECT", False, "security.W008"),
        ("SESSION_COOKIE_SECURE", False, "security.W010"),
        ("CSRF_COOKIE_SECURE", False, "security.W016"),
        ("SECURE_HSTS_SECONDS", 0, "security.W004"),
    ],
)
def test_plain_http_is_warned_of_by_django(production: Settings, name: str, value: Any, identifier: str) -> None:
    setattr(production, name, value)
    assert identifier in check("--deploy")
