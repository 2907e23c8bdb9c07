"""Settings of the test run: a data directory of its own and nothing that a developer's environment could change."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

if "DATA_DIR" not in os.environ:
    os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="ostler-tests-")
    atexit.register(shutil.rmtree, os.environ["DATA_DIR"], ignore_errors=True)
os.environ["SECRET_SALT"] = "g2xEM1axfZf7UCPkblqGZRqImOy0MA6D"

from helpdesk.settings import *  # noqa: F403
from helpdesk.settings import DATABASES, STATIC_ROOT, STORAGES

ALLOWED_HOSTS = ["*"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
PASSWORD_COST = 4
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
CELERY_TASK_ALWAYS_EAGER = True
OUTBOX_WAKES_WORKERS = False
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
_engine = DATABASES["default"]["ENGINE"].rpartition(".")[2]
if _engine == "sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(Path(os.environ["DATA_DIR"]) / "test.sqlite3")}
elif _engine == "mysql":
    DATABASES["default"]["TEST"] = {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_general_ci"}
