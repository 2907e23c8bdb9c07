"""`manage.py check` finds settings that would leave the doors open or closed to everybody."""

from typing import Any

import pytest

from helpdesk.accounts import checks

LOCAL_MEMORY = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DIRECTORY = {"default": {"BACKEND": "helpdesk.configuration.file_cache.CountingFileBasedCache", "LOCATION": "/nowhere"}}


def ids(messages: list[Any]) -> list[str]:
    return [message.id for message in messages]


def test_the_settings_of_the_house_are_fine(settings: Any) -> None:
    settings.CACHES = DIRECTORY
    for check in (
        checks.trusted_proxies_are_addresses,
        checks.doors_are_guarded,
        checks.proxies_are_named,
        checks.limits_are_shared,
    ):
        assert check(None) == []


@pytest.mark.parametrize(
    ("proxies", "found"),
    [
        (["10.0.0.1", "10.0.0.0/24", "2001:db8::/32", "*"], []),
        (["proxy.internal", "10.0.0.1"], ["hd_accounts.E001"]),
        (["10.0.0.300", "10.0.0.0/99"], ["hd_accounts.E001", "hd_accounts.E001"]),
    ],
)
def test_proxies_must_be_addresses(proxies: list[str], found: list[str], settings: Any) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert ids(checks.trusted_proxies_are_addresses(None)) == found


@pytest.mark.parametrize("missing", checks.ORDER_OF_MIDDLEWARE)
def test_no_guard_may_be_missing(missing: str, settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != missing]
    assert ids(checks.doors_are_guarded(None)) == ["hd_accounts.E002"]


def test_the_order_of_the_guards_matters(settings: Any) -> None:
    settings.MIDDLEWARE = settings.MIDDLEWARE[::-1]
    assert ids(checks.doors_are_guarded(None)) == ["hd_accounts.E002"]


def test_a_proxy_must_be_named(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert ids(checks.proxies_are_named(None)) == ["hd_accounts.W002"]
    settings.TRUSTED_PROXIES = ["*"]
    assert ids(checks.proxies_are_named(None)) == ["hd_accounts.W001"]
    settings.TRUSTED_PROXIES = ["10.0.0.1"]
    assert checks.proxies_are_named(None) == []


def test_limits_must_be_shared(settings: Any) -> None:
    settings.CACHES = LOCAL_MEMORY
    assert ids(checks.limits_are_shared(None)) == ["hd_accounts.E003"]
