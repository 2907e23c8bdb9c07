"""What providers of access tokens answer: tokens, a consent that begins, refusals. Loads none of their libraries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import DomainError


@dataclass(frozen=True)
class Tokens:
    """What a provider gave. `expires` is a Unix time; without `refresh_token` the one before goes on to hold."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False, default=None)
    expires: int | None = None
    owner: str = ""
    owner_id: str = ""


@dataclass(frozen=True)
class Consent:
    """An administrator on the way to the provider: the address to go to, and what must be kept until he is back."""

    address: str
    kept: dict[str, Any]


class ConsentGone(DomainError):  # noqa: N818 -- named as its siblings in errors.py
    """The provider does not accept the sign-in any more: it was revoked, ran out, or the password was changed."""

    def __init__(self, reason: str) -> None:
        message = _("The provider accepts this sign-in no more (%(reason)s). Connect the account again.")
        super().__init__(message % {"reason": reason}, code="mail_consent_gone")


class ClientRefused(DomainError):  # noqa: N818
    """The provider does not know the client, or its secret is wrong or has run out."""

    def __init__(self, reason: str) -> None:
        message = _("The provider refuses the client id or its secret (%(reason)s). Enter a valid secret.")
        super().__init__(message % {"reason": reason}, code="mail_client_refused")


class ProviderUnavailable(DomainError):  # noqa: N818
    """The provider did not answer, or not with what it should; trying again may help."""

    def __init__(self, reason: str) -> None:
        message = _("The provider gave no token (%(reason)s). It is asked again later.")
        super().__init__(message % {"reason": reason}, code="mail_provider_unavailable")
