"""System checks of the doors: settings that would leave them open, or closed to everybody."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 -- Django's names

from helpdesk.accounts.client_address import EVERYBODY, parse_networks

Apps = Sequence[AppConfig] | None

ORDER_OF_MIDDLEWARE = (
    "helpdesk.accounts.doors.DoorSessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "helpdesk.accounts.middleware.AddressListMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "helpdesk.accounts.middleware.AgentDoorMiddleware",
)
CACHES_OF_ONE_PROCESS = ("LocMemCache", "DummyCache")


@register(Tags.security)
def trusted_proxies_are_addresses(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Each entry of TRUSTED_PROXIES must be an address, a CIDR range or `*`."""
    return [
        Error(
            f"TRUSTED_PROXIES contains {entry!r}, which is neither an address nor a range.",
            hint="Write 10.0.0.5 or 10.0.0.0/24, separated by commas.",
            id="hd_accounts.E001",
        )
        for entry in settings.TRUSTED_PROXIES
        if not _is_network(entry)
    ]


@register(Tags.security)
def doors_are_guarded(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """The middleware of the doors must be there, in this order."""
    present = [name for name in settings.MIDDLEWARE if name in ORDER_OF_MIDDLEWARE]
    if tuple(present) == ORDER_OF_MIDDLEWARE:
        return []
    hint = f"MIDDLEWARE must contain, in this order: {', '.join(ORDER_OF_MIDDLEWARE)}."
    return [Error("The doors are not guarded.", hint=hint, id="hd_accounts.E002")]


@register(Tags.security, deploy=True)
def proxies_are_named(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Behind a proxy without a name all visitors have one address, and share one limit of failed sign-ins."""
    if EVERYBODY in settings.TRUSTED_PROXIES:
        text = "TRUSTED_PROXIES is *: every visitor chooses the address that limits and address lists see."
        return [Warning(text, hint="Name the addresses of your proxies.", id="hd_accounts.W001")]
    if settings.SECURE_PROXY_SSL_HEADER and not settings.TRUSTED_PROXIES:
        text = "BEHIND_PROXY is set but TRUSTED_PROXIES is empty: all visitors seem to come from the proxy."
        return [Warning(text, hint="Name the addresses of your proxies.", id="hd_accounts.W002")]
    return []


@register(Tags.security, deploy=True)
def limits_are_shared(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Failed sign-ins are counted in the cache, which all processes must share."""
    backend = settings.CACHES["default"]["BACKEND"]
    if not backend.endswith(CACHES_OF_ONE_PROCESS):
        return []
    text = f"The cache {backend} is not shared: each process counts failed sign-ins on its own."
    return [Error(text, hint="Set CACHE_URL, or leave it unset for a directory.", id="hd_accounts.E003")]


def _is_network(entry: str) -> bool:
    try:
        parse_networks((entry,))
    except ValueError:
        return False
    return True
