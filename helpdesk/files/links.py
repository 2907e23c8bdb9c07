"""Signed, ending links to attachments, in the form of osTicket's (osticket/files.md §5).

A link opens nothing by itself: whoever follows it must also be allowed to see what the file is attached to. Ours is
bound to one attachment. osTicket's is bound to a file, a host and a day, and is accepted for the day it lives.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.utils.crypto import salted_hmac

from helpdesk.files.models import Attachment, StoredFile
from helpdesk.legacy.file_keys import DownloadLink, link_expiry

SHORTEST_LIFE = timedelta(hours=12)


@dataclass(frozen=True)
class LinkMaker:
    """Makes the links of one page: `path` is the download page of the door, `now` (aware) decides when they end."""

    path: str
    now: datetime

    def url(self, attachment: Attachment, *, inline: bool = False) -> str:
        """Give the address of an attachment whose file is loaded; it ends 12 to 36 hours from now, at midnight UTC."""
        file, expires = attachment.file, link_expiry(self.now, SHORTEST_LIFE)
        query: dict[str, str | int] = {
            "key": file.key.lower(),
            "expires": expires,
            "signature": _signature(attachment, file, expires),
            "id": attachment.pk,
        }
        if inline:
            query["disposition"] = "inline"
        return f"{self.path}?{urlencode(query)}"


def is_genuine(
    attachment: Attachment, *, signature: str, expires: int, host: str, root_path: str, now: datetime
) -> bool:
    """Whether a link to this attachment was signed by us or by osTicket, and has not ended at `now` (aware).

    `host` as the client named it and `root_path` of the help desk are what osTicket signs. Constant time.
    """
    file = attachment.file
    theirs = DownloadLink(host, root_path, file.pk, file.key, file.signature, expires)
    is_ours = hmac.compare_digest(_signature(attachment, file, expires).encode(), signature.encode())
    is_theirs = theirs.opens_with(signature, secret_salt=settings.SECRET_SALT, now=now)
    return expires >= now.timestamp() and (is_ours or is_theirs)


def _signature(attachment: Attachment, file: StoredFile, expires: int) -> str:
    place = f"{attachment.type}{attachment.object_id}:{attachment.pk}"
    content = f"{file.pk}:{file.key.lower()}:{file.signature}"
    return salted_hmac("helpdesk.files.link", f"{place}:{content}:{expires}", algorithm="sha256").hexdigest()
