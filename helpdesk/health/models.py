"""What the checks remember between two runs, and who is at work on what (side tables)."""

from django.db import models


class HealthNote(models.Model):
    """When something happened last, and its figures: a worker's last job, the last comparison, the last backup."""

    name = models.CharField(max_length=150, unique=True)
    at = models.DateTimeField()
    details = models.JSONField(default=dict)

    class Meta:
        db_table = "hd_health_note"

    def __str__(self) -> str:
        return self.name


class Lease(models.Model):
    """That somebody alone does something until a moment (`leases.py`). A row whose time is over means nothing."""

    name = models.CharField(max_length=150, primary_key=True)
    holder = models.CharField(max_length=32)
    taken = models.DateTimeField()
    until = models.DateTimeField()

    class Meta:
        db_table = "hd_lease"

    def __str__(self) -> str:
        return self.name
