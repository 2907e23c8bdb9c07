"""The passwords of osTicket: every stored kind is verified, one kind is written (osticket/auth.md §2).

Written is bcrypt with cost 12 (`settings.PASSWORD_COST`) in osTicket's own notation, `$2a$12$…`, which PHP's `crypt()`
reads, so that a password changed here also opens osTicket on the same database. Everything weaker that is still stored
(cost 8, phpass, md5, the old `crypt()` kinds) is accepted and replaced at the next successful sign-in.

Passwords are UTF-8 bytes, neither normalised nor trimmed. Nothing here raises on what people type or on what a column
holds: a stored value that is no password hash simply accepts no password.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import bcrypt
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from passlib.hash import bsdi_crypt, des_crypt, md5_crypt, phpass, sha256_crypt, sha512_crypt

from helpdesk.legacy.errors import ValidationFailed

DEFAULT_COST = 12
BCRYPT_BYTES = 72
"""bcrypt reads no further; the library refuses longer input instead of cutting it, as PHP does."""
FORM_BYTES = 128
"""osTicket's forms cut a password to so many bytes before anything else happens."""
LONGEST_PASSWORD_BYTES = 4096
"""Longer input is refused before any hash is computed: nobody has such a password, and it would cost time."""
MINIMUM_BYTES = 6

_DES_BYTES = 8
_HASH64 = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_WRITTEN = re.compile(r"\$2[aby]\$(?P<cost>\d\d)\$[./A-Za-z0-9]{53}")
_SALT_OF_NOBODY = b"tdl.p9FNfqMYFnsl7fuR/e"


class PasswordCheck(NamedTuple):
    """What a sign-in learns: whether the password is right, and what to store in `passwd` instead (None: keep)."""

    accepted: bool
    new_hash: str | None


@dataclass(frozen=True)
class _StoredKind:
    """One notation of a stored password: how it looks, how it is compared, how much work we are ready to spend.

    `work` reads the work factor; a value beyond `most_work` would block a worker for more than about ten seconds and
    is treated as unusable. `is_exact` tells whether the accepted text is the only one that this value accepts.
    """

    pattern: re.Pattern[str]
    compare: Callable[[bytes, str], bool]
    work: Callable[[re.Match[str]], int] = lambda match: 0
    most_work: int = 0
    is_exact: Callable[[bytes], bool] = lambda password: True

    def accepts(self, password: bytes, stored: str) -> bool:
        match = self.pattern.fullmatch(stored)
        if match is None or self.work(match) > self.most_work:
            return False
        try:
            return self.compare(password, stored)
        except ValueError:  # the libraries' word for a malformed hash, or for a NUL byte, which crypt() cannot take
            return False


def hash_password(password: str) -> str:
    """The text to store in `staff.passwd` or `user_account.passwd`: bcrypt, our cost, `$2a$` (osticket/auth.md §2).

    The bytes after the 72nd do not count. Raises `ValidationFailed` for a NUL character, which PHP could not verify.
    """
    data = _encode(password)
    if b"\0" in data:
        raise ValidationFailed(_("The password contains a character that cannot be used."), code="password_unusable")
    return _bcrypt_text(data)


def verify_password(password: str, stored: str | None) -> bool:
    """Whether `password` is the one behind `stored`; for checks that must not write (the "current password" field)."""
    return compare_hash(password, stored) or _is_md5(_encode(password), stored)


def compare_hash(password: str, stored: str | None) -> bool:
    """The comparison without the md5 fall-back: bcrypt, phpass, the `crypt()` kinds (osticket/auth.md §2, step 1)."""
    data = _encode(password)
    return bool(stored) and len(data) <= LONGEST_PASSWORD_BYTES and _kind_accepting(data, str(stored)) is not None


def needs_upgrade(stored: str | None) -> bool:
    """Whether `stored` is anything else than bcrypt of at least our cost."""
    match = _WRITTEN.fullmatch(stored or "")
    return match is None or int(match["cost"]) < _cost()


def check_password(password: str, stored: str | None) -> PasswordCheck:
    """Verify a typed password as osTicket's sign-in does, and say what to store instead of a weak hash.

    The forms' cut to 128 bytes happens here. An empty password is never right. osTicket replaces md5 only; we replace
    everything below our own cost, because the column may leak. The one exception keeps a typing error from locking
    people out: where the old hash also accepts other texts (DES reads 8 characters, both DES kinds 7 bits of each
    byte) it stays, because the typed text need not be the one that the person remembers.
    """
    data = _encode(password)[:FORM_BYTES]
    if not data or not stored:
        return PasswordCheck(False, None)
    kind = _kind_accepting(data, stored)
    if kind is None and not _is_md5(data, stored):
        return PasswordCheck(False, None)
    if needs_upgrade(stored) and (kind is None or kind.is_exact(data)) and b"\0" not in data:
        return PasswordCheck(True, _bcrypt_text(data))
    return PasswordCheck(True, None)


