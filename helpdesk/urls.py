"""All addresses: the end-user portal at `/`, the agent portal at `/scp/` (osTicket's path)."""

from django.urls import URLPattern, URLResolver, include, path

handler400 = "helpdesk.portal.views.bad_request"

urlpatterns: list[URLPattern | URLResolver] = [
    path("scp/", include("helpdesk.agent_urls")),
    path("", include("helpdesk.files.urls")),
    path("", include("helpdesk.portal.urls")),
]
