"""What the layouts of both portals need on every page. Nothing here asks the database before a template uses it."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from helpdesk import configuration

THEME_COOKIE = "theme"
THEMES = frozenset({"light", "dark"})


def portal(request: HttpRequest) -> dict[str, Any]:
    """Give the name of the help desk and the look that the visitor chose ('' leaves it to the operating system)."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "help_desk_title": SimpleLazyObject(lambda: configuration.current().text("helpdesk_title", "Ostler")),
        "theme": theme if theme in THEMES else "",
    }
