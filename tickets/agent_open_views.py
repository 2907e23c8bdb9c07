"""Agents open a ticket for somebody: find the person while typing or make a new one, then fill in the topic's forms."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from helpdesk.accounts.gate import AgentRequest, agent_required
from helpdesk.forms.bound import BoundForm, FormPart
from helpdesk.forms.field_types import Asked
from helpdesk.forms.field_types.presentation import ThreadEntryType
from helpdesk.forms.uploads import keep_uploads
from helpdesk.legacy.errors import Conflict, DomainError, PermissionRefused
from helpdesk.legacy.ids import ids_in
from helpdesk.people.models import EndUser
from helpdesk.people.permissions import AgentPermission
from tickets.agent_open_form import OpenTicketForm
from tickets.filled_forms import Part, TicketInvalid
from tickets.intake import intake
from tickets.new_ticket import NewTicket, Origin, Signature
from tickets.open_form import CONTINUE, OpenForm, open_form
from tickets.people_search import find_people, people
from tickets.policies import is_accessible
from tickets.prepared_answers import shown_files
from tickets.services.opening import open_for_user
from tickets.services.request_keys import known_ticket
from tickets.topic_choices import chosen_topic, first_topic, topic_choices, topics_for_agents

SOMEBODY_NEW = "new"
FIND, INSERT = "find", "insert"
"""Buttons that show the page again: with people to choose from, with a prepared answer in the response."""
STATUS_OF_REFUSAL: dict[type[DomainError], int] = {PermissionRefused: 403, Conflict: 409}


@agent_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def open_ticket(request: AgentRequest) -> HttpResponse:
    """Show and take the form for a ticket on behalf of a person (osticket/tickets.md §6.3)."""
    if not request.access.has_permission_anywhere("ticket.create"):
        messages.error(request, _("You do not have permission to create tickets."))
        return redirect("agent:index")
    page = _Page(request)
    if request.method != "POST":
        return page.show()
    if not page.is_judged:
        page.prepare_again()
        return page.show()
    earlier = known_ticket(page.form.key, request.actor)
    if earlier is not None:
        return redirect("agent:ticket", earlier.pk)
    if not page.is_valid():
        return page.show(status=422)
    try:
        opened = open_for_user(
            page.new_ticket(),
            actor=request.actor,
            collaborators=page.facts.cleaned_data["cc"],
            response=page.facts.response_html,
            response_files=[*page.facts.inserted_files, *shown_files(request.access, None, page.facts.response_html)],
            signature=page.facts.cleaned_data.get("signature", Signature.NONE),
            status=page.facts.cleaned_data.get("status"),
            note=page.facts.note_html,
        )
    except DomainError as refusal:
        page.show_refusal(refusal)
        return page.show(status=STATUS_OF_REFUSAL.get(type(refusal), 422))
    messages.success(request, _("Ticket #%(number)s has been opened.") % {"number": opened.ticket.number})
    for reason in opened.refusals:
        messages.warning(request, _("The status was not changed: %(reason)s") % {"reason": reason.message})
    may_look = is_accessible(request.access, opened.ticket)
    return redirect("agent:ticket", opened.ticket.pk) if may_look else redirect("agent:index")


@agent_required
@never_cache
@require_safe
def find_person(request: AgentRequest) -> HttpResponse:
    """Give people for what was typed (`q`), as JSON."""
    found = find_people(request.GET.get("q", ""))
    return JsonResponse(
        {"people": [{"id": one.id, "label": one.label, "name": one.name, "address": one.email} for one in found]}
    )


class _Page:
    """The page: person, contact form of somebody new, the topic's forms, and what agents say beside them."""

    def __init__(self, request: AgentRequest) -> None:
        """Read what was posted."""
        self.request = request
        posted = request.POST if request.method == "POST" else None
        topics = topics_for_agents()
        self.topics = topic_choices(topics)
        topic = chosen_topic(topics, request.POST.get("topicId", "") or request.GET.get("topicId", ""))
        is_again = bool({CONTINUE, FIND, INSERT} & request.POST.keys())
        self.is_judged = posted is not None and not is_again and "HX-Request" not in request.headers
        asked = Asked(is_agent=True, agent=request.agent)
        self.form: OpenForm = open_form(
            request,
            topic if posted is not None else topic or first_topic(topics),
            asked=asked,
            with_contact=False,
            is_judged=self.is_judged,
        )
        self.uid = request.POST.get("uid", "") or request.GET.get("uid", "")
        self.may_create_people = request.access.has_agent_permission(AgentPermission.USER_CREATE)
        self.contact = BoundForm(
            [FormPart(form.form) for form in (intake().user_form,) if form is not None and self.may_create_people],
            asked=asked,
            data=posted,
            files=request.FILES if posted is not None else None,
            is_judged=self.is_judged and self.is_new_person,
        )
        self.facts = OpenTicketForm(request.access, posted) if posted is not None else OpenTicketForm(request.access)
        self.query = request.POST.get("person", "")
        self.user = self._user()

    @property
    def is_new_person(self) -> bool:
        """Whether the contact form is filled in."""
        return self.uid == SOMEBODY_NEW and self.may_create_people

    def _user(self) -> EndUser | None:
        return EndUser.objects.select_related("org", "default_email").filter(pk__in=ids_in([self.uid])).first()

    def prepare_again(self) -> None:
        """Do what the button asked for, and keep everything."""
        if INSERT in self.request.POST:
            self.facts.insert_canned(self.request.access)
        self.facts.do_not_judge()
        keep_uploads(self.form.bound)

    def is_valid(self) -> bool:
        """Whether everything is there; what is wrong is told at its place."""
        if self.form.topic is None:
            self.form.problems["topic"] = _("Help topic selection is required")
        if self.user is None and not self.is_new_person:
            self.form.problems["person"] = _("Choose a person.")
        valid = [self.form.bound.is_valid(), self.facts.is_valid(), not self.is_new_person or self.contact.is_valid()]
        if all(valid) and not self.form.has_errors:
            return True
        keep_uploads(self.form.bound)
        return False

    def new_ticket(self) -> NewTicket:
        """Give what `open_for_user` takes."""
        facts, form = self.facts.cleaned_data, self.form
        contact = self.contact if self.user is None else None
        return NewTicket(
            origin=Origin.STAFF,
            source=facts["source"],
            topic=form.topic,
            user=self.user,
            email=str(contact.value("email") or "") if contact else "",
            name=str(contact.value("name") or "") if contact else "",
            user_answers=contact.answers() if contact else {},
            subject=str(form.bound.value("subject") or ""),
            message=form.message,
            files=form.files,
            answers=form.answers(),
            department=facts.get("department"),
            sla=facts.get("sla"),
            duedate=facts["duedate"],
            assign_to=facts.get("assignee"),
            reply_to=facts["reply_to"],
            key=form.key,
        )

    def show_refusal(self, refusal: DomainError) -> None:
        """Show why the service refused, at the input that it names."""
        if refusal.field in self.facts.fields:
            self.facts.add_error(refusal.field, str(refusal.message))
        elif isinstance(refusal, TicketInvalid) and all(one.part is Part.USER for one in refusal.problems):
            self.form.problems["person"] = "; ".join(one.message for one in refusal.problems)
        else:
            self.form.show_refusal(refusal)
        keep_uploads(self.form.bound)

    def show(self, *, status: int = 200) -> HttpResponse:
        """Render the page, or the form alone for htmx."""
        is_open = FIND in self.request.POST or (self.user is None and not self.is_new_person)
        found = find_people(self.query) if is_open else []
        if self.user is not None:
            found = [*people([self.user.pk]), *(one for one in found if one.id != self.user.pk)]
        context = {
            "open_form": self.form,
            "form": self.form.bound,
            "facts": self.facts,
            "contact": self.contact,
            "contact_errors": self.contact.error_summary if self.is_new_person else [],
            "has_errors": self.form.has_errors or bool(self.facts.errors) or bool(self.contact.errors),
            "may_create_people": self.may_create_people,
            "people": found,
            "uid": self.uid,
            "query": self.query,
            "was_searched": FIND in self.request.POST,
            "message_name": next((one.name for one in self.form.bound if isinstance(one.type, ThreadEntryType)), ""),
            "topics": self.topics,
            "topic_id": str(self.form.topic.pk) if self.form.topic else "",
        }
        is_part = "HX-Request" in self.request.headers and "HX-History-Restore-Request" not in self.request.headers
        template = "tickets/agent/_open_form.html" if is_part else "tickets/agent/open.html"
        response = render(self.request, template, context, status=200 if is_part else status)
        patch_vary_headers(response, ["HX-Request"])
        return response
