"""The verbs of the directory."""

from helpdesk.directory.services.imports import (
    ImportPlan,
    cancel_import,
    go_on_with_all,
    go_on_with_import,
    prepare_import,
    purge_imports,
    start_import,
)

__all__ = [
    "ImportPlan",
    "cancel_import",
    "go_on_with_all",
    "go_on_with_import",
    "prepare_import",
    "purge_imports",
    "start_import",
]