def check_password_at_sign_in(password: str, stored: str | None) -> PasswordCheck:
    """`check_password` whose duration does not tell whether the name exists or how old its hash is.

    Call it for unknown names too, with `stored` None: every refusal costs one comparison at our own cost, as every
    acceptance does (a weak hash is recomputed then).
    """
    result = check_password(password, stored)
    if not result.accepted and needs_upgrade(stored):
        spend_time_of_a_check(password)
    return result


def spend_time_of_a_check(password: str) -> None:
    """Spend what one comparison of a current hash costs, for a name without an account (security: enumeration)."""
    bcrypt.hashpw(_encode(password)[:BCRYPT_BYTES], b"$2a$%02d$%s" % (_cost(), _SALT_OF_NOBODY))


def check_new_password(new: str, *, current: str | None = None) -> None:
    """osTicket's basic password policy (osticket/auth.md §2); lengths count bytes, `current` is compared without case.

    Raises `ValidationFailed` with osTicket's text and the code `password_too_short`, `password_too_long` or
    `password_unchanged`.
    """
    size = len(_encode(new))
    if size < MINIMUM_BYTES:
        raise ValidationFailed(
            _("Password must be at least %(count)d characters") % {"count": MINIMUM_BYTES}, code="password_too_short"
        )
    if size > FORM_BYTES:
        message = _("Password is too long - maximum of %(count)d characters allowed") % {"count": FORM_BYTES}
        raise ValidationFailed(message, code="password_too_long")
    if current and hmac.compare_digest(_encode(new).lower(), _encode(current).lower()):
        raise ValidationFailed(
            _("New password MUST be different from the current password!"), code="password_unchanged"
        )


def _encode(password: str) -> bytes:
    """UTF-8; JSON input can carry lone surrogates, which must not raise."""
    return password.encode("utf-8", "surrogatepass")


def _cost() -> int:
    cost: int = getattr(settings, "PASSWORD_COST", DEFAULT_COST)
    return cost


def _bcrypt_text(password: bytes) -> str:
    return bcrypt.hashpw(password[:BCRYPT_BYTES], bcrypt.gensalt(_cost(), prefix=b"2a")).decode("ascii")


def _kind_accepting(password: bytes, stored: str) -> _StoredKind | None:
    return next((kind for kind in _KINDS if kind.accepts(password, stored)), None)


def _is_md5(password: bytes, stored: str | None) -> bool:
    """osTicket 1.6 stored lower-case md5 hex; the empty password and "0" are not taken (PHP takes them for nothing)."""
    if not stored or password in (b"", b"0") or len(password) > LONGEST_PASSWORD_BYTES:
        return False
    digest = hashlib.md5(password, usedforsecurity=False).hexdigest()
    return hmac.compare_digest(digest.encode(), _encode(stored))


def _compare_bcrypt(password: bytes, stored: str) -> bool:
    if b"\0" in password:  # PHP's crypt() would stop reading there and accept a shorter text
        return False
    return bcrypt.checkpw(password[:BCRYPT_BYTES], stored.encode("ascii"))


def _hash64_number(text: str) -> int:
    """Little-endian number of a crypt() notation, six bits a character."""
    return sum(_HASH64.index(character) << (6 * place) for place, character in enumerate(text))


def _given_rounds(match: re.Match[str]) -> int:
    return int(match["rounds"] or 5000)


_KINDS = (
    _StoredKind(_WRITTEN, _compare_bcrypt, lambda match: int(match["cost"]), most_work=17),
    _StoredKind(
        re.compile(r"\$[PH]\$(?P<rounds>[./0-9A-Za-z])[./0-9A-Za-z]{30}"),
        phpass.verify,
        lambda match: _hash64_number(match["rounds"]),
        most_work=24,
    ),
    _StoredKind(re.compile(r"\$1\$[^$]{0,8}\$[./0-9A-Za-z]{22}"), md5_crypt.verify),
    _StoredKind(
        re.compile(r"\$5\$(?:rounds=(?P<rounds>\d{1,9})\$)?[^$]{0,16}\$[./0-9A-Za-z]{43}"),
        sha256_crypt.verify,
        _given_rounds,
        most_work=20_000_000,
    ),
    _StoredKind(
        re.compile(r"\$6\$(?:rounds=(?P<rounds>\d{1,9})\$)?[^$]{0,16}\$[./0-9A-Za-z]{86}"),
        sha512_crypt.verify,
        _given_rounds,
        most_work=20_000_000,
    ),
    _StoredKind(
        re.compile(r"[./0-9A-Za-z]{13}"),
        des_crypt.verify,
        is_exact=lambda password: password.isascii() and len(password) <= _DES_BYTES,
    ),
    _StoredKind(
        re.compile(r"_(?P<rounds>[./0-9A-Za-z]{4})[./0-9A-Za-z]{15}"),
        bsdi_crypt.verify,
        lambda match: _hash64_number(match["rounds"]),
        most_work=1_000_000,
        is_exact=bytes.isascii,
    ),
)
