"""The second step of an agent's sign-in (osticket/auth.md §4).

Agents with an authenticator app (`auth.agent`, RFC 6238) type its code, those with `2fa-email` a code that is mailed to
them. For those with any other second step the password alone opens nothing: the sign-in is refused with the reason.
"""

import base64
import binascii
import json
import re
import secrets
import time
from dataclasses import dataclass

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.utils.crypto import constant_time_compare, salted_hmac

from helpdesk.accounts.models import Account
from helpdesk.configuration.defaults import agent_namespace
from helpdesk.configuration.models import ConfigItem

BY_MAIL = "2fa-email"
AUTHENTICATOR = re.compile(r"auth\.agent(\.p\d+i\d+)?")
DIGITS, STEP_SECONDS = 6, 30
STEPS_OF_TOLERANCE = (0, -1, 1)
PENDING_KEY = "second_factor"
MOST_TRIES = 3
LONGEST_WAIT_SECONDS = 6 * 60


@dataclass(frozen=True)
class SecondFactor:
    """What an agent has to show after the password: the code of his app (`key`), of a mail, or something unknown."""

    backend: str
    key: bytes | None

    @property
    def is_by_mail(self) -> bool:
        """Whether the code is mailed."""
        return self.backend == BY_MAIL

    @property
    def can_be_asked_for(self) -> bool:
        """Whether we know this kind of second step."""
        return self.is_by_mail or self.key is not None


def second_factor_of(staff_id: int) -> SecondFactor | None:
    """Give the second step that an agent has set up, None without one. Asks the database, not the kept settings."""
    rows = ConfigItem.objects.filter(namespace=agent_namespace(staff_id))
    settings = dict(rows.values_list("key", "value"))
    backend = settings.get("default_2fa", "").strip()
    if not backend:
        return None
    if not AUTHENTICATOR.fullmatch(backend):
        return SecondFactor(backend, None)
    return SecondFactor(backend, _authenticator_key(settings.get(backend) or settings.get("auth.agent", "")))


def code_at(key: bytes, seconds: float) -> str:
    """Give the code that an authenticator app shows at this time (seconds since 1970)."""
    return TOTP(key, DIGITS, SHA1(), STEP_SECONDS, enforce_key_length=False).generate(int(seconds)).decode()  # noqa: S303


def accepts_code(staff_id: int, key: bytes, code: str) -> bool:
    """Whether the code is the current one, the one before or the next. A code counts once."""
    digits = _digits(code)
    now = time.time()
    for step in STEPS_OF_TOLERANCE:
        moment = now + step * STEP_SECONDS
        if moment >= 0 and constant_time_compare(code_at(key, moment), digits):
            used = f"sign_in.code.{staff_id}.{int(moment) // STEP_SECONDS}"
            return cache.add(used, 1, STEP_SECONDS * (len(STEPS_OF_TOLERANCE) + 1))
    return False


def new_mailed_code() -> tuple[str, str]:
    """Give a code for a mail and the id under which the mail finds it, as long as it is good."""
    code, code_id = str(100_000 + secrets.randbelow(900_000)), secrets.token_hex(16)
    cache.set(f"sign_in.mailed_code.{code_id}", code, LONGEST_WAIT_SECONDS)
    return code, code_id


def mailed_code(code_id: str) -> str:
    """Give the code with this id, '' when it is good no longer."""
    return str(cache.get(f"sign_in.mailed_code.{code_id}") or "")


@dataclass(frozen=True)
class PendingSignIn:
    """A sign-in between password and code, as the session keeps it."""

    account_id: int
    password_mark: str
    since: float
    tries: int = 0
    code_mark: str = ""
    """What the mailed code hashes to, '' where none was mailed."""

    @classmethod
    def begin(cls, session: SessionBase, account: Account, *, code: str = "") -> None:
        """Start over in an empty session, with a new id, for an account whose password was right.

        `code` is the one that was mailed.
        """
        session.flush()
        mark = _mark_of(account.pk, code) if code else ""
        session[PENDING_KEY] = [account.pk, account.get_session_auth_hash(), time.time(), 0, mark]

    @classmethod
    def of(cls, session: SessionBase) -> "PendingSignIn | None":
        """Give the sign-in that waits for a code, None when there is none or it waited too long."""
        stored = session.get(PENDING_KEY)
        if not stored:
            return None
        pending = cls(*stored)
        is_current = time.time() - pending.since <= LONGEST_WAIT_SECONDS and pending.tries < MOST_TRIES
        return pending if is_current else None

    def count_try(self, session: SessionBase) -> None:
        """Count one wrong code."""
        session[PENDING_KEY] = [self.account_id, self.password_mark, self.since, self.tries + 1, self.code_mark]

    def has_mailed(self, code: str) -> bool:
        """Whether this is the code that was mailed for this sign-in."""
        return bool(self.code_mark) and constant_time_compare(_mark_of(self.account_id, _digits(code)), self.code_mark)

    def is_for(self, account: Account) -> bool:
        """Whether the account is the same and its password is still the one that was typed."""
        same = account.pk == self.account_id
        return same and constant_time_compare(account.get_session_auth_hash(), self.password_mark)


def _digits(code: str) -> str:
    return re.sub(r"\s", "", code)


def _mark_of(account_id: int, code: str) -> str:
    return salted_hmac("helpdesk.accounts.mailed_code", f"{account_id} {code}", algorithm="sha256").hexdigest()


def _authenticator_key(stored: str) -> bytes | None:
    """Read the secret out of JSON `{"config":{"key":"<base32>"}}` or, in older rows, the bare base32 text."""
    text = stored
    try:
        decoded = json.loads(stored)
    except ValueError:
        decoded = None
    if isinstance(decoded, dict):
        config = decoded.get("config")
        text = str(config.get("key", "")) if isinstance(config, dict) else ""
    text = re.sub(r"[\s=-]", "", text).upper()
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8)) or None
    except binascii.Error:
        return None
