"""Who a program is: its key, which holds for one exact address (osticket/api.md §4)."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from helpdesk.accounts.client_address import client_address, normal_address
from helpdesk.api.models import ApiKey
from helpdesk.api.refusals import ApiRefusal
from helpdesk.configuration.kept import Kept

HEADER = "X-API-Key"
LONGEST = 255
REQUIRED = "Valid API key required"
INACTIVE = "API key not found/active or source IP not authorized"
NOT_ALLOWED = "API key not authorized"


def key_sent(request: HttpRequest) -> str:
    """Give the key that came with the request, '' without one."""
    return str(request.headers.get(HEADER, "")).strip()


def identify(request: HttpRequest) -> ApiKey:
    """Give the key of the program; raise ApiRefusal (401) for one that is unknown here or switched off.

    A key that holds for another address is refused in the same words as an unknown one.
    """
    sent, address = key_sent(request), client_address(request)
    if not sent or len(sent) > LONGEST or not sent.isprintable():
        raise ApiRefusal(401, REQUIRED)
    key = _stored(sent)
    if key is None or not _is_same(key, sent) or not address or normal_address(key.ipaddr) != address:
        raise ApiRefusal(401, REQUIRED)
    if not key.isactive:
        raise ApiRefusal(401, INACTIVE)
    return key


def _read(sent: str) -> ApiKey | None:
    return ApiKey.objects.filter(apikey=sent).first()


_stored = Kept(_read)
_stored.forget_with(ApiKey)


def _is_same(key: ApiKey, sent: str) -> bool:
    """Databases find keys in any case, MySQL also those with other accents."""
    return constant_time_compare(key.apikey.casefold().encode(), sent.casefold().encode())
