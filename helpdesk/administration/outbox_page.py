"""What waits to be delivered, what failed and what was sent."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
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
from tasks.models import Task
from tickets.models import Ticket

SHOWN_ERROR = 160
"""Characters of an error in the list."""
MOST_OF_A_NUMBER = 20
"""Numbers are unique by check only: so many tickets of one number are looked for."""
SUBJECTS: dict[str, tuple[type[Ticket | Task], str, Any]] = {
    "ticket": (Ticket, "agent:ticket", _("Ticket #%(number)s")),
    "task": (Task, "agent:task", _("Task #%(number)s")),
}
"""What deliveries are about, by their `object_type`: the table, the name of the page, and what it is called."""


@admin.register(Effect, site=site)
class EffectAdmin(DecidableAdmin):
    """Mails and calls of other programs, newest first."""

    list_display = ("number", "subject", "about", "recipients", "state", "since", "again", "last_error")
    list_filter = ("state", "kind", "created")
    search_fields = ("key", "error", "outcome")
    search_help_text = _("Number of a ticket or task, address, or words of an error")
    ordering = ("-pk",)
    actions = ("retry", "discard")
    fields = (
        "kind", "subject", "about", "recipients", "state", "attempts", "created", "next_try", "finished", "outcome",
        "error", "key",
    )  # fmt: skip
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Effect]:
        """Read the numbers of tickets and tasks with the rows; those that are gone have none."""
        numbers = {
            f"{kind}_number": Subquery(model._default_manager.filter(pk=OuterRef("object_id")).values("number")[:1])
            for kind, (model, _page, _title) in SUBJECTS.items()
        }
        found: QuerySet[Effect] = super().get_queryset(request).annotate(**numbers)
        return found

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Effect], search_term: str
    ) -> tuple[QuerySet[Effect], bool]:
        """Find by the number of a ticket or task, too, with or without `#`."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        number = search_term.strip().lstrip("#").strip()
        for kind, (model, _page, _title) in SUBJECTS.items() if number else ():
            ids = list(model._default_manager.filter(number=number).values_list("pk", flat=True)[:MOST_OF_A_NUMBER])
            if ids:
                found |= queryset.filter(Q(object_type=kind, object_id__in=ids))
        return found, has_duplicates

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

    @admin.display(description=_("about"))
    def about(self, row: Effect) -> str:
        """Give the ticket or task that it is about, with a link; nothing for mails about accounts."""
        if row.object_type not in SUBJECTS or not row.object_id:
            return ""
        _model, page, title = SUBJECTS[row.object_type]
        number = getattr(row, f"{row.object_type}_number", None)
        if number is None:
            return str(_("deleted since"))
        return format_html(
            '<a class="adm-link" href="{}">{}</a>', reverse(page, args=[row.object_id]), title % {"number": number}
        )

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
