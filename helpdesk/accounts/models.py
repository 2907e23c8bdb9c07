"""The Django auth user: one row per agent or end user who ever signed in (a side table)."""

from typing import Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property

from helpdesk.legacy.fields import CaseInsensitiveCharField, Folded
from helpdesk.people.constants import AccountStatus
from helpdesk.people.models import Agent, EndUser, UserAccount


class AccountManager(BaseUserManager["Account"]):
    """Finds accounts by what they stand for."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        """Give the account with this key (`agent:7`), which Django calls the user name."""
        kind, _, legacy_id = (username or "").partition(":")
        return self.get(kind=kind, legacy_id=int(legacy_id))


class Account(AbstractBaseUser):
    """Links Django's authentication to one agent or one end user; the password stays in the legacy column."""

    class Kind(models.TextChoices):
        """Which door the account may use."""

        AGENT = "agent"
        END_USER = "user"

    password = None  # type: ignore[assignment]
    kind = models.CharField(max_length=5, choices=Kind.choices)
    legacy_id = models.PositiveBigIntegerField()
    username = CaseInsensitiveCharField(max_length=64, null=True, blank=True)
    email = CaseInsensitiveCharField(max_length=255, null=True, blank=True)
    created = models.DateTimeField(default=timezone.now)

    objects = AccountManager()

    USERNAME_FIELD = "id"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        db_table = "hd_account"
        constraints = [
            models.UniqueConstraint(fields=["kind", "legacy_id"], name="hd_account_person"),
            models.UniqueConstraint("kind", Folded("username"), name="hd_account_username"),
            models.UniqueConstraint("kind", Folded("email"), name="hd_account_email"),
        ]

    def __str__(self) -> str:
        return self.username or self.email or f"{self.kind}:{self.legacy_id}"

    @cached_property
    def agent(self) -> Agent | None:
        """The agent, None for end users and for deleted agents."""
        if self.kind != self.Kind.AGENT:
            return None
        return Agent.objects.filter(pk=self.legacy_id).select_related("dept", "role").first()

    @cached_property
    def end_user(self) -> EndUser | None:
        """The end user, None for agents and for deleted users."""
        if self.kind != self.Kind.END_USER:
            return None
        return EndUser.objects.filter(pk=self.legacy_id).first()

    @cached_property
    def sign_in(self) -> UserAccount | None:
        """The row with the end user's password, None for guests and agents."""
        if self.kind != self.Kind.END_USER:
            return None
        return UserAccount.objects.filter(user=self.legacy_id).order_by("pk").first()

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """Whether the person still exists and may sign in: agents who are active, users who are not locked."""
        if self.agent:
            return bool(self.agent.isactive)
        is_locked = self.sign_in is not None and bool(AccountStatus.LOCKED & self.sign_in.status)
        return self.end_user is not None and not is_locked

    def _legacy_password(self) -> str:
        if self.agent:
            return self.agent.passwd or ""
        return (self.sign_in.passwd or "") if self.sign_in else ""

    def get_session_auth_hash(self) -> str:
        """Give what ties sessions to the legacy password: a change in PHP ends the sessions here too."""
        return self._hash_with(None)

    def get_session_auth_fallback_hash(self) -> Any:
        """Give the same under the former secret keys."""
        for secret in settings.SECRET_KEY_FALLBACKS:
            yield self._hash_with(secret)

    def _hash_with(self, secret: str | bytes | None) -> str:
        return salted_hmac(
            "helpdesk.accounts.session", self._legacy_password(), secret=secret, algorithm="sha256"
        ).hexdigest()
