"""The Celery application; the jobs of each app live in its `jobs.py`."""

import os
import sys

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

_import_path = list(sys.path)
app = Celery("ostler")
# Celery puts the working directory in front, where any directory called `tickets` would be taken for ours.
sys.path[:] = _import_path
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="jobs")
