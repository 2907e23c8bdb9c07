"""The Django project and its kernel. Importing it makes the Celery application the default one for `shared_task`."""

from helpdesk.celery import app as celery_app

__all__ = ["celery_app"]
