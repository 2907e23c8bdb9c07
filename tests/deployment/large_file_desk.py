"""What the help desk of `test_large_files.py` holds; run inside it by `manage.py shell`."""

from __future__ import annotations

from django.utils import timezone

from helpdesk.configuration.models import ConfigItem
from helpdesk.files.links import LinkMaker
from helpdesk.files.models import StoredFile
from helpdesk.files.services import attach
from helpdesk.forms.uploads import message_field
from tests.conftest import seed
from tests.factories import new_ticket
from tickets.states import thread_of

# ruff: noqa: T201 -- its answers are read from the output


def prepare(storage: str) -> None:
    """Let guests upload large files and download them by a link alone; print the id of the field."""
    seed()
    for key, value in (("max_file_size", 200_000_000), ("files_req_auth", 0), ("default_storage_bk", storage)):
        ConfigItem.objects.update_or_create(namespace="core", key=key, defaults={"value": str(value)})
    field = message_field()
    assert field is not None
    print(field.pk)


def link(size: int) -> None:
    """Attach the uploaded file to a ticket; print the address to download it."""
    file = StoredFile.objects.get(size=size)
    entry = thread_of(new_ticket()).entries.get()
    print(LinkMaker("/file.php", timezone.now()).url(attach(file, object_type="H", object_id=entry.pk)))
