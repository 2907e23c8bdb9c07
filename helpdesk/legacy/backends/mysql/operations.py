"""The conversions of the MySQL back end."""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.mysql import operations


class DatabaseOperations(operations.DatabaseOperations):
    """Django's conversions, but every moment comes out in UTC, in whatever zone the database keeps its times."""

    def convert_datetimefield_value(self, value: Any, expression: Any, connection: Any) -> datetime | None:
        """Give an aware moment in UTC."""
        moment = super().convert_datetimefield_value(value, expression, connection)
        return moment.astimezone(UTC) if isinstance(moment, datetime) and moment.tzinfo else moment
