"""The `ostler` console script: Django's management commands with our settings."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from helpdesk.interruption import INTERRUPTED


def main() -> None:
    """Run the management command named by the arguments.

    A setting that cannot be used ends with one line, Ctrl-C where the command has nothing of its own to say as well.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(INTERRUPTED)
