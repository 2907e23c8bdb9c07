"""Addresses of the agent portal that belong to no single app, below `/scp/` and in the namespace `agent`."""

from django.urls import path

from helpdesk.files import views as files_views
from helpdesk.portal import uploads, views

urlpatterns = [
    path("appearance/", views.choose_theme, {"start_page": "agent:index"}, name="theme"),
    path("file.php", files_views.download, name="file"),
    path("uploads/<int:field_id>/", uploads.upload, name="upload"),
]
