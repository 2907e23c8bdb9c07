"""Tickets, help topics, statuses, priorities, numbers and queues."""

from django.db import models
from django.db.models.functions import Upper
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    CaseInsensitiveCharField,
    EnumField,
    FlagsField,
    LegacyDateTimeField,
    LegacyForeignKey,
    PhpJSONField,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
    ZeroForeignKey,
    ZeroIntegerField,
)
from tickets.constants import QueueFlag, SequenceFlag, StatusMode, TicketFlag, TopicFlag
from tickets.querysets import TicketQuerySet


class TicketPriority(models.Model):
    """A priority; urgency 1 is the most urgent."""

    priority_id = models.SmallAutoField(primary_key=True)
    priority = models.CharField(max_length=60, default="", blank=True)
    priority_desc = models.CharField(max_length=30, default="", blank=True)
    priority_color = models.CharField(max_length=7, default="", blank=True)
    priority_urgency = models.PositiveSmallIntegerField(default=0)
    ispublic = models.BooleanField(default=True)

    class Meta:
        db_table = Prefixed("ticket_priority")
        indexes = [
            models.Index(fields=["ispublic"], name="ticket_priority_ispublic"),
            models.Index(fields=["priority_urgency"], name="tp_priority_urgency"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["priority"], name="ticket_priority_priority"),
        ]

    def __str__(self) -> str:
        return str(self.priority_desc)


