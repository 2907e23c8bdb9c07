"""Addresses of tasks, below `/scp/` and in the namespace `agent`."""

from django.urls import path

from tasks import agent_bulk_views, agent_entry_views, agent_list_views, agent_views
from tasks.agent_action_views import dialog_view
from tasks.agent_actions import DIALOGS

urlpatterns = [
    path("tasks.php", agent_list_views.legacy_tasks_page),
    path("tasks/", agent_list_views.tasks, name="tasks"),
    path("tasks/new/", agent_list_views.new_task, name="task_new"),
    path("tasks/bulk/", agent_bulk_views.bulk, name="task_bulk"),
    path("tasks/list/<slug:list_key>/", agent_list_views.tasks, name="task_list"),
    path("tasks/list/<slug:list_key>/export.<slug:export_format>", agent_list_views.export, name="task_export"),
    path("tasks/<int:task_id>/", agent_views.task, name="task"),
    path("tasks/<int:task_id>/update/", agent_views.update, name="task_update"),
    path("tasks/<int:task_id>/note/", agent_views.note, name="task_note"),
    path("tasks/<int:task_id>/claim/", agent_views.claim, name="task_claim"),
    path("tasks/<int:task_id>/edit/", agent_views.edit, name="task_edit"),
    path("tasks/<int:task_id>/entries/<int:task_entry_id>/", agent_entry_views.history, name="task_entry_history"),
    path("tasks/<int:task_id>/entries/<int:task_entry_id>/edit/", agent_entry_views.edit, name="task_edit-entry"),
    *(
        path(f"tasks/<int:task_id>/{dialog.name}/", dialog_view(dialog), name=f"task_{dialog.name}")
        for dialog in DIALOGS
    ),
]
