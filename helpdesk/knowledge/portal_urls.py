"""Addresses of the knowledge base for end users, in the namespace `portal`; those in `.php` are osTicket's."""

from django.urls import path

from helpdesk.knowledge import portal_views

urlpatterns = [
    path("kb/", portal_views.index, name="kb"),
    path("kb/index.php", portal_views.index),
    path("kb/faq.php", portal_views.legacy_faq),
    path("kb/suggestions/", portal_views.suggestions, name="kb_suggestions"),
    path("kb/categories/<int:category_id>/", portal_views.category, name="kb_category"),
    path("kb/faqs/<int:faq_id>/", portal_views.faq, name="kb_faq"),
    path("pages/<str:slug>", portal_views.page, name="page"),
    path("pages/<str:slug>/", portal_views.page),
]
