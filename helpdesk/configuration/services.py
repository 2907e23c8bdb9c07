"""Changes of settings and lines of the system log."""

from collections.abc import Mapping
from enum import IntEnum

from django.db import transaction
from django.utils.timezone import now

from helpdesk.configuration.changes import announce
from helpdesk.configuration.models import ConfigItem, SystemLogEntry
from helpdesk.configuration.policies import SettingsActor, check_may_change_setting
from helpdesk.configuration.selectors import current


class LogLevel(IntEnum):
    """The importance of a line of the system log; the setting `log_level` says up to which number lines are kept."""

    ERROR = 1
    WARNING = 2
    DEBUG = 3


def set_setting(namespace: str, key: str, value: str | int | bool, actor: SettingsActor) -> None:
    """Write one setting; see `set_settings`."""
    set_settings(namespace, {key: value}, actor)


def set_settings(namespace: str, values: Mapping[str, str | int | bool], actor: SettingsActor) -> None:
    """Write settings of a namespace as osTicket does: truth values as `1` and `0`, `updated` = now.

    Every process sees them after the commit, the open transaction at once. Raises PermissionRefused.
    """
    check_may_change_setting(actor, namespace)
    texts = {key: _as_text(value) for key, value in values.items()}
    with transaction.atomic():
        for key, text in texts.items():
            ConfigItem.objects.update_or_create(
                namespace=namespace, key=key, defaults={"value": text, "updated": now()}
            )
        announce(namespace, texts)


def remove_setting(namespace: str, key: str, actor: SettingsActor) -> None:
    """Delete the row of a setting, so that its class default holds again. Raises PermissionRefused."""
    check_may_change_setting(actor, namespace)
    with transaction.atomic():
        ConfigItem.objects.filter(namespace=namespace, key=key).delete()
        announce(namespace, {key: None})


def log_system(level: LogLevel, title: str, text: str, ip_address: str = "") -> SystemLogEntry | None:
    """Write a line of the system log that administrators read, unless `log_level` leaves this level out.

    Returns the row, None when it was left out. Titles are cut to what the column holds.
    """
    if level > current().integer("log_level"):
        return None
    return SystemLogEntry.objects.create(
        log_type=level.name.capitalize(), title=title[:255], log=text, logger="", ip_address=ip_address[:64]
    )


def _as_text(value: str | int | bool) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
