"""How far each mailbox was fetched, and the mails that could not be used (side tables).

Accounts are osTicket's (`email_account`); PHP may delete one at any time, so rows here name its id, unconstrained.
"""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Mailbox(models.Model):
    """Where the fetching of an account stands; made when it is fetched for the first time.

    Who fetches holds it: `holder` is a word of his own, and nobody else takes it before `lease`. Every mail is noted in
    a transaction that first asks whether the word is still his, so that one who was slow cannot take a mail twice.
    """

    account_id = models.PositiveBigIntegerField(primary_key=True)
    holder = models.CharField(max_length=32, default="", blank=True)
    lease = models.DateTimeField(null=True, blank=True)
    unfinished = models.PositiveIntegerField(default=0)
    """Runs that began since the last one that ended: more than one says that a process died on the way."""
    folder = models.CharField(max_length=255, default="", blank=True)
    validity = models.PositiveBigIntegerField(default=0)
    """UIDVALIDITY of the folder; 0 for POP3."""
    last_uid = models.PositiveBigIntegerField(default=0)
    """All mails of the folder up to here are dealt with (IMAP)."""
    history_until = models.PositiveBigIntegerField(default=0)
    """Mails up to here were in the folder when it was looked at first: of these, only new ones are taken."""
    history_since = models.DateTimeField(null=True, blank=True)
    """Of those, the ones that came since then are new even if somebody has read them."""
    waiting = models.PositiveIntegerField(_("waiting"), null=True, blank=True)
    """Mails still to be taken when it was looked at last."""
    taken = models.PositiveBigIntegerField(_("taken"), default=0)
    """Mails since ever."""
    last_success = models.DateTimeField(_("last success"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("failures"), default=0)
    """In a row."""
    failing_since = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=500, default="", blank=True)
    last_error_at = models.DateTimeField(null=True, blank=True)
    next_try = models.DateTimeField(_("next try"), null=True, blank=True)
    """Not before then after a failure."""
    stopped = models.DateTimeField(_("stopped"), null=True, blank=True)
    """Since when it is left alone, after too many failures."""

    class Meta:
        db_table = "hd_mailbox"
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")

    def __str__(self) -> str:
        return f"mailbox {self.account_id}"


class KnownMail(models.Model):
    """A mail on the server of which we know more than its place: written in the transaction that took it.

    Rows of mails that are gone from the server, or flagged there, are deleted: what is left is what a process that died
    has not done yet, and on POP3 what stays in the mailbox.
    """

    class State(models.TextChoices):
        """What we know of it."""

        TAKEN = "taken", _("taken")
        """It is in the database; on the server it is still to be flagged, moved or deleted."""
        LEFT = "left", _("left")
        """It stays on the server, whatever the account says: too large to be kept here, or not delivered."""
        AGAIN = "again", _("again")
        """An administrator wants it to be fetched once more."""
        TRYING = "trying", _("trying")
        """It is being taken, after a run that died; `attempts` says how often."""

    account_id = models.PositiveBigIntegerField()
    validity = models.PositiveBigIntegerField(default=0)
    uid = models.CharField(max_length=80)
    state = models.CharField(max_length=8, choices=State.choices)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "hd_known_mail"
        constraints = [models.UniqueConstraint(fields=["account_id", "validity", "uid"], name="hd_known_mail_place")]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.validity}/{self.uid} {self.state}"


class QuarantinedMail(models.Model):
    """A mail that could not be used, kept whole until an administrator decides; `pieces` hold its bytes."""

    class State(models.TextChoices):
        """What was decided."""

        KEPT = "kept", _("kept")
        POSTED = "posted", _("posted")
        DISCARDED = "dropped", _("discarded")

    account_id = models.PositiveBigIntegerField(default=0)
    mailbox = models.CharField(_("mailbox"), max_length=255)
    """The address whose mailbox it came to, as it was then."""
    validity = models.PositiveBigIntegerField(default=0)
    uid = models.CharField(max_length=80, default="", blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.KEPT)
    reason = models.CharField(max_length=64)
    """A stable code: that of a refusal, `too_large`, `not_delivered`, `broken`."""
    explanation = models.CharField(_("why"), max_length=500)
    sender = models.CharField(_("from"), max_length=255, default="", blank=True)
    subject = models.CharField(_("subject"), max_length=255, default="", blank=True)
    message_id = models.CharField(max_length=255, default="", blank=True)
    size = models.PositiveBigIntegerField(_("bytes"), default=0)
    is_whole = models.BooleanField(_("whole"), default=True)
    """Without it, the beginning alone is here and the mail itself stays in its mailbox."""
    created = models.DateTimeField(_("since"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("attempts"), default=1)
    decided = models.DateTimeField(_("decided"), null=True, blank=True)
    place_type = models.CharField(max_length=1, default="", blank=True)
    """Where it was posted: the letter of a ticket or a task (`ObjectType`), and its id."""
    place_id = models.PositiveBigIntegerField(null=True, blank=True)

    class Meta:
        db_table = "hd_quarantined_mail"
        verbose_name = _("mail set aside")
        verbose_name_plural = _("mails set aside")
        indexes = [models.Index(fields=["state", "account_id"], name="hd_quarantined_mail_state")]

    def __str__(self) -> str:
        return f"{self.subject or self.message_id or self.pk}"


class QuarantinedPiece(models.Model):
    """Some of the bytes of a mail: one row of all of them would be more than a server takes in one statement."""

    mail = models.ForeignKey(QuarantinedMail, on_delete=models.CASCADE, related_name="pieces")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        db_table = "hd_quarantined_piece"
        constraints = [models.UniqueConstraint(fields=["mail", "number"], name="hd_quarantined_piece_number")]

    def __str__(self) -> str:
        return f"{self.mail_id}/{self.number}"
