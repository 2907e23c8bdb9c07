"""The download page of the end users' door, at osTicket's address."""

from django.urls import path

from helpdesk.files.views import download

urlpatterns = [path("file.php", download, name="file")]
