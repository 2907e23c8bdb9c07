"""Tables of the search: documents of PostgreSQL and SQLite, common words, how far a run over everything has come."""

from typing import Any

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def make_indexes(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give the documents what each engine finds words by."""
    for statement in _STATEMENTS.get(schema_editor.connection.vendor, ()):
        schema_editor.execute(statement, params=None)


def drop_indexes(apps: Any, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take it away again."""
    if schema_editor.connection.vendor == "sqlite":
        for table in ("hd_search_words", "hd_search_parts"):
            schema_editor.execute(f"DROP TABLE {table}", params=None)


_STATEMENTS = {
    "postgresql": (
        "ALTER TABLE hd_search_document ADD COLUMN words tsvector",
        "CREATE INDEX hd_search_document_words ON hd_search_document USING gin (words)",
        # People are few, and typing a name must not wade through what entries say.
        (
            "CREATE INDEX hd_search_document_people ON hd_search_document USING gin (words)"
            " WHERE id BETWEEN 2199023255552 AND 3298534883327"
        ),
    ),
    "sqlite": (
        (
            "CREATE VIRTUAL TABLE hd_search_words USING fts5"
            " (title, content, ticket_id UNINDEXED, tokenize = 'unicode61 remove_diacritics 0', prefix = '3')"
        ),
        "CREATE VIRTUAL TABLE hd_search_parts USING fts5 (parts, tokenize = 'trigram')",
    ),
}


class Migration(migrations.Migration):
    dependencies = [
        ("hd_tickets", "0006_due_index"),
    ]

    operations = [
        migrations.CreateModel(
            name="CommonWord",
            fields=[
                ("word", models.CharField(max_length=64, primary_key=True, serialize=False)),
            ],
            options={
                "db_table": "hd_common_word",
            },
        ),
        migrations.CreateModel(
            name="ReindexPosition",
            fields=[
                ("object_type", models.CharField(max_length=1, primary_key=True, serialize=False)),
                ("position", models.PositiveBigIntegerField(blank=True, null=True)),
                ("is_done", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "hd_reindex_position",
            },
        ),
        migrations.CreateModel(
            name="SearchDocument",
            fields=[
                ("id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("ticket_id", models.PositiveBigIntegerField(blank=True, null=True)),
            ],
            options={
                "db_table": "hd_search_document",
            },
        ),
        migrations.RunPython(make_indexes, drop_indexes, elidable=False),
    ]
