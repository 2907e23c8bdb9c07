"""The settings of the recorded help desk, most of which are those of a fresh one."""

from __future__ import annotations

from collections.abc import Mapping

from helpdesk.configuration.models import ConfigItem
from helpdesk.configuration.services import set_settings
from helpdesk.people.actor import Actor

NAMESPACE = "core"


def use_recorded_settings(values: Mapping[str, str | int | bool]) -> None:
    """Let these settings hold; rows that hold them already stay as they are."""
    rows = ConfigItem.objects.filter(namespace=NAMESPACE, key__in=list(values))
    present = dict(rows.values_list("key", "value"))
    others = {key: value for key, value in values.items() if present.get(key) != str(value)}
    set_settings(NAMESPACE, others, Actor.system())
