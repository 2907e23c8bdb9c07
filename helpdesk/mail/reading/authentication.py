"""What the mail server that we trust found out about the sender (RFC 8601, `Authentication-Results`).

Only the topmost header of that server counts: senders can write such headers, too, but not above those of the server
that received the mail, which also takes away what others wrote in its name (RFC 8601 §5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from helpdesk.mail.reading.headers import mailboxes, values_of

HEADER = "authentication-results"
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"([\w-]+)(?:/\d+)?\s*=\s*([\w-]+)(.*)", re.DOTALL)
_PROPERTY = re.compile(r"([\w-]+)\.([\w-]+)\s*=\s*(\"[^\"]*\"|[^\s;]+)")


class Verdict(StrEnum):
    """Whether a mail comes from the domain that its sender names."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The server says nothing of use; or no server is trusted."""


@dataclass(frozen=True)
class Result:
    """What one method found: `dmarc`, `pass`, and the domain that it is about."""

    method: str
    result: str
    domain: str


def verdict(message: Message, trusted_server: str) -> Verdict:
    """Give what `trusted_server` (its authserv-id; '' trusts none) says of the sender of a mail.

    DMARC decides where it was looked at. Else a signature or an SPF result of exactly the sender's domain proves it;
    SPF that fails without such a signature speaks against it. Of a mail with several senders nothing is known.
    """
    senders = mailboxes(message, "from")
    if not trusted_server or len(senders) != 1 or len(values_of(message, "from")) != 1:
        return Verdict.UNKNOWN
    domain = senders[0].address.rpartition("@")[2].lower()
    results = list(_results(_header_of(message, trusted_server)))
    dmarc = {one.result for one in results if one.method == "dmarc" and one.domain in {"", domain}}
    own = [one for one in results if one.method in {"dkim", "spf"} and one.domain == domain]
    if dmarc & {"pass", "fail"}:
        return Verdict.FAILED if "fail" in dmarc else Verdict.PASSED
    if any(one.result == "pass" for one in own):
        return Verdict.PASSED
    if any(one.method == "spf" and one.result in {"fail", "softfail"} for one in own):
        return Verdict.FAILED
    return Verdict.UNKNOWN


def _header_of(message: Message, trusted_server: str) -> str:
    """Give what follows the name of the trusted server in its topmost header."""
    for value in values_of(message, HEADER):
        name, _semicolon, rest = _without_comments(value).partition(";")
        if name.split()[:1] and name.split()[0].strip('"').lower() == trusted_server.lower():
            return rest
    return ""


def _without_comments(value: str) -> str:
    while (shorter := _COMMENT.sub(" ", value)) != value:
        value = shorter
    return value


def _results(text: str) -> Iterator[Result]:
    for part in text.split(";"):
        found = _RESULT.match(part.strip())
        if found is None:
            continue
        values = {
            f"{kind.lower()}.{name.lower()}": value.strip('"').rpartition("@")[2].lower()
            for kind, name, value in _PROPERTY.findall(found[3])
        }
        method = found[1].lower()
        keys = {"dmarc": ("header.from",), "dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom", "smtp.helo")}
        domain = next((values[key] for key in keys.get(method, ()) if key in values), "")
        yield Result(method, found[2].lower(), domain)
