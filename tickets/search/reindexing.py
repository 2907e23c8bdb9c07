"""Making the whole index anew, in slices from the newest object down, so that it can be stopped and resumed."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from helpdesk.legacy.copying.progress import Progress
from tickets.models import ReindexPosition, SearchEntry
from tickets.search.common_words import note_common_words
from tickets.search.documents import forget_documents, has_documents
from tickets.search.rows import INDEXED_TYPES, reindex
from tickets.search.upkeep import MODELS
from tickets.services.search_index import index_documents

SLICE = 200
Report = Callable[[str, int, int], None]
"""Called with the type, how many objects are done and how many there are."""


def start_over() -> None:
    """Forget how far an earlier run came."""
    ReindexPosition.objects.all().delete()


def reindex_everything(report: Report) -> int:
    """Index all objects that an earlier, interrupted run did not come to; give how many."""
    total = 0
    for object_type in INDEXED_TYPES:
        model = MODELS[object_type]
        place, _is_new = ReindexPosition.objects.get_or_create(object_type=object_type)
        if place.is_done:
            continue
        objects = model.objects.order_by("-pk")
        number = objects.count()
        done = number - objects.filter(pk__lt=place.position).count() if place.position is not None else 0
        report(object_type, done, number)
        while True:
            rest = objects if place.position is None else objects.filter(pk__lt=place.position)
            ids = list(rest.values_list("pk", flat=True)[:SLICE])
            if not ids:
                break
            with transaction.atomic():
                reindex(object_type, ids)
                place.position = ids[-1]
                place.save()
            total += len(ids)
            done += len(ids)
            report(object_type, min(done, number), number)
        place.is_done = True
        place.save()
    note_common_words()
    start_over()
    return total


def write_all_documents(progress: Progress) -> int:
    """Write the documents of all rows of the index as they are, after a database came from elsewhere; give how many.

    Nothing to do on MySQL, which searches in the rows themselves. Interrupted, the next call begins again.
    """
    if not has_documents():
        return 0
    progress.begin("Search index", SearchEntry.objects.filter(object_type__in=INDEXED_TYPES).count())
    forget_documents()
    count = 0
    for object_type in INDEXED_TYPES:
        position = 0
        while True:
            rest = SearchEntry.objects.filter(object_type=object_type, object_id__gt=position).order_by("object_id")
            rows = list(rest[:SLICE])
            if not rows:
                break
            position = rows[-1].object_id
            with transaction.atomic():
                index_documents(rows)
            progress.advance(len(rows))
            count += len(rows)
    return count
