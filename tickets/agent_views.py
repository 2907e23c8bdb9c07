"""Queues and tickets of the agent portal. Reads come from the selectors, changes go through the services."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from helpdesk import configuration
from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.configuration.selectors import agent_settings
from helpdesk.files.links import LinkMaker
from helpdesk.forms.field_types import agent_owner
from helpdesk.forms.uploads import Uploaded
from helpdesk.legacy.errors import DomainError, NotFound
from helpdesk.legacy.ids import id_in
from helpdesk.threads.bodies import HTML, NewFile
from helpdesk.threads.mails import original_of
from tickets import services
from tickets.agent_actions.entries import entry_of
from tickets.agent_actions.registry import bulk_bar
from tickets.agent_forms import ReplyForm, WritingForm
from tickets.agent_pages import (
    FORMS,
    QUEUE_COOKIE,
    SEEN,
    not_found_is_404,
    page_of,
    show_ticket,
    status_of,
    wants_part,
    way_back,
)
from tickets.changes import changes_since
from tickets.constants import TicketState
from tickets.list_options import ListOptions
from tickets.lookup import ticket_id_by_number
from tickets.models import Ticket
from tickets.policies import is_accessible, require
from tickets.prepared_answers import LAST_MESSAGE, ORIGINAL, prepared_answer, prepared_choices, shown_files
from tickets.queue_actions import list_actions
from tickets.screens import TicketPage
from tickets.selectors import get_ticket_for_agent, navigation_for, queue_for, queue_page
from tickets.services import Posted
from tickets.services.locks import lock_code_for
from tickets.states import is_open
from tickets.thread_items import versions_of


@agent_required
@require_safe
@not_found_is_404
def index(request: AgentRequest) -> HttpResponse:
    """Send the agent to the queue that he, or else the administrator, chose as the first one."""
    own = agent_settings(request.agent.pk).integer("default_ticket_queue_id")
    for queue_id in (own, configuration.current().integer("default_ticket_queue")):
        if queue_id and _may_open(request, queue_id):
            return redirect("agent:queue", queue_id)
    queues = navigation_for(request.access, now=timezone.now())
    if not queues:
        raise NotFound(_("There is no queue for you."), code="queue_not_found")
    return redirect("agent:queue", queues[0].id)


@agent_required
@never_cache
@require_safe
@not_found_is_404
def queue(request: AgentRequest, queue_id: int) -> HttpResponse:
    """Show a page of a queue; only the table when htmx asks for it."""
    page = queue_page(
        request.access,
        queue_for(request.access, queue_id),
        after=request.GET.get("after"),
        before=request.GET.get("before"),
        now=timezone.now(),
        options=ListOptions.of_request(request.GET),
    )
    template = "tickets/agent/_queue_table.html" if wants_part(request) else "tickets/agent/queue.html"
    context = {
        "queue_page": page,
        "current_queue_id": queue_id,
        "bulk_bar": bulk_bar(request.access),
        "list_actions": list_actions(request.actor, queue_id, page.parameters),
    }
    response = render(request, template, context)
    response.set_cookie(
        QUEUE_COOKIE,
        str(queue_id),
        path=reverse("agent:index"),
        httponly=True,
        secure=request.is_secure(),
        samesite="Lax",
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


@agent_required
@require_safe
def find_ticket(request: AgentRequest) -> HttpResponse:
    """Go to the ticket with a `number`, or back to where the agent was with a message."""
    try:
        return redirect("agent:ticket", ticket_id_by_number(request.access, request.GET.get("number", "")))
    except NotFound as error:
        messages.error(request, str(error))
        return redirect(way_back(request))


@agent_required
@never_cache
@require_safe
@not_found_is_404
def ticket(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Show a ticket with its thread and what the agent may do with it; only older entries when htmx asks for them."""
    found = get_ticket_for_agent(request.access, ticket_id)
    page = page_of(request, found, before=id_in(request.GET.get("before", "")))
    if key := request.GET.get("answer", ""):
        return show_ticket(request, found, page, {"reply_form": _reply_with(request, found, page, key)})
    if wants_part(request):
        response = render(request, "tickets/agent/_thread_items.html", {"ticket": found, "ticket_page": page})
    else:
        response = show_ticket(request, found, page)
    patch_vary_headers(response, ["HX-Request"])
    return response


