"""Addresses of the ban list, below `/scp/` and in the namespace `agent`."""

from django.urls import path

from filters import agent_views

urlpatterns = [
    path("banlist.php", agent_views.legacy_ban_list),
    path("ban-list/", agent_views.ban_list, name="ban_list"),
]
