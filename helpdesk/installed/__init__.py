"""The package `ostler` of the wheel: the whole house as it lies in the repository, under one name.

Apps are called `tickets`, `tasks`, `filters`: names that no distribution may claim for itself in a site-packages
directory. So the wheel puts everything, templates and static files included, into this package's directory
(`[tool.setuptools]` in pyproject.toml), which joins the import path when the console script runs.
"""

import sys
from pathlib import Path

HOUSE = Path(__file__).resolve().parent


def main() -> None:
    """Run the management command named by the arguments: the console script `ostler`."""
    sys.path.insert(0, str(HOUSE))
    from helpdesk.command_line import main as run

    run()
