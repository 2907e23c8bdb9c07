"""Keys, signatures and download links of stored files (osticket/auth.md §9, osticket/files.md §2 and §5).

`file.signature` identifies content (32 characters, case-sensitive; equal signature and size means equal content for
osTicket); `file.key` names a stored file in links and in `cid:` references. A download link is signed with
SECRET_SALT for one host, one root path and one day.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

_DAY_SECONDS = 86_400
_HALF_SIGNATURE = 16
_KEY_PREFIX = 5


class ContentDigest:
    """Digest of a file's content, fed in chunks while it is stored, so that large files need not be held in memory."""

    def __init__(self) -> None:
        self._sha1 = hashlib.sha1(usedforsecurity=False)
        self._md5 = hashlib.md5(usedforsecurity=False)

    def update(self, chunk: bytes) -> None:
        """Add the next bytes of the content."""
        self._sha1.update(chunk)
        self._md5.update(chunk)

    def signature(self) -> str:
        """The value of `file.signature`, 32 characters, the same for the same content."""
        first, second = _url_base64(self._sha1.digest()), _url_base64(self._md5.digest())
        return first[:_HALF_SIGNATURE] + second[:_HALF_SIGNATURE]

    def new_key(self) -> str:
        """A value for `file.key`: five random characters, then the content's SHA-1; 32 characters."""
        return _url_base64(secrets.token_bytes(4))[:_KEY_PREFIX] + _url_base64(self._sha1.digest())


def content_digest(data: bytes) -> ContentDigest:
    """The digest of content that is at hand as a whole."""
    digest = ContentDigest()
    digest.update(data)
    return digest


def link_expiry(now: datetime, minimum_age: timedelta = timedelta(0)) -> int:
    """Unix time at which a link made `now` (aware) ends: the next midnight UTC after `now` plus `minimum_age`.

    All links of one day are equal, so that browsers can cache. Without a minimum age a link made at 23:59 lives one
    minute (files.md §5).
    """
    wanted = int((now.astimezone(UTC) + minimum_age).timestamp())
    return wanted - wanted % _DAY_SECONDS + _DAY_SECONDS


@dataclass(frozen=True)
class DownloadLink:
    """What the signature of a link covers. `host` as the client names it, usually with port; `expires` is Unix time."""

    host: str
    root_path: str
    file_id: int
    key: str
    file_signature: str
    expires: int

    def signature(self, secret_salt: str) -> str:
        """HMAC-SHA1 in hex with SECRET_SALT as the key."""
        lines = (
            f"Host={self.host}",
            f"Path={self.root_path}",
            f"Id={self.file_id}",
            f"Key={_lower(self.key)}",
            f"Hash={self.file_signature}",
            f"Expires={self.expires}",
        )
        return hmac.new(_encode(secret_salt), _encode("\n".join(lines)), hashlib.sha1).hexdigest()

    def opens_with(self, signature: str, *, secret_salt: str, now: datetime) -> bool:
        """Whether `signature` belongs to this link and the link has not ended at `now` (aware). Constant time."""
        is_genuine = hmac.compare_digest(_encode(self.signature(secret_salt)), _encode(signature))
        return is_genuine and self.expires >= now.timestamp()

    def url(self, secret_salt: str, *, inline: bool = False, attachment_id: int | None = None) -> str:
        """The signed address below `root_path` in osTicket's form, `file.php?key=…&expires=…&signature=…`."""
        query: dict[str, str | int] = {
            "key": _lower(self.key),
            "expires": self.expires,
            "signature": self.signature(secret_salt),
        }
        if inline:
            query["disposition"] = "inline"
        if attachment_id is not None:
            query["id"] = attachment_id
        return f"{self.root_path}file.php?{urlencode(query)}"


def _url_base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _lower(text: str) -> str:
    """Keys compare without case in osTicket's tables; links carry them in lower case (ASCII letters only)."""
    return _encode(text).lower().decode("utf-8", "surrogatepass")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
