"""What waits to be delivered, what failed and what was sent."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from helpdesk.administration.model_admin import DecidableAdmin, actor_of
from helpdesk.administration.services import discard_deliveries, retry_deliveries
from helpdesk.administration.site import site
from helpdesk.mail.message_types import MESSAGE_TYPES
from helpdesk.outbox.decisions import DISCARDED, RETRIED
from helpdesk.outbox.models import Effect

SHOWN_ERROR = 160
"""Characters of an error in the list."""


@admin.register(Effect, site=site)
class EffectAdmin(DecidableAdmin):
    """Mails and calls of other programs, newest first."""

    list_display = ("number", "subject", "recipients", "state", "since", "again", "last_error")
    list_filter = ("state", "kind", "created")
    search_fields = ("key", "error", "outcome")
    ordering = ("-pk",)
    actions = ("retry", "discard")
    fields = (
        "kind", "subject", "recipients", "state", "attempts", "created", "next_try", "finished", "outcome", "error",
        "object_type", "object_id", "key",
    )  # fmt: skip
    readonly_fields = fields

    def decisions_about(self, row: Effect) -> list[str]:
        """Give what can be decided about one of them."""
        state = Effect.State(row.state)
        names = ["retry"] if state in RETRIED else []
        return [*names, "discard"] if state in DISCARDED else names

    @admin.display(description=_("number"), ordering="pk")
    def number(self, row: Effect) -> int:
        """Give its id."""
        return int(row.pk)

    @admin.display(description=_("since"), ordering="created")
    def since(self, row: Effect) -> str:
        """Give when it was written down, in a form that fits a narrow column."""
        return date_format(localtime(row.created), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("next try"), ordering="next_try")
    def again(self, row: Effect) -> str:
        """Give when it is tried again, for what still waits."""
        is_over = row.state in {Effect.State.DONE, Effect.State.DISCARDED}
        return "" if is_over else date_format(localtime(row.next_try), "SHORT_DATETIME_FORMAT")

    @admin.display(description=_("last error"))
    def last_error(self, row: Effect) -> str:
        """Give its beginning; the page of each has the whole."""
        return Truncator(row.error).chars(SHOWN_ERROR)

    @admin.display(description=_("what"))
    def subject(self, row: Effect) -> str:
        """Give what the template of a mail is for, or its subject."""
        template = str(row.payload.get("template") or "")
        message = MESSAGE_TYPES.get(template)
        return str(message.title if message else template or row.payload.get("subject") or row.kind)

    @admin.display(description=_("to"))
    def recipients(self, row: Effect) -> str:
        """Give the addresses of a mail."""
        people = [*(row.payload.get("to") or []), *(row.payload.get("cc") or [])]
        return ", ".join(str(one.get("address", "")) for one in people)

    @admin.action(description=_("Try again now"))
    def retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Let the chosen ones be tried again."""
        count = retry_deliveries(list(queryset.values_list("pk", flat=True)), actor=actor_of(request))
        text = ngettext("%(count)d will be tried again.", "%(count)d will be tried again.", count)
        messages.success(request, text % {"count": count})

    @admin.action(description=_("Discard"))
    def discard(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Let the chosen ones never happen."""
        count = discard_deliveries(list(queryset.values_list("pk", flat=True)), actor=actor_of(request))
        text = ngettext("%(count)d was discarded.", "%(count)d were discarded.", count)
        messages.success(request, text % {"count": count})
