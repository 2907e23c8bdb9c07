"""What the commands that copy a whole help desk (import_osticket, backup, restore) have in common."""

import errno
from pathlib import Path

from helpdesk.forms import cdata
from helpdesk.legacy.copying.progress import Progress
from helpdesk.legacy.copying.writing import is_disk_full
from tickets.search.reindexing import write_all_documents

GO_ON = "What is in stays in: run the same command again and it goes on behind the last committed row."


def rebuild_cdata_tables() -> None:
    """Build all tables of short answers anew."""
    for object_type in cdata.TABLES:
        cdata.rebuild(object_type)


def rebuild_answers_and_search(progress: Progress) -> None:
    """Build what is derived from a copied help desk's rows: the tables of short answers and what search reads."""
    rebuild_cdata_tables()
    write_all_documents(progress)


def describe_failure(error: Exception, path: Path | None = None) -> str:
    """Say in one sentence what the database or the file system (with `path`) refused."""
    if is_disk_full(error) or (isinstance(error, OSError) and error.errno == errno.ENOSPC):
        return "The disk is full. Make room first."
    if isinstance(error, OSError):
        return f"{path or error.filename}: {error.strerror or error}."
    text = str(error.args[-1] if error.args else error).strip().partition("\n")[0]
    return f"The database failed: {text}."
