"""Addresses, mailboxes and e-mail templates."""

from django.db import models
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    CaseInsensitiveCharField,
    EnumField,
    Folded,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyForeignKey,
    LegacyTextField,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
    ZeroForeignKey,
    ZeroIntegerField,
)


class EmailAddress(models.Model):
    """An address of the help desk itself."""

    email_id = UnsignedAutoField(primary_key=True)
    noautoresp = models.BooleanField(default=False)
    priority_id = ZeroIntegerField(default=2)
    dept = ZeroForeignKey("hd_people.Department", related_name="emails")
    topic_id = ZeroIntegerField()
    email = CaseInsensitiveCharField(max_length=255, default="", blank=True)
    name = LegacyCharField(max_length=255, default="", blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("email")
        indexes = [
            models.Index(fields=["dept"], name="email_dept_id"),
            models.Index(fields=["priority_id"], name="email_priority_id"),
        ]
        constraints = [
            models.UniqueConstraint(Folded("email"), name="email_email"),
        ]

    def __str__(self) -> str:
        return str(self.email)


class EmailAccount(models.Model):
    """The mailbox or the SMTP server of an address; credentials are in `config` (osticket/auth.md §8)."""

    id = UnsignedAutoField(primary_key=True)
    email = LegacyForeignKey("EmailAddress", related_name="accounts")
    type = EnumField(values=["mailbox", "smtp"], default="mailbox")
    auth_bk = LegacyCharField(max_length=128)
    auth_id = LegacyCharField(max_length=16, null=True, blank=True)
    active = models.BooleanField(default=False)
    host = LegacyCharField(max_length=128, default="", blank=True)
    port = models.IntegerField()
    folder = LegacyCharField(max_length=255, null=True, blank=True)
    protocol = EnumField(values=["IMAP", "POP", "SMTP", "OTHER"], default="OTHER")
    encryption = EnumField(values=["NONE", "AUTO", "SSL"], default="AUTO")
    fetchfreq = models.PositiveSmallIntegerField(default=5)
    fetchmax = models.PositiveSmallIntegerField(null=True, blank=True, default=30)
    postfetch = EnumField(values=["archive", "delete", "nothing"], default="nothing")
    archivefolder = LegacyCharField(max_length=255, null=True, blank=True)
    allow_spoofing = models.BooleanField(null=True, blank=True, default=False)
    num_errors = UnsignedIntegerField(default=0)
    last_error_msg = LegacyTextField(null=True, blank=True)
    last_error = LegacyDateTimeField(null=True, blank=True)
    last_activity = LegacyDateTimeField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("email_account")
        indexes = [
            models.Index(fields=["email"], name="email_account_email_id"),
            models.Index(fields=["type"], name="email_account_type"),
        ]

    def __str__(self) -> str:
        return f"{self.email.email if self.email else self.email_id} ({self.host}:{self.port})"


class TemplateSet(models.Model):
    """A set of e-mail templates."""

    tpl_id = models.AutoField(primary_key=True)
    isactive = models.BooleanField(default=False)
    name = LegacyCharField(max_length=32, default="", blank=True)
    lang = LegacyCharField(max_length=16, default="en_US")
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("email_template_group")

    def __str__(self) -> str:
        return str(self.name)


class EmailTemplate(models.Model):
    """One template of a set, by its code name."""

    id = UnsignedAutoField(primary_key=True)
    tpl = LegacyForeignKey("TemplateSet", related_name="templates")
    code_name = LegacyCharField(max_length=32)
    subject = LegacyCharField(max_length=255, default="", blank=True)
    body = LegacyTextField(blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("email_template")
        constraints = [
            models.UniqueConstraint(fields=["tpl", "code_name"], name="email_template_template_lookup"),
        ]

    def __str__(self) -> str:
        return str(self.code_name)
