"""Django's SQLite back end with our schema editor, its file readable by nobody else."""

import os
import stat
from pathlib import Path
from typing import Any

from django.db.backends.sqlite3 import base, operations, schema

from helpdesk.legacy.backends.not_null import NotNullColumnsMixin
from helpdesk.legacy.backends.zero_aggregates import ZeroAsNullOperationsMixin
from helpdesk.legacy.folding import FUNCTION, fold_or_none
from helpdesk.legacy.patterns import Pattern


class DatabaseSchemaEditor(NotNullColumnsMixin, schema.DatabaseSchemaEditor):
    """Django's editor with NOT NULL columns for zero references."""


class DatabaseOperations(ZeroAsNullOperationsMixin, operations.DatabaseOperations):
    """Django's operations with aggregates that leave zero references out."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose migrations and aggregates know zero references, and that folds texts."""

    SchemaEditorClass = DatabaseSchemaEditor
    ops_class = DatabaseOperations

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; the file, which holds every message, is nothing for the other users of the machine."""
        name = str(conn_params["database"])
        if not conn_params.get("uri") or not name.startswith(("file:", ":memory:")):
            keep_from_others(Path(name))
        connection = super().get_new_connection(conn_params)
        connection.create_function(FUNCTION, 1, fold_or_none, deterministic=True)
        connection.create_function("hd_matches", 2, _matches, deterministic=True)
        return connection


def _matches(pattern: object, text: object) -> bool | None:
    """Whether a regular expression is in a text, in linear or limited time, without regard to case."""
    return None if text is None else Pattern(str(pattern), "i").is_in(str(text))


def keep_from_others(path: Path) -> None:
    """Make the file with mode 600, or take from an existing one of this user what others may do with it.

    What the group may do stays: somebody gave it, as new files have none. SQLite gives its `-wal` and `-shm` the mode
    of the file itself.
    """
    if not path.parent.is_dir():
        return  # SQLite's own message says so better
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        pass
    except OSError:
        return  # read-only directories: connecting says what is wrong
    for file in (path, *(path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))):
        if file.exists() and file.stat().st_uid == os.geteuid() and file.stat().st_mode & stat.S_IRWXO:
            file.chmod(file.stat().st_mode & ~stat.S_IRWXO)
