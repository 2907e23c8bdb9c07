"""Addresses of queues and tickets, below `/scp/` and in the namespace `agent`."""

from django.urls import path, register_converter

from tickets import (
    agent_open_views,
    agent_queue_setup_views,
    agent_queue_views,
    agent_search_views,
    agent_views,
    agent_writing_views,
)
from tickets.agent_action_views import action_view, family_view
from tickets.agent_actions.registry import ACTIONS, bulk_actions
from tickets.agent_bulk_views import bulk_view
from tickets.list_options import ExportFormatConverter

register_converter(ExportFormatConverter, "export_format")

urlpatterns = [
    path("", agent_views.index, name="index"),
    path("index.php", agent_views.index),
    path("tickets.php", agent_views.legacy_tickets_page),
    path("queues/<int:queue_id>/", agent_views.queue, name="queue"),
    path("queues/<int:queue_id>/edit/", agent_queue_views.edit_queue, name="edit_queue"),
    path("queues/<int:queue_id>/delete/", agent_queue_views.remove_queue, name="delete_queue"),
    path("queues/<int:queue_id>/arrange/", agent_queue_views.arrange_queue, name="arrange_queue"),
    path(
        "queues/<int:queue_id>/export.<export_format:export_format>",
        agent_queue_views.export_queue,
        name="queue_export",
    ),
    path("queues/new/", agent_queue_views.new_queue, name="new_queue"),
    path("queues/preview/", agent_queue_views.preview, name="queue_preview"),
    path("queues/setup/", agent_queue_setup_views.setup, name="queue_setup"),
    path("queues/columns/new/", agent_queue_setup_views.column, name="new_queue_column"),
    path("queues/columns/<int:column_id>/", agent_queue_setup_views.column, name="queue_column"),
    path("queues/orders/new/", agent_queue_setup_views.order, name="new_queue_order"),
    path("queues/orders/<int:sort_id>/", agent_queue_setup_views.order, name="queue_order"),
    path("queues/navigation/", agent_search_views.queue_navigation, name="queue_navigation"),
    path("search/", agent_search_views.search, name="search"),
    path("search/advanced/", agent_search_views.advanced, name="advanced_search"),
    path("search/condition/", agent_search_views.criterion_row, name="criterion_row"),
    path("search/suggestions/", agent_search_views.suggest, name="suggestions"),
    path("search/export.<export_format:export_format>", agent_search_views.export_search, name="search_export"),
    path("tickets/new/", agent_open_views.open_ticket, name="open"),
    path("people/find/", agent_open_views.find_person, name="find_person"),
    *(
        path(f"tickets/bulk/{action.bulk_pattern}/", bulk_view(action), name=f"bulk_{action.name}")
        for action in bulk_actions()
    ),
    *(path(f"tickets/bulk/{name}/", family_view(ACTIONS[name]), name=f"bulk_{name}") for name in ("merge", "link")),
    path("tickets/find/", agent_views.find_ticket, name="find_ticket"),
    path("tickets/<int:ticket_id>/", agent_views.ticket, name="ticket"),
    path("tickets/<int:ticket_id>/reply/", agent_views.reply, name="ticket_reply"),
    path("tickets/<int:ticket_id>/note/", agent_views.note, name="ticket_note"),
    path("tickets/<int:ticket_id>/entries/<int:entry_id>/", agent_views.entry_history, name="entry_history"),
    path("tickets/<int:ticket_id>/entries/<int:entry_id>/mail/", agent_views.entry_original, name="entry_original"),
    path("tickets/<int:ticket_id>/answers/", agent_views.answers, name="answers"),
    path("tickets/<int:ticket_id>/answers/<slug:key>/", agent_writing_views.prepared_answer_of, name="prepared_answer"),
    path("tickets/<int:ticket_id>/lock/", agent_writing_views.acquire, name="lock"),
    path("tickets/<int:ticket_id>/lock/<int:lock_id>/renew/", agent_writing_views.renew, name="lock_renew"),
    path("tickets/<int:ticket_id>/lock/break/", agent_writing_views.break_open, name="lock_break"),
    path("locks/<int:lock_id>/release/", agent_writing_views.release, name="lock_release"),
    *(
        path(f"tickets/<int:ticket_id>/{action.pattern}/", action_view(action), name=f"ticket_{action.name}")
        for action in ACTIONS.values()
    ),
]
