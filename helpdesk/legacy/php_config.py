"""Reads osTicket's `include/ost-config.php` as text; nothing in it is ever executed (osticket/auth.md §1)."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

DEFINE = re.compile(
    r"""define\s*\(\s*(?P<q>['"])(?P<name>\w+)(?P=q)\s*,\s*
        (?: '(?P<single>(?:[^'\\]|\\.)*)' | "(?P<double>(?:[^"\\]|\\.)*)" | (?P<word>\w+) )\s*\)\s*;""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*|//[^\n]*|/\*.*?\*/)|(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
DOUBLE_QUOTE_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "$": "$", '"': '"', "\\": "\\"}


@dataclass(frozen=True)
class PhpConfiguration:
    """What an existing installation says of its database and secrets. `port` is None where none is given."""

    host: str
    port: int | None
    socket: str
    database: str
    user: str
    password: str
    table_prefix: str
    secret_salt: str
    admin_email: str
    tls_authority: str
    trusted_proxies: str


def _without_comments(source: str) -> str:
    return "".join("" if match["comment"] else match.group() for match in TOKEN.finditer(source))


def _defines(source: str) -> Iterator[tuple[str, str]]:
    for match in DEFINE.finditer(_without_comments(source)):
        if match["single"] is not None:
            yield match["name"].upper(), re.sub(r"\\(['\\])", r"\1", match["single"])
        elif match["double"] is not None:
            yield (
                match["name"].upper(),
                re.sub(r"\\(.)", lambda m: DOUBLE_QUOTE_ESCAPES.get(m[1], m[0]), match["double"], flags=re.DOTALL),
            )
        else:
            yield match["name"].upper(), "1" if match["word"].upper() == "TRUE" else match["word"]


def _split_host(host: str) -> tuple[str, int | None, str]:
    """Split `host`, `host:port` or `host:/socket`; of a comma list the first is used."""
    name, _, rest = host.split(",")[0].strip().partition(":")
    if rest.startswith("/"):
        return name, None, rest
    return name, int(rest) if rest.isdigit() else None, ""


def parse_php_configuration(source: str, *, called: str = "OSTICKET_CONFIG") -> PhpConfiguration:
    """Give the settings of the text of an `ost-config.php`; `called` is who named the file, for messages.

    Raises ImproperlyConfigured when the database is not named (a file that the installer never filled in).
    """
    values = dict(_defines(source))
    missing = [name for name in ("DBHOST", "DBNAME", "DBUSER") if not values.get(name)]
    if missing or values.get("DBNAME", "").startswith("%CONFIG"):
        raise ImproperlyConfigured(
            f"{called}: the file does not define {', '.join(missing or ['DBNAME'])}; "
            "is it the ost-config.php of an installed osTicket?"
        )
    host, port, socket = _split_host(values["DBHOST"])
    prefix = values.get("TABLE_PREFIX", "ost_")
    admin_email = values.get("ADMIN_EMAIL", "")
    fallback_salt = hashlib.md5((prefix + admin_email).encode(), usedforsecurity=False).hexdigest()
    return PhpConfiguration(
        host=host,
        port=port,
        socket=socket,
        database=values["DBNAME"],
        user=values["DBUSER"],
        password=values.get("DBPASS", ""),
        table_prefix=prefix,
        secret_salt=values.get("SECRET_SALT") or fallback_salt,
        admin_email=admin_email,
        tls_authority=values.get("DBSSLCA", ""),
        trusted_proxies=values.get("TRUSTED_PROXIES", ""),
    )


def read_php_configuration(path: Path, *, called: str = "OSTICKET_CONFIG") -> PhpConfiguration:
    """Give the settings of the file at `path`; raise ImproperlyConfigured when it cannot be read."""
    try:
        return parse_php_configuration(path.read_text(encoding="utf-8", errors="replace"), called=called)
    except OSError as error:
        raise ImproperlyConfigured(f"{called}={str(path)!r} cannot be read: {error.strerror}.") from error
