"""Addresses of queues and tickets, below `/scp/` and in the namespace `agent`."""

from django.urls import path

from tickets import agent_views

urlpatterns = [
    path("", agent_views.index, name="index"),
    path("index.php", agent_views.index),
    path("tickets.php", agent_views.legacy_tickets_page),
    path("queues/<int:queue_id>/", agent_views.queue, name="queue"),
    path("tickets/find/", agent_views.find_ticket, name="find_ticket"),
    path("tickets/<int:ticket_id>/", agent_views.ticket, name="ticket"),
    path("tickets/<int:ticket_id>/reply/", agent_views.reply, name="ticket_reply"),
    path("tickets/<int:ticket_id>/note/", agent_views.note, name="ticket_note"),
    path("tickets/<int:ticket_id>/claim/", agent_views.claim, name="ticket_claim"),
    path("tickets/<int:ticket_id>/assign/", agent_views.assign, name="ticket_assign"),
    path("tickets/<int:ticket_id>/close/", agent_views.close, name="ticket_close"),
    path("tickets/<int:ticket_id>/reopen/", agent_views.reopen, name="ticket_reopen"),
]
