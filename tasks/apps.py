"""The Django app `hd_tasks`."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TasksConfig(AppConfig):
    """Tasks."""

    name = "tasks"
    label = "hd_tasks"
    verbose_name = _("Tasks")

    def ready(self) -> None:
        """Join tasks to tickets, files, forms, mails, merges and what happens to departments."""
        from helpdesk.forms.attached import register_object_gate
        from helpdesk.mail.variables import register_root
        from helpdesk.people.removal import when_department_goes
        from helpdesk.threads.access import register_thread_gate
        from helpdesk.threads.constants import ObjectType
        from tasks.draft_owners import register_namespaces
        from tasks.event_sentences import PHRASES
        from tasks.following import register as follow_tasks
        from tasks.gates import may_see_answer, may_see_entry
        from tasks.mail_variables import task_root
        from tasks.merging import follow_merge
        from tasks.obstacles import count_open_tasks, open_tasks_obstacle
        from tasks.removal import release_department
        from tasks.services.incoming_mail import TaskMail
        from tasks.ticket_tasks import register_task_count
        from tickets.event_sentences import register_phrases
        from tickets.registries import register_close_obstacle, register_mail_receiver, register_merge_follower

        register_thread_gate(ObjectType.TASK, may_see_entry)
        register_object_gate(ObjectType.TASK, may_see_answer)
        register_phrases(ObjectType.TASK, PHRASES)
        register_close_obstacle(open_tasks_obstacle, read_ahead=count_open_tasks)
        register_merge_follower(follow_merge)
        register_mail_receiver(ObjectType.TASK, TaskMail())
        register_task_count()
        when_department_goes(release_department)
        register_root("task", task_root)
        register_namespaces()
        follow_tasks()
        self._forget_counts()

    def _forget_counts(self) -> None:
        from tasks.counters import forget_task_counts
        from tasks.signals import CHANGING_COUNTS

        for happened in CHANGING_COUNTS:
            happened.connect(forget_task_counts, dispatch_uid="tasks.counts")
