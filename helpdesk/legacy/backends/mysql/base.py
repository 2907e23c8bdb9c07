"""Django's MySQL back end with osTicket's session settings.

mysqlclient is used when it is installed; PyMySQL, which needs no compiler, stands in for it otherwise.
"""

import ssl
import zoneinfo
from typing import Any, ClassVar

try:
    import MySQLdb  # noqa: F401

    USES_PYMYSQL = False
except ImportError:
    import pymysql

    pymysql.install_as_MySQLdb()
    USES_PYMYSQL = True

from django.conf import settings
from django.db.backends.mysql import base
from django.utils.functional import cached_property

from helpdesk.legacy.backends.mysql.operations import DatabaseOperations
from helpdesk.legacy.backends.mysql.schema import DatabaseSchemaEditor

if USES_PYMYSQL:
    from pymysql.connections import Connection
    from pymysql.constants import FIELD_TYPE
    from pymysql.converters import convert_date, convert_datetime

    class QuickConnection(Connection):
        """PyMySQL's connection, quicker at writing ordinary values into a statement."""

        def escape(self, obj: Any, mapping: Any = None) -> Any:
            """Give a value as it stands in a statement."""
            kind = type(obj)
            if kind is str:
                return f"'{self._escape_string(obj)}'"  # type: ignore[attr-defined]
            if kind is int:
                return str(obj)
            return "NULL" if obj is None else super().escape(obj, mapping)

        _tls_contexts: ClassVar[list[ssl.SSLContext]] = []

        def _create_ssl_ctx(self, sslp: Any) -> ssl.SSLContext:
            """Give the TLS context; where nothing is configured the same one for all connections of the process.

            Making one reads every certificate of the machine: 45 ms of the 50 that a connection takes.
            """
            if sslp:
                return super()._create_ssl_ctx(sslp)  # type: ignore[misc,no-any-return]
            if not self._tls_contexts:
                self._tls_contexts.append(super()._create_ssl_ctx({}))  # type: ignore[misc]
            return self._tls_contexts[0]

    def datetime_or_none(text: Any) -> Any:
        """Give None for a zero or otherwise impossible date, as mysqlclient does; PyMySQL would give its text."""
        value = convert_datetime(text)
        return None if isinstance(value, str) else value

    def date_or_none(text: Any) -> Any:
        """Give None for a zero or otherwise impossible day."""
        value = convert_date(text)
        return None if isinstance(value, str) else value


# MySQL cuts what GROUP_CONCAT joins after 1,024 bytes, with a warning that nobody sees.
SESSION = (
    "SET SESSION time_zone='SYSTEM', sql_mode='STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', "
    "group_concat_max_len=16777216"
)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection in osTicket's time zone and a strict SQL mode that still knows zero dates."""

    SchemaEditorClass = DatabaseSchemaEditor
    ops_class = DatabaseOperations

    def get_connection_params(self) -> dict[str, Any]:
        """Add osTicket's session settings (osticket/schema.md §1, time) and the zero-date converter of PyMySQL."""
        params: dict[str, Any] = super().get_connection_params()
        params["init_command"] = SESSION
        if USES_PYMYSQL:
            params["conv"] = {
                **params["conv"],
                FIELD_TYPE.DATETIME: datetime_or_none,
                FIELD_TYPE.TIMESTAMP: datetime_or_none,
                FIELD_TYPE.DATE: date_or_none,
            }
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect, with PyMySQL by the class of ours."""
        return QuickConnection(**conn_params) if USES_PYMYSQL else super().get_new_connection(conn_params)

    def _start_transaction_under_autocommit(self) -> None:
        """Begin a transaction by `BEGIN`, as on SQLite: switching autocommit off and on again are two trips more."""
        with self.wrap_database_errors:
            self.connection.begin()

    @cached_property
    def timezone(self) -> Any:
        """Give the zone of stored datetimes: configured, else recorded when the database was adopted, else UTC."""
        if not settings.USE_TZ:
            return None
        return zoneinfo.ZoneInfo(self.timezone_name)

    @cached_property
    def timezone_name(self) -> str:
        """Give the name of that zone."""
        return self.settings_dict["TIME_ZONE"] or self._recorded_time_zone() or "UTC"

    def use_time_zone(self, name: str) -> None:
        """Take stored datetimes for times of this zone from now on, for adoption, which has just found it out."""
        self.__dict__["timezone_name"] = name
        self.__dict__.pop("timezone", None)

    @cached_property
    def holds_every_character(self) -> bool:
        """Whether osTicket's tables are noted to hold characters beyond the basic plane (not utf8mb3)."""
        return not self._installation[1]

    def forget_installation(self) -> None:
        """Read anew what is noted about this database, which adoption has just written."""
        for known in ("_installation", "holds_every_character"):
            self.__dict__.pop(known, None)

    def _recorded_time_zone(self) -> str | None:
        return self._installation[0]

    @cached_property
    def _installation(self) -> tuple[str | None, bool]:
        """Read the zone and the character set that `manage.py adopt` recorded; (None, False) before adoption."""
        # A bare cursor: Django's own would ask for the time zone again.
        with self.wrap_database_errors:
            self.ensure_connection()
            with self.connection.cursor() as cursor:
                cursor.execute(
                    "SELECT COUNT(*) FROM information_schema.tables"
                    " WHERE table_schema = DATABASE() AND table_name = 'hd_installation'"
                )
                if not cursor.fetchone()[0]:
                    return None, False
                cursor.execute(
                    "SELECT database_time_zone, utf8mb3_tables FROM hd_installation ORDER BY id DESC LIMIT 1"
                )
                row = cursor.fetchone()
        return (row[0] or None, bool(row[1])) if row else (None, False)
