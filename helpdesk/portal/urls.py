"""Addresses of the end-user portal."""

from django.urls import path

from helpdesk.files import views as files_views
from helpdesk.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("appearance/", views.choose_theme, {"start_page": "portal:home"}, name="theme"),
    path("file.php", files_views.download, name="file"),
]
