"""The OAuth2 client of a mail account, kept as osTicket's OAuth2 plugin does (osticket/auth.md §8, §12)."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from enum import StrEnum

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from helpdesk import configuration
from helpdesk.configuration.models import ConfigItem, PluginInstance
from helpdesk.legacy.crypto import decrypt_with_any, plugin_instance_subkeys
from helpdesk.legacy.errors import DomainError
from helpdesk.mail.models import EmailAccount

CALLBACK = "api/auth/oauth2"
"""Where providers send administrators back to, below the help desk's address: osTicket's, so that what is registered
there for an adopted help desk goes on to fit."""


class Provider(StrEnum):
    """Who gives the tokens; the values are osTicket's."""

    GOOGLE = "gmail"
    MICROSOFT = "msmail"
    OTHER = "othermail"


_KNOWN = frozenset(provider.value for provider in Provider)


@dataclass(frozen=True)
class Endpoints:
    """The addresses of a provider, and what is asked for."""

    authorize: str
    token: str
    owner: str
    owner_attribute: str
    scopes: tuple[str, ...]


PRESETS = {
    Provider.GOOGLE: Endpoints(
        authorize="https://accounts.google.com/o/oauth2/v2/auth",
        token="https://oauth2.googleapis.com/token",  # noqa: S106 -- an address
        owner="https://www.googleapis.com/gmail/v1/users/me/profile",
        owner_attribute="emailAddress",
        scopes=("https://mail.google.com/",),
    ),
    Provider.MICROSOFT: Endpoints(
        authorize="https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        token="https://login.microsoftonline.com/common/oauth2/v2.0/token",  # noqa: S106 -- an address
        owner="",
        owner_attribute="",
        scopes=(
            "offline_access",
            "https://outlook.office.com/IMAP.AccessAsUser.All",
            "https://outlook.office.com/POP.AccessAsUser.All",
            "https://outlook.office.com/SMTP.Send",
        ),
    ),
}


@dataclass(frozen=True)
class Client:
    """What a provider knows this help desk by. `signature` is that of the configuration as osTicket computes it."""

    provider: Provider
    client_id: str
    client_secret: str = field(repr=False)
    endpoints: Endpoints
    redirect_uri: str
    signature: str = ""


class ClientMissing(DomainError):  # noqa: N818 -- named as its siblings in errors.py
    """The account names no client, or one whose configuration is not there."""

    def __init__(self) -> None:
        message = _("No client is set up for this account: enter its client id and secret under “Sign-in of mail”.")
        super().__init__(message, code="mail_client_missing")


def provider_of(account: EmailAccount) -> Provider | None:
    """Give the provider of an account that signs in with OAuth2, None for others."""
    kind, _colon, name = account.auth_bk.partition(":")
    if kind != "oauth2":
        return None
    return Provider(name) if name in _KNOWN else Provider.OTHER


def callback_address() -> str:
    """Give the address that has to be registered with the provider."""
    return f"{configuration.current().text('helpdesk_url').rstrip('/')}/{CALLBACK}"


def client_namespace(instance: PluginInstance) -> str:
    """Give the namespace of `config` that holds an instance's options."""
    return f"plugin.{instance.plugin_id}.instance.{instance.pk}"


def instance_of(account: EmailAccount) -> PluginInstance | None:
    """Give the instance of the plugin that an account names."""
    number = account.auth_id or ""
    return PluginInstance.objects.filter(pk=number).first() if number.isdecimal() else None


def client_of(account: EmailAccount) -> Client:
    """Give the client of an account. Raises ClientMissing, and SecretUnreadable for another SECRET_SALT."""
    provider, instance = provider_of(account), instance_of(account)
    if provider is None or instance is None:
        raise ClientMissing
    values = options_of(instance)
    if not values.get("clientId") or not values.get("clientSecret"):
        raise ClientMissing
    secret = decrypt_with_any(
        values["clientSecret"],
        subkeys=plugin_instance_subkeys(instance.plugin_id or 0, instance.pk),
        secret_salt=settings.SECRET_SALT,
    )
    return Client(
        provider=provider,
        client_id=values["clientId"],
        client_secret=secret,
        endpoints=_endpoints(provider, values),
        redirect_uri=values.get("redirectUri") or callback_address(),
        signature=signature_of(values),
    )


def options_of(instance: PluginInstance) -> dict[str, str]:
    """Give the options of an instance as they are stored: the secret encrypted."""
    rows = ConfigItem.objects.filter(namespace=client_namespace(instance))
    return {key: value or "" for key, value in rows.values_list("key", "value")}


def signature_of(options: dict[str, str]) -> str:
    """Give the md5 over the sorted options in PHP's JSON (osticket/auth.md §8)."""
    text = json.dumps(options, sort_keys=True, separators=(",", ":")).replace("/", "\\/")
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _endpoints(provider: Provider, values: dict[str, str]) -> Endpoints:
    preset = PRESETS.get(provider)
    given = values.get("scopes", "").split()
    return Endpoints(
        authorize=values.get("urlAuthorize") or (preset.authorize if preset else ""),
        token=values.get("urlAccessToken") or (preset.token if preset else ""),
        owner=values.get("urlResourceOwnerDetails") or (preset.owner if preset else ""),
        owner_attribute=values.get("attr_email") or (preset.owner_attribute if preset else "email"),
        scopes=tuple(given) or (preset.scopes if preset else ()),
    )
