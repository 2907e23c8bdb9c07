"""Imports of users from lists: what is to be done, how far it is, what became of each row (side tables)."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class UserImport(models.Model):
    """One list. `content` is its text until all rows are done; `columns` names what each column holds, '' for nothing.

    `position` is the number of rows that are done: whoever goes on begins there.
    """

    class State(models.TextChoices):
        """How far it is."""

        PREPARED = "prepared", _("not started")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        CANCELLED = "cancelled", _("cancelled")

    created = models.DateTimeField(default=timezone.now)
    agent_id = models.PositiveBigIntegerField(null=True, blank=True)
    actor_name = models.CharField(max_length=128)
    file_name = models.CharField(max_length=255)
    content = models.TextField(blank=True)
    encoding = models.CharField(max_length=32)
    separator = models.CharField(max_length=1)
    has_headings = models.BooleanField(default=True)
    columns = models.JSONField(default=list)
    organization_id = models.PositiveBigIntegerField(null=True, blank=True)
    updates_known = models.BooleanField(default=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.PREPARED)
    total = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "hd_user_import"
        indexes = [models.Index(fields=["created"], name="hd_user_import_at")]

    def __str__(self) -> str:
        return self.file_name


class UserImportRow(models.Model):
    """What became of one row; `number` is its line in the file."""

    class Outcome(models.TextChoices):
        """What was done."""

        MADE = "made", _("made")
        UPDATED = "updated", _("updated")
        UNCHANGED = "unchanged", _("unchanged")
        REFUSED = "refused", _("refused")

    list = models.ForeignKey(UserImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    address = models.CharField(max_length=255, blank=True)
    user_id = models.PositiveBigIntegerField(null=True, blank=True)
    column = models.CharField(max_length=128, blank=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        db_table = "hd_user_import_row"
        indexes = [models.Index(fields=["list", "outcome", "id"], name="hd_user_import_outcome")]

    def __str__(self) -> str:
        return f"{self.number}: {self.outcome}"
