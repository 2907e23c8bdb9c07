"""All addresses: end-user portal at `/`, agent portal at `/scp/` (osTicket's path), administration at `/admin/`."""

from django.urls import URLPattern, URLResolver, include, path

from helpdesk.administration.site import site

handler400 = "helpdesk.portal.views.bad_request"

urlpatterns: list[URLPattern | URLResolver] = [
    path("scp/", include("helpdesk.agent_urls")),
    path("admin/", site.urls),
    path("", include("helpdesk.files.urls")),
    path("", include("helpdesk.portal.urls")),
]
