"""Addresses of the knowledge base for agents, below `/scp/` and in the namespace `agent`; `.php` are osTicket's."""

from django.urls import path

from helpdesk.knowledge import agent_views

urlpatterns = [
    path("kb/", agent_views.index, name="kb"),
    path("kb.php", agent_views.index),
    path("faq.php", agent_views.legacy_faq),
    path("categories.php", agent_views.index),
    path("kb/categories/new/", agent_views.edit_category, name="kb_category_new"),
    path("kb/categories/<int:category_id>/", agent_views.category, name="kb_category"),
    path("kb/categories/<int:category_id>/edit/", agent_views.edit_category, name="kb_category_edit"),
    path("kb/categories/<int:category_id>/delete/", agent_views.delete_category, name="kb_category_delete"),
    path("kb/faqs/new/", agent_views.edit_faq, name="kb_faq_new"),
    path("kb/faqs/<int:faq_id>/", agent_views.faq, name="kb_faq"),
    path("kb/faqs/<int:faq_id>/edit/", agent_views.edit_faq, name="kb_faq_edit"),
    path("kb/faqs/<int:faq_id>/delete/", agent_views.delete_faq, name="kb_faq_delete"),
    path("canned/", agent_views.canned_responses, name="canned_responses"),
    path("canned.php", agent_views.canned_responses),
    path("canned/new/", agent_views.edit_canned_response, name="canned_new"),
    path("canned/<int:canned_id>/", agent_views.edit_canned_response, name="canned_edit"),
    path("canned/<int:canned_id>/delete/", agent_views.delete_canned_response, name="canned_delete"),
]
