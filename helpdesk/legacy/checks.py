"""System checks of what stands in the database; `manage.py check --database default` and `migrate` run them."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 -- Django's names
from django.db import DatabaseError, connections

from helpdesk.legacy.indexes import obsolete_indexes, outdated_indexes


@register(Tags.database)
def indexes_are_of_this_version(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Indexes of an earlier version take time at every change of a ticket and give none back."""
    found: list[CheckMessage] = []
    for alias in databases or ():
        try:
            old = [*outdated_indexes(connections[alias]), *obsolete_indexes(connections[alias])]
        except DatabaseError:
            continue  # what is wrong with the database itself, others tell
        if old:
            names = ", ".join(sorted({index.name for index in old}))
            hint = "manage.py legacy_indexes --apply makes them anew or removes them; the help desk goes on meanwhile."
            found.append(Warning(f"Indexes of an earlier version: {names}.", hint=hint, id="hd_legacy.W001"))
    return found
