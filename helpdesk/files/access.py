"""Who may download what: a file is as secret as the object it is attached to.

The apps that own those objects register a gate per type letter of `attachment.type`; without a gate nobody may.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from helpdesk import configuration
from helpdesk.files.models import Attachment

Gate = Callable[[HttpRequest, Attachment], bool]

_gates: dict[str, Gate] = {}


def register_gate(object_type: str, gate: Gate) -> None:
    """Let `gate` decide about attachments of objects of this type."""
    _gates[object_type] = gate


def may_download(request: HttpRequest, attachment: Attachment) -> bool:
    """Whether the person behind the request may see the object of this attachment."""
    gate = _gates.get(attachment.type)
    return gate is not None and gate(request, attachment)


def link_is_enough(attachment: Attachment) -> bool:
    """Whether a genuine link opens the attachment for everybody: the administrator set `files_req_auth` to 0.

    osTicket's own choice then is the same (osticket/files.md §5); objects that nobody guards here stay closed.
    """
    return attachment.type in _gates and not configuration.current().boolean("files_req_auth")
