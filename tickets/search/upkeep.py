"""Keeping the index in step with what changes.

Whoever makes a ticket or an entry writes its row in the same transaction. Everything else is noted when it is saved and
indexed right after the commit, once for each object: renamed people, edited entries, changed subjects, FAQs. Should the
process die in between, a job finds what has no row (`fill_gaps`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Max, Q

from helpdesk.forms.models import FormAnswer, FormEntry
from helpdesk.knowledge.models import Faq
from helpdesk.people.models import EndUser, Organization, UserEmail
from helpdesk.threads.constants import ObjectType
from helpdesk.threads.models import ThreadEntry
from tickets.models import SearchEntry, Ticket
from tickets.search.rows import INDEXED_TYPES, reindex
from tickets.services.search_index import forget_noted, noted, unindex

logger = structlog.get_logger(__name__)

LOOKED_AT = 2000
"""How many of the newest objects of a type are looked at for missing rows."""


def note_change(object_type: str, object_id: int | None) -> None:
    """Index an object anew when the running transaction has committed."""
    if object_id:
        noted().add((str(object_type), int(object_id)))
        transaction.on_commit(index_noted, robust=True)


def index_noted() -> None:
    """Index what was noted and not written meanwhile."""
    by_type: dict[str, set[int]] = defaultdict(set)
    for object_type, object_id in forget_noted():
        by_type[object_type].add(object_id)
    for object_type, ids in by_type.items():
        reindex(object_type, ids)


def fill_gaps() -> int:
    """Index the newest objects that have no row; give how many were missing."""
    count = 0
    for object_type in INDEXED_TYPES:
        model = MODELS[object_type]
        newest = model.objects.aggregate(newest=Max("pk"))["newest"] or 0
        objects = model.objects.filter(pk__gt=newest - LOOKED_AT)
        if object_type == ObjectType.THREAD_ENTRY:
            objects = objects.filter(Q(user__isnull=False) | Q(staff__isnull=False))
        ids = set(objects.values_list("pk", flat=True))
        rows = SearchEntry.objects.filter(object_type=object_type, object_id__gt=newest - LOOKED_AT)
        missing = ids - set(rows.values_list("object_id", flat=True))
        if missing:
            count += reindex(object_type, missing)
    if count:
        logger.info("search_gaps_filled", count=count)
    return count


MODELS: dict[ObjectType, Any] = {
    ObjectType.TICKET: Ticket,
    ObjectType.THREAD_ENTRY: ThreadEntry,
    ObjectType.USER: EndUser,
    ObjectType.ORGANIZATION: Organization,
    ObjectType.FAQ: Faq,
}


# --- Receivers --------------------------------------------------------------------------------------------------------


def row_saved(sender: Any, instance: Any, raw: bool = False, **_: Any) -> None:
    """Note a saved entry, person, organization or FAQ (a receiver of `post_save`)."""
    object_type = _TYPES.get(sender)
    if object_type is not None and not raw:
        note_change(object_type, instance.pk)


def row_deleted(sender: Any, instance: Any, **_: Any) -> None:
    """Remove the row of something that is deleted, within the same transaction (a receiver of `post_delete`)."""
    object_type = _TYPES.get(sender)
    if object_type is not None:
        unindex(object_type, [instance.pk])


def address_changed(sender: Any, instance: UserEmail, **_: Any) -> None:
    """Note the owner of an address that was saved or deleted."""
    note_change(ObjectType.USER, instance.user_id)


def user_changed(user: EndUser, **_: Any) -> None:
    """Note a person whom a service changed."""
    note_change(ObjectType.USER, user.pk)


def organization_changed(organization: Organization, **_: Any) -> None:
    """Note an organization that a service changed."""
    note_change(ObjectType.ORGANIZATION, organization.pk)


def answers_changed(object_type: str, object_id: int, **_: Any) -> None:
    """Note the object of which answers were changed."""
    if object_type in {str(one) for one in INDEXED_TYPES}:
        note_change(object_type, object_id)


def texts_put_back(sender: Any, row_ids: Collection[int], **_: Any) -> None:
    """Index what changed columns stand in, within the same transaction (a receiver of `originals.texts_put_back`)."""
    if sender is FormAnswer:
        for object_type in (ObjectType.TICKET, ObjectType.USER, ObjectType.ORGANIZATION):
            entries = FormEntry.objects.filter(pk__in=row_ids, object_type=object_type, object_id__isnull=False)
            if ids := {pk for pk in entries.values_list("object_id", flat=True) if pk}:
                reindex(object_type, ids)
    elif sender is UserEmail:
        owners = UserEmail.objects.filter(pk__in=row_ids).values_list("user_id", flat=True)
        reindex(ObjectType.USER, {pk for pk in owners if pk})
    for object_type, model in MODELS.items():
        if sender is model:
            reindex(object_type, row_ids)


def documents_emptied(**_: Any) -> None:
    """Forget the documents of a database that was emptied (a receiver of `post_migrate`, which `flush` sends too)."""
    from tickets.search.documents import forget_documents, has_documents

    tables = connection.introspection.table_names()
    is_made = {str(SearchEntry._meta.db_table), "hd_search_document"} <= set(tables)
    if has_documents() and is_made and not SearchEntry.objects.exists():
        forget_documents()


_TYPES: dict[Any, ObjectType] = {ThreadEntry: ObjectType.THREAD_ENTRY, Faq: ObjectType.FAQ}
"""Models whose rows are noted whoever saves them; tickets are saved for many reasons, of which none is in the index."""
