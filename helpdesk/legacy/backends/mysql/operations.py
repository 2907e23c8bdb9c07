"""The conversions of the MySQL back end."""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.mysql import operations

from helpdesk.legacy.backends.zero_aggregates import ZeroAsNullOperationsMixin


class DatabaseOperations(ZeroAsNullOperationsMixin, operations.DatabaseOperations):
    """Django's operations; every moment comes out in UTC, and aggregates leave zero references out."""

    compiler_module = "helpdesk.legacy.backends.mysql.compiler"

    def convert_datetimefield_value(self, value: Any, expression: Any, connection: Any) -> datetime | None:
        """Give an aware moment in UTC."""
        moment = super().convert_datetimefield_value(value, expression, connection)
        return moment.astimezone(UTC) if isinstance(moment, datetime) and moment.tzinfo else moment
