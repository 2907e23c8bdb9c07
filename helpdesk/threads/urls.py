"""Addresses of drafts, in both portals."""

from django.urls import path

from helpdesk.threads.views import draft

urlpatterns = [path("drafts/<str:namespace>/", draft, name="draft")]
