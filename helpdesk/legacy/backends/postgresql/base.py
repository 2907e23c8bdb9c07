"""Django's PostgreSQL back end with our schema editor."""

from django.db.backends.postgresql import base, schema

from helpdesk.legacy.backends.not_null import NotNullColumnsMixin


class DatabaseSchemaEditor(NotNullColumnsMixin, schema.DatabaseSchemaEditor):
    """Django's editor with NOT NULL columns for zero references."""


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection whose migrations know zero references."""

    SchemaEditorClass = DatabaseSchemaEditor
