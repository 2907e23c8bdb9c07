"""What the layouts of both portals need on every page. Nothing here asks the database before a template uses it."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from helpdesk import configuration
from tickets.screens import NavigationQueue
from tickets.selectors import navigation_for

THEME_COOKIE = "theme"
THEMES = frozenset({"light", "dark"})


def portal(request: HttpRequest) -> dict[str, Any]:
    """Give the name of the help desk and the look that the visitor chose ('' leaves it to the operating system)."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "help_desk_title": SimpleLazyObject(lambda: configuration.current().text("helpdesk_title", "Ostler")),
        "theme": theme if theme in THEMES else "",
    }


def agent_portal(request: HttpRequest) -> dict[str, Any]:
    """Give the agent who passed the door and the queues; templates call `navigation`, so other answers cost nothing."""
    access = getattr(request, "access", None)
    if access is None:
        return {}

    def navigation() -> list[NavigationQueue]:
        return navigation_for(access, now=timezone.now())

    return {"agent": access.agent, "navigation": navigation}
