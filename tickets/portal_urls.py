"""Addresses of tickets in the end users' portal, in the namespace `portal`; those that end in `.php` are osTicket's."""

from django.urls import path

from tickets import portal_ticket_views, portal_views

urlpatterns = [
    path("tickets/new/", portal_views.open_ticket, name="open"),
    path("open.php", portal_views.legacy_open),
    path("tickets/thanks/", portal_views.thanks, name="thanks"),
    path("tickets/status/", portal_views.status, name="status"),
    path("tickets/", portal_ticket_views.tickets, name="tickets"),
    path("tickets/<int:ticket_id>/", portal_ticket_views.ticket, name="ticket"),
    path("tickets/<int:ticket_id>/reply/", portal_ticket_views.reply, name="ticket_reply"),
    path("tickets/<int:ticket_id>/close/", portal_ticket_views.close, name="ticket_close"),
    path("tickets/<int:ticket_id>/reopen/", portal_ticket_views.reopen, name="ticket_reopen"),
    path("tickets/<int:ticket_id>/edit/", portal_ticket_views.edit, name="ticket_edit"),
    path("tickets/<int:ticket_id>/collaborators/", portal_ticket_views.collaborators, name="ticket_collaborators"),
    path(
        "tickets/<int:ticket_id>/collaborators/<int:collaborator_id>/remove/",
        portal_ticket_views.remove,
        name="ticket_remove_collaborator",
    ),
    path("view.php", portal_views.access_link, name="access_link"),
    path("tickets.php", portal_views.legacy_tickets),
    path("tickets/leave/", portal_views.leave, name="leave"),
]
