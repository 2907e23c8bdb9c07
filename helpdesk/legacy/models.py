"""What Ostler notes about the database it runs on (a side table; osTicket's own tables are in the apps above)."""

from django.conf import settings
from django.db import models
from django.utils import timezone


def present_table_prefix() -> str:
    """Give the prefix of osTicket's tables that is configured now."""
    prefix: str = settings.TABLE_PREFIX
    return prefix


class Installation(models.Model):
    """How this database became ours: made fresh by `setup`, adopted from a running osTicket, or copied from one."""

    class Origin(models.TextChoices):
        """Where the tables come from."""

        FRESH = "fresh"
        ADOPTED = "adopted"
        IMPORTED = "imported"

    table_prefix = models.CharField(max_length=20, default=present_table_prefix, blank=True)
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


class OriginalText(models.Model):
    """A text of which a utf8mb3 column holds only the nearest readable form (`helpdesk.legacy.originals`).

    `table_name` is without prefix; `row_id` is the first part of the row's key, `part_id` the others (0 for none).
    `stored_hash` is the SHA-256 of what the column holds for it, in hexadecimal.
    """

    table_name = models.CharField(max_length=64)
    column_name = models.CharField(max_length=64)
    row_id = models.BigIntegerField()
    part_id = models.BigIntegerField(default=0)
    stored_hash = models.CharField(max_length=64)
    original = models.TextField()

    class Meta:
        db_table = "hd_original_text"
        constraints = [
            models.UniqueConstraint(
                fields=["table_name", "column_name", "row_id", "part_id"], name="hd_original_text_place"
            )
        ]

    def __str__(self) -> str:
        return f"{self.table_name}.{self.column_name} {self.row_id}"


class ImportRun(models.Model):
    """A whole help desk being copied into this database, from osTicket or out of a backup; finished or interrupted.

    `source` names where from without any secret, so that only the same source goes on with an interrupted run.
    """

    class Kind(models.TextChoices):
        """What is copied."""

        OSTICKET = "osticket"
        BACKUP = "backup"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    source = models.CharField(max_length=500)
    source_time_zone = models.CharField(max_length=64, default="UTC")
    is_into_non_empty = models.BooleanField(default=False)
    started = models.DateTimeField(default=timezone.now)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "hd_import_run"

    def __str__(self) -> str:
        return f"{self.kind} {self.source}"


class ImportTable(models.Model):
    """How far one table of a run is, written in the transaction of its rows.

    `position` is the key of the last row read, in JSON, '' before the first. Sums are those of
    `helpdesk.legacy.copying.codec.RowSum`, in hexadecimal.
    """

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="tables")
    table = models.CharField(max_length=64)
    rows_expected = models.BigIntegerField(default=0)
    rows_copied = models.BigIntegerField(default=0)
    rows_left_out = models.BigIntegerField(default=0)
    rows_before = models.BigIntegerField(default=0)
    position = models.TextField(default="", blank=True)
    sum_copied = models.CharField(max_length=32, default="0")
    sum_before = models.CharField(max_length=32, default="0")
    source_fingerprint = models.CharField(max_length=64, default="", blank=True)
    is_complete = models.BooleanField(default=False)

    class Meta:
        db_table = "hd_import_table"
        constraints = [models.UniqueConstraint(fields=["run", "table"], name="hd_import_table_once")]

    def __str__(self) -> str:
        return self.table


class ImportProblem(models.Model):
    """A row that could not be copied, or not as it was. `key` is its key in JSON."""

    class Kind(models.TextChoices):
        """What became of the row."""

        LEFT_OUT = "left out"
        CHANGED = "changed"
        NOTED = "noted"

    run = models.ForeignKey(ImportRun, on_delete=models.CASCADE, related_name="problems")
    table = models.CharField(max_length=64)
    key = models.TextField()
    column = models.CharField(max_length=64, blank=True)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    reason = models.TextField()

    class Meta:
        db_table = "hd_import_problem"

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.reason}"
