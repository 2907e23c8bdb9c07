"""The WSGI application that granian serves."""

import gc
import os
import sys

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

if settings.DATABASES["default"]["ENGINE"].rpartition(".")[2] != "postgresql":
    # The admin's theme loads the driver wherever it is installed, for fields of PostgreSQL: 9 MB in every web worker.
    sys.modules.setdefault("psycopg", None)  # type: ignore[arg-type]

# What the start makes stays for good: no collection walks through it while it grows, and none ever after. Everything is
# loaded before, not by the first request.
gc.disable()
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 -- reading it loads all pages
gc.collect()
gc.freeze()
gc.enable()
