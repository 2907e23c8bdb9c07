"""One row per change that an administrator makes (a side table that PHP never sees)."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AdministrativeChange(models.Model):
    """What somebody changed. `changes` maps a field to its values before and after, in plain words or numbers.

    Names are those of the time: the object and the agent may be gone or called otherwise today.
    """

    class Action(models.TextChoices):
        """What was done."""

        CREATED = "created", _("created")
        CHANGED = "changed", _("changed")
        DELETED = "deleted", _("deleted")

    class ObjectType(models.TextChoices):
        """What it was done to."""

        AGENT = "agent", _("agent")
        API_KEY = "API key", _("API key")
        BAN_LIST = "ban list", _("ban list")
        CANNED_RESPONSE = "canned response", _("canned response")
        DEPARTMENT = "department", _("department")
        EMAIL_ADDRESS = "e-mail address", _("e-mail address")
        EMAIL_TEMPLATE = "e-mail template", _("e-mail template")
        FAQ = "FAQ", _("FAQ")
        FAQ_CATEGORY = "FAQ category", _("category of FAQs")
        FILTER = "filter", _("ticket filter")
        FORM = "form", _("form")
        FORM_FIELD = "form field", _("field of a form")
        HELP_TOPIC = "help topic", _("help topic")
        JOB = "job", _("recurring job")
        LIST = "list", _("list")
        LIST_ITEM = "list item", _("item of a list")
        OUTBOX = "outbox", _("outbox")
        ORGANIZATION = "organization", _("organization")
        PAGE = "page", _("page")
        QUEUE = "queue", _("queue")
        ROLE = "role", _("role")
        SCHEDULE = "schedule", _("schedule")
        SETTINGS = "settings", _("settings")
        SLA_PLAN = "SLA plan", _("SLA plan")
        SYSTEM_LOG = "system log", _("system log")
        TEAM = "team", _("team")
        USER = "user", _("user")

    created = models.DateTimeField(_("when"), default=timezone.now)
    actor_kind = models.CharField(max_length=10)
    agent_id = models.PositiveBigIntegerField(null=True, blank=True)
    actor_name = models.CharField(_("who"), max_length=128)
    ip_address = models.CharField(_("address"), max_length=45, blank=True)
    action = models.CharField(_("action"), max_length=8, choices=Action.choices)
    object_type = models.CharField(_("kind"), max_length=16, choices=ObjectType.choices)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(_("object"), max_length=255, blank=True)
    changes = models.JSONField(_("changes"), default=dict)

    class Meta:
        db_table = "hd_administrative_change"
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes = [
            models.Index(fields=["object_type", "object_id", "id"], name="hd_change_of_object"),
            models.Index(fields=["agent_id", "id"], name="hd_change_by_agent"),
            models.Index(fields=["created"], name="hd_change_at"),
        ]

    def __str__(self) -> str:
        return f"{self.get_object_type_display()} {self.object_name} {self.get_action_display()}"
