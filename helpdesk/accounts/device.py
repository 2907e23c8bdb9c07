"""The token of a browser that has signed in before, which keeps strangers' failures from locking its owner out.

A signed cookie that names the account and hangs on its password; it opens nothing (see `throttle`).
"""

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.utils.crypto import constant_time_compare, get_random_string

from helpdesk.accounts.doors import Door
from helpdesk.accounts.models import Account

SALT = "helpdesk.accounts.device"
LIFETIME_SECONDS = 400 * 24 * 3600
"""Browsers keep no cookie longer (RFC 6265bis §5.5)."""


def device_of(request: HttpRequest, door: Door, account: Account | None) -> str:
    """Give the identity of the browser if it has signed in to this account since its last password change, else ''."""
    text = request.COOKIES.get(door.cookie_name("_device"), "")
    if account is None or not text:
        return ""
    try:
        account_id, mark, device = signing.loads(text, salt=SALT, max_age=LIFETIME_SECONDS)
    except (signing.BadSignature, ValueError):
        return ""
    known = account_id == account.pk and constant_time_compare(str(mark), _mark(account))
    return str(device) if known else ""


def remember_device(response: HttpResponseBase, door: Door, account: Account) -> None:
    """Give the browser the token after a sign-in."""
    response.set_cookie(
        door.cookie_name("_device"),
        signing.dumps([account.pk, _mark(account), get_random_string(16)], salt=SALT, compress=True),
        max_age=LIFETIME_SECONDS,
        path=door.cookie_path,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _mark(account: Account) -> str:
    return account.get_session_auth_hash()[:16]
