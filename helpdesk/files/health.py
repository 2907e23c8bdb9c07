"""The health of attachments: can they be read and written where they are, and who may download them."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from helpdesk import configuration
from helpdesk.files.filesystem import directory
from helpdesk.files.models import StoredFile
from helpdesk.files.storage import FILESYSTEM, known_letters, letter_for_new_files
from helpdesk.health.registry import Finding, failure, health_check, ok, warning


@health_check("attachments", "Attachments")
def attachments(now: datetime) -> Iterator[Finding]:
    """Look at the directory where one is used, at files that nobody here can read, and at the rule for links."""
    findings = [*_directory(), *_unreadable(), *_links()]
    yield from findings or [ok("Attachments are stored and guarded.", f"storage {letter_for_new_files()}")]


def _directory() -> Iterator[Finding]:
    is_chosen = letter_for_new_files() == FILESYSTEM
    if not is_chosen and not StoredFile.objects.filter(bk=FILESYSTEM).exists():
        return
    path = directory()
    is_there = path.is_dir() or not StoredFile.objects.filter(bk=FILESYSTEM).exists()
    if not is_there:
        advice = "Is it mounted? FILE_STORAGE_PATH names it; files in it are not found until it is back."
        yield failure("The directory of the attachments is not there.", str(path), advice=advice)
    elif is_chosen and not os.access(_existing(path), os.W_OK | os.X_OK):
        advice = "Let Ostler's user write there. Until then new files go into the database."
        yield warning("The directory of the attachments cannot be written.", str(path), advice=advice)


def _existing(path: Path) -> Path:
    """Give the directory itself, or the nearest one above it that is there: the rest is made when it is needed."""
    return next(place for place in (path, *path.parents) if place.exists())


def _unreadable() -> Iterator[Finding]:
    letters = set(StoredFile.objects.exclude(bk__in=known_letters()).values_list("bk", flat=True).distinct())
    if letters:
        advice = "Move them into the database with osTicket's own tool (manage.php file migrate), where PHP still runs."
        yield warning(
            "Some attachments are in a storage that Ostler cannot read.", ", ".join(sorted(letters)), advice=advice
        )


def _links() -> Iterator[Finding]:
    if not configuration.current().boolean("files_req_auth"):
        advice = "Set files_req_auth to 1, unless links to attachments must work without sign-in."
        yield warning("Whoever has a link to an attachment may download it, without sign-in.", advice=advice)