@agent_required
@never_cache
@require_safe
@not_found_is_404
def entry_history(request: AgentRequest, ticket_id: int, entry_id: int) -> HttpResponse:
    """Show how an entry was before it was changed, as a dialog or a page."""
    found = get_ticket_for_agent(request.access, ticket_id)
    entry = entry_of(found, entry_id)
    links = LinkMaker(reverse("agent:file"), timezone.now())
    context = {
        "number": found.number,
        "back": reverse("agent:ticket", args=[found.pk]),
        "versions": versions_of(entry, links=links),
    }
    template = "_history_dialog.html" if wants_part(request) else "history.html"
    response = render(request, f"tickets/agent/{template}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@agent_required
@never_cache
@require_safe
@not_found_is_404
def entry_original(request: AgentRequest, ticket_id: int, entry_id: int) -> StreamingHttpResponse:
    """Give the mail that an entry came by, as it came, to be saved: no browser shows it."""
    entry = entry_of(get_ticket_for_agent(request.access, ticket_id), entry_id)
    mail = original_of(entry.pk)
    if mail is None:
        raise NotFound(_("This mail is not kept as it came."), code="original_not_kept")
    name = f'attachment; filename="mail-{ticket_id}-{entry_id}.eml"'
    return StreamingHttpResponse(
        mail, content_type="message/rfc822", headers={"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
    )


@agent_required
@never_cache
@require_safe
@not_found_is_404
def answers(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Offer prepared answers and quotations for a reply, and show the chosen one (`key`) as it would be inserted."""
    found = get_ticket_for_agent(request.access, ticket_id)
    key = request.GET.get("key", "")
    links = LinkMaker(reverse("agent:file"), timezone.now())
    prepared = prepared_choices(request.access, found)
    quotations = [(ORIGINAL, _("The first message")), (LAST_MESSAGE, _("The last message"))]
    answer = prepared_answer(request.access, found, key, links=links) if key else None
    context = {
        "ticket": found,
        "chosen": key,
        "answer": answer,
        "preview": answer.shown if answer is not None else "",
        "choices": [
            (title, group) for title, group in ((_("Prepared answers"), prepared), (_("Quote"), quotations)) if group
        ],
    }
    template = "_answers_dialog.html" if wants_part(request) else "answers.html"
    response = render(request, f"tickets/agent/{template}", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@agent_required
@require_POST
@not_found_is_404
def reply(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Answer the requester, then show the ticket, or the queue if the agent wants that or is done with it."""

    def post(ticket: Ticket, form: WritingForm) -> str:
        data = form.cleaned_data
        require(request.actor, "ticket.reply", ticket)  # before the ticket is locked for it
        posted = services.post_reply(
            ticket,
            actor=request.actor,
            body=data["body"],
            format=form.format,
            files=[*data["attachments"], *_shown_files(request, ticket, form)],
            sender=data.get("sender"),
            reply_to=data["reply_to"],
            cc=data["cc"],
            signature=data["signature"],
            status=data["new_status"],
            lock_code=_lock_code(request, ticket),
        )
        _tell_status_refusal(request, posted)
        return _("Reply on #%(number)s posted.")

    def is_done(ticket: Ticket) -> bool:
        """The choice that osTicket gives its agents (osticket/tickets.md §10.3, step 8)."""
        wants_queue = agent_settings(request.agent.pk).text("reply_redirect") == "Queue"
        return wants_queue or ticket.status is None or ticket.status.state != TicketState.OPEN

    return _carry_out(request, ticket_id, "reply_form", post, is_done=is_done, minds_changes=True)


@agent_required
@require_POST
@not_found_is_404
def note(request: AgentRequest, ticket_id: int) -> HttpResponse:
    """Write an internal note, then show the ticket, or the queue if the note has closed it."""
    was_open = False

    def post(ticket: Ticket, form: WritingForm) -> str:
        nonlocal was_open
        data, was_open = form.cleaned_data, is_open(ticket)
        posted = services.post_note(
            ticket,
            actor=request.actor,
            body=data["body"],
            format=form.format,
            title=data["title"],
            files=[*data["attachments"], *_shown_files(request, ticket, form)],
            status=data["new_status"],
            lock_code=_lock_code(request, ticket),
        )
        _tell_status_refusal(request, posted)
        return _("Note on #%(number)s added.")

    def is_done(ticket: Ticket) -> bool:
        return was_open and not is_open(ticket)

    minds_changes = bool(request.POST.get("new_status"))  # a note alone is true whatever others did
    return _carry_out(request, ticket_id, "note_form", post, is_done=is_done, minds_changes=minds_changes)


@agent_required
@require_safe
def legacy_tickets_page(request: AgentRequest) -> HttpResponse:
    """Lead bookmarks and links in old e-mails on: `tickets.php?id=`, `?queue=`, `?a=search&query=`, `?a=open&uid=`."""
    if ticket_id := id_in(request.GET.get("id", "")):
        return redirect("agent:ticket", ticket_id)
    if queue_id := id_in(request.GET.get("queue", "")):
        return redirect("agent:queue", queue_id)
    if request.GET.get("a") == "open":
        person = id_in(request.GET.get("uid", ""))
        return redirect(f"{reverse('agent:open')}{f'?uid={person}' if person else ''}")
    if request.GET.get("a") == "search":
        return redirect(f"{reverse('agent:search')}?{urlencode({'q': request.GET.get('query', '')})}")
    return redirect("agent:index")


def _reply_with(request: AgentRequest, ticket: Ticket, page: TicketPage, key: str) -> ReplyForm:
    """Give the empty reply with a prepared answer in it."""
    answer = prepared_answer(request.access, ticket, key, links=LinkMaker(reverse("agent:file"), timezone.now()))
    form = ReplyForm(page, initial={"body": answer.text})
    form.kept_files = [Uploaded(file.ticket, file.name, file.size) for file in answer.files if file.ticket]
    return form


def _shown_files(request: AgentRequest, ticket: Ticket, form: WritingForm) -> list[NewFile]:
    """Give the files of pictures that came into the text with a prepared answer or a quotation."""
    return shown_files(request.access, ticket, form.cleaned_data["body"]) if form.format == HTML else []


def _lock_code(request: AgentRequest, ticket: Ticket) -> str:
    return lock_code_for(ticket, actor=request.actor, posted=request.POST.get("lock_code", ""))


def _carry_out(
    request: AgentRequest,
    ticket_id: int,
    form_name: str,
    service: Callable[[Ticket, WritingForm], str],
    *,
    is_done: Callable[[Ticket], bool] = lambda ticket: False,
    minds_changes: bool = False,
) -> HttpResponse:
    """Check a form of the ticket page and call the service; on refusal show the page again with what was entered.

    `service` takes the ticket and the valid form and gives the message of success with a place for `number`;
    `is_done` tells whether the agent goes on to the queue afterwards. With `minds_changes` a form from a page that is
    no longer true is shown once more, with what others did meanwhile.
    """
    ticket = get_ticket_for_agent(request.access, ticket_id)
    page = page_of(request, ticket)
    form = FORMS[form_name](page, request.POST, request.FILES, owner=agent_owner(request.agent))
    changes = changes_since(ticket, request.POST.get(SEEN, ""), agent=request.agent) if minds_changes else []
    status = 409 if changes else 422
    if form.is_valid() and not changes:
        try:
            message = service(ticket, form)
        except NotFound:
            raise
        except DomainError as refusal:
            form.show_refusal(refusal)
            status = status_of(refusal)
            if form.action not in page.allowed:  # the page has no such form to show it in
                messages.error(request, str(refusal))
        else:
            messages.success(request, message % {"number": ticket.number})
            stays = not is_done(ticket) and is_accessible(request.access, ticket)
            return redirect("agent:ticket", ticket_id) if stays else redirect(way_back(request))
    form.keep_files()
    return show_ticket(request, ticket, page, {form_name: form}, status=status, changes=changes)


def _may_open(request: AgentRequest, queue_id: int) -> bool:
    try:
        queue_for(request.access, queue_id)
    except NotFound:
        return False
    return True


def _tell_status_refusal(request: AgentRequest, posted: Posted) -> None:
    if posted.status_refusal is not None:
        messages.warning(
            request, _("The status was not changed: %(reason)s") % {"reason": posted.status_refusal.message}
        )
