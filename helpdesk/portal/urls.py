"""Addresses of the end-user portal."""

from django.urls import URLPattern, URLResolver, include, path

from helpdesk.files import views as files_views
from helpdesk.portal import uploads, views

app_name = "portal"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("appearance/", views.choose_theme, {"start_page": "portal:home"}, name="theme"),
    path("file.php", files_views.download, name="file"),
    path("uploads/<int:field_id>/", uploads.upload, name="upload"),
    path("", include("helpdesk.threads.urls")),
    path("", include("helpdesk.accounts.portal_urls")),
    path("", include("helpdesk.knowledge.portal_urls")),
    path("", include("tickets.portal_urls")),
]
