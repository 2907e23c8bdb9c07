"""Plugins: installed Python packages that name a function in the entry point group `ostler.plugins`.

    [project.entry-points."ostler.plugins"]
    stars = "ostler_stars:register"

The function is called once in every process, when all apps are there. It fills the registries that apps own, for
example with a field type (`helpdesk.forms.field_types.register`).
"""

from __future__ import annotations

from importlib.metadata import entry_points

import structlog
from django.core.exceptions import ImproperlyConfigured

log = structlog.get_logger(__name__)

GROUP = "ostler.plugins"


def load_plugins() -> list[str]:
    """Call the function of every installed plugin, in the order of their names; give the names.

    Raises ImproperlyConfigured naming the plugin that cannot be loaded: a help desk that silently lacks a part of
    itself would lose answers or mails.
    """
    loaded = []
    for entry_point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        try:
            entry_point.load()()
        except Exception as error:
            which = f"The plugin {entry_point.name} ({entry_point.value})"
            raise ImproperlyConfigured(f"{which} cannot be loaded: {error}. Repair or uninstall it.") from error
        loaded.append(entry_point.name)
    if loaded:
        log.info("plugins_loaded", names=loaded)
    return loaded
