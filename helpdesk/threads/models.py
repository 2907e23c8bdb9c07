"""Threads and all that hangs on them, for tickets and tasks alike."""

from django.db import models
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    CaseInsensitiveCharField,
    FlagsField,
    Folded,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyForeignKey,
    LegacyTextField,
    PhpJSONField,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
    ZeroForeignKey,
    ZeroIntegerField,
)
from helpdesk.threads.constants import CollaboratorFlag, EntryFlag


class Event(models.Model):
    """The name of a kind of thread event; ids differ between databases, so look up by name."""

    id = UnsignedAutoField(primary_key=True)
    name = LegacyCharField(max_length=60)
    description = LegacyCharField(max_length=60, null=True, blank=True)

    class Meta:
        db_table = Prefixed("event")
        constraints = [
            models.UniqueConstraint(fields=["name"], name="event_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class Thread(models.Model):
    """The conversation of a ticket, a task, or a merged ticket (osticket/tickets.md §1.6)."""

    id = UnsignedAutoField(primary_key=True)
    object_id = UnsignedIntegerField()
    object_type = LegacyCharField(max_length=1)
    extra = PhpJSONField(null=True, blank=True)
    lastresponse = LegacyDateTimeField(null=True, blank=True)
    lastmessage = LegacyDateTimeField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("thread")
        indexes = [
            models.Index(fields=["object_id"], name="thread_object_id"),
            models.Index(fields=["object_type"], name="thread_object_type"),
        ]


class ThreadEntry(models.Model):
    """A message, response or internal note (osticket/tickets.md §1.7)."""

    id = UnsignedAutoField(primary_key=True)
    parent = ZeroForeignKey("self", db_column="pid", related_name="replies")
    thread = ZeroForeignKey("Thread", related_name="entries")
    staff = ZeroForeignKey("hd_people.Agent", related_name="thread_entries")
    user = ZeroForeignKey("hd_people.EndUser", related_name="thread_entries")
    type = LegacyCharField(max_length=1, default="", blank=True)
    flags = FlagsField(flags=EntryFlag)
    poster = LegacyCharField(max_length=128, default="", blank=True)
    editor = UnsignedIntegerField(null=True, blank=True)
    editor_type = LegacyCharField(max_length=1, null=True, blank=True)
    source = LegacyCharField(max_length=32, default="", blank=True)
    title = LegacyCharField(max_length=255, null=True, blank=True)
    body = LegacyTextField(blank=True)
    format = LegacyCharField(max_length=16, default="html")
    ip_address = LegacyCharField(max_length=64, default="", blank=True)
    extra = PhpJSONField(null=True, blank=True)
    recipients = PhpJSONField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True)

    class Meta:
        db_table = Prefixed("thread_entry")
        indexes = [
            models.Index(fields=["parent"], name="thread_entry_pid"),
            models.Index(fields=["staff"], name="thread_entry_staff_id"),
            models.Index(fields=["thread"], name="thread_entry_thread_id"),
            models.Index(fields=["type"], name="thread_entry_type"),
        ]


class EntryEmail(models.Model):
    """The mail by which an entry came in or went out."""

    id = UnsignedAutoField(primary_key=True)
    entry = LegacyForeignKey("ThreadEntry", db_column="thread_entry_id", related_name="emails")
    email_id = UnsignedIntegerField(null=True, blank=True)
    mid = CaseInsensitiveCharField(max_length=255)
    headers = LegacyTextField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("thread_entry_email")
        indexes = [
            models.Index(fields=["email_id"], name="thread_entry_email_email_id"),
            models.Index(Folded("mid"), name="thread_entry_email_mid"),
            models.Index(fields=["entry"], name="tee_thread_entry_id"),
        ]


class ReceivedMail(models.Model):
    """That a mail was taken, once, and the mail as it came (a side table; `helpdesk.threads.mails`)."""

    digest = models.CharField(max_length=64, primary_key=True)
    entry_id = models.PositiveBigIntegerField(db_index=True)
    original = models.ForeignKey(
        "hd_files.StoredFile", null=True, db_constraint=False, on_delete=models.DO_NOTHING, related_name="+"
    )
    created = models.DateTimeField(default=now, db_index=True)

    class Meta:
        db_table = "hd_received_mail"


class EntryMerge(models.Model):
    """The original thread of an entry that a merge moved."""

    id = UnsignedAutoField(primary_key=True)
    entry = LegacyForeignKey("ThreadEntry", db_column="thread_entry_id", related_name="merges")
    data = PhpJSONField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("thread_entry_merge")
        indexes = [
            models.Index(fields=["entry"], name="tem_thread_entry_id"),
        ]


class ThreadEvent(models.Model):
    """Something that happened to a ticket or task (osticket/tickets.md §2)."""

    id = UnsignedAutoField(primary_key=True)
    thread = ZeroForeignKey("Thread", related_name="events")
    thread_type = LegacyCharField(max_length=1, default="", blank=True)
    event = LegacyForeignKey("Event", null=True, blank=True, related_name="+")
    staff = ZeroForeignKey("hd_people.Agent", related_name="+")
    team = ZeroForeignKey("hd_people.Team", related_name="+")
    dept = ZeroForeignKey("hd_people.Department", related_name="+")
    topic_id = ZeroIntegerField()
    data = PhpJSONField(null=True, blank=True)
    username = LegacyCharField(max_length=128, default="SYSTEM")
    uid = UnsignedIntegerField(null=True, blank=True)
    uid_type = LegacyCharField(max_length=1, default="S")
    annulled = models.BooleanField(default=False)
    timestamp = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("thread_event")
        indexes = [
            models.Index(fields=["thread", "event", "timestamp"], name="thread_event_ticket_state"),
            models.Index(fields=["timestamp", "event"], name="thread_event_ticket_stats"),
        ]


class Collaborator(models.Model):
    """An end user who takes part in a thread besides the owner."""

    id = UnsignedAutoField(primary_key=True)
    flags = FlagsField(flags=CollaboratorFlag, default=CollaboratorFlag(1))
    thread = ZeroForeignKey("Thread", related_name="collaborators")
    user = ZeroForeignKey("hd_people.EndUser", related_name="collaborations")
    role = LegacyCharField(max_length=1, default="M")
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("thread_collaborator")
        indexes = [
            models.Index(fields=["user"], name="thread_collaborator_user_id"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["thread", "user"], name="thread_collaborator_collab"),
        ]


class Referral(models.Model):
    """Access to a thread given to an agent (S), team (E) or department (D)."""

    id = UnsignedAutoField(primary_key=True)
    thread = LegacyForeignKey("Thread", related_name="referrals")
    object_id = UnsignedIntegerField()
    object_type = LegacyCharField(max_length=1)
    created = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("thread_referral")
        indexes = [
            models.Index(fields=["thread"], name="thread_referral_thread_id"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["object_id", "object_type", "thread"], name="thread_referral_ref"),
        ]


class Lock(models.Model):
    """The short-lived right of one agent to answer (osticket/tickets.md §15.3)."""

    lock_id = UnsignedAutoField(primary_key=True)
    staff = ZeroForeignKey("hd_people.Agent", related_name="locks")
    expire = LegacyDateTimeField(null=True, blank=True)
    code = LegacyCharField(max_length=20, null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("lock")
        indexes = [
            models.Index(fields=["staff"], name="lock_staff_id"),
        ]


class Draft(models.Model):
    """An unsent text; `staff_id` is an agent, an end user or 2147483648 for a guest."""

    id = UnsignedAutoField(primary_key=True)
    staff_id = UnsignedIntegerField()
    namespace = LegacyCharField(max_length=32, default="", blank=True)
    body = LegacyTextField(blank=True)
    extra = PhpJSONField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("draft")
        indexes = [
            models.Index(fields=["namespace"], name="draft_namespace"),
            models.Index(fields=["staff_id"], name="draft_staff_id"),
        ]


class FollowedTable(models.TextChoices):
    """The tables in which new rows tell what PHP does beside us."""

    EVENTS = "event"
    ENTRIES = "entry"


class KnownRow(models.Model):
    """A new row that needs no following: we wrote it ourselves, or it was handed over already (a side table).

    Written in the transaction that wrote the row, or handed it over; forgotten when no late row can stand beside it.
    """

    table = models.CharField(max_length=5, choices=FollowedTable.choices)
    row_id = models.PositiveBigIntegerField()

    class Meta:
        db_table = "hd_known_row"
        constraints = [models.UniqueConstraint(fields=["table", "row_id"], name="hd_known_row_row")]


class FollowPosition(models.Model):
    """How far a table was followed (a side table): rows up to `beginning` are history."""

    table = models.CharField(max_length=5, choices=FollowedTable.choices, primary_key=True)
    beginning = models.PositiveBigIntegerField()
    position = models.PositiveBigIntegerField()
    looked = models.DateTimeField(default=now)

    class Meta:
        db_table = "hd_follow_position"
