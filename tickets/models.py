"""Tickets, help topics, statuses, priorities, numbers and queues."""

from django.db import models
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    CaseInsensitiveCharField,
    EnumField,
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
from tickets.constants import QueueFlag, SequenceFlag, StatusMode, TicketFlag, TopicFlag
from tickets.querysets import TicketQuerySet


class TicketPriority(models.Model):
    """A priority; urgency 1 is the most urgent."""

    priority_id = models.SmallAutoField(primary_key=True)
    priority = LegacyCharField(max_length=60, default="", blank=True)
    priority_desc = LegacyCharField(max_length=30, default="", blank=True)
    priority_color = LegacyCharField(max_length=7, default="", blank=True)
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
    state = LegacyCharField(max_length=16, null=True, blank=True)
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
            models.UniqueConstraint(Folded("name"), name="ticket_status_name"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class Sequence(models.Model):
    """A counter for ticket and task numbers (osticket/config.md §10)."""

    id = UnsignedAutoField(primary_key=True)
    name = LegacyCharField(max_length=64, null=True, blank=True)
    flags = FlagsField(flags=SequenceFlag, null=True, blank=True)
    next = models.PositiveBigIntegerField(default=1)
    increment = models.IntegerField(null=True, blank=True, default=1)
    padding = LegacyCharField(max_length=1, null=True, blank=True, default="0")
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
    number_format = LegacyCharField(max_length=32, null=True, blank=True)
    notes = LegacyTextField(null=True, blank=True)
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
            models.UniqueConstraint(Folded("topic"), "parent", name="help_topic_topic"),
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
    number = LegacyCharField(max_length=20, null=True, blank=True)
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
    ip_address = LegacyCharField(max_length=64, default="", blank=True)
    source = EnumField(values=["Web", "Email", "Phone", "API", "Other"], default="Other")
    source_extra = LegacyCharField(max_length=40, null=True, blank=True)
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
    title = LegacyCharField(max_length=60, null=True, blank=True)
    config = PhpJSONField(null=True, blank=True)
    filter = LegacyCharField(max_length=64, null=True, blank=True)
    root = LegacyCharField(max_length=32, null=True, blank=True)
    path = LegacyCharField(max_length=80, default="/")
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
    name = LegacyCharField(max_length=64, default="", blank=True)
    primary = LegacyCharField(max_length=64, default="", blank=True)
    secondary = LegacyCharField(max_length=64, null=True, blank=True)
    filter = LegacyCharField(max_length=32, null=True, blank=True)
    truncate = LegacyCharField(max_length=16, null=True, blank=True)
    annotations = PhpJSONField(null=True, blank=True)
    conditions = PhpJSONField(null=True, blank=True)
    extra = LegacyTextField(null=True, blank=True)

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
    heading = LegacyCharField(max_length=64, null=True, blank=True)
    width = UnsignedIntegerField(default=100)

    class Meta:
        db_table = Prefixed("queue_columns")


class QueueSort(models.Model):
    """A sort order; `-` before a path means descending."""

    id = UnsignedAutoField(primary_key=True)
    root = LegacyCharField(max_length=32, null=True, blank=True)
    name = LegacyCharField(max_length=64, default="", blank=True)
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
    path = LegacyCharField(max_length=64, default="", blank=True)
    heading = LegacyCharField(max_length=64, null=True, blank=True)
    sort = UnsignedIntegerField(default=1)

    class Meta:
        db_table = Prefixed("queue_export")
        indexes = [
            models.Index(fields=["queue"], name="queue_export_queue_id"),
        ]


class SearchEntry(models.Model):
    """A row of the full-text index (osticket/queues.md §9)."""

    pk = models.CompositePrimaryKey("object_type", "object_id")
    object_type = LegacyCharField(max_length=8)
    object_id = UnsignedIntegerField()
    title = LegacyTextField(null=True, blank=True)
    content = LegacyTextField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("_search")


class NumberReservation(models.Model):
    """A number that is given away; its key makes it unique (`tickets.number_register`).

    `key` is the letter of the object's type and the number in lower case; `object_id` stays None until the row of the
    object was seen.
    """

    key = models.CharField(max_length=64, primary_key=True)
    object_id = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "hd_number"

    def __str__(self) -> str:
        return self.key


class RequestKey(models.Model):
    """The digest of a key that a caller gave with a request, so that the request can be repeated without harm."""

    digest = models.CharField(max_length=64, primary_key=True)
    ticket_id = models.PositiveBigIntegerField()
    created = models.DateTimeField(default=now)

    class Meta:
        db_table = "hd_request_key"
        indexes = [
            models.Index(fields=["created"], name="hd_request_key_created"),
        ]

    def __str__(self) -> str:
        return self.digest


class NumberPosition(models.Model):
    """Up to which id the numbers of the objects of a type are among the reservations."""

    object_type = models.CharField(max_length=1, primary_key=True)
    position = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "hd_number_position"

    def __str__(self) -> str:
        return f"{self.object_type} {self.position}"


class TicketRank(models.Model):
    """What queues that sort by priority sort a ticket by (`tickets.ranking`): the priority is a form answer, which no
    index of `ticket` holds.

    A date that the ticket does not have is `ranking.NO_DATE` here, an agent or a team 0.
    """

    ticket_id = models.PositiveBigIntegerField(primary_key=True)
    status_id = models.PositiveBigIntegerField()
    dept_id = models.PositiveBigIntegerField()
    staff_id = models.PositiveBigIntegerField(default=0)
    team_id = models.PositiveBigIntegerField(default=0)
    urgency = models.PositiveIntegerField()
    lastupdate = models.DateTimeField()
    created = models.DateTimeField()
    est_duedate = models.DateTimeField()

    class Meta:
        db_table = "hd_ticket_rank"
        indexes = [
            models.Index(fields=["status_id", "dept_id", "urgency", "lastupdate", "ticket_id"], name="hd_rank_updated"),
            models.Index(fields=["status_id", "dept_id", "urgency", "created", "ticket_id"], name="hd_rank_created"),
            models.Index(fields=["status_id", "dept_id", "urgency", "est_duedate", "ticket_id"], name="hd_rank_due"),
            models.Index(
                fields=["staff_id", "status_id", "urgency", "lastupdate", "ticket_id", "dept_id"],
                name="hd_rank_agent_updated",
            ),
            models.Index(
                fields=["staff_id", "status_id", "urgency", "est_duedate", "ticket_id", "dept_id"],
                name="hd_rank_agent_due",
            ),
            models.Index(
                fields=["team_id", "status_id", "urgency", "lastupdate", "ticket_id", "dept_id"],
                name="hd_rank_team_updated",
            ),
            models.Index(
                fields=["team_id", "status_id", "urgency", "est_duedate", "ticket_id", "dept_id"],
                name="hd_rank_team_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.urgency}"


class ReferredTicket(models.Model):
    """A referral with the ticket that it leads to, its status, department and dates (`tickets.ranking`): the open
    tickets among all that were ever referred to somebody are found at once, and the first ones by a date.
    """

    referral_id = models.PositiveBigIntegerField(primary_key=True)
    object_type = models.CharField(max_length=1)
    object_id = models.PositiveBigIntegerField()
    status_id = models.PositiveBigIntegerField()
    dept_id = models.PositiveBigIntegerField(default=0)
    ticket_id = models.PositiveBigIntegerField()
    lastupdate = models.DateTimeField(null=True)
    created = models.DateTimeField(null=True)
    est_duedate = models.DateTimeField(null=True)
    closed = models.DateTimeField(null=True)

    class Meta:
        db_table = "hd_ticket_referred"
        indexes = [
            models.Index(fields=["object_type", "object_id", "status_id", "ticket_id"], name="hd_referred_status"),
            models.Index(
                fields=["object_type", "object_id", "status_id", "lastupdate", "ticket_id", "dept_id"],
                name="hd_referred_updated",
            ),
            models.Index(
                fields=["object_type", "object_id", "status_id", "created", "ticket_id", "dept_id"],
                name="hd_referred_created",
            ),
            models.Index(
                fields=["object_type", "object_id", "status_id", "est_duedate", "ticket_id", "dept_id"],
                name="hd_referred_due",
            ),
            models.Index(
                fields=["object_type", "object_id", "status_id", "closed", "ticket_id", "dept_id"],
                name="hd_referred_closed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_type}{self.object_id} {self.ticket_id}"


class RankingState(models.Model):
    """How far the ranks are (one row): every ticket that was not saved since `watermark` has its rank.

    `position` is the id up to which a run over all tickets, begun at `started`, has come; None when none is going on.
    `referral` is the id of the newest referral that has its place (`ReferredTicket`); None until all have.
    """

    watermark = models.DateTimeField(null=True, blank=True)
    referral = models.PositiveBigIntegerField(null=True, blank=True)
    started = models.DateTimeField(null=True, blank=True)
    position = models.PositiveBigIntegerField(default=0)

    class Meta:
        db_table = "hd_ticket_ranking"

    def __str__(self) -> str:
        return f"{self.watermark}"


class SearchDocument(models.Model):
    """What PostgreSQL finds words in (`tickets.search.documents`): its column `words` is known to that engine alone.

    Empty on the others. `id` holds type and id of the object in one number.
    """

    id = models.BigIntegerField(primary_key=True)
    ticket_id = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "hd_search_document"

    def __str__(self) -> str:
        return str(self.id)


class CommonWord(models.Model):
    """A word that stands in so many entries that searching for it alone would take long."""

    word = models.CharField(max_length=64, primary_key=True)

    class Meta:
        db_table = "hd_common_word"

    def __str__(self) -> str:
        return self.word


class ReindexPosition(models.Model):
    """How far `manage.py reindex` has come with the objects of a type, from the newest down."""

    object_type = models.CharField(max_length=1, primary_key=True)
    position = models.PositiveBigIntegerField(null=True, blank=True)
    is_done = models.BooleanField(default=False)

    class Meta:
        db_table = "hd_reindex_position"

    def __str__(self) -> str:
        return f"{self.object_type} {self.position}"
