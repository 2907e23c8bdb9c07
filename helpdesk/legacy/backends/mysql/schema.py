"""The schema editor of the MySQL back end."""

from django.db.backends.mysql import schema

from helpdesk.legacy.backends.not_null import NotNullColumnsMixin


class DatabaseSchemaEditor(NotNullColumnsMixin, schema.DatabaseSchemaEditor):
    """Django's editor with NOT NULL columns for zero references.

    What it creates are our side tables: whatever default an adopted database has (utf8mb3, latin1, MyISAM), they hold
    every character and have transactions. The legacy tables are made from their description instead.
    """

    sql_create_table = (
        "CREATE TABLE %(table)s (%(definition)s)"
        " ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
    )
