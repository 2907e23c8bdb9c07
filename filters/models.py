"""Ticket filters."""

from django.db import models
from django.utils.timezone import now

from filters.constants import FilterFlag
from helpdesk.legacy.fields import (
    EnumField,
    FlagsField,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyForeignKey,
    LegacyTextField,
    PhpJSONField,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
    ZeroForeignKey,
)


class TicketFilter(models.Model):
    """A ticket filter: rules and the actions taken when they match (osticket/filters.md)."""

    id = UnsignedAutoField(primary_key=True)
    execorder = UnsignedIntegerField(default=99)
    isactive = models.BooleanField(default=True)
    flags = FlagsField(flags=FilterFlag, null=True, blank=True)
    status = UnsignedIntegerField(default=0)
    match_all_rules = models.BooleanField(default=False)
    stop_onmatch = models.BooleanField(default=False)
    target = EnumField(values=["Any", "Web", "Email", "API"], default="Any")
    email = ZeroForeignKey("hd_mail.EmailAddress", related_name="filters")
    name = LegacyCharField(max_length=32, default="", blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("filter")
        indexes = [
            models.Index(fields=["email"], name="filter_email_id"),
            models.Index(fields=["target"], name="filter_target"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class FilterRule(models.Model):
    """One condition of a filter."""

    id = UnsignedAutoField(primary_key=True)
    filter = ZeroForeignKey("TicketFilter", related_name="rules")
    what = LegacyCharField(max_length=32)
    how = EnumField(values=["equal", "not_equal", "contains", "dn_contain", "starts", "ends", "match", "not_match"])
    val = LegacyCharField(max_length=255)
    isactive = models.BooleanField(default=True)
    notes = LegacyTextField(blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("filter_rule")
        indexes = [
            models.Index(fields=["filter"], name="filter_rule_filter_id"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["filter", "what", "how", "val"], name="filter_rule_filter"),
        ]


class FilterAction(models.Model):
    """One action of a filter."""

    id = UnsignedAutoField(primary_key=True)
    filter = LegacyForeignKey("TicketFilter", related_name="actions")
    sort = UnsignedIntegerField(default=0)
    type = LegacyCharField(max_length=24)
    configuration = PhpJSONField(null=True, blank=True)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("filter_action")
        indexes = [
            models.Index(fields=["filter"], name="filter_action_filter_id"),
        ]
