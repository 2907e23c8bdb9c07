"""Addresses of the agent portal, below `/scp/` (osTicket's path) and in the namespace `agent`."""

from django.urls import URLPattern, URLResolver, include, path

app_name = "agent"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("helpdesk.accounts.agent_urls")),
    path("", include("helpdesk.files.agent_urls")),
    path("", include("helpdesk.threads.urls")),
    path("", include("helpdesk.portal.agent_urls")),
    path("", include("helpdesk.directory.agent_urls")),
    path("", include("helpdesk.reports.agent_urls")),
    path("", include("filters.agent_urls")),
    path("", include("helpdesk.knowledge.agent_urls")),
    path("", include("tickets.agent_urls")),
    path("", include("tasks.agent_urls")),
]
