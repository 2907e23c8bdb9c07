"""The WSGI application that granian serves."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

# What the start makes stays for good: no collection walks through it while it grows, and none ever after. Everything is
# loaded before, not by the first request.
gc.disable()
application = get_wsgi_application()
get_resolver().url_patterns  # noqa: B018 -- reading it loads all pages
gc.collect()
gc.freeze()
gc.enable()
