"""The mailboxes that are fetched, each with how it is and what can be done; the mails that were set aside."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk.administration.model_admin import DecidableAdmin, actor_of
from helpdesk.administration.services import (
    discard_quarantined,
    fetch_mailbox_now,
    resume_mailbox,
    retry_quarantined,
    try_mailbox,
)
from helpdesk.administration.site import site
from helpdesk.legacy.errors import DomainError
from helpdesk.legacy.ids import id_in
from helpdesk.threads.constants import ObjectType
from mailfetch import quarantine
from mailfetch.models import QuarantinedMail
from mailfetch.selectors import AT_ONCE, is_polling, mailbox_reports

MOST_SHOWN = 32 * 1024
"""Characters of a mail's source on its page; the rest is in the download."""


@require_http_methods(["GET", "HEAD", "POST"])
def mailboxes(request: HttpRequest) -> HttpResponse:
    """Show all mailboxes; a posted form does something about one of them."""
    if request.method == "POST":
        try:
            messages.success(request, _act(request))
        except DomainError as refusal:
            messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("admin:mailboxes"))
    context = site.page_context(
        request,
        title=_("Mailboxes"),
        reports=mailbox_reports(),
        at_once=AT_ONCE,
        is_polling=is_polling(),
        stop_failures=settings.MAIL_FETCH_STOP_FAILURES,
        stop_days=settings.MAIL_FETCH_STOP_DAYS,
    )
    return TemplateResponse(request, "administration/mailboxes.html", context)


def _act(request: HttpRequest) -> str:
    account_id = id_in(request.POST.get("account", "")) or 0
    action = request.POST.get("action")
    if action == "try":
        count = try_mailbox(account_id, actor=actor_of(request))
        text = ngettext("It works: %(count)d mail is there.", "It works: %(count)d mails are there.", count)
        return text % {"count": count}
    if action == "fetch":
        fetched = fetch_mailbox_now(account_id, actor=actor_of(request))
        return _("%(name)s was handed to the worker.") % {"name": fetched.email.email}
    if action == "resume":
        resumed = resume_mailbox(account_id, actor=actor_of(request))
        return _("%(name)s may be fetched again.") % {"name": resumed.email.email}
    raise Http404


@require_safe
def quarantined_source(request: HttpRequest, mail_id: int) -> StreamingHttpResponse:
    """Give a mail that was set aside as a file, as it came; nothing in it is ever shown by the browser."""
    mail = QuarantinedMail.objects.filter(pk=mail_id).first()
    if mail is None:
        raise Http404
    response = StreamingHttpResponse(quarantine.pieces_of(mail), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="mail-{mail.pk}.eml"'
    response["X-Content-Type-Options"] = "nosniff"
    return response


site.add_page("mailboxes/", mailboxes, name="mailboxes")
site.add_page("quarantine/<int:mail_id>/source/", quarantined_source, name="quarantined_source")


@admin.register(QuarantinedMail, site=site)
class QuarantinedMailAdmin(DecidableAdmin):
    """Mails that could not be used, newest first."""

    list_display = ("shown_subject", "sender", "explanation", "mailbox", "created", "state")
    list_display_links = ("shown_subject",)
    list_filter = ("state", "mailbox", "created")
    search_fields = ("sender", "subject", "message_id", "explanation")
    ordering = ("-pk",)
    actions = ("retry", "discard")
    fields = (
        "mailbox", "sender", "subject", "message_id", "created", "explanation", "reason", "size", "is_whole", "state",
        "attempts", "decided", "posted_to", "download", "source",
    )  # fmt: skip
    readonly_fields = fields

    def decisions_about(self, row: QuarantinedMail) -> list[str]:
        """Give what can be decided about one of them."""
        state = QuarantinedMail.State(row.state)
        names = ["retry"] if state in quarantine.RETRIED else []
        return [*names, "discard"] if state in quarantine.DISCARDED else names

    @admin.display(description=gettext_lazy("subject"), ordering="subject")
    def shown_subject(self, row: QuarantinedMail) -> str:
        """Show the subject, or what stands in for it: it leads to the mail."""
        return row.subject or row.message_id or f"#{row.pk}"

    @admin.display(description=gettext_lazy("source"))
    def source(self, row: QuarantinedMail) -> str:
        """Show the beginning of the mail as plain text."""
        return format_html('<pre class="adm-source">{}</pre>', quarantine.beginning_of(row, MOST_SHOWN))

    @admin.display(description=gettext_lazy("posted to"))
    def posted_to(self, row: QuarantinedMail) -> str:
        """Link to the ticket or task that it became part of."""
        if row.place_id is None:
            return "-"
        if row.place_type == ObjectType.TASK:
            name, link = _("Task"), reverse("agent:task", args=[row.place_id])
        else:
            name, link = _("Ticket"), reverse("agent:ticket", args=[row.place_id])
        return format_html('<a class="adm-link" href="{}">{}</a>', link, name)

    @admin.display(description=gettext_lazy("the mail as it came"))
    def download(self, row: QuarantinedMail) -> str:
        """Link to the whole mail."""
        link = reverse("admin:quarantined_source", args=[row.pk])
        return format_html('<a class="adm-link" href="{}">{}</a>', link, _("Download"))

    @admin.action(description=gettext_lazy("Try again now"))
    def retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Try to post the chosen ones."""
        posted, kept = retry_quarantined(list(queryset.values_list("pk", flat=True)), actor=actor_of(request))
        if posted:
            text = ngettext("%(count)d mail was taken.", "%(count)d mails were taken.", posted)
            messages.success(request, text % {"count": posted})
        if kept:
            text = ngettext("%(count)d mail still cannot be used.", "%(count)d mails still cannot be used.", kept)
            messages.warning(request, text % {"count": kept})

    @admin.action(description=gettext_lazy("Discard"))
    def discard(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Let the chosen ones be forgotten in time."""
        count = discard_quarantined(list(queryset.values_list("pk", flat=True)), actor=actor_of(request))
        text = ngettext("%(count)d was discarded.", "%(count)d were discarded.", count)
        messages.success(request, text % {"count": count})