class TicketStatus(models.Model):
    """A status; its state decides whether tickets are open (osticket/tickets.md §1.4)."""

    id = models.AutoField(primary_key=True)
    name = CaseInsensitiveCharField(max_length=60, default="", blank=True)
    state = models.CharField(max_length=16, null=True, blank=True)
    mode = FlagsField(flags=StatusMode)
    flags = UnsignedIntegerField(default=0)
    sort = UnsignedIntegerField(default=0)
    properties = PhpJSONField(blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("ticket_status")
        indexes = [
            models.Index(fields=["state"], name="ticket_status_state"),
        ]
        constraints = [
            models.UniqueConstraint(Upper("name"), name="ticket_status_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class Sequence(models.Model):
    """A counter for ticket and task numbers (osticket/config.md §10)."""

    id = UnsignedAutoField(primary_key=True)
    name = models.CharField(max_length=64, null=True, blank=True)
    flags = FlagsField(flags=SequenceFlag, null=True, blank=True)
    next = models.PositiveBigIntegerField(default=1)
    increment = models.IntegerField(null=True, blank=True, default=1)
    padding = models.CharField(max_length=1, null=True, blank=True, default="0")
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("sequence")

    def __str__(self) -> str:
        return str(self.name)


class HelpTopic(models.Model):
    """What a ticket is about; brings forms and defaults."""

    topic_id = UnsignedAutoField(primary_key=True)
    parent = ZeroForeignKey("self", db_column="topic_pid", related_name="children")
    ispublic = models.BooleanField(default=True)
    noautoresp = models.BooleanField(default=False)
    flags = FlagsField(flags=TopicFlag, null=True, blank=True)
    status = ZeroForeignKey("TicketStatus", related_name="+")
    priority = ZeroForeignKey("TicketPriority", related_name="+")
    dept = ZeroForeignKey("hd_people.Department", related_name="help_topics")
    staff = ZeroForeignKey("hd_people.Agent", related_name="+")
    team = ZeroForeignKey("hd_people.Team", related_name="+")
    sla = ZeroForeignKey("hd_sla.SlaPlan", related_name="+")
    page = ZeroForeignKey("hd_knowledge.Page", related_name="+")
    sequence = ZeroForeignKey("Sequence", related_name="+")
    sort = UnsignedIntegerField(default=0)
    topic = CaseInsensitiveCharField(max_length=128, default="", blank=True)
    number_format = models.CharField(max_length=32, null=True, blank=True)
    notes = models.TextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("help_topic")
        indexes = [
            models.Index(fields=["dept"], name="help_topic_dept_id"),
            models.Index(fields=["page"], name="help_topic_page_id"),
            models.Index(fields=["priority"], name="help_topic_priority_id"),
            models.Index(fields=["sla"], name="help_topic_sla_id"),
            models.Index(fields=["staff", "team"], name="help_topic_staff_id"),
            models.Index(fields=["parent"], name="help_topic_topic_pid"),
        ]
        constraints = [
            models.UniqueConstraint(Upper("topic"), "parent", name="help_topic_topic"),
        ]

    def __str__(self) -> str:
        return str(self.topic)


class HelpTopicForm(models.Model):
    """A form that a help topic adds to its tickets."""

    id = UnsignedAutoField(primary_key=True)
    topic = ZeroForeignKey("HelpTopic", related_name="topic_forms")
    form = ZeroForeignKey("hd_forms.Form", related_name="help_topics")
    sort = UnsignedIntegerField(default=1)
    extra = PhpJSONField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("help_topic_form")
        indexes = [
            models.Index(fields=["topic", "form"], name="help_topic_form_topic_form"),
        ]


class Ticket(models.Model):
    """A ticket (osticket/tickets.md §1.1)."""

    ticket_id = UnsignedAutoField(primary_key=True)
    parent = LegacyForeignKey("self", null=True, blank=True, db_column="ticket_pid", related_name="family")
    number = models.CharField(max_length=20, null=True, blank=True)
    user = ZeroForeignKey("hd_people.EndUser", related_name="tickets")
    user_email = ZeroForeignKey("hd_people.UserEmail", related_name="+")
    status = ZeroForeignKey("TicketStatus", related_name="tickets")
    dept = ZeroForeignKey("hd_people.Department", related_name="tickets")
    sla = ZeroForeignKey("hd_sla.SlaPlan", related_name="tickets")
    topic = ZeroForeignKey("HelpTopic", related_name="tickets")
    staff = ZeroForeignKey("hd_people.Agent", related_name="tickets")
    team = ZeroForeignKey("hd_people.Team", related_name="tickets")
    email = ZeroForeignKey("hd_mail.EmailAddress", related_name="tickets")
    lock = ZeroForeignKey("hd_threads.Lock", related_name="+")
    flags = FlagsField(flags=TicketFlag)
    sort = UnsignedIntegerField(default=0)
    ip_address = models.CharField(max_length=64, default="", blank=True)
    source = EnumField(values=["Web", "Email", "Phone", "API", "Other"], default="Other")
    source_extra = models.CharField(max_length=40, null=True, blank=True)
    isoverdue = models.BooleanField(default=False)
    isanswered = models.BooleanField(default=False)
    duedate = LegacyDateTimeField(null=True, blank=True)
    est_duedate = LegacyDateTimeField(null=True, blank=True)
    reopened = LegacyDateTimeField(null=True, blank=True)
    closed = LegacyDateTimeField(null=True, blank=True)
    lastupdate = LegacyDateTimeField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    objects = TicketQuerySet.as_manager()

    class Meta:
        db_table = Prefixed("ticket")
        indexes = [
            models.Index(fields=["closed"], name="ticket_closed"),
            models.Index(fields=["created"], name="ticket_created"),
            models.Index(fields=["dept"], name="ticket_dept_id"),
            models.Index(fields=["duedate"], name="ticket_duedate"),
            models.Index(fields=["sla"], name="ticket_sla_id"),
            models.Index(fields=["staff"], name="ticket_staff_id"),
            models.Index(fields=["status"], name="ticket_status_id"),
            models.Index(fields=["team"], name="ticket_team_id"),
            models.Index(fields=["parent"], name="ticket_ticket_pid"),
            models.Index(fields=["topic"], name="ticket_topic_id"),
            models.Index(fields=["user"], name="ticket_user_id"),
        ]

    def __str__(self) -> str:
        return str(self.number)


class Queue(models.Model):
    """A queue of the navigation or a saved search (osticket/queues.md §1)."""

    id = UnsignedAutoField(primary_key=True)
    parent = ZeroForeignKey("self", related_name="children")
    columns_of = LegacyForeignKey("self", null=True, blank=True, db_column="columns_id", related_name="+")
    default_sort = LegacyForeignKey("QueueSort", null=True, blank=True, db_column="sort_id", related_name="+")
    flags = FlagsField(flags=QueueFlag)
    staff = ZeroForeignKey("hd_people.Agent", related_name="queues")
    sort = UnsignedIntegerField(default=0)
    title = models.CharField(max_length=60, null=True, blank=True)
    config = PhpJSONField(null=True, blank=True)
    filter = models.CharField(max_length=64, null=True, blank=True)
    root = models.CharField(max_length=32, null=True, blank=True)
    path = models.CharField(max_length=80, default="/")
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("queue")
        indexes = [
            models.Index(fields=["parent"], name="queue_parent_id"),
            models.Index(fields=["staff"], name="queue_staff_id"),
        ]

    def __str__(self) -> str:
        return str(self.title)


class QueueColumn(models.Model):
    """A column that queues can show (osticket/queues.md §6)."""

    id = UnsignedAutoField(primary_key=True)
    flags = UnsignedIntegerField(default=0)
    name = models.CharField(max_length=64, default="", blank=True)
    primary = models.CharField(max_length=64, default="", blank=True)
    secondary = models.CharField(max_length=64, null=True, blank=True)
    filter = models.CharField(max_length=32, null=True, blank=True)
    truncate = models.CharField(max_length=16, null=True, blank=True)
    annotations = PhpJSONField(null=True, blank=True)
    conditions = PhpJSONField(null=True, blank=True)
    extra = models.TextField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("queue_column")

    def __str__(self) -> str:
        return str(self.name)


class QueueColumnPlacement(models.Model):
    """The place of a column in a queue, for all (`staff_id` 0) or for one agent."""

    pk = models.CompositePrimaryKey("queue_id", "column_id", "staff_id")
    queue = LegacyForeignKey("Queue", related_name="column_placements")
    column = LegacyForeignKey("QueueColumn", related_name="placements")
    staff_id = ZeroIntegerField()
    bits = UnsignedIntegerField(default=0)
    sort = UnsignedIntegerField(default=1)
    heading = models.CharField(max_length=64, null=True, blank=True)
    width = UnsignedIntegerField(default=100)

    class Meta:
        db_table = Prefixed("queue_columns")


class QueueSort(models.Model):
    """A sort order; `-` before a path means descending."""

    id = UnsignedAutoField(primary_key=True)
    root = models.CharField(max_length=32, null=True, blank=True)
    name = models.CharField(max_length=64, default="", blank=True)
    columns = PhpJSONField(null=True, blank=True)
    updated = LegacyDateTimeField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("queue_sort")

    def __str__(self) -> str:
        return str(self.name)


class QueueSortChoice(models.Model):
    """A sort order that a queue offers."""

    pk = models.CompositePrimaryKey("queue_id", "queue_sort_id")
    queue = LegacyForeignKey("Queue", related_name="sort_choices")
    queue_sort = LegacyForeignKey("QueueSort", db_column="sort_id", related_name="choices")
    bits = UnsignedIntegerField(default=0)
    sort = UnsignedIntegerField(default=0)

    class Meta:
        db_table = Prefixed("queue_sorts")


class QueuePreference(models.Model):
    """The settings of one agent for a public queue."""

    pk = models.CompositePrimaryKey("queue_id", "staff_id")
    queue = LegacyForeignKey("Queue", related_name="preferences")
    staff = LegacyForeignKey("hd_people.Agent", related_name="queue_preferences")
    setting = PhpJSONField(null=True, blank=True)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("queue_config")


class QueueExportField(models.Model):
    """A field of the CSV export of a queue."""

    id = UnsignedAutoField(primary_key=True)
    queue = LegacyForeignKey("Queue", related_name="export_fields")
    path = models.CharField(max_length=64, default="", blank=True)
    heading = models.CharField(max_length=64, null=True, blank=True)
    sort = UnsignedIntegerField(default=1)

    class Meta:
        db_table = Prefixed("queue_export")
        indexes = [
            models.Index(fields=["queue"], name="queue_export_queue_id"),
        ]


class SearchEntry(models.Model):
    """A row of the full-text index (osticket/queues.md §9)."""

    pk = models.CompositePrimaryKey("object_type", "object_id")
    object_type = models.CharField(max_length=8)
    object_id = UnsignedIntegerField()
    title = models.TextField(null=True, blank=True)
    content = models.TextField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("_search")
