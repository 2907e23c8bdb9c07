"""The secrets that stored data depend on: what they are, how a backup marks them, how a restore puts them back."""

import hmac
import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from helpdesk import environment

# Names of the files in the data directory and of the variables that win over them.
VARIABLES = {"secret_key": "SECRET_KEY", "encryption_key": "ENCRYPTION_KEY", "secret_salt": "SECRET_SALT"}
MARK_CHARACTERS = 8


def present_secrets() -> dict[str, str]:
    """Give the secrets in use, wherever they come from, by the names of their files."""
    return {
        "secret_key": settings.SECRET_KEY,
        "encryption_key": ",".join(settings.ENCRYPTION_KEYS),
        "secret_salt": settings.SECRET_SALT,
    }


def secret_marks(secrets: Mapping[str, str]) -> dict[str, str]:
    """Give a short mark of each secret: equal for equal ones, too short to learn anything else from."""
    return {
        name: hmac.digest(value.encode(), b"ostler backup", sha256).hex()[:MARK_CHARACTERS]
        for name, value in secrets.items()
    }


def differing_secrets(marks: Mapping[str, str]) -> list[str]:
    """Give the variables of the secrets here that are not those of the backup."""
    present = secret_marks(present_secrets())
    return [VARIABLES[name] for name, mark in marks.items() if name in present and present[name] != mark]


def put_back(secrets: Mapping[str, str], directory: Path) -> list[str]:
    """Write the secrets into the data directory, the old ones kept beside them; give the variables that hide them.

    Raises OSError when a file cannot be written.
    """
    hidden = []
    for name, value in secrets.items():
        path = directory / name
        if path.exists() and path.read_text(encoding="utf-8").strip() != value:
            path.replace(path.with_name(f"{name}.before-restore"))
        draft = path.with_name(f".{name}.new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(value)
        draft.replace(path)
        variable = VARIABLES[name]
        if environment.is_secret_given(variable):
            hidden.append(variable)
    return hidden
