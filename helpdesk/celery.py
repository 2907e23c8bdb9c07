"""The Celery application; the jobs of each app live in its `jobs.py`."""

import os
import sys
from functools import cached_property
from typing import Any

from celery import Celery, Task, platforms

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")


class Job(Task):  # type: ignore[misc]
    """A task; the recurring ones run alone, and what became of them is kept, whoever runs them."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run it, in the worker as in `manage.py cron`."""
        from helpdesk.health.job_runs import is_recurring, run_alone

        if not is_recurring(self.name):
            return self.run(*args, **kwargs)
        return run_alone(self.name, lambda: self.run(*args, **kwargs))


class Application(Celery):  # type: ignore[misc]
    """Celery with a scheduler that ends when it is told to."""

    @cached_property
    def Beat(self) -> Any:  # noqa: N802 -- Celery's name
        """The scheduler's program.

        Celery's own handler of signals saves the schedule in the middle of whatever runs. While the schedule is still
        being read that fails, its error is caught on the way, and beat goes on for ever. The schedule is saved anyway
        when beat ends.
        """
        from celery.apps.beat import Beat

        class EndingBeat(Beat):  # type: ignore[misc]
            def install_sync_handler(self, service: Any) -> None:
                def end(_number: int, _frame: object) -> None:
                    service.stop()
                    raise SystemExit

                platforms.signals.update(SIGTERM=end, SIGINT=end)

        return self.subclass_with_self(EndingBeat)


_import_path = list(sys.path)
app = Application("ostler", task_cls=Job)
# Celery puts the working directory in front, where any directory called `tickets` would be taken for ours.
sys.path[:] = _import_path
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")
