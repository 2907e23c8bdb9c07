"""What Ostler notes about the database it runs on (a side table; osTicket's own tables are in the apps above)."""

from django.db import models
from django.utils import timezone


class Installation(models.Model):
    """How this database became ours: made fresh by `setup`, or adopted from a running osTicket."""

    class Origin(models.TextChoices):
        """Where the tables come from."""

        FRESH = "fresh"
        ADOPTED = "adopted"

    origin = models.CharField(max_length=10, choices=Origin.choices)
    osticket_version = models.CharField(max_length=20)
    schema_signature = models.CharField(max_length=32)
    database_time_zone = models.CharField(max_length=64)
    utf8mb3_tables = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "hd_installation"

    def __str__(self) -> str:
        return f"{self.origin} osTicket {self.osticket_version}"
