"""The schema editor of the MySQL back end."""

from django.db.backends.mysql import schema

from helpdesk.legacy.backends.not_null import NotNullColumnsMixin


class DatabaseSchemaEditor(NotNullColumnsMixin, schema.DatabaseSchemaEditor):
    """Django's editor with NOT NULL columns for zero references."""
