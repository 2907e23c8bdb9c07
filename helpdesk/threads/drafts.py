"""Texts that are still being written, kept while one writes (osticket/tickets.md §15.4).

One row for each namespace (`ticket.response.7`) and owner; the column of the owner holds the id of an agent or of an
end user, and the namespace tells which. Who may use which is registered by the apps; none is for both. Drafts are
kept as HTML, as osTicket's editor reads and writes them; a plain text field gets its text back unchanged.
"""

from __future__ import annotations

import html as html_text
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from helpdesk.legacy.errors import NotFound
from helpdesk.legacy.retrying import retried
from helpdesk.threads.bodies import HTML, TEXT, is_empty
from helpdesk.threads.html import clean_html
from helpdesk.threads.models import Draft

GUEST_OWNER = 0x80000000
"""The owner of drafts of people whom osTicket does not know."""
KEPT = timedelta(days=14)
"""How long a draft is kept after it was written last."""
PURGE_SLICE = 500

DraftOwner = Callable[[HttpRequest, Sequence[str]], int | None]
"""Gives the owner of the drafts of a namespace for the person behind a request, None where he may not write there.

The texts are the groups of the pattern."""

_namespaces: list[tuple[re.Pattern[str], DraftOwner]] = []


@dataclass(frozen=True)
class DraftText:
    """A draft as a page shows it: HTML or, for plain text fields, its text."""

    id: int
    body: str
    written: datetime | None


def register_drafts(pattern: str, owner: DraftOwner) -> None:
    """Let people keep drafts in the namespaces that the whole `pattern` matches."""
    _namespaces.append((re.compile(pattern), owner))


def owner_of(request: HttpRequest, namespace: str) -> int:
    """Give whose drafts of this namespace the request is about. Raises NotFound for nobody's."""
    for pattern, owner in _namespaces:
        match = pattern.fullmatch(namespace)
        found = owner(request, match.groups()) if match else None
        if found is not None:
            return found
    raise NotFound(_("Draft not found"), code="draft_not_found")


@retried
def save_draft(
    namespace: str,
    *,
    owner_id: int,
    body: str,
    format: str = HTML,  # noqa: A002 -- as of entries
    now: datetime | None = None,
) -> Draft | None:
    """Keep a text; an empty one deletes the draft and gives None. HTML is cleaned, pictures within it are not kept.

    Raises ValidationFailed (`too_long`) for what the column cannot hold.
    """
    now = now or timezone.now()
    stored = _without_embedded_images(body) if format == HTML else text_as_draft(body)
    with transaction.atomic():
        rows = list(_rows(namespace, owner_id).select_for_update())
        if is_empty(stored, HTML):
            _rows(namespace, owner_id).delete()
            return None
        if not rows:
            return Draft.objects.create(staff_id=owner_id, namespace=namespace, body=stored, created=now)
        draft, *others = rows
        draft.body, draft.updated = stored, now
        draft.save(update_fields=["body", "updated"])
        Draft.objects.filter(pk__in=[other.pk for other in others]).delete()
    return draft


def find_draft(namespace: str, *, owner_id: int, format: str = HTML) -> DraftText | None:  # noqa: A002
    """Give the draft of this owner, if there is one."""
    draft = _rows(namespace, owner_id).first()
    if draft is None:
        return None
    body = draft_as_text(draft.body) if format == TEXT else clean_html(draft.body).html
    return DraftText(draft.pk, body, draft.updated or draft.created)


def delete_draft(namespace: str, *, owner_id: int) -> None:
    """Delete the draft of this owner."""
    _rows(namespace, owner_id).delete()


def purge_drafts(*, now: datetime) -> int:
    """Delete drafts that nobody has written on for more than 14 days (osticket/jobs.md §4.9); gives how many.

    In slices, each a transaction of its own.
    """
    old = now - KEPT
    rows = Draft.objects.filter(Q(updated__lt=old) | Q(updated__isnull=True, created__lt=old)).order_by("pk")
    deleted = 0
    while ids := list(rows.values_list("pk", flat=True)[:PURGE_SLICE]):
        deleted += Draft.objects.filter(pk__in=ids).delete()[0]
    return deleted


def text_as_draft(text: str) -> str:
    """Turn plain text into HTML from which `draft_as_text` gives the same text again."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ").split("\n")
    spaced = (re.sub(r"(?<= ) |^ ", "\xa0", html_text.escape(line, quote=False)) for line in lines)
    return "<br />".join(spaced)


def draft_as_text(html: str) -> str:
    """Give the text of a draft that may have been written in an editor for HTML."""
    flat = _BLANKS.sub(" ", clean_html(html).html)
    broken = _PARAGRAPH_END.sub("\n\n", _BLOCK_END.sub("\n", _BREAK.sub("\n", flat)))
    return html_text.unescape(_TAG.sub("", broken)).replace("\xa0", " ").rstrip()


def _without_embedded_images(body: str) -> str:
    """Give the cleaned HTML without images that came in it: nothing would keep them."""
    cleaned = clean_html(body)
    names = "|".join(re.escape(image.placeholder) for image in cleaned.images)
    return re.sub(rf'<img\b[^>]*\bsrc="cid:(?:{names})"[^>]*>', "", cleaned.html) if names else cleaned.html


_BLANKS = re.compile(r"[ \t\r\n]+")
_BREAK = re.compile(r"<br ?/?> ?")
_BLOCK_END = re.compile(r" ?</(?:div|li|tr|h[1-6]|blockquote|pre)> ?")
_PARAGRAPH_END = re.compile(r" ?</p> ?")
_TAG = re.compile(r"<[^>]*>")


def objects_with_drafts(start: str, object_ids: Collection[int]) -> set[int]:
    """Give which of these objects have drafts of namespaces that begin so (`ticket.`) and end with their id."""
    names = Draft.objects.filter(namespace__startswith=start).values_list("namespace", flat=True)
    ends = {name.rpartition(".")[2] for name in names.iterator()}
    return {object_id for object_id in object_ids if str(object_id) in ends}


def _rows(namespace: str, owner_id: int) -> QuerySet[Draft]:
    """Give the rows, newest first: two windows may have made one each."""
    return Draft.objects.filter(namespace=namespace, staff_id=owner_id).order_by("-pk")
