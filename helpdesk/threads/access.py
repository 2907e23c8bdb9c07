"""Who may download the files of thread entries: whoever may see the entry, which the owner of the thread decides.

Tickets and tasks register a gate for their type of thread; without a gate nobody may.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from helpdesk.files.models import Attachment
from helpdesk.threads.models import Thread, ThreadEntry

ThreadGate = Callable[[HttpRequest, Thread, ThreadEntry], bool]

_gates: dict[str, ThreadGate] = {}


def register_thread_gate(object_type: str, gate: ThreadGate) -> None:
    """Let `gate` decide about entries of threads of this type (`thread.object_type`)."""
    _gates[object_type] = gate


def may_see_entry_of(request: HttpRequest, attachment: Attachment) -> bool:
    """Whether the person behind the request may see the entry that the file is attached to."""
    entry = ThreadEntry.objects.filter(pk=attachment.object_id).select_related("thread").first()
    if entry is None or entry.thread is None:
        return False
    gate = _gates.get(entry.thread.object_type)
    return gate is not None and gate(request, entry.thread, entry)
