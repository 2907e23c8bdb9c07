"""Whether SECRET_SALT belongs to the database: what was encrypted or signed with it must open again.

Three places depend on the salt (osticket/auth.md §8, osticket/mail.md §4.2): the passwords and tokens of mail
accounts, the secrets of plugins, and the Message-IDs of our own mails, which come back in the headers of replies.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from helpdesk.legacy.adoption.judgement import Problem
from helpdesk.legacy.crypto import SecretUnreadable, decrypt_with_any, hashed_subkey, plugin_instance_subkeys
from helpdesk.legacy.message_ids import find_outgoing_message_ids
from helpdesk.legacy.schema_introspection import fetch_rows

# Which clear value, besides the namespace, makes the sub-key of a mail account's secret.
MAIL_SECRETS = {"passwd": "username", "access_token": "resource_owner_email", "refresh_token": "resource_owner_email"}
NEWEST_HEADERS = 2000
PLUGIN_NAMESPACE = re.compile(r"plugin\.(?P<plugin>\d+)(\.instance\.(?P<instance>\d+))?")
ENCRYPTED = re.compile(r"\$[123]\$")


@dataclass(frozen=True)
class SaltEvidence:
    """How many stored secrets and signatures the salt opened (`fits`), and how many it should have and did not."""

    fits: int = 0
    fails: int = 0

    @property
    def is_proven(self) -> bool:
        """Whether the salt is the right one."""
        return self.fits > 0

    @property
    def is_refuted(self) -> bool:
        """Whether the salt is a wrong one."""
        return not self.fits and self.fails > 0


Namespaces = Mapping[str, Mapping[str, str]]


def weigh(
    mail: Namespaces, plugins: Namespaces, headers: Iterable[str], own_addresses: Iterable[str], secret_salt: str
) -> SaltEvidence:
    """Try the salt on configuration values by namespace and on mail headers; `own_addresses` are the help desk's.

    A plugin's secret that stays shut proves nothing, for plugins choose sub-keys of their own.
    """
    judged = [
        *(_opens(ciphertext, [subkey], secret_salt) for ciphertext, subkey in _mail_secrets(mail)),
        *_signatures(headers, own_addresses, secret_salt),
    ]
    opened = sum(_opens(ciphertext, subkeys, secret_salt) for ciphertext, subkeys in _plugin_secrets(plugins))
    return SaltEvidence(fits=judged.count(True) + opened, fails=judged.count(False))


def _mail_secrets(namespaces: Namespaces) -> Iterator[tuple[str, str]]:
    """Give encrypted text and sub-key of every secret of a mail account."""
    for namespace, values in namespaces.items():
        for key, owner in MAIL_SECRETS.items():
            if values.get(key):
                yield values[key], hashed_subkey(values.get(owner, ""), namespace)


def _plugin_secrets(namespaces: Namespaces) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give encrypted text and possible sub-keys of everything that a plugin may have encrypted."""
    for namespace, values in namespaces.items():
        match = PLUGIN_NAMESPACE.fullmatch(namespace)
        if match:
            subkeys = plugin_instance_subkeys(int(match["plugin"]), int(match["instance"] or 0))
            yield from ((value, subkeys) for value in values.values() if ENCRYPTED.match(value))


def _opens(ciphertext: str, subkeys: Sequence[str], secret_salt: str) -> bool:
    try:
        decrypt_with_any(ciphertext, subkeys=subkeys, secret_salt=secret_salt)
    except SecretUnreadable:
        return False
    return True


def _signatures(headers: Iterable[str], own_addresses: Iterable[str], secret_salt: str) -> Iterator[bool]:
    """Judge the Message-IDs under which the help desk itself sent; those of other osTickets say nothing."""
    own = {address.lower() for address in own_addresses}
    for text in headers:
        for message_id in find_outgoing_message_ids(text):
            if message_id.sender.lower() in own:
                yield message_id.is_genuine(secret_salt)


def read_evidence(connection: BaseDatabaseWrapper, prefix: str, secret_salt: str) -> SaltEvidence:
    """Try the salt on what the database with this prefix holds."""
    config = fetch_rows(
        connection,
        f"SELECT namespace, `key`, value FROM `{prefix}config`"  # noqa: S608 -- the prefix is letters and digits
        " WHERE namespace LIKE 'email.%%.account.%%' OR namespace LIKE 'plugin.%%'",
    )
    mail, plugins = _by_namespace(config, "email."), _by_namespace(config, "plugin.")
    headers = fetch_rows(
        connection,
        f"SELECT headers FROM `{prefix}thread_entry_email`"  # noqa: S608
        f" WHERE headers LIKE '%%<B%%' ORDER BY id DESC LIMIT {NEWEST_HEADERS}",
    )
    addresses = fetch_rows(connection, f"SELECT email FROM `{prefix}email`")  # noqa: S608
    return weigh(mail, plugins, [str(row[0]) for row in headers], [str(row[0]) for row in addresses], secret_salt)


def _by_namespace(rows: Iterable[tuple[Any, ...]], beginning: str) -> dict[str, dict[str, str]]:
    namespaces: dict[str, dict[str, str]] = defaultdict(dict)
    for namespace, key, value in rows:
        if namespace.startswith(beginning):
            namespaces[namespace][key] = value or ""
    return namespaces


def check_salt(evidence: SaltEvidence, *, is_given: bool, is_lost: bool) -> Problem | None:
    """Give the problem with the salt. `is_given`: people configured it; `is_lost`: they said that they have none."""
    if is_lost or evidence.is_proven:
        return None
    way_out = (
        "Set OSTICKET_CONFIG to the path of osTicket's include/ost-config.php, or SECRET_SALT to the value in it.",
        "Lost for good? “adopt --salt-lost” goes on without it: stored mail passwords must then be typed again, and",
        "links in old mails do not open.",
    )
    if not is_given:
        return Problem("salt-missing", "SECRET_SALT is not set; osTicket's own secret is needed.", way_out)
    if evidence.is_refuted:
        text = f"SECRET_SALT is not this database's: none of {evidence.fails} stored secrets and signatures fits it."
        return Problem("salt-wrong", text, way_out)
    return None


def describe_evidence(evidence: SaltEvidence, *, is_lost: bool) -> str:
    """Say in one sentence what is known about the salt."""
    if is_lost:
        return "SECRET_SALT is taken for lost: stored mail passwords cannot be read."
    if evidence.is_proven:
        return f"SECRET_SALT is right: {evidence.fits} of {evidence.fits + evidence.fails} stored secrets fit it."
    return (
        "SECRET_SALT could not be verified: nothing in this database was encrypted or signed with it. "
        "Compare it with osTicket's include/ost-config.php."
    )
