"""Documents of the search with letters that are folded otherwise now (`hd_legacy` 0007) are written anew."""

from collections.abc import Sequence
from itertools import islice

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models.functions import StrIndex

from tickets.search.documents import TYPES, WORDS_TABLE, Document, number_of, write_documents

LETTERS = "\u0131\u03f2\u03f9\u0345"
"""Dotless i, lunate sigmas, iota below."""
SLICE = 500


def write_anew(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fold again what is in `_search` with one of the letters, as far as there is a document of it."""
    connection = schema_editor.connection
    if connection.vendor == "mysql" or schema_editor.collect_sql:
        return
    rows = apps.get_model("hd_tickets", "SearchEntry")._default_manager.filter(
        models.Q.create(
            [
                models.lookups.GreaterThan(StrIndex(place, models.Value(letter)), 0)
                for letter in LETTERS
                for place in ("title", "content")
            ],
            connector=models.Q.OR,
        ),
        object_type__in=[str(one) for one in TYPES],
    )
    found = rows.values_list("object_type", "object_id", "title", "content").iterator(chunk_size=SLICE)
    while some := list(islice(found, SLICE)):
        tickets = _tickets(connection, [number_of(object_type, object_id) for object_type, object_id, *_texts in some])
        write_documents(
            [
                Document(object_type, object_id, tickets[number], title or "", content or "")
                for object_type, object_id, title, content in some
                if (number := number_of(object_type, object_id)) in tickets
            ]
        )


def _tickets(connection: BaseDatabaseWrapper, numbers: Sequence[int]) -> dict[int, int | None]:
    """Give the tickets that the documents of these numbers lead to; those that there are not are left out."""
    table, key = (WORDS_TABLE, "rowid") if connection.vendor == "sqlite" else ("hd_search_document", "id")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {key}, ticket_id FROM {table} WHERE {key} IN ({', '.join(['%s'] * len(numbers))})",  # noqa: S608
            numbers,
        )
        return dict(cursor.fetchall())


class Migration(migrations.Migration):
    dependencies = [("hd_tickets", "0010_ranks_of_assignees"), ("hd_legacy", "0007_fold_as_collated")]

    operations = [migrations.RunPython(write_anew, migrations.RunPython.noop, elidable=False)]
