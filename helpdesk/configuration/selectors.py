"""The settings of the help desk: `current()` for namespace `core`, `settings_of()` for any other.

Kept per process. A warm read costs no query: each unit of work (request, background task) asks the shared cache once
whether another process changed a setting. Rows older than ten seconds are read again, because osTicket itself may
write to the same table without telling us.
"""

import time
from dataclasses import dataclass

from django.db import connection

from helpdesk.configuration.changes import pending_changes, shared_version, start_unit_of_work
from helpdesk.configuration.defaults import CORE, agent_namespace
from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.snapshot import Snapshot

LONGEST_AGE = 10.0
"""Seconds after which a change made by osTicket is seen here."""
MOST_NAMESPACES = 2000
"""Namespaces kept in memory; beyond that all are forgotten and read anew as needed."""

clock = time.monotonic


@dataclass(frozen=True)
class _Loaded:
    """A snapshot with the version it belongs to and the moment it was read."""

    snapshot: Snapshot
    version: str | None
    at: float


_kept: dict[str, _Loaded] = {}


def current() -> Snapshot:
    """Give the settings of namespace `core`."""
    return settings_of(CORE)


def agent_settings(staff_id: int) -> Snapshot:
    """Give the settings that an agent chose (osticket/config.md §3)."""
    return settings_of(agent_namespace(staff_id))


def settings_of(namespace: str) -> Snapshot:
    """Give the settings of a namespace, including changes of the running transaction."""
    pending = pending_changes(connection, namespace)
    loaded = _kept.get(namespace)
    if loaded is None or (not pending and _is_outdated(loaded)):
        loaded = _load(namespace)
        if not pending:  # else the rows may be rolled back
            _keep(namespace, loaded)
    return loaded.snapshot.changed(pending)


def forget() -> None:
    """Drop everything this process knows; the next read asks the database."""
    _kept.clear()
    start_unit_of_work()


def _is_outdated(loaded: _Loaded) -> bool:
    return clock() - loaded.at >= LONGEST_AGE or loaded.version != shared_version()


def _load(namespace: str) -> _Loaded:
    """Read the rows; the version is asked first: a change in between causes one more reading, never one less."""
    version, at = shared_version(), clock()
    rows = dict(ConfigItem.objects.filter(namespace=namespace).values_list("key", "value"))
    return _Loaded(Snapshot(namespace, rows), version, at)


def _keep(namespace: str, loaded: _Loaded) -> None:
    if len(_kept) >= MOST_NAMESPACES:
        _kept.clear()
    _kept[namespace] = loaded
