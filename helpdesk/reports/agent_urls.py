"""Addresses of the statistics, below `/scp/` and in the namespace `agent`."""

from django.urls import path

from helpdesk.reports import agent_views

urlpatterns = [
    path("statistics/", agent_views.statistics, name="statistics"),
    path("statistics/export/", agent_views.export_statistics, name="statistics_export"),
    path("dashboard.php", agent_views.legacy_dashboard),
]
