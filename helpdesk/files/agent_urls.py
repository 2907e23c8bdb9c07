"""The download page of the agents' door, at osTicket's address below `/scp/`."""

from django.urls import path

from helpdesk.files.views import download

urlpatterns = [path("file.php", download, name="file")]
