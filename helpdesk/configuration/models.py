"""Settings, the system log and what only PHP osTicket uses."""

from django.db import models
from django.utils.timezone import now

from helpdesk.legacy.fields import (
    EnumField,
    LegacyCharField,
    LegacyDateTimeField,
    LegacyForeignKey,
    LegacyTextField,
    Prefixed,
    UnsignedAutoField,
    UnsignedIntegerField,
    ZeroIntegerField,
)


class ConfigItem(models.Model):
    """One setting: every value is text (osticket/config.md §1). Read them through `configuration.current()`."""

    id = UnsignedAutoField(primary_key=True)
    namespace = LegacyCharField(max_length=64)
    key = LegacyCharField(max_length=64)
    value = LegacyTextField(blank=True)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("config")
        constraints = [
            models.UniqueConstraint(fields=["namespace", "key"], name="config_namespace"),
        ]

    def __str__(self) -> str:
        return str(self.key)


class Translation(models.Model):
    """A translated phrase or article, found by the hash of its tag (osticket/config.md §7)."""

    id = UnsignedAutoField(primary_key=True)
    object_hash = LegacyCharField(max_length=16, null=True, blank=True)
    type = EnumField(values=["phrase", "article", "override"], null=True, blank=True)
    flags = UnsignedIntegerField(default=0)
    revision = UnsignedIntegerField(null=True, blank=True)
    agent_id = UnsignedIntegerField(default=0)
    lang = LegacyCharField(max_length=16, default="", blank=True)
    text = LegacyTextField(blank=True)
    source_text = LegacyTextField(null=True, blank=True)
    updated = LegacyDateTimeField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("translation")
        indexes = [
            models.Index(fields=["object_hash"], name="translation_object_hash"),
            models.Index(fields=["type", "lang"], name="translation_type"),
        ]


class Plugin(models.Model):
    """A PHP plugin known to the installation; kept for osTicket, never run here."""

    id = UnsignedAutoField(primary_key=True)
    name = LegacyCharField(max_length=255)
    install_path = LegacyCharField(max_length=60)
    isphar = models.BooleanField(default=False)
    isactive = models.BooleanField(default=False)
    version = LegacyCharField(max_length=64, null=True, blank=True)
    notes = LegacyTextField(null=True, blank=True)
    installed = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("plugin")
        constraints = [
            models.UniqueConstraint(fields=["install_path"], name="plugin_install_path"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class PluginInstance(models.Model):
    """One configured instance of a PHP plugin; its options are rows of `config`."""

    id = UnsignedAutoField(primary_key=True)
    plugin = LegacyForeignKey("Plugin", related_name="instances")
    flags = models.IntegerField(default=0)
    name = LegacyCharField(max_length=255, default="", blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(null=True, blank=True)

    class Meta:
        db_table = Prefixed("plugin_instance")
        indexes = [
            models.Index(fields=["plugin"], name="plugin_instance_plugin_id"),
        ]

    def __str__(self) -> str:
        return str(self.name)


class SystemLogEntry(models.Model):
    """One line of the system log that administrators read."""

    log_id = UnsignedAutoField(primary_key=True)
    log_type = EnumField(values=["Debug", "Warning", "Error"])
    title = LegacyCharField(max_length=255)
    log = LegacyTextField(blank=True)
    logger = LegacyCharField(max_length=64)
    ip_address = LegacyCharField(max_length=64)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("syslog")
        indexes = [
            models.Index(fields=["log_type"], name="syslog_log_type"),
        ]

    def __str__(self) -> str:
        return str(self.title)


class QuickNote(models.Model):
    """A quick note on a user (`ext_id` U<id>) or organization (O<id>)."""

    id = UnsignedAutoField(primary_key=True)
    pid = UnsignedIntegerField(null=True, blank=True)
    staff_id = ZeroIntegerField()
    ext_id = LegacyCharField(max_length=10, null=True, blank=True)
    body = LegacyTextField(null=True, blank=True)
    status = UnsignedIntegerField(default=0)
    sort = UnsignedIntegerField(default=0)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("note")
        indexes = [
            models.Index(fields=["ext_id"], name="note_ext_id"),
        ]


class PhpSession(models.Model):
    """A session of PHP osTicket; ours live in Django's own table and these rows are never touched."""

    session_id = LegacyCharField(max_length=255, primary_key=True)
    session_data = models.BinaryField(null=True, blank=True)
    session_expire = LegacyDateTimeField(null=True, blank=True)
    session_updated = LegacyDateTimeField(null=True, blank=True)
    user_id = LegacyCharField(max_length=16, default="0")
    user_ip = LegacyCharField(max_length=64)
    user_agent = LegacyCharField(max_length=255)

    class Meta:
        db_table = Prefixed("session")
        indexes = [
            models.Index(fields=["session_updated"], name="session_updated"),
            models.Index(fields=["user_id"], name="session_user_id"),
        ]


class LegacyGroup(models.Model):
    """Agent groups of releases before 1.10; empty and never read."""

    id = UnsignedAutoField(primary_key=True)
    role_id = UnsignedIntegerField()
    flags = UnsignedIntegerField(default=1)
    name = LegacyCharField(max_length=120, default="", blank=True)
    notes = LegacyTextField(null=True, blank=True)
    created = LegacyDateTimeField(zero_for_none=True, default=now)
    updated = LegacyDateTimeField(zero_for_none=True, default=now)

    class Meta:
        db_table = Prefixed("group")
        indexes = [
            models.Index(fields=["role_id"], name="group_role_id"),
        ]
