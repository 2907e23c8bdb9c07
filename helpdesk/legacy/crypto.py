"""The secrets that osTicket keeps encrypted in its database: mail passwords, OAuth tokens, plugin secrets.

Text form `$<tag>$<base64>`; the tag names the PHP library of the writer (1 mcrypt, 2 OpenSSL, 3 phpseclib), the layout
is the same for all: `$1$`, 16 bytes IV, AES-128-CBC with PKCS#7 padding. The key comes from SECRET_SALT and a sub-key
that names the place of the secret (osticket/auth.md §8). PHP can no longer read tag 1; we can.

The scheme carries no authentication: a wrong key is noticed by its padding and by text that is not UTF-8, not always.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Iterable

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import DomainError, ValidationFailed

MCRYPT_TAG, OPENSSL_TAG, PHPSECLIB_TAG = "1", "2", "3"
_TAGS = frozenset({MCRYPT_TAG, OPENSSL_TAG, PHPSECLIB_TAG})
_AES_128_CBC = b"1"
_BLOCK_BYTES = 16
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


class SecretUnreadable(DomainError):  # noqa: N818 -- named as its siblings in errors.py
    """A stored secret that cannot be decrypted: damaged, not encrypted at all, or written with another SECRET_SALT."""

    def __init__(self) -> None:
        super().__init__(
            _("A stored secret cannot be decrypted. Does SECRET_SALT belong to this database?"),
            code="secret_unreadable",
        )


def decrypt_bytes(ciphertext: str, *, subkey: str, secret_salt: str) -> bytes:
    """The secret behind `ciphertext`, as bytes. Raises `SecretUnreadable` (osticket/auth.md §8)."""
    iv, encrypted = _split(ciphertext)
    if not secret_salt or not encrypted or len(encrypted) % _BLOCK_BYTES:
        raise SecretUnreadable
    decryptor = _cipher(iv, subkey, secret_salt).decryptor()
    padded = decryptor.update(encrypted) + decryptor.finalize()
    unpadder = PKCS7(algorithms.AES.block_size).unpadder()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        raise SecretUnreadable from None


def decrypt(ciphertext: str, *, subkey: str, secret_salt: str) -> str:
    """The secret behind `ciphertext`, as text. Raises `SecretUnreadable`, also for text that is not UTF-8."""
    try:
        return decrypt_bytes(ciphertext, subkey=subkey, secret_salt=secret_salt).decode("utf-8")
    except UnicodeDecodeError:
        raise SecretUnreadable from None


def decrypt_with_any(ciphertext: str, *, subkeys: Iterable[str], secret_salt: str) -> str:
    """Decrypt with the first of `subkeys` that fits, for secrets whose place was named differently over the years.

    Raises `SecretUnreadable` when none does.
    """
    for subkey in subkeys:
        try:
            return decrypt(ciphertext, subkey=subkey, secret_salt=secret_salt)
        except SecretUnreadable:
            continue
    raise SecretUnreadable


def encrypt(plaintext: str, *, subkey: str, secret_salt: str) -> str:
    """Encrypt as current osTicket does (tag 2), readable by PHP.

    Raises `ValidationFailed` for what osTicket leaves unencrypted, the empty text and "0", and for an empty salt.
    """
    if plaintext in ("", "0"):
        raise ValidationFailed(_("This value cannot be stored encrypted."), code="secret_empty")
    if not secret_salt:
        raise ValidationFailed(_("SECRET_SALT is not set."), code="secret_salt_missing")
    iv = os.urandom(_BLOCK_BYTES)
    padder = PKCS7(algorithms.AES.block_size).padder()
    padded = padder.update(plaintext.encode("utf-8", "surrogatepass")) + padder.finalize()
    encryptor = _cipher(iv, subkey, secret_salt).encryptor()
    body = b"$%s$%s%s" % (_AES_128_CBC, iv, encryptor.update(padded) + encryptor.finalize())
    return f"${OPENSSL_TAG}${base64.b64encode(body).decode('ascii')}"


def plugin_instance_subkeys(plugin_id: int, instance_id: int) -> tuple[str, ...]:
    """The sub-keys under which a secret of a plugin instance may have been written, most likely first (auth.md §8)."""
    return (
        f"plugin.{plugin_id}.instance.{instance_id}",
        f"plugin.{plugin_id}.instance.0",
        f"plugin.{plugin_id}",
        "pwfield",
    )


def hashed_subkey(*parts: str) -> str:
    """md5 hex over the joined parts: the sub-key of mail credentials (user name and configuration namespace)."""
    return hashlib.md5("".join(parts).encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _split(ciphertext: str) -> tuple[bytes, bytes]:
    """IV and encrypted blocks; only the first `$` signs separate, the rest may contain more of them."""
    outer = ciphertext.split("$", 2)
    if len(outer) != 3 or outer[0] or outer[1] not in _TAGS:
        raise SecretUnreadable
    inner = _decode_base64(outer[2]).split(b"$", 2)
    if len(inner) != 3 or inner[0] or inner[1] != _AES_128_CBC:
        raise SecretUnreadable
    return inner[2][:_BLOCK_BYTES], inner[2][_BLOCK_BYTES:]


def _decode_base64(text: str) -> bytes:
    """Decode as PHP does: characters outside the alphabet are skipped, missing padding is no fault."""
    digits = _NOT_BASE64.sub("", text)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return base64.b64decode(digits + "=" * (-len(digits) % 4))


def _cipher(iv: bytes, subkey: str, secret_salt: str) -> Cipher[modes.CBC]:
    message = f"{secret_salt}{hashed_subkey(subkey)}".encode("utf-8", "surrogatepass")
    key = hmac.new(iv, message, hashlib.sha512).digest()[:_BLOCK_BYTES]
    return Cipher(algorithms.AES(key), modes.CBC(iv))
