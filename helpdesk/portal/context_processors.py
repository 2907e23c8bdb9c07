"""What the layouts of both portals need on every page. Nothing here asks the database before a template uses it."""

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from helpdesk import configuration
from helpdesk.accounts.models import Account
from helpdesk.health.selectors import is_trouble_known
from helpdesk.knowledge.readers import knowledge_base_is_open
from helpdesk.mail.transport import has_server
from helpdesk.people.models import EndUser
from helpdesk.people.permissions import AgentPermission
from helpdesk.portal.areas import Area, areas_for
from tasks.counters import TaskCounts, task_counts
from tickets.screens import NavigationQueue
from tickets.selectors import navigation_for
from tickets.visitors import visitor_of

THEME_COOKIE = "theme"
THEMES = frozenset({"light", "dark"})


def portal(request: HttpRequest) -> dict[str, Any]:
    """Give the name of the help desk and the look that the visitor chose ('' leaves it to the operating system).

    Templates of the end users' portal ask whether the visitor has a list of tickets: one who is signed in has.
    """
    theme = request.COOKIES.get(THEME_COOKIE, "")

    def has_tickets() -> bool:
        visitor = visitor_of(request) if hasattr(request, "session") else None
        return visitor is not None and not visitor.is_guest

    return {
        "help_desk_title": SimpleLazyObject(lambda: configuration.current().text("helpdesk_title", "Ostler")),
        "theme": theme if theme in THEMES else "",
        "has_tickets": has_tickets,
        "signed_in_user": SimpleLazyObject(lambda: _signed_in_user(request)),
        "mail_cannot_leave": SimpleLazyObject(lambda: not has_server()),
        "has_knowledge_base": SimpleLazyObject(lambda: knowledge_base_is_open(request)),
    }


def _signed_in_user(request: HttpRequest) -> EndUser | None:
    account = getattr(request, "user", None)
    return account.end_user if isinstance(account, Account) else None


def agent_portal(request: HttpRequest) -> dict[str, Any]:
    """Give the agent who passed the door, queues and other areas, what he may begin, and whether to warn him.

    Templates call the functions, so that other answers cost nothing; `trouble` asks the cache alone. What a template
    asks for several times is made once.
    """
    access = getattr(request, "access", None)
    if access is None:
        return {}

    @cache
    def navigation() -> list[NavigationQueue]:
        return navigation_for(access, now=timezone.now(), is_brief=True)

    @cache
    def areas() -> list[Area]:
        return areas_for(access)

    @cache
    def task_numbers() -> TaskCounts:
        return task_counts(access, now=timezone.now())

    def trouble() -> bool:
        return access.agent.isadmin and is_trouble_known(now=timezone.now())

    @cache
    def may_open_directory() -> bool:
        return bool(access.has_agent_permission(AgentPermission.USER_DIRECTORY))

    @cache
    def may_open_tickets() -> bool:
        return bool(access.has_permission_anywhere("ticket.create"))

    return {
        "agent": access.agent,
        "areas": areas,
        "navigation": navigation,
        "task_numbers": task_numbers,
        "trouble": trouble,
        "may_open_directory": may_open_directory,
        "may_open_tickets": may_open_tickets,
    }
