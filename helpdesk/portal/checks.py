"""System checks of the whole house: values that must not reach production, or that cannot work together.

`manage.py check` runs the first group before most commands; `manage.py check --deploy` runs all, beside Django's own.
"""

import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    NumericPasswordValidator,
)
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 -- Django's names
from django.core.exceptions import ValidationError

Apps = Sequence[AppConfig] | None

SHORTEST_SECRET = 32
SHORTEST_PASSWORD = 10
SHORTEST_TOKEN = 20
# What examples and the side-cars of osTicket installations have where a secret belongs; letters and digits only.
KNOWN_SECRETS = re.compile(
    r"^(secret|supersecret|development|dev|test|password)$|your(secret|session|jwt|api)|change(me|this|it|in)|"
    r"djangoinsecure|insecure|notsecure|keyboardcat|replace(me|this)|placeholder"
)


@register(Tags.security)
def encryption_keys_are_usable(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Every part of ENCRYPTION_KEY must be a Fernet key, else stored credentials could be neither written nor read."""
    return [
        Error(
            f"Key {position} of ENCRYPTION_KEY is not a Fernet key.",
            hint="Make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
            id="hd_portal.E001",
        )
        for position, key in enumerate(settings.ENCRYPTION_KEYS, start=1)
        if not _is_fernet_key(key)
    ]


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


@register(Tags.security, deploy=True)
def debug_pages_are_off(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Debug pages show settings, queries and source to whoever causes an error."""
    if not settings.DEBUG:
        return []
    return [Error("Debug pages are on.", hint="Unset DEBUG and NODE_ENV.", id="hd_portal.E002")]


@register(Tags.security, deploy=True)
def secret_key_is_secret(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Whoever knows or guesses SECRET_KEY signs in as anybody."""
    hint = "Unset SECRET_KEY: a random one is made and kept in the data directory."
    if KNOWN_SECRETS.search(re.sub(r"[^a-z0-9]", "", settings.SECRET_KEY.lower())):
        return [Error("SECRET_KEY is a well-known default.", hint=hint, id="hd_portal.E003")]
    if len(settings.SECRET_KEY) < SHORTEST_SECRET:
        return [Error(f"SECRET_KEY has fewer than {SHORTEST_SECRET} characters.", hint=hint, id="hd_portal.E004")]
    return []


@register(Tags.security, deploy=True)
def monitoring_tokens_are_secret(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Whoever guesses HEALTH_TOKEN or METRICS_TOKEN reads versions, paths and failures."""
    given = {"HEALTH_TOKEN": settings.HEALTH_TOKEN, "METRICS_TOKEN": settings.METRICS_TOKEN}
    short = [name for name, token in given.items() if token and len(token) < SHORTEST_TOKEN]
    hint = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
    return [
        Error(f"{name} has fewer than {SHORTEST_TOKEN} characters.", hint=hint, id="hd_portal.E011") for name in short
    ]


@register(Tags.security, deploy=True)
def hosts_are_named(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """With any Host header accepted, links in password mails lead where the sender of the request wants."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Error("ALLOWED_HOSTS accepts every host.", hint="Name the help desk's own host names.", id="hd_portal.E005")
    ]


@register(Tags.security, deploy=True)
def administrator_password_is_strong(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """ADMIN_PASSWORD, when given, must not be guessable: the first administrator gets it."""
    password = settings.ADMIN_PASSWORD
    if not password:
        return []
    weaknesses = list(_weaknesses(password))
    if password.lower() == settings.ADMIN_USERNAME.lower():
        weaknesses.append("It is the user name.")
    if not weaknesses:
        return []
    return [
        Error(
            f"ADMIN_PASSWORD is weak. {' '.join(weaknesses)}",
            hint="Unset it: a random one is made and shown once.",
            id="hd_portal.E006",
        )
    ]


def _weaknesses(password: str) -> Iterator[str]:
    for validator in (
        MinimumLengthValidator(SHORTEST_PASSWORD),
        CommonPasswordValidator(),
        NumericPasswordValidator(),
    ):
        try:
            validator.validate(password)
        except ValidationError as error:
            yield from error.messages


@register(Tags.security, deploy=True)
def address_and_https_agree(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """An https address with HTTPS=0 leaves cookies without `Secure`: any plain http request would give them away."""
    if settings.HTTPS or not settings.HELPDESK_URL.lower().startswith("https:"):
        return []
    return [
        Error(
            "HELPDESK_URL begins with https://, but HTTPS is 0: cookies may travel unencrypted.",
            hint="Set HTTPS=1, and BEHIND_PROXY=1 when a proxy speaks https; else write http:// in HELPDESK_URL.",
            id="hd_portal.E009",
        )
    ]


@register(Tags.security, deploy=True)
def data_directory_is_private(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """The data directory holds the keys and, with SQLite, every message."""
    directory = Path(settings.DATA_DIR)
    if not directory.exists() or not directory.stat().st_mode & (stat.S_IROTH | stat.S_IWOTH | stat.S_IXOTH):
        return []
    hint = f"chmod 0700 {directory}"
    return [Warning("Other users of this machine can enter the data directory.", hint=hint, id="hd_portal.W010")]


@register(Tags.caches, deploy=True)
def processes_share_what_they_must(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """A database server invites several hosts; files of one host as cache or broker do not reach the others."""
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return []
    hint = "Set {} to a Redis server unless everything runs on this one host."
    warnings: list[CheckMessage] = []
    if settings.CACHES["default"]["BACKEND"].endswith("FileBasedCache"):
        warnings.append(Warning("The cache is on this host only.", hint=hint.format("CACHE_URL"), id="hd_portal.W007"))
    if settings.CELERY_BROKER_URL.startswith("filesystem"):
        warnings.append(
            Warning(
                "Jobs are handed over through files of this host.", hint=hint.format("BROKER_URL"), id="hd_portal.W008"
            )
        )
    return warnings
