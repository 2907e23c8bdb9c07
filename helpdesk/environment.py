"""Typed readers of environment variables.

Every value that cannot be understood stops the start with a message that names the variable and what it accepts.
Secrets may be given as `NAME` or, for container secrets, as `NAME_FILE` (path of a file that holds the value).
"""

import os
import re
import secrets
import zoneinfo
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off", ""})


def text(name: str, default: str = "") -> str:
    """Give the variable without surrounding blanks, or `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool) -> bool:
    """Give True or False for the usual words; raise ImproperlyConfigured for any other."""
    word = os.environ.get(name)
    if word is None:
        return default
    word = word.strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise ImproperlyConfigured(f"{name}={word!r} is neither true nor false: use 1 or 0.")


def integer(name: str, default: int, *, minimum: int | None = None, maximum: int | None = None) -> int:
    """Give a whole number within the bounds; raise ImproperlyConfigured otherwise."""
    word = text(name)
    if not word:
        return default
    try:
        number = int(word)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={word!r} is not a whole number.") from None
    if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
        raise ImproperlyConfigured(f"{name}={number} is outside {minimum}..{maximum}.")
    return number


def choice(name: str, default: str, allowed: Collection[str]) -> str:
    """Give the variable in lower case when it is one of `allowed`; raise ImproperlyConfigured otherwise."""
    word = text(name, default).lower()
    if word not in allowed:
        raise ImproperlyConfigured(f"{name}={word!r} is unknown: use one of {', '.join(sorted(allowed))}.")
    return word


def matching(name: str, default: str, pattern: str, explanation: str) -> str:
    """Give the variable when all of it matches `pattern` (it may be set to an empty text on purpose)."""
    word = os.environ.get(name, default).strip()
    if not re.fullmatch(pattern, word):
        raise ImproperlyConfigured(f"{name}={word!r}: {explanation}")
    return word


def time_zone(name: str, default: str) -> str:
    """Give the name of a time zone of the IANA database; raise ImproperlyConfigured for any other."""
    word = text(name, default)
    if word not in zoneinfo.available_timezones():
        raise ImproperlyConfigured(f"{name}={word!r} is not a time zone: use a name such as UTC or Europe/Riga.")
    return word


def word_list(name: str, default: str = "") -> list[str]:
    """Give the comma-separated words of the variable."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def host_names(name: str, default: str) -> list[str]:
    """Give the comma-separated host names; raise ImproperlyConfigured for one with a scheme, a path or a blank."""
    hosts = word_list(name, default)
    for host in hosts:
        if re.search(r"[/\s@?#]", host):
            raise ImproperlyConfigured(
                f"{name}: {host!r} is no host name: leave out https:// and everything behind it."
            )
    return hosts


def secret(name: str) -> str:
    """Give the secret from `NAME` or from the file named by `NAME_FILE`; '' when neither is set.

    Raises ImproperlyConfigured when both are set, or the file cannot be read, is no text or is empty: another secret
    must never silently take its place.
    """
    value, path = text(name), text(f"{name}_FILE")
    if value and path:
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    if not path:
        return value
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE={path!r} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{name}_FILE={path!r} is not a text in UTF-8.") from None
    if not value:
        raise ImproperlyConfigured(f"{name}_FILE={path!r} is empty.")
    return value


def secret_address(name: str, schemes: Collection[str]) -> str:
    """Give the address (it may hold a password) from `NAME` or `NAME_FILE`, '' when neither is set.

    Raises ImproperlyConfigured when it does not begin with one of `schemes`.
    """
    address = secret(name)
    scheme, separator, _rest = address.partition("://")
    if address and not (separator and scheme.lower() in schemes):
        known = ", ".join(f"{known}://" for known in sorted(schemes))
        raise ImproperlyConfigured(f"{name} is no address that is understood here: it begins with one of {known}.")
    return address


def data_directory(house: Path) -> Path:
    """Give `DATA_DIR`, else `var/` of a checkout, else (an installed copy) the user's directory for program data."""
    given = text("DATA_DIR")
    if given:
        return Path(given).absolute()
    if (house / "manage.py").exists():
        return house / "var"
    return Path(text("XDG_DATA_HOME") or Path.home() / ".local" / "share").absolute() / "ostler"


def make_data_directory(directory: Path) -> None:
    """Make the data directory for this user alone (mode 700); one without DATA_DIR is closed to others if it was open.

    A directory that DATA_DIR names and that exists is left as it is: `check --deploy` warns of an open one.
    """
    with suppress(OSError):  # what needs a file there says so; with servers and all keys given nothing does
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
        if not text("DATA_DIR") and status.st_uid == os.geteuid() and status.st_mode & 0o077:
            directory.chmod(0o700)


def is_secret_given(name: str) -> bool:
    """Tell whether `NAME` or `NAME_FILE` is set."""
    return bool(text(name) or text(f"{name}_FILE"))


def remembered_secret(name: str, path: Path, make: Callable[[], str]) -> str:
    """Give the secret of the environment, else the one kept in `path`, which is made (mode 600) at the first start."""
    value = secret(name)
    if value:
        return value
    try:
        return path.read_text(encoding="utf-8").strip() if path.exists() else _remember(path, make())
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path} cannot be read or made: {error.strerror}. Give {name}, or a DATA_DIR that this user may write to."
        ) from error


def _remember(path: Path, made: str) -> str:
    """Keep the secret in `path`, unless another process has done so, and give what is kept."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Several processes may start at once: the first to link its file wins, all read that one.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(made)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text(encoding="utf-8").strip()
