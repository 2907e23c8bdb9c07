"""Stored files and what they are attached to."""

from django.db import models
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    CaseInsensitiveCharField,
    Folded,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyForeignKey,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
)


class StoredFile(models.Model):
    """A stored file; its bytes are in chunks or in a storage back end (osticket/files.md §1)."""

    id = models.AutoField(primary_key=True)
    ft = LegacyCharField(max_length=1, default="T")
    bk = LegacyCharField(max_length=1, default="D")
    type = LegacyCharField(max_length=255, default="", blank=True)
    size = models.PositiveBigIntegerField(default=0)
    key = CaseInsensitiveCharField(max_length=86)
    signature = LegacyCharField(max_length=86)
    name = LegacyCharField(max_length=255, default="", blank=True)
    attrs = LegacyCharField(max_length=255, null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("file")
        indexes = [
            models.Index(fields=["created"], name="file_created"),
            models.Index(fields=["ft"], name="file_ft"),
            models.Index(Folded("key"), name="file_key"),
            models.Index(fields=["signature"], name="file_signature"),
            models.Index(fields=["size"], name="file_size"),
            models.Index(fields=["type"], name="file_type"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class FileChunk(models.Model):
    """A part of a file stored in the database, at most 512,000 bytes."""

    pk = models.CompositePrimaryKey("file_id", "chunk_id")
    file = LegacyForeignKey("StoredFile", related_name="chunks")
    chunk_id = models.IntegerField()
    filedata = models.BinaryField()

    class Meta:
        db_table = Prefixed("file_chunk")


class Attachment(models.Model):
    """The link of a file to an object: thread entry, canned response, FAQ, page, draft … (osticket/schema.md §3.2)."""

    id = UnsignedAutoField(primary_key=True)
    object_id = UnsignedIntegerField()
    type = LegacyCharField(max_length=1)
    file = LegacyForeignKey("StoredFile", related_name="attachments")
    name = LegacyCharField(max_length=255, null=True, blank=True)
    inline = models.BooleanField(default=False)
    lang = LegacyCharField(max_length=16, null=True, blank=True)

    class Meta:
        db_table = Prefixed("attachment")
        constraints = [
            models.UniqueConstraint(fields=["object_id", "file", "type"], name="attachment_file_type"),
            models.UniqueConstraint(fields=["file", "object_id"], name="attachment_file_object"),
        ]
