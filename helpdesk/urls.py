"""All addresses: the end-user portal at `/`, the agent portal at `/scp/` (osTicket's path)."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
