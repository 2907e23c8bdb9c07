"""What the mail server that we trust found out about the sender (RFC 8601, `Authentication-Results`).

Only the topmost header of that server counts: senders can write such headers, too, but not above those of the server
that received the mail, which also takes away what others wrote in its name (RFC 8601 §5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from enum import StrEnum

from helpdesk.mail.reading.headers import mailboxes, values_of

HEADER = "authentication-results"
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^"();]+|.', re.DOTALL)
_TOKEN_OF_COMMENT = re.compile(r"\\.|[^()\\]+|.", re.DOTALL)
_RESULT = re.compile(r"([\w-]+)(?:/\d+)?\s*=\s*([\w-]+)(.*)", re.DOTALL)
_PROPERTY = re.compile(
    r"""("(?:[^"\\]|\\.)*")|\b([\w-]{1,40})\.([\w-]{1,40})\s*=\s*((?:"(?:[^"\\]|\\.)*"|[^\s";])+)""", re.DOTALL
)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


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
    results = list(_results(_said_by(message, trusted_server)))
    dmarc = {one.result for one in results if one.method == "dmarc" and one.domain in {"", domain}}
    own = [one for one in results if one.method in {"dkim", "spf"} and one.domain == domain]
    if dmarc & {"pass", "fail"}:
        return Verdict.FAILED if "fail" in dmarc else Verdict.PASSED
    if any(one.result == "pass" for one in own):
        return Verdict.PASSED
    if any(one.method == "spf" and one.result in {"fail", "softfail"} for one in own):
        return Verdict.FAILED
    return Verdict.UNKNOWN


def _said_by(message: Message, trusted_server: str) -> list[str]:
    """Give what the trusted server says in its topmost header, part by part."""
    for value in values_of(message, HEADER):
        name, *parts = _parts(value)
        if name.split()[:1] and name.split()[0].strip('"').lower() == trusted_server.lower():
            return parts
    return []


def _parts(value: str) -> list[str]:
    """Give what stands between semicolons, without comments.

    Text in quotation marks stays whole: servers repeat there what senders wrote.
    """
    parts: list[list[str]] = [[]]
    place = depth = 0
    while place < len(value):
        found = (_TOKEN_OF_COMMENT if depth else _TOKEN).match(value, place)
        piece = found[0] if found else value[place]
        place += len(piece)
        if piece == "(":
            depth += 1
            parts[-1].append(" ")
        elif depth:
            depth -= piece == ")"
        elif piece == '"':  # the closing one is missing: nobody knows who wrote the rest
            break
        elif piece == ";":
            parts.append([])
        else:
            parts[-1].append(piece)
    return ["".join(pieces) for pieces in parts]


def _results(parts: Iterable[str]) -> Iterator[Result]:
    for part in parts:
        found = _RESULT.match(part.strip())
        if found is None:
            continue
        values = {
            f"{kind.lower()}.{name.lower()}": _domain_of(value)
            for _other, kind, name, value in _PROPERTY.findall(found[3])
            if kind
        }
        method = found[1].lower()
        keys = {"dmarc": ("header.from",), "dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom", "smtp.helo")}
        domain = next((values[key] for key in keys.get(method, ()) if key in values), "")
        yield Result(method, found[2].lower(), domain)


def _domain_of(value: str) -> str:
    """Give what stands behind the last @; of a part before it in quotation marks nothing counts."""
    plain = value[1:-1] if _QUOTED.fullmatch(value) else _QUOTED.sub("", value)
    return plain.rpartition("@")[2].lower()
