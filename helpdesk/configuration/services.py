"""Changes of settings and lines of the system log."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import IntEnum

from django.db import DatabaseError, transaction
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from helpdesk.audit.services import Action, ObjectType, difference, record_change
from helpdesk.configuration.catalogue import Value
from helpdesk.configuration.changes import announce
from helpdesk.configuration.defaults import CORE
from helpdesk.configuration.models import ConfigItem, SystemLogEntry
from helpdesk.configuration.policies import SettingsActor, check_may_change_setting
from helpdesk.configuration.selectors import current
from helpdesk.configuration.snapshot import Snapshot
from helpdesk.configuration.subjects import ALERTS, SETTINGS
from helpdesk.legacy.errors import ValidationFailed
from helpdesk.legacy.text_fields import cut_to_column

PURGE_SLICE = 500


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
        _record(namespace, texts, actor)
        for key, text in texts.items():
            ConfigItem.objects.update_or_create(
                namespace=namespace, key=key, defaults={"value": text, "updated": now()}
            )
        announce(namespace, texts)


def change_settings(values: Mapping[str, Value], actor: SettingsActor) -> dict[str, str]:
    """Change settings of `core` that administrators know (`subjects.py`); gives those that were written.

    A setting whose meaning stays the same keeps its row as it is, or stays without one. Raises PermissionRefused;
    ValidationFailed that names the setting, for a value that it cannot have, an alert without recipients, and an
    address list that would shut the administrator out.
    """
    check_may_change_setting(actor, CORE)
    present = current()
    changed: dict[str, str] = {}
    for key, value in values.items():
        setting = SETTINGS[key]
        if value != setting.meaning(present.get(key)):
            changed[key] = setting.stored_form(value)
    after = present.changed(dict(changed))
    for alert in ALERTS:
        is_asked = alert.switch in changed or any(key in changed for key in alert.recipients)
        if is_asked and after.boolean(alert.switch) and not any(map(after.boolean, alert.recipients)):
            raise ValidationFailed(_("Choose at least one recipient."), code="no_recipient", field=alert.switch)
    if {"acl", "acl_backend"} & set(changed):
        _check_keeps_door_open(after, actor.ip_address)
    set_settings(CORE, changed, actor)
    return changed


def _check_keeps_door_open(after: Snapshot, ip_address: str) -> None:
    entries = [entry.strip() for entry in after.text("acl").split(",") if entry.strip()]
    if not ip_address or not entries or after.text("acl_backend") not in ("1", "3"):
        return
    if not any(_is_within(ip_address, entry) for entry in entries):
        message = _("Your own address %(address)s is not among them: you would shut yourself out.")
        raise ValidationFailed(message % {"address": ip_address}, code="shut_out", field="acl")


def _is_within(address: str, entry: str) -> bool:
    """Whether an address is this one or lies in this range; an entry that is neither holds nobody."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False


def remove_setting(namespace: str, key: str, actor: SettingsActor) -> None:
    """Delete the row of a setting, so that its class default holds again. Raises PermissionRefused."""
    check_may_change_setting(actor, namespace)
    with transaction.atomic():
        _record(namespace, {key: None}, actor)
        ConfigItem.objects.filter(namespace=namespace, key=key).delete()
        announce(namespace, {key: None})


def delete_log_entries(entries: Iterable[int], actor: SettingsActor) -> int:
    """Delete lines of the system log, by their numbers; gives how many there were. Raises PermissionRefused."""
    check_may_change_setting(actor, CORE)
    with transaction.atomic():
        deleted = SystemLogEntry.objects.filter(pk__in=list(entries)).delete()[0]
        if deleted:
            changes = difference({"lines": deleted}, {})
            record_change(actor, Action.DELETED, ObjectType.SYSTEM_LOG, "", "", changes)
    return deleted


def purge_log(*, before: datetime, actor: SettingsActor) -> int:
    """Delete the lines of the system log that are older than `before` (aware); gives how many there were.

    In slices, each a transaction of its own, so that nobody waits for a big sweep. Raises PermissionRefused.
    """
    check_may_change_setting(actor, CORE)
    deleted = 0
    old = SystemLogEntry.objects.filter(created__lt=before).order_by("pk")
    while entries := list(old.values_list("pk", flat=True)[:PURGE_SLICE]):
        deleted += SystemLogEntry.objects.filter(pk__in=entries).delete()[0]
    if deleted and actor.agent is not None:
        changes = difference({"lines": deleted, "older than": before}, {})
        record_change(actor, Action.DELETED, ObjectType.SYSTEM_LOG, "", "", changes)
    return deleted


def log_system(level: LogLevel, title: str, text: str, ip_address: str = "") -> SystemLogEntry | None:
    """Write a line of the system log that administrators read, unless `log_level` leaves this level out.

    Returns the row, None when it was left out. Texts are cut with `…` to what the columns hold.
    """
    if level > current().integer("log_level"):
        return None
    line = SystemLogEntry.objects.create(
        log_type=level.name.capitalize(),
        title=cut_to_column(SystemLogEntry, "title", title),
        log=cut_to_column(SystemLogEntry, "log", text),
        logger="",
        ip_address=cut_to_column(SystemLogEntry, "ip_address", ip_address),
    )
    written = _written.get()
    if written is not None:
        written.append(line)
    return line


_written: ContextVar[list[SystemLogEntry] | None] = ContextVar("written_log_lines", default=None)


@contextmanager
def log_lines_kept() -> Iterator[None]:
    """Let lines of the system log stay that are written within, when what refuses takes its transaction back.

    To be put around the transaction, and around nothing that commits before it refuses. A database that does not answer
    gets no lines, and a transaction that it broke off is repeated, lines and all.
    """
    written: list[SystemLogEntry] = []
    token = _written.set(written)
    try:
        yield
    except DatabaseError:
        raise
    except Exception:
        for line in written:
            line.pk = None
            line.save(force_insert=True)
        raise
    finally:
        _written.reset(token)
        outer = _written.get()
        if outer is not None:
            outer += written


def _record(namespace: str, changes: Mapping[str, str | None], actor: SettingsActor) -> None:
    """Write the trail, before the rows change; outside `core` without values, for credentials live there."""
    rows = ConfigItem.objects.filter(namespace=namespace, key__in=list(changes))
    before: dict[str, str | None] = dict.fromkeys(changes) | dict(rows.values_list("key", "value"))
    secrets = () if namespace == CORE else tuple(changes)
    record_change(
        actor,
        Action.CHANGED,
        ObjectType.SETTINGS,
        namespace,
        namespace,
        difference(before, changes, secrets=secrets),
    )


def _as_text(value: str | int | bool) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
