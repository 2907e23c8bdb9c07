"""Keys of the HTTP API."""

from django.db import models
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    CaseInsensitiveCharField,
    Folded,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyTextField,
    Prefixed,
    UnsignedAutoField,
)


class ApiKey(models.Model):
    """A key of osTicket's HTTP API, tied to one exact address (osticket/api.md)."""

    id = UnsignedAutoField(primary_key=True)
    isactive = models.BooleanField(default=True)
    ipaddr = LegacyCharField(max_length=64)
    apikey = CaseInsensitiveCharField(max_length=255)
    can_create_tickets = models.BooleanField(default=True)
    can_exec_cron = models.BooleanField(default=True)
    notes = LegacyTextField(null=True, blank=True)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)
    created = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("api_key")
        indexes = [
            models.Index(fields=["ipaddr"], name="api_key_ipaddr"),
        ]
        constraints = [
            models.UniqueConstraint(Folded("apikey"), name="api_key_apikey"),
        ]

    def __str__(self) -> str:
        return str(self.ipaddr)
