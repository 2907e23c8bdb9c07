"""What is still to be done in the outside world, and what became of it."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Effect(models.Model):
    """A mail, a call of another program or the like, written in the transaction of its cause.

    `kind` names the handler, `object_type` and `object_id` what it is about (`ticket`, 7), `payload` everything else
    that was decided when the cause happened. `key` makes it happen once: a second row with the same key is not written.
    """

    class State(models.TextChoices):
        """Where it is on its way."""

        WAITING = "waiting", _("waiting")
        """To be done at `next_try`, whether it was tried before or not."""
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        """Given up; an administrator decides."""
        DISCARDED = "dropped", _("discarded")
        """An administrator decided that it shall not happen."""

    kind = models.CharField(_("kind"), max_length=64)
    object_type = models.CharField(max_length=32, default="", blank=True)
    object_id = models.PositiveBigIntegerField(default=0)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    key = models.CharField(max_length=190, unique=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_try = models.DateTimeField(_("next try"), default=timezone.now)
    created = models.DateTimeField(_("since"), default=timezone.now)
    lease = models.DateTimeField(null=True, blank=True)
    """While running: when the worker that took it counts as dead, and another one may take it."""
    finished = models.DateTimeField(_("finished"), null=True, blank=True)
    error = models.TextField(_("last error"), default="", blank=True)
    outcome = models.CharField(_("outcome"), max_length=255, default="", blank=True)
    """What came of it, for people: the Message-ID of a mail."""

    class Meta:
        db_table = "hd_outbox_effect"
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        indexes = [
            models.Index(fields=["state", "next_try"], name="hd_outbox_effect_due"),
            models.Index(fields=["object_type", "object_id"], name="hd_outbox_effect_object"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
